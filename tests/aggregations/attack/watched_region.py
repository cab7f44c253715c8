"""A region that is published in memory by the ordinary code, as somebody who watches reads it."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from zorgstroom.aggregations.attack.equations import Rule
from zorgstroom.aggregations.attack.history import History
from zorgstroom.aggregations.attack.leaks import Leak
from zorgstroom.aggregations.attack.published import Publication
from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.ledger import Ledger
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.publication import PublicationRules, RegionPublication
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Emission, Series, SeriesValues, Status
from zorgstroom.aggregations.rounding import RoundingKey

REGION = Region("proef", ("0141", "0153"), total=True)
FIRST = date(2025, 12, 1)
RULES = PublicationRules(jaren=1, vanaf=FIRST, naloop_dagen=20, dag_maanden=2)
RULE = Rule.rounding(5, 10)
KEY, OTHER_KEY = RoundingKey(b"k" * 32), RoundingKey(b"o" * 32)


@dataclass(frozen=True)
class Row:
    """A row of the history."""

    series: Series
    periode: date
    waarde: int | None
    tot_en_met: date | None
    status: Status
    versie: int
    bijgewerkt_op: datetime


class WatchedRegion:
    """Takes in care, publishes, and keeps the history of rows by emission."""

    def __init__(self, seed: int = 1, **protection: object) -> None:
        self.protection = Protection.model_validate(protection)
        self.ledger = Ledger()
        self.history: dict[int, list[Row]] = {}
        self.chance = random.Random(seed)
        self._people = 0
        self._open: list[tuple[str, frozenset[Indicatie]]] = []
        self.restart(KEY)

    def restart(self, key: RoundingKey) -> None:
        """Begin anew with what is published, and with `key`."""
        latest: dict[tuple[Series, date], Row] = {}
        for rows in self.history.values():
            latest |= {(row.series, row.periode): row for row in rows}
        public = PublicFigures(self.protection, key)
        published = [
            SeriesValues(s, [start], [row.waarde], [row.status], [row.tot_en_met])
            for (s, start), row in latest.items()
        ]
        self._publication = RegionPublication(REGION, RULES, public, published)
        self.ledger.changed.update(self.ledger.cells)

    def start(self, begin: date, wet: str = "Wmo") -> None:
        """Tell of one more client in a random gemeente and categorie."""
        categorieen = ("01", "02", "04", "05", "11", "onbekend") if wet == "Wmo" else ("31", "45")
        weights = (40, 25, 10, 4, 2, 1)[: len(categorieen)]
        (categorie,) = self.chance.choices(categorieen, weights)
        (gemeente,) = self.chance.choices(REGION.gemeenten, (3, 1))
        self._people += 1
        day = begin.toordinal()
        key = f"{gemeente}{self._people}"
        care = frozenset(
            {Indicatie(wet, categorie, None, day, None, True, False, actief_vanaf=day)}
        )
        self.ledger.apply(key, frozenset(), care)
        self._open.append((key, care))

    def stop(self, einde: date) -> None:
        """Tell of the end of a random client's care that began before."""
        began = [at for at, (_, care) in enumerate(self._open) if _begin(care) <= einde]
        if not began:
            return
        key, care = self._open.pop(self.chance.choice(began))
        ended = frozenset(
            indicatie._replace(einde=einde.toordinal(), uitstroom=True) for indicatie in care
        )
        self.ledger.apply(key, care, ended)

    def publish(self, today: date) -> int | None:
        """Publish on `today`; return the emission, None when there was no news."""
        versie = max(self.history, default=1 << 32) + 1
        moment = datetime.combine(today, time(12), UTC)
        self._publication.update(self.ledger, self.ledger.take_changed(), today)
        emission = self._publication.emission(versie, moment)
        if emission is None:
            return None
        self._publication.mark_stored()
        self.history[versie] = list(_rows(emission))
        return versie

    def live(self, days: Iterable[date], a_day: int = 6) -> None:
        """Let care begin and end each day, some of it told weeks late, and publish twice a day."""
        for day in days:
            for _ in range(2):
                for _ in range(a_day):
                    late = self.chance.choice((0, 0, 0, 1, 3, 30))
                    then = date.fromordinal(day.toordinal() - late)
                    if self.chance.random() < 0.6:
                        self.start(then, self.chance.choice(("Wmo", "Wmo", "Jw")))
                    else:
                        self.stop(then)
                self.publish(day)

    def watched(self, wet: str = "Wmo", cut: Iterable[int] = ()) -> tuple[History, list[Leak]]:
        """Return what somebody saw who watched everything; `cut` emissions were cut off."""
        whole = set(self.history) - set(cut)
        history = History(Publication(REGION, RULES, RULE), whole)
        leaks: list[Leak] = []
        for rows in self.history.values():
            of_wet = [row for row in rows if row.series.wet == wet]
            if of_wet:
                leaks += history.step(of_wet)
        return history, leaks

    def change(self, versie: int, old: Row, **changes: object) -> Row:
        """Put another row in the place of `old`."""
        new = replace(old, **changes)  # type: ignore[arg-type]
        rows = self.history[versie]
        rows[rows.index(old)] = new
        return new


def _begin(care: frozenset[Indicatie]) -> date:
    return date.fromordinal(next(iter(care)).begin)


def _rows(emission: Emission) -> Iterator[Row]:
    for values in emission.values:
        reaches = values.tot_en_met or [None] * len(values.perioden)
        for start, waarde, reach, status in zip(
            values.perioden, values.waarden, reaches, values.statussen, strict=True
        ):
            yield Row(values.series, start, waarde, reach, status, emission.versie, emission.tijd)
