"""Comparison of what is published with the exact figures of a simulation."""

from pathlib import Path

from tests.published_rules import Moment, Policy, cell_of, violations
from zorgstroom.sinks.contract import Filter, Publication
from zorgstroom.stream.generator.truth import Cell
from zorgstroom.stream.generator.truthfile import load_truth


def published(publication: Publication) -> dict[Cell, int | None]:
    """Return every published cell."""
    return {cell_of(figure): figure.waarde for figure in publication.figures(Filter())}


def differences(publication: Publication, truth: Path, policy: Policy = "geen") -> list[str]:
    """Return what is published otherwise than `truth.json` says it must be: nothing."""
    exact = load_truth(truth)
    assert len(exact.cells) > 1000, "this truth proves nothing"
    regios = {name: [code for code, _ in rows] for name, rows in exact.regios.items()}
    moment = Moment(exact.today, exact.vanaf, policy)
    return violations(publication.figures(Filter()), exact.cells, regios, moment)
