"""
The programmes that an outsider builds: one for each region, wet and family of tables.

A family is a set of counts that follow from each other: the main table, and `tijdigheid`. Nothing
is certain between the two, since a report is counted by its Dagtekening and not by what it tells.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from zorgstroom.aggregations.attack.cells import Count, Relation, sums
from zorgstroom.aggregations.attack.equations import Programme, Reading, Rule, programme
from zorgstroom.aggregations.attack.leaks import Leak
from zorgstroom.aggregations.attack.places import Place
from zorgstroom.aggregations.attack.published import Publication
from zorgstroom.aggregations.attack.stock_and_flow import stock_and_flow
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.periods import month_before
from zorgstroom.aggregations.reports import TERM
from zorgstroom.aggregations.timeliness_rows import (
    LEAST_FOR_MEDIAAN,
    LEAST_FOR_P90,
    TimelinessRow,
)


class Moment(NamedTuple):
    """The table of one region and wet after one emission."""

    versie: int
    today: date
    figures: Mapping[Place, int | None]


class Family(NamedTuple):
    """A programme, and the counts of which nothing is shown."""

    programme: Programme
    hidden: dict[int, str]
    """Places of the hidden counts among the unknowns, with how a person names them (Dutch)."""
    counts: int
    """How many counts are laid together."""


def running_month(figures: Mapping[Place, int | None], today: date) -> dict[Place, int | None]:
    """Return the figures of the month that runs on `today`."""
    start = month_before(today, 0)
    return {
        place: figure
        for place, figure in figures.items()
        if place.series.periode_soort == "maand" and place.periode == start
    }


def figures_family(
    publication: Publication,
    latest: Moment,
    earlier: Iterable[Moment],
    definitions: Definitions,
) -> Family:
    """
    Return the programme of the main table.

    Args:
        publication: How the region is published.
        latest: The table as it stands.
        earlier: The running month as it stood after some emissions of before: other counts, under
            the same offsets.
        definitions: What counts, which is public.

    Raises:
        ContradictionError: Two figures of one count contradict each other.

    """
    today = latest.today
    readings = publication.readings(latest.figures, today)
    names = {
        publication.count(place, today): place.text
        for place in latest.figures
        if publication.is_kept(place, today)
    }
    for moment in earlier:
        readings += publication.readings(moment.figures, moment.today, moment.versie)
    counts = {reading.counted for reading in readings}
    relations = [*sums(counts), *stock_and_flow(counts, definitions, today)]
    return _family(readings, relations, publication.rule, names)


def timeliness_family(
    rows: Sequence[TimelinessRow], gemeenten: Sequence[str], rule: Rule
) -> Family:
    """
    Return the programme of `tijdigheid` of one region and wet.

    Its gemeenten and its aanbieders both add up to the region. That a median is shown tells how
    many records there are at least, and its value which outcome has more of them.

    Args:
        rows: All rows of the region and wet.
        gemeenten: Those of the region.
        rule: How counts are rounded.

    Raises:
        ContradictionError: Two figures of one count contradict each other.

    """
    readings: list[Reading] = []
    relations: list[Relation] = []
    names: dict[Count, str] = {}
    parts: dict[Count, dict[str, list[Count]]] = {}
    for row in rows:
        area = _area(row, gemeenten)
        counts = {
            maat: Count(area, frozenset({row.soort}), maat, row.maand, row.maand)
            for maat in ("op_tijd", "te_laat", "te_vroeg")
        }
        for maat, count in counts.items():
            readings.append(rule.reading(count, getattr(row, maat)))
            names[count] = f"{row.label} {row.wet} {row.soort} {maat} {row.maand.isoformat()}"
            whole = count._replace(gebied=frozenset(gemeenten))
            if count != whole:
                parts.setdefault(whole, {}).setdefault(row.label_soort, []).append(count)
        relations += _quantiles(row, counts["op_tijd"], counts["te_laat"])
    for whole, kinds in parts.items():
        if whole in names:
            for kind in kinds.values():
                relations.append(Relation(((whole, -1), *((part, 1) for part in kind)), 0, 0))
    return _family(readings, relations, rule, names)


def few_records(row: TimelinessRow, rule: Rule) -> Leak | None:
    """Return a leak when a quantile is shown though its counts are too small for that."""
    most = sum(
        rule.hidden if figure is None else figure + rule.base - 1
        for figure in (row.op_tijd, row.te_laat)
    )
    for quantile, least in ((row.mediaan, LEAST_FOR_MEDIAAN), (row.p90, LEAST_FOR_P90)):
        if quantile is not None and most < least:
            name = f"{row.label} {row.wet} {row.soort} {row.maand.isoformat()}"
            return Leak("mediaan van weinig", 0, None, f"{name}: hoogstens {most} meldingen")
    return None


def _area(row: TimelinessRow, gemeenten: Sequence[str]) -> frozenset[str]:
    match row.label_soort:
        case "regio":
            return frozenset(gemeenten)
        case "gemeente":
            return frozenset({row.label})
        case "aanbieder":
            return frozenset({f"aanbieder {row.label}"})


def _quantiles(row: TimelinessRow, op_tijd: Count, te_laat: Count) -> list[Relation]:
    """Return what the median and the 90th percentile tell of the counts that they are of."""
    both = ((op_tijd, 1), (te_laat, 1))
    relations: list[Relation] = []
    for quantile, least, late_share in (
        (row.mediaan, LEAST_FOR_MEDIAAN, 1),
        (row.p90, LEAST_FOR_P90, 9),
    ):
        if quantile is None:
            relations.append(Relation(both, 0, least - 1))
            continue
        relations.append(Relation(both, least, float("inf")))
        # Of 10 records with a 90th percentile in time, 9 or more are; else fewer than 9.
        in_time = quantile <= TERM
        balance = ((op_tijd, 1), (te_laat, -late_share))
        relations.append(
            Relation(balance, 0 if in_time else -float("inf"), float("inf") if in_time else -1)
        )
    return relations


def _family(
    readings: Sequence[Reading],
    relations: Iterable[Relation],
    rule: Rule,
    names: Mapping[Count, str],
) -> Family:
    built = programme(readings, relations, rule.base)
    hidden = {
        built.places[reading.counted]: names[reading.counted]
        for reading in readings
        if reading.high == rule.hidden and reading.counted in names
    }
    return Family(built, hidden, len(built.places))
