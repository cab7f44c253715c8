"""Contributors: who changed a figure, counted as it happens and counted anew."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.aggregations.disclosure.town import ENSCHEDE
from zorgstroom.aggregations.derivation import Indicatie
from zorgstroom.aggregations.disclosure.contributors import (
    NEVER,
    Contributors,
    Indicaties,
    Stand,
    Stood,
    contributions,
    first_change,
)
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.results import Maat

JAN, FEB = date(2025, 1, 1), date(2025, 2, 1)
REGION = Region("proef", ("0141", "0153"), total=True)
TOTAL = [(p.wet, p.niveau, p.product) for p in PRODUCTS].index(("Wmo", "totaal", ""))
NONE: Indicaties = frozenset()


def care(
    begin: date, einde: date | None = None, categorie: str = "02", wet: str = "Wmo"
) -> Indicatie:
    return Indicatie(
        wet,
        categorie,
        None,
        begin.toordinal(),
        None if einde is None else einde.toordinal(),
        True,
        einde is not None,
    )


def on(day: date, *care: Indicatie) -> Stand:
    return Stand(frozenset(care), day.toordinal())


def cell(maat: Maat, month: date = JAN, gebied: str = "proef") -> Cell:
    return Cell(gebied, TOTAL, maat, "maand", month)


def watching(*cells: Cell) -> Contributors:
    found = Contributors(REGION, DEFAULT.live)
    for one in cells:
        found.watch(one)
    return found


DAY = date(2025, 1, 20)
STARTS = cell("instroom")
ACTIVE = cell("actief")


def test_each_client_who_begins_is_one_in_the_gemeente_and_in_the_region() -> None:
    own = cell("instroom", gebied=ENSCHEDE)
    elsewhere = cell("instroom", gebied="0141")
    one = watching(STARTS, own, elsewhere)
    for key in ("0153a", "0153b"):
        one.move(key, ENSCHEDE, on(DAY), on(DAY, care(JAN)), [JAN])
    assert [one.count(at) for at in (STARTS, own, elsewhere)] == [2, 2, 0]


def test_a_change_that_is_undone_is_none() -> None:
    one = watching(STARTS)
    one.move("0153a", ENSCHEDE, on(DAY), on(DAY, care(JAN)), [JAN])
    one.move("0153a", ENSCHEDE, on(DAY, care(JAN)), on(DAY), [JAN])
    assert one.count(STARTS) == 0


def test_two_indicaties_of_one_client_are_one() -> None:
    one = watching(STARTS, ACTIVE)
    both = care(JAN), care(JAN, categorie="05")
    one.move("0153a", ENSCHEDE, on(DAY), on(DAY, *both), [JAN])
    assert one.count(STARTS) == one.count(ACTIVE) == 1
    assert one.changes[STARTS] == {"0153a": 2}


def test_another_product_within_the_same_total_changes_nothing_there() -> None:
    one = watching(ACTIVE)
    before, after = on(DAY, care(JAN)), on(DAY, care(JAN, categorie="05"))
    one.move("0153a", ENSCHEDE, before, after, [JAN])
    assert one.count(ACTIVE) == 0


def test_the_other_wet_is_another_figure() -> None:
    one = watching(STARTS)
    one.move("0153a", ENSCHEDE, on(DAY), on(DAY, care(JAN, categorie="45", wet="Jw")), [JAN])
    assert one.count(STARTS) == 0


def test_time_alone_moves_who_begins_and_who_ends() -> None:
    one = watching(STARTS, ACTIVE, cell("uitstroom"))
    ends = care(date(2024, 5, 1), date(2025, 1, 21))
    begins = care(date(2025, 1, 22))
    for key, said in (("0153a", ends), ("0153b", begins)):
        one.move(key, ENSCHEDE, on(DAY, said), on(DAY + timedelta(days=1), said), [JAN])
    # The Einddatum is a day with care: `actief` follows a day later.
    assert [one.count(c) for c in (STARTS, ACTIVE, cell("uitstroom"))] == [0, 0, 1]
    for key, said in (("0153a", ends), ("0153b", begins)):
        after = on(DAY + timedelta(days=2), said)
        one.move(key, ENSCHEDE, on(DAY + timedelta(days=1), said), after, [JAN])
    assert [one.count(c) for c in (STARTS, ACTIVE, cell("uitstroom"))] == [1, 2, 1]


def test_at_the_border_of_a_month_the_stock_runs_on_and_the_flow_begins_anew() -> None:
    last = date(2025, 1, 31)
    one = watching(ACTIVE, STARTS)
    one.move("0153a", ENSCHEDE, on(last), on(last, care(JAN)), [JAN])
    following = cell("actief", FEB)
    one.inherit(following, ACTIVE)
    assert one.count(following) == 1
    # In February the stock of January stands still, and what was counted there stays there.
    begins = care(date(2025, 2, 1))
    one.move("0153b", ENSCHEDE, on(last, begins), on(FEB, begins), [JAN, FEB])
    assert [one.count(c) for c in (ACTIVE, following, STARTS)] == [1, 2, 1]
    one.watch(following)
    assert [one.count(c) for c in (ACTIVE, following)] == [1, 0]


def test_who_is_not_watched_is_not_counted() -> None:
    one = watching(STARTS)
    one.forget(STARTS)
    one.move("0153a", ENSCHEDE, on(DAY), on(DAY, care(JAN)), [JAN])
    one.inherit(cell("actief", FEB), ACTIVE)
    assert one.changes == {} and one.count(STARTS) == 0


def test_the_day_of_the_einddatum_counts_as_the_definitions_say() -> None:
    said = on(DAY, care(date(2024, 5, 1), DAY))
    maten = {maat for _, _, maat, _ in contributions(said, [JAN])}
    assert maten == {"actief", "uitstroom"}
    maten = {maat for _, _, maat, _ in contributions(said, [JAN], einddatum_telt_mee=False)}
    assert maten == {"uitstroom"}


DATES = [date(2024, 12, 30) + timedelta(days=n) for n in range(0, 70, 3)]
indicaties = st.frozensets(
    st.builds(
        lambda begin, length, categorie, inflow: Indicatie(
            "Wmo",
            categorie,
            None,
            begin.toordinal(),
            None if length is None else begin.toordinal() + length,
            inflow,
            length is not None,
        ),
        st.sampled_from(DATES),
        st.none() | st.integers(0, 40),
        st.sampled_from(("02", "05", "15")),
        st.booleans(),
    ),
    max_size=2,
)


@settings(deadline=None)
@given(indicaties, indicaties, st.booleans())
def test_before_the_first_change_two_stands_count_the_same(
    before: Indicaties, after: Indicaties, with_last_day: bool
) -> None:
    changes = first_change(before, after)
    assert (changes == NEVER) == (before == after)

    def units(said: Indicaties, day: int) -> list[tuple[str, str, Maat, date]]:
        at = Stand(said, day)
        return sorted(contributions(at, [JAN, FEB], einddatum_telt_mee=with_last_day))

    for day in range(min(changes, FEB.toordinal()) - 40, min(changes, FEB.toordinal() + 40)):
        assert units(before, day) == units(after, day)


KEYS = ("0141a", "0153b", "0153c")
steps = st.lists(
    st.tuples(st.integers(0, 9), st.dictionaries(st.sampled_from(KEYS), indicaties, max_size=3)),
    min_size=1,
    max_size=6,
)
"""How many days go by, and how dossiers then stand."""


def stood(key: str, history: Sequence[tuple[int, Indicaties]]) -> Stood:
    """Return a dossier of which each stand came before the emission after its number."""

    def at(versie: int | None) -> Indicaties:
        known = [said for number, said in history if versie is None or number < versie]
        return known[-1] if known else NONE

    return Stood(key, key[:4], at, [number for number, _ in history])


@settings(deadline=None, max_examples=40)
@given(steps, st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_counting_anew_from_the_dossiers_gives_the_same_as_keeping_count(
    told: list[tuple[int, dict[str, Indicaties]]], renewals: list[int]
) -> None:
    watched = [cell(m, s, g) for m, s, g in _CELLS]
    one = Contributors(REGION, DEFAULT.live)
    made: dict[Cell, tuple[int, int]] = {}
    history: dict[str, list[tuple[int, Indicaties]]] = {key: [] for key in KEYS}
    today = date(2025, 1, 2)
    for number, (onward, stands) in enumerate(told):
        before, today = today, today + timedelta(days=onward)
        for key in KEYS:
            old = history[key][-1][1] if history[key] else NONE
            new = stands.get(key, old)
            if new != old:
                history[key].append((number, new))
            stand = Stand(old, before.toordinal()), Stand(new, today.toordinal())
            one.move(key, key[:4], *stand, [JAN, FEB])
        # Emission `number` + 1: some cells are published.
        for at, when in enumerate(renewals):
            if when == number or not number:
                for published in watched[at :: len(renewals)]:
                    one.watch(published)
                    made[published] = (number + 1, today.toordinal())
    again = Contributors(REGION, DEFAULT.live)
    again.since(made, _dossiers(history), today.toordinal())
    assert again.changes == one.changes
    for published, moment in made.items():
        assert one.count(published) == _naive(published, moment, today.toordinal(), history)


_CELLS: list[tuple[Maat, date, str]] = [
    (maat, month, gebied)
    for maat in ("actief", "instroom", "uitstroom")
    for month in (JAN, FEB)
    for gebied in ("proef", "0153")
]


def _dossiers(history: dict[str, list[tuple[int, Indicaties]]]) -> Iterable[Stood]:
    return [stood(key, said) for key, said in history.items()]


def _naive(
    published: Cell,
    made: tuple[int, int],
    today: int,
    history: dict[str, list[tuple[int, Indicaties]]],
) -> int:
    """Count the clients whose addition differs, from the definitions."""
    versie, day = made
    found = 0
    for key, said in history.items():
        if published.gebied not in ("proef", key[:4]):
            continue
        old = [one for number, one in said if number < versie]
        before = _adds(published, old[-1] if old else NONE, day)
        found += before != _adds(published, said[-1][1] if said else NONE, today)
    return found


def _adds(published: Cell, said: Indicaties, today: int) -> int:
    first = published.start.toordinal()
    last = (published.start + timedelta(days=32)).replace(day=1).toordinal() - 1
    until = min(last, today)
    match published.maat:
        case "actief":
            return sum(o.begin <= until and (o.einde is None or o.einde >= until) for o in said)
        case "instroom":
            return sum(o.instroom and first <= o.begin <= until for o in said)
        case "uitstroom":
            ended = [o.einde for o in said if o.uitstroom and o.einde is not None]
            return sum(first <= einde <= until for einde in ended)
