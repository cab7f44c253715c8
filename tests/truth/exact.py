"""Comparison of what is published with the exact figures of a simulation."""

from pathlib import Path

from zorgstroom.sinks.contract import Filter, Publication
from zorgstroom.stream.generator.truth import Cell
from zorgstroom.stream.generator.truthfile import load_truth


def published(publication: Publication) -> dict[Cell, int | None]:
    """Return every published cell."""
    return {
        Cell(
            figure.series.gebied_soort,
            figure.series.gebied,
            figure.series.wet,
            figure.series.product_niveau,
            figure.series.product,
            figure.series.periode_soort,
            figure.periode,
            figure.series.maat,
        ): figure.waarde
        for figure in publication.figures(Filter())
    }


def differences(publication: Publication, truth: Path) -> list[tuple[Cell, int | None, int]]:
    """Return the cells in which policy `geen` differs from `truth.json`: none, it should be."""
    want = load_truth(truth).cells
    got = published(publication)
    assert len(want) > 1000, "this truth proves nothing"
    missing = [(cell, None, count) for cell, count in want.items() if cell not in got]
    return missing + [
        (cell, count, want.get(cell, 0))
        for cell, count in got.items()
        if count != want.get(cell, 0)
    ]
