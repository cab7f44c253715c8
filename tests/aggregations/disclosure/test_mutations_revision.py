"""One rule of revision weakened at a time: the check refuses it, or an outsider finds it."""

from datetime import date

import numpy as np
import pytest

from tests.aggregations.disclosure.test_lives import findings
from tests.aggregations.disclosure.test_revision import (
    BEGAN,
    HALF,
    JUL,
    REVISED,
    T,
    half_year,
    late,
    month_of,
    near_the_end,
)
from tests.aggregations.disclosure.town import ALMELO, ENSCHEDE, HENGELO, hour
from zorgstroom.aggregations.disclosure import following, revision
from zorgstroom.aggregations.disclosure import protected as module
from zorgstroom.aggregations.disclosure.pairs import Result
from zorgstroom.aggregations.disclosure.plan import Cell
from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.rows import Draft, Row, Rows
from zorgstroom.aggregations.disclosure.table import Mask, Protected
from zorgstroom.aggregations.disclosure.together import Together
from zorgstroom.aggregations.disclosure.witnessed import Written

pytestmark = pytest.mark.slow


class AllOf(set[Cell]):
    """Holds whatever is asked for."""

    def __contains__(self, _: object) -> bool:
        return True


def test_revising_beside_what_is_small_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    town.start(*range(300, 306), day=date(2025, 3, 8), gemeente=HENGELO, status=3)
    town.start(*range(7000, 7009), day=date(2025, 1, 8), gemeente=HENGELO)
    town.stop(*range(9040, 9046), begin=BEGAN, day=date(2025, 3, 9), gemeente=HENGELO)
    late(town, 9)

    def nothing_is(cells: tuple[object, ...], *_: object) -> Mask:
        return np.ones(len(cells), np.bool_)

    monkeypatch.setattr(revision, "nothing_small", nothing_is)
    monkeypatch.setattr(Together, "given_away", lambda *_: [])
    monkeypatch.setattr(revision, "_allowed", lambda ready, _: AllOf())
    town.publish(REVISED)
    found = {(f.soort, f.uitleg) for f in findings(town)}
    why = "volgt uit wat op dit moment is gemaakt, met actief, instroom en uitstroom"
    assert ("herleidbaar", why) in found


def test_revising_a_half_year_that_is_open_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    late(town, 5, day=date(2025, 7, 8))
    for month in (9, 10):
        month_of(town, month)
        town.publish(near_the_end(month))
    assert town.shown("instroom", "maand", JUL).status == "definitief"  # type: ignore[union-attr]
    monkeypatch.setattr(
        module, "revisable", revisable := lambda rows, months: [m for m in months if m < AUGUST]
    )
    monkeypatch.setattr(revision, "revisable", revisable)
    late(town, 5, day=date(2025, 7, 8), first=7500)
    town.publish(hour(date(2025, 11, 3), 8))
    assert "het halfjaar is nog niet gesloten" in {f.uitleg for f in findings(town)}


AUGUST = date(2025, 8, 1)


def test_revising_without_protection_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    late(town, 5)
    town.start(7900, day=date(2025, 1, 8), gemeente=HENGELO)
    made = town.publication._made_of

    def all_of(own: Frame, candidates: Mask, guarded: Mask | None = None) -> Result:
        if own.name != "Wmo instroom maand 2025-01-01":
            return made(own, candidates, guarded)
        values = town.publication._now.values(own.cells)
        return Protected(candidates, np.where(candidates, values, 0), ())

    monkeypatch.setattr(town.publication, "_made_of", all_of)
    town.publish(REVISED)
    assert {f.systeem for f in findings(town)} == {"Wmo instroom maand 2025-01-01"}


def test_a_period_that_is_not_the_sum_of_its_parts_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = half_year()
    late(town, 5)
    again = following.sum_again

    def sums_more(draft: Draft) -> None:
        again(draft)
        for cell, row in list(draft.rows.items()):
            if cell.soort == "kwartaal" and cell.maat == "instroom":
                draft.show(cell, (row.waarde or 0) + 1, "definitief")

    monkeypatch.setattr(revision, "sum_again", sums_more)
    town.publish(REVISED)
    assert {f.uitleg for f in findings(town)} == {"niet de som van de delen"}


def test_showing_again_what_was_withheld_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    town = half_year()
    stands = Rows.closed_row

    def forgets(rows: Rows, cell: Cell) -> Row | None:
        row = stands(rows, cell)
        return row or Row(5, "definitief", max(rows.moments), HALF)

    monkeypatch.setattr(Rows, "closed_row", forgets)
    for gemeente in (ALMELO, ENSCHEDE, HENGELO):
        for month in range(1, 8):
            day = date(2025, month, 8)
            first = 7000 + 100 * month
            town.start(*range(first, first + 9), day=day, gemeente=gemeente, categorie="15")
            gone = range(first, first + 4)
            town.stop(*gone, begin=day, day=day, gemeente=gemeente, categorie="15")
    town.start(*range(6000, 6009), day=BEGAN, gemeente=ALMELO, categorie="15")
    town.publish(REVISED)
    assert "was onderdrukt" in {f.uitleg for f in findings(town)}


@pytest.mark.parametrize("is_cut", [True, False])
def test_what_a_crash_left_of_a_revision_is_no_finding(is_cut: bool) -> None:
    town = half_year()
    late(town, 5)
    (one,) = town.publish(REVISED)
    told = [Written.of(emission) for emission in town.emissions]
    rows = {
        cell: entry
        for cell, entry in told[-1].rows.items()
        if cell.soort != "maand" and entry.status == "definitief" and cell.maat == "instroom"
    }
    assert rows
    told[-1] = Written(one.versie, one.tijd, one.certificaat, rows, is_cut)
    replay = Replay(town.region, town.plan, T)
    found = {f.uitleg for moment in replay.moments(told) for f in moment.findings}
    assert ("niet de som van de delen" in found) != is_cut
