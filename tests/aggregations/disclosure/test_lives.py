"""Whole lives of a region: what is published is true, safe, and the same after restarts."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.aggregations.disclosure.town import ALMELO, DREMPEL, ENSCHEDE, HENGELO, Town, moments
from zorgstroom.aggregations.disclosure.judging import judge
from zorgstroom.aggregations.disclosure.plan import Span, last_day
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.witnessed import Finding, Written
from zorgstroom.aggregations.figures import RegionFigures
from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.periods import AMSTERDAM, first_day
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.results import Emission, Series


class Life:
    """Messages and moments of some months, the same each time it is lived."""

    def __init__(
        self, seed: int, first: date, last: date, delays: tuple[int, ...] = (0, 1, 3, 20, 60)
    ) -> None:
        self.delays = delays
        self.chance = random.Random(seed)
        grid = list(moments(DREMPEL, first, last))
        # A process that sleeps now and then: most moments of a day pass at once.
        self.moments = sorted(
            {
                moment + timedelta(minutes=self.chance.choice((0, 0, 7, 55)))
                for moment in grid
                if self.chance.random() < 0.03 or moment == grid[0]
            }
        )
        self.next_client = 1
        self.care: list[tuple[int, str, date, str, str]] = []
        self.acts = [self._acts(at) for at in self.moments]

    def _acts(self, at: datetime) -> list[tuple[str, tuple[int, str, date, str, str], date]]:
        today = at.astimezone(AMSTERDAM).date()
        found = []
        for _ in range(self.chance.choice((0, 1, 2, 4, 9))):
            begin = today - timedelta(days=self.chance.choice(self.delays))
            if self.care and self.chance.random() < 0.3:
                one = self.chance.choice(self.care)
                self.care.remove(one)
                day = max(one[2], begin)
                found.append(("stop" if self.chance.random() < 0.8 else "gone", one, day))
                continue
            gemeente = self.chance.choice((ALMELO, ALMELO, ENSCHEDE, HENGELO))
            wet, categorie = self.chance.choice((("Wmo", "02"), ("Wmo", "15"), ("Jw", "45")))
            client = self.next_client
            self.next_client += self.chance.random() < 0.9
            one = (client, gemeente, begin, wet, categorie)
            if one not in self.care:
                self.care.append(one)
                found.append(("start", one, today + timedelta(days=self.chance.choice((0, 5)))))
        return found

    def tell(self, town: Town, at: int) -> None:
        for what, (client, gemeente, begin, wet, categorie), day in self.acts[at]:
            place: dict[str, Any] = {"gemeente": gemeente, "wet": wet, "categorie": categorie}
            if what == "start":
                town.start(client, day=begin, **place)
            elif what == "gone":
                town.start(client, day=begin, status=3, **place)
            else:
                town.stop(client, begin=begin, day=day, **place)


def lived(life: Life, town: Town, restarts: random.Random | None = None) -> None:
    """Let `town` live, with a look at each moment; restart it now and then."""
    for at, moment in enumerate(life.moments):
        life.tell(town, at)
        if restarts is not None and restarts.random() < 0.3:
            town.restart()
        made = town.publish(moment)
        for emission in made:
            check_true(town, emission)
        if restarts is not None and restarts.random() < 0.3:
            town.restart()
            town.publish(moment + timedelta(minutes=1))


def check_true(town: Town, emission: Emission) -> None:
    """Every figure made by an emission is that of the dossiers at its moment, and large enough."""
    today = emission.tijd.astimezone(AMSTERDAM).date()
    figures = RegionFigures(town.region, first_day(today, town.rules.jaren), today)
    figures.refresh(town.ledger, town.ledger.cells)
    row = {(p.wet, p.niveau, p.product): at for at, p in enumerate(PRODUCTS)}
    for values in emission.values:
        s = values.series
        area = figures.areas[s.gebied]
        columns = {(p.soort, p.start): at for at, p in enumerate(area.periods)}
        for start, waarde, status, tijd in zip(
            values.perioden, values.waarden, values.statussen, values.tijden, strict=True
        ):
            assert waarde is None or waarde >= town.disclosure.threshold
            exact = s.periode_soort == "maand" or s.maat == "actief"
            if waarde is None or tijd != emission.tijd or not exact:
                continue
            if s.periode_soort == "dag":
                continue
            if status == "voorlopig" and s.maat == "actief" and start.month != today.month:
                assert last_day(Span(s.periode_soort, start)) >= today
            column = columns[s.periode_soort, start]
            true = area.values[row[s.wet, s.product_niveau, s.product], MATEN.index(s.maat), column]
            assert waarde == true, (s, start, status)


Said = tuple[Series, date, int | None, str, datetime]


def told(town: Town) -> list[tuple[datetime, set[Said]]]:
    """Return what each emission with a row said, without its number."""
    return [
        (
            one.tijd,
            {
                (values.series, *cell)
                for values in one.values
                for cell in zip(
                    values.perioden, values.waarden, values.statussen, values.tijden, strict=True
                )
            },
        )
        for one in town.emissions
        if one.values
    ]


LIVES = [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]


@pytest.mark.parametrize("seed", LIVES)
def test_a_restart_at_any_moment_changes_nothing_of_what_is_published(seed: int) -> None:
    life = Life(seed, date(2025, 1, 2), date(2025, 4, 20))
    undisturbed, restarted = Town(), Town()
    lived(life, undisturbed)
    lived(life, restarted, random.Random(seed))
    one, other = told(undisturbed), told(restarted)
    assert [tijd for tijd, _ in one] == [tijd for tijd, _ in other]
    assert len(one) > 5
    for (tijd, rows), (_, again) in zip(one, other, strict=True):
        assert again == rows, tijd
    closed = [f for f in undisturbed.figures() if f.status == "definitief" and f.waarde is not None]
    assert len(closed) > 2, "this life proves nothing"


def findings(town: Town) -> list[Finding]:
    """Return what an outsider finds in everything that was published."""
    found = []
    replay = Replay(town.region, town.plan, DREMPEL.threshold)
    for moment in replay.moments(Written.of(one) for one in town.emissions):
        found += moment.findings
        for one in moment.systems:
            found += judge(one, DREMPEL.rule).findings
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 3, 8])
def test_a_year_with_late_messages_is_safe_and_restarts_change_nothing(seed: int) -> None:
    life = Life(seed, date(2025, 1, 2), date(2025, 12, 30), (0, 1, 3, 150, 200, 260, 300))
    undisturbed, restarted = Town(), Town()
    lived(life, undisturbed)
    lived(life, restarted, random.Random(seed))
    assert findings(undisturbed) == findings(restarted) == []
    assert told(undisturbed) == told(restarted)
