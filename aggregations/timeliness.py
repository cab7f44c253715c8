"""
Timeliness of a region now: shares and delays over the last 28 days of Dagtekening.

A quantile is a value that occurs: the lowest one that at least that share of the records does not
exceed. Reports that came too early are a class of their own, and no part of the delays.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, TypeVar

from zorgstroom.aggregations.recent import Recent
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.results import GebiedSoort
from zorgstroom.aggregations.werkdagen import Werkkalender

WINDOW: Final = 28
"""Days of Dagtekening that the gauges look back."""
LEAST_DAYS: Final = 6
"""Days with messages in 13 weeks from which a habit is read."""
LEAST_SILENCE: Final = 10
"""Werkdagen of silence below which nobody counts as silent."""
_USUAL: Final = 8
"""
Times the usual interval. Of someone whose messages come at random, one silence in e^8 (3,000) is as
long: with a hundred aanbieders that is a false alarm in some months.
"""
WETTEN: Final = ("Wmo", "Jw")
SOORTEN: Final = ("start", "stop")

N = TypeVar("N", int, float)
_Key = tuple[GebiedSoort, str, str, str]


def quantile(values: Sequence[N], share: float) -> N:
    """Return the lowest of `values` (ascending, not empty) that `share` of them do not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """Middle and upper end of some values."""

    mediaan: float
    p90: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """Return the spread of `values`; None of nothing."""
        ordered = sorted(values)
        if not ordered:
            return None
        return cls(quantile(ordered, 0.5), quantile(ordered, 0.9))


@dataclass(frozen=True, slots=True)
class Timeliness:
    """One area, wet and soort over the window."""

    gebied_soort: GebiedSoort
    gebied: str
    wet: str
    soort: str
    aantal: int
    te_laat: int
    te_vroeg: int
    vertraging: Spread | None
    """Werkdagen."""
    wachttijd: Spread | None
    """Days; only of starts, and of a gemeente only where enough of them tell."""
    keten: Spread | None
    """Seconds."""

    @property
    def aandeel_te_laat(self) -> float:
        """Share that was reported too late; `aantal` is at least 1."""
        return self.te_laat / self.aantal


def timeliness(recent: Recent, region: Region, today: date, least: int) -> list[Timeliness]:
    """
    Return the timeliness of `region`, and of each of its gemeenten with enough records.

    Args:
        recent: What was reported lately.
        region: Its gemeenten; one without a total is shown as a gemeente.
        today: The window ends on this day.
        least: Records from which a gemeente is shown (the threshold of the policy).

    """
    after = today.toordinal() - WINDOW
    found: dict[_Key, list[Report]] = {}
    for gemeente in region.gemeenten:
        for report in recent.reports(gemeente, after):
            if report.dag > today.toordinal():
                continue
            if region.total:
                of_all = found.setdefault(("regio", region.name, report.wet, report.soort), [])
                of_all.append(report)
            found.setdefault(("gemeente", gemeente, report.wet, report.soort), []).append(report)
    return [
        _summary((soort, gebied, wet, kind), of, least if soort == "gemeente" else 1)
        for (soort, gebied, wet, kind), of in sorted(found.items(), key=lambda item: item[0])
        if soort == "regio" or len(of) >= least
    ]


def _summary(key: _Key, of: list[Report], least: int) -> Timeliness:
    waits = [report.wachttijd for report in of if report.wachttijd is not None]
    chain = [report.keten for report in of if report.keten is not None]
    return Timeliness(
        *key,
        len(of),
        sum(report.te_laat for report in of),
        sum(report.te_vroeg for report in of),
        Spread.of(report.vertraging for report in of if not report.te_vroeg),
        Spread.of(waits) if len(waits) >= least else None,
        Spread.of(chain) if len(chain) >= least else None,
    )


@dataclass(frozen=True, slots=True)
class Senders:
    """Who reports in a region."""

    actief: int
    """Aanbieders of whom there are messages of the last 13 weeks."""
    stil: tuple[str, ...]
    """AGB codes of those that have gone silent, in order."""


def senders(recent: Recent, region: Region, today: date, kalender: Werkkalender) -> Senders:
    """
    Return who reports in `region`, and who has stopped doing so.

    Silent is an aanbieder with messages on at least `LEAST_DAYS` days of the last 13 weeks, and
    none for at least `LEAST_SILENCE` werkdagen, eight times its usual interval, and longer than
    ever in that time. Who reports less than about twice a week is thus never called silent; who
    stays silent for 13 weeks is forgotten. The days are counted up to the newest Dagtekening of
    anyone in the region: when nobody reports, or history is still loading, no one has gone silent.
    """
    days: dict[str, set[int]] = {}
    for gemeente in region.gemeenten:
        for sent in recent.sent(gemeente):
            if sent.dag <= today.toordinal():
                days.setdefault(sent.afzender, set()).add(sent.dag)
    newest = date.fromordinal(max((max(of) for of in days.values()), default=1))
    # Today is not over yet.
    until = newest if newest < today else today - timedelta(days=1)
    silent = [who for who, of in days.items() if _is_silent(of, until, kalender)]
    return Senders(len(days), tuple(sorted(silent)))


def _is_silent(days: set[int], until: date, kalender: Werkkalender) -> bool:
    if len(days) < LEAST_DAYS:
        return False
    dates = [date.fromordinal(day) for day in sorted(days)]
    gaps = [kalender.tussen(one, other) for one, other in pairwise(dates)]
    silence = kalender.tussen(dates[-1], until)
    return (
        silence >= LEAST_SILENCE
        and silence > max(gaps)
        and silence * len(gaps) >= _USUAL * sum(gaps)
    )
