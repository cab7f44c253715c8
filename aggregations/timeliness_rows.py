"""
The table `publicatie.tijdigheid`: what a month says of who reported in time, protected.

Shares and quantiles with the label of a gemeente or an aanbieder are counts in disguise. So:

* A month is published once, when it is closed, and never revised: no two versions can be compared.
  (Under policy `geen` it is published as it stands, and again when it changes.)
* The counts of one wet, soort and outcome add up to the region over its gemeenten and over its
  aanbieders alike. They are one system of cells under containment: of a count that is not shown
  nothing follows but that it may be anything below the threshold.
* A quantile is shown only beside the counts that it could tell about, and with enough records on
  either side of it: one that rests on fewer would be the delay of a few people.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple

import numpy as np

from zorgstroom.aggregations.disclosure.check import Checker
from zorgstroom.aggregations.disclosure.protect import protect
from zorgstroom.aggregations.disclosure.table import DisclosureError, Rule, Table, total
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.timeliness import SOORTEN, WETTEN, quantile

LabelSoort = Literal["regio", "gemeente", "aanbieder"]
_OUTCOMES: Final = ("op_tijd", "te_laat", "te_vroeg")
_REGION_COST: Final = 1000.0
"""Times its count: the total of a region is the last to be withheld."""


@dataclass(frozen=True, slots=True)
class TimelinessRow:
    """One row of `publicatie.tijdigheid`; None is not shown."""

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


class Told(NamedTuple):
    """A report and the gemeente it was sent to."""

    gemeente: str
    report: Report


_Label = tuple[LabelSoort, str]


def timeliness_rows(
    told: Iterable[Told], region: Region, maand: date, disclosure: Disclosure
) -> list[TimelinessRow]:
    """
    Return the rows of `region` for the month that begins on `maand`.

    Args:
        told: Reports of this month, of the gemeenten of the region.
        region: Whose month it is.
        maand: First day of the month.
        disclosure: Policy and threshold.

    Raises:
        DisclosureError: No safe table was found, or the check did not agree. Publish nothing.

    """
    by: dict[tuple[str, str], list[Told]] = {}
    for one in told:
        by.setdefault((one.report.wet, one.report.soort), []).append(one)
    rows: list[TimelinessRow] = []
    for wet in WETTEN:
        for soort in SOORTEN:
            found = by.get((wet, soort), [])
            rows += _table(found, region, disclosure, (wet, soort, maand))
    return rows


def _table(
    told: Sequence[Told], region: Region, disclosure: Disclosure, key: tuple[str, str, date]
) -> list[TimelinessRow]:
    labels = _labels(told, region)
    of: dict[_Label, list[Report]] = {label: [] for label in labels}
    for gemeente, report in told:
        if region.total:
            of["regio", region.name].append(report)
        of["gemeente", gemeente].append(report)
        of["aanbieder", report.afzender].append(report)
    counts = {outcome: Counter[_Label]() for outcome in _OUTCOMES}
    for label, reports in of.items():
        for report in reports:
            counts[_outcome(report)][label] += 1
    shown = {outcome: _shown(labels, counts[outcome], region, disclosure) for outcome in _OUTCOMES}
    wet, soort, maand = key
    rows = []
    for label in labels:
        op_tijd, te_laat, te_vroeg = (shown[outcome].get(label) for outcome in _OUTCOMES)
        # A row by itself would tell that an aanbieder reported something.
        if label[0] == "aanbieder" and op_tijd is te_laat is te_vroeg is None:
            continue
        delays = sorted(report.vertraging for report in of[label] if not report.te_vroeg)
        least = 1 if disclosure.policy == "geen" else disclosure.threshold
        open_ = op_tijd is not None and te_laat is not None
        mediaan, p90 = (_quantile(delays, share, least) if open_ else None for share in (0.5, 0.9))
        rows.append(
            TimelinessRow(
                region.name, wet, soort, *label, maand, op_tijd, te_laat, te_vroeg, mediaan, p90
            )
        )
    return rows


def _labels(told: Sequence[Told], region: Region) -> list[_Label]:
    """
    Return what the table is about: the region, all of its gemeenten, and who reported.

    Aanbieders without a report are left out: that is as if everyone knew that they had none, which
    leaves less room than there is.
    """
    total_: list[_Label] = [("regio", region.name)] if region.total else []
    gemeenten: list[_Label] = [("gemeente", gemeente) for gemeente in region.gemeenten]
    who = sorted({report.afzender for _, report in told})
    return [*total_, *gemeenten, *(("aanbieder", afzender) for afzender in who)]


def _outcome(report: Report) -> str:
    if report.te_vroeg:
        return "te_vroeg"
    return "te_laat" if report.te_laat else "op_tijd"


def _shown(
    labels: Sequence[_Label], counts: Mapping[_Label, int], region: Region, disclosure: Disclosure
) -> dict[_Label, int]:
    """Return the counts of one outcome that may be shown."""
    if disclosure.policy == "geen":
        return {label: counts.get(label, 0) for label in labels}
    values = np.array([counts.get(label, 0) for label in labels], np.int64)
    if not values.any():
        return {}
    gemeenten = [at for at, (soort, _) in enumerate(labels) if soort == "gemeente"]
    others = [at for at, (soort, _) in enumerate(labels) if soort == "aanbieder"]
    # A gemeente that is no part of a region is the total of its aanbieders itself.
    whole = 0 if region.total else gemeenten[0]
    relations = [total(whole, others, "aanbieder")]
    if region.total:
        relations.append(total(whole, gemeenten, "gemeente"))
    cost = values.astype(np.float64) + 1.0
    cost[whole] *= _REGION_COST
    table = Table(values, tuple(relations), cost)
    rule = Rule(threshold=disclosure.threshold, within="contain", across="contain")
    published = protect(table, rule)
    if Checker(table, rule).inside(published, table):
        raise DisclosureError("the check does not agree with the protection")
    return {
        label: int(value)
        for label, value, seen in zip(labels, published.values, published.shown, strict=True)
        if seen
    }


def _quantile(delays: Sequence[int], share: float, least: int) -> int | None:
    """Return a quantile with at least `least` records at or on either side of it."""
    if not delays:
        return None
    found = quantile(delays, share)
    below = sum(delay <= found for delay in delays)
    above = sum(delay >= found for delay in delays)
    return found if min(below, above) >= least else None
