"""Every setting of the definitions in both positions, with an example worked out by hand."""

from datetime import date

import pytest
from pydantic import ValidationError

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import World
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.products import PRODUCTS

START = letter("2023-05-18", begin("2023-05-17"), nr="S1")
TIJDELIJK = letter("2023-06-22", einde("2023-05-17", "2023-06-20", "20"), nr="T1")
HERSTART = letter("2023-09-05", begin("2023-09-04"), nr="S2")


def under(*messages: bytes, **definitions: object) -> World:
    """Tell under the defaults, then derive anew under other definitions: no migration."""
    world = World()
    world.tell(*messages)
    return world.rebuilt(**definitions)


def test_the_defaults_read_the_twentse_monitor_literally() -> None:
    assert Definitions() == Definitions(
        voorziening="categorie",
        redenen_zonder_uitstroom=frozenset(),
        herstart_is_instroom=True,
        einddatum_telt_mee=True,
        start_uit_stop=False,
        bereik="alles",
    )
    with pytest.raises(ValidationError):
        Definitions.model_validate({"herstart": True})


@pytest.mark.parametrize(
    ("voorziening", "expected"), [("categorie", (1, 1, 0)), ("categorie_code", (2, 3, 1))]
)
def test_voorziening_is_the_categorie_or_the_categorie_with_its_code(
    voorziening: str, expected: tuple[int, int, int]
) -> None:
    both = letter(
        "2023-05-18",
        begin("2023-05-17", product="02/02A03", nummer="1"),
        begin("2023-05-17", product="02/02A05", nummer="2"),
        begin("2023-05-17", product="02", nummer="3"),
        nr="S1",
    )
    stop = letter(
        "2023-07-03", einde("2023-05-17", "2023-06-30", "19", product="02", nummer="3"), nr="D1"
    )
    world = under(both, stop, voorziening=voorziening)
    # By categorie: one indicatie that runs as long as any record. By code: 02A03, 02A05 and 02
    # without a code, of which the last ended. At the level of categorie they add up again.
    assert world.trio("2023", product="02") == expected


@pytest.mark.parametrize(("redenen", "uitstroom"), [([], 1), (["36", "38"], 0), (["23"], 1)])
def test_an_ending_for_a_chosen_reden_is_no_uitstroom_but_is_an_ending(
    redenen: list[str], uitstroom: int
) -> None:
    stop = letter("2023-07-03", einde("2023-05-17", "2023-06-30", "38"), nr="D1")
    world = under(START, stop, redenen_zonder_uitstroom=redenen)
    assert world.trio("2023-06") == (1, 0, uitstroom)
    assert world.trio("2023") == (0, 1, uitstroom)


def test_when_a_temporary_stop_is_no_uitstroom_the_definitive_one_after_it_still_is() -> None:
    stop = letter("2023-08-02", einde("2023-05-17", "2023-07-31", "23"), nr="D1")
    assert under(START, TIJDELIJK, redenen_zonder_uitstroom=["20"]).trio("2023") == (0, 1, 0)
    assert under(START, TIJDELIJK, stop, redenen_zonder_uitstroom=["20"]).trio("2023") == (0, 1, 1)


@pytest.mark.parametrize(("counts", "instroom"), [(True, 2), (False, 1)])
def test_a_restart_after_a_temporary_stop_is_instroom_or_not(counts: bool, instroom: int) -> None:
    world = under(START, TIJDELIJK, HERSTART, herstart_is_instroom=counts)
    assert world.trio("2023") == (1, instroom, 1)
    assert world.trio("2023-09") == (1, instroom - 1, 0)  # active again either way


def test_a_restart_after_a_definitive_stop_or_of_another_product_is_always_instroom() -> None:
    definitief = letter("2023-08-02", einde("2023-05-17", "2023-07-31", "23"), nr="D1")
    world = under(START, TIJDELIJK, definitief, HERSTART, herstart_is_instroom=False)
    assert world.trio("2023")[1] == 2
    other = letter("2023-09-05", begin("2023-09-04", nummer="5"), nr="S2")
    assert under(START, TIJDELIJK, other, herstart_is_instroom=False).trio("2023")[1] == 2


def test_an_indicatie_is_a_restart_only_when_all_its_records_are() -> None:
    new = letter("2023-09-06", begin("2023-09-04", nummer="5", product="07/07A01"), nr="S3")
    world = under(START, TIJDELIJK, HERSTART, new, herstart_is_instroom=False)
    assert world.trio("2023") == (1, 2, 1)


@pytest.mark.parametrize(("counts", "on_einddatum"), [(True, 1), (False, 0)])
def test_the_einddatum_is_the_last_day_with_care_or_the_first_without(
    counts: bool, on_einddatum: int
) -> None:
    world = under(START, TIJDELIJK, einddatum_telt_mee=counts)
    assert world.counts("actief", "2023-06-19", "2023-06-20", "2023-06-21") == [1, on_einddatum, 0]
    assert world.counts("uitstroom", "2023-06-19", "2023-06-20", "2023-06-21") == [0, 1, 0]


def test_care_of_one_day_is_never_active_when_the_einddatum_is_without_care() -> None:
    stop = letter("2023-05-18", einde("2023-05-17", "2023-05-17", "23"), nr="D1")
    world = under(START, stop, einddatum_telt_mee=False)
    assert world.trio("2023-05-17") == (0, 1, 1)
    assert world.trio("2023-05-16") == world.trio("2023-05-18") == (0, 0, 0)


@pytest.mark.parametrize(("derives", "expected"), [(False, (0, 0, 0)), (True, (0, 1, 1))])
def test_a_stop_without_a_start_gives_an_indicatie_only_when_asked(
    derives: bool, expected: tuple[int, int, int]
) -> None:
    world = under(TIJDELIJK, start_uit_stop=derives)
    assert world.trio("2023") == expected
    assert world.signals == {"9069": 1}
    # When the start comes, nothing is counted twice.
    assert under(TIJDELIJK, START, start_uit_stop=derives).trio("2023") == (0, 1, 1)


def test_a_start_that_was_removed_does_not_come_back_from_its_stop() -> None:
    removal = letter("2023-08-25", begin("2023-05-17", status=3), nr="R1")
    assert under(START, TIJDELIJK, removal, start_uit_stop=True).trio("2023") == (0, 0, 0)
    orphan = under(TIJDELIJK, removal, start_uit_stop=True)
    assert orphan.trio("2023") == (0, 0, 0)
    assert orphan.signals == {"9063": 1, "9069": 1}


CHILD = {"geboren": "2005-06-15"}
"""Is 18 from 1 June 2023 on, as only the month of birth is kept."""


def of_child(begindatum: str, *einde_of: str, **more: str) -> list[bytes]:
    """Return a start of Jeugd and one of Wmo, and their stops when there is an Einddatum."""
    messages = []
    for wet, product in (("jw", "45"), ("wmo", "02")):
        start = begin(begindatum, product=product)
        messages.append(letter("2023-12-01", start, wet=wet, nr="S1", **(CHILD | more)))
        for einddatum in einde_of:
            stop = einde(begindatum, einddatum, "36", product=product)
            messages.append(letter("2023-12-01", stop, wet=wet, nr="D1", **(CHILD | more)))
    return messages


@pytest.mark.parametrize(
    ("begindatum", "instroom"),
    [
        ("2023-05-31", (1, 0)),  # 17 years
        ("2023-06-01", (0, 1)),  # the month of the 18th birthday: only the month is known
        ("2023-06-15", (0, 1)),
        ("2023-07-01", (0, 1)),
        ("2022-06-30", (1, 0)),
    ],
)
def test_the_twentse_scope_judges_instroom_by_the_age_on_the_begindatum(
    begindatum: str, instroom: tuple[int, int]
) -> None:
    world = under(*of_child(begindatum), bereik="twents")
    year = begindatum[:4]
    assert (world.trio(year, "Jw")[1], world.trio(year, "Wmo")[1]) == instroom
    everything = under(*of_child(begindatum), bereik="alles")
    assert everything.trio(year, "Jw")[1] == everything.trio(year, "Wmo")[1] == 1


@pytest.mark.parametrize("counts", [True, False])
def test_the_twentse_scope_judges_actief_by_the_age_on_the_day_without_any_flow(
    counts: bool,
) -> None:
    world = under(*of_child("2023-05-10"), bereik="twents", einddatum_telt_mee=counts)
    days = ("2023-05-09", "2023-05-10", "2023-05-31", "2023-06-01", "2024-01-01")
    assert world.counts("actief", *days, wet="Jw") == [0, 1, 1, 0, 0]
    assert world.counts("actief", *days, wet="Wmo") == [0, 0, 0, 1, 1]
    # Jeugd: instroom and no uitstroom by turning 18. Wmo: neither.
    assert world.trio("2023", "Jw") == (0, 1, 0)
    assert world.trio("2023", "Wmo") == (1, 0, 0)


@pytest.mark.parametrize(
    ("einddatum", "uitstroom"),
    [("2023-05-31", (1, 0)), ("2023-06-01", (0, 1)), ("2023-08-31", (0, 1))],
)
@pytest.mark.parametrize("counts", [True, False])
def test_the_twentse_scope_judges_uitstroom_by_the_age_on_the_einddatum(
    einddatum: str, uitstroom: tuple[int, int], counts: bool
) -> None:
    messages = of_child("2023-05-10", einddatum)
    world = under(*messages, bereik="twents", einddatum_telt_mee=counts)
    assert (world.trio("2023", "Jw")[2], world.trio("2023", "Wmo")[2]) == uitstroom
    # Whatever runs is gone in the end, and nobody is counted below zero on the way.
    for wet in ("Jw", "Wmo"):
        days = [f"2023-{month:02}-01" for month in range(5, 13)] + ["2023-05-31", "2023-08-31"]
        assert set(world.counts("actief", *days, wet=wet)) <= {0, 1}
        assert world.counts("actief", "2023-09-01", wet=wet) == [0]


def test_two_wmo_indicaties_that_began_before_18_are_two_from_18_on() -> None:
    messages = [
        *of_child("2023-05-10"),
        letter("2023-12-01", begin("2023-05-20", product="02"), nr="S2", **CHILD),
    ]
    assert under(*messages, bereik="twents").trio("2023-06-01") == (2, 0, 0)


def test_turning_18_moves_actief_on_a_day_without_a_message() -> None:
    world = under(*of_child("2023-05-10"), bereik="twents")
    before = world.figures(date(2023, 5, 31), jaren=0).areas["proef"]
    after = world.figures(date(2023, 6, 1), jaren=0).areas["proef"]
    year = [(p.soort, p.start) for p in before.periods].index(("jaar", date(2023, 1, 1)))
    totals = [row for row, p in enumerate(PRODUCTS) if p.niveau == "totaal"]
    wetten = [PRODUCTS[row].wet for row in totals]
    assert dict(zip(wetten, before.values[totals, 0, year], strict=True)) == {"Jw": 1, "Wmo": 0}
    assert dict(zip(wetten, after.values[totals, 0, year], strict=True)) == {"Jw": 0, "Wmo": 1}


def test_the_latest_month_of_birth_that_is_known_holds() -> None:
    known = letter("2023-07-01", begin("2023-05-10", product="45"), wet="jw", nr="S1", **CHILD)
    later = letter("2023-07-02", begin("2023-05-20", product="46"), wet="jw", nr="S2", **CHILD)
    unknown = later.replace(b"2005-06-15", b"1900-01-01").replace(
        b"</b:Datum></m:Geb", b"</b:Datum><b:DatumGebruik>3</b:DatumGebruik></m:Geb"
    )
    other = letter(
        "2023-07-03", begin("2023-05-20", product="46"), wet="jw", nr="S3", geboren="2005-08-01"
    )
    days = ("2023-05-31", "2023-06-01", "2023-08-01")
    world = under(known, unknown, bereik="twents")
    assert world.counts("actief", *days, wet="Jw") == [2, 0, 0]
    world = under(known, unknown, other, bereik="twents")
    assert world.counts("actief", *days, wet="Jw") == [2, 2, 0]


@pytest.mark.parametrize("wet", ["wmo", "jw"])
def test_the_twentse_scope_leaves_out_what_names_no_categorie(wet: str) -> None:
    message = letter(
        "2023-05-18",
        begin("2023-05-17", product=None),
        wet=wet,
        nr="S1",
        geboren="1950-01-01" if wet == "wmo" else "2015-01-01",
    )
    wet = wet.capitalize()
    assert under(message, bereik="twents").trio("2023", wet) == (0, 0, 0)
    assert under(message, bereik="alles").trio("2023", wet) == (1, 1, 0)


def test_a_month_of_birth_at_the_end_of_the_calendar_stops_nothing() -> None:
    message = letter("9998-05-18", begin("2023-05-17"), nr="S1", geboren="9990-01-01")
    assert under(message, bereik="twents").trio("2023") == (0, 0, 0)


@pytest.mark.parametrize("product", ["04", "15", "16", "17", "18"])
def test_the_twentse_scope_leaves_verblijf_of_the_wmo_out(product: str) -> None:
    message = letter("2023-05-18", begin("2023-05-17", product=product), nr="S1")
    assert under(message, bereik="twents").trio("2023") == (0, 0, 0)
    assert under(message, bereik="alles").trio("2023", product=product) == (1, 1, 0)
    other = letter("2023-05-18", begin("2023-05-17", product="14"), nr="S1")
    assert under(other, bereik="twents").trio("2023") == (1, 1, 0)


def test_who_is_of_unknown_age_is_in_scope() -> None:
    message = letter("2023-05-18", begin("2023-05-17"), nr="S1", geboren="1900-01-01")
    message = message.replace(
        b"</b:Datum></m:Geb", b"</b:Datum><b:DatumGebruik>3</b:DatumGebruik></m:Geb"
    )
    assert under(message, bereik="twents").trio("2023") == (1, 1, 0)
    jw = message.replace(b"/iwmo/", b"/ijw/").replace(b"wmo305", b"jw305")
    jw = jw.replace(b"418", b"438").replace(b"07/07A12", b"45").replace(b">07<", b">45<")
    assert under(jw, bereik="twents").trio("2023", "Jw") == (1, 1, 0)


def test_care_out_of_scope_is_back_when_the_scope_is_widened() -> None:
    world = World(bereik="twents")
    world.tell(letter("2023-05-18", begin("2023-05-17", product="15"), nr="S1"))
    assert world.trio("2023") == (0, 0, 0)
    assert world.rebuilt(bereik="alles").trio("2023") == (1, 1, 0)
