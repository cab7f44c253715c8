"""
The table `publicatie.tijdigheid`: what each month says of who reported in time, made public.

Counts pass the same place as all figures. A month has rows from the first published day on and
changes with late messages like any other figure. The region and its gemeenten have a row for every
month; an aanbieder from its first to its last month with a record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

from zorgstroom.aggregations.periods import MONTHS, Period
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.rounding import area_name, flow_name
from zorgstroom.aggregations.timeliness import SOORTEN, WETTEN, quantile

LabelSoort = Literal["regio", "gemeente", "aanbieder"]
LEAST_FOR_MEDIAAN: Final = 30
"""Records that a median needs: fewer would tell the delay of a few people."""
LEAST_FOR_P90: Final = 100
"""The same of a 90th percentile, above which a tenth of the records lies."""


@dataclass(frozen=True, slots=True)
class TimelinessRow:
    """One row of `publicatie.tijdigheid`; None is n.b."""

    regio: str
    wet: str
    soort: str
    label_soort: LabelSoort
    label: str
    """Name of the region, CBS code of a gemeente, or AGB code of an aanbieder."""
    maand: date
    """First day of the month of Dagtekening."""
    op_tijd: int | None
    te_laat: int | None
    te_vroeg: int | None
    mediaan: int | None
    """Of the reporting delay, in werkdagen; reports that came too early left out."""
    p90: int | None

    @property
    def key(self) -> tuple[str | date, ...]:
        """What tells this row from every other one."""
        return (self.regio, self.wet, self.soort, self.label_soort, self.label, self.maand)


class GemeenteReport(NamedTuple):
    """A report and the gemeente it was sent to."""

    gemeente: str
    report: Report


class _Table(NamedTuple):
    """What all rows of one wet and soort share."""

    regio: str
    wet: str
    soort: str
    first: date
    public: PublicFigures


class _Label(NamedTuple):
    soort: LabelSoort
    label: str
    name: str
    """What stands for it in the names of things counted."""


def timeliness_rows(
    reports: Iterable[GemeenteReport],
    region: Region,
    months: Sequence[Period],
    first: date,
    public: PublicFigures,
) -> list[TimelinessRow]:
    """
    Return the rows of `region` for `months`.

    Args:
        reports: Of the gemeenten of the region; what lies outside the months is left out.
        region: Whose rows.
        months: The months, in order.
        first: The first published day; a month that began earlier is counted from it.
        public: Makes the counts public.

    """
    month_of_day: dict[int, int] = {}
    for at, month in enumerate(months):
        begin = max(month.start, first).toordinal()
        month_of_day.update(dict.fromkeys(range(begin, month.end.toordinal() + 1), at))
    delays: dict[tuple[str, str], dict[_Label, dict[int, list[Report]]]] = {}
    areas = _areas(region)
    aanbieder_area = area_name(region.gemeenten)
    for gemeente, report in reports:
        at = month_of_day.get(report.dag, -1)
        if at < 0 or gemeente not in areas:
            continue
        labels = delays.setdefault((report.wet, report.soort), {})
        aanbieder = _Label(
            "aanbieder", report.afzender, f"{aanbieder_area}|aanbieder {report.afzender}"
        )
        for label in (*areas[gemeente], aanbieder):
            labels.setdefault(label, {}).setdefault(at, []).append(report)
    every_month = range(len(months))
    rows: list[TimelinessRow] = []
    for wet in WETTEN:
        for soort in SOORTEN:
            table = _Table(region.name, wet, soort, first, public)
            counted = delays.get((wet, soort), {})
            spans = {label: every_month for of in areas.values() for label in of}
            for label, by_month in counted.items():
                if label.soort == "aanbieder":
                    spans[label] = range(min(by_month), max(by_month) + 1)
            for label, span in sorted(spans.items()):
                by_month = counted.get(label, {})
                rows.extend(_row(table, label, months[at], by_month.get(at, [])) for at in span)
    return rows


def months_of(periods: Iterable[Period]) -> list[Period]:
    """Return the months among `periods`."""
    return [period for period in periods if MONTHS[period.soort] == 1]


def _areas(region: Region) -> dict[str, tuple[_Label, ...]]:
    """Return the labels that a report to each gemeente counts for, aanbieders apart."""
    total: tuple[_Label, ...] = ()
    if region.total:
        total = (_Label("regio", region.name, area_name(region.gemeenten)),)
    return {code: (*total, _Label("gemeente", code, code)) for code in region.gemeenten}


def _row(table: _Table, label: _Label, month: Period, reports: Sequence[Report]) -> TimelinessRow:
    public = table.public
    begin = max(month.start, table.first)
    counts = {"op_tijd": 0, "te_laat": 0, "te_vroeg": 0}
    for report in reports:
        counts[_outcome(report)] += 1
    op_tijd, te_laat, te_vroeg = (
        public.shown(
            count,
            flow_name(label.name, table.wet, f"{table.soort} {outcome}", begin, month.end),
        )
        for outcome, count in counts.items()
    )
    delays = sorted(report.vertraging for report in reports if not report.te_vroeg)
    exact = public.protection.policy == "geen"
    mediaan = _quantile(delays, 0.5, 1 if exact else LEAST_FOR_MEDIAAN)
    p90 = _quantile(delays, 0.9, 1 if exact else LEAST_FOR_P90)
    return TimelinessRow(
        table.regio,
        table.wet,
        table.soort,
        label.soort,
        label.label,
        month.start,
        op_tijd,
        te_laat,
        te_vroeg,
        mediaan,
        p90,
    )


def _outcome(report: Report) -> str:
    if report.te_vroeg:
        return "te_vroeg"
    return "te_laat" if report.te_laat else "op_tijd"


def _quantile(delays: Sequence[int], share: float, least: int) -> int | None:
    return quantile(delays, share) if len(delays) >= least else None
