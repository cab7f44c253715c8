"""Every setting of the definitions in both positions, with an example worked out by hand."""

import pytest
from pydantic import ValidationError

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import World
from zorgstroom.aggregations.definitions import Definitions

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


@pytest.mark.parametrize(
    ("begindatum", "jw", "wmo"),
    [
        ("2023-05-31", 1, 0),  # 17 years
        ("2023-06-01", 0, 1),  # the month of the 18th birthday: only the month is known
        ("2023-06-15", 0, 1),
        ("2023-07-01", 0, 1),
        ("2022-06-30", 1, 0),
    ],
)
def test_the_twentse_scope_is_jeugd_through_17_and_wmo_from_18(
    begindatum: str, jw: int, wmo: int
) -> None:
    child = {"geboren": "2005-06-15", "nr": "S1"}
    wmo_start = letter("2023-08-01", begin(begindatum, product="02"), **child)
    jw_start = letter("2023-08-01", begin(begindatum, product="45"), wet="jw", **child)
    world = under(wmo_start, jw_start, bereik="twents")
    assert world.trio("2023", "Jw")[0] == jw
    assert world.trio("2023", "Wmo")[0] == wmo
    everything = under(wmo_start, jw_start, bereik="alles")
    assert everything.trio("2023", "Jw")[0] == everything.trio("2023", "Wmo")[0] == 1


def test_an_indicatie_stays_in_scope_after_the_18th_birthday() -> None:
    start = begin("2023-05-31", product="45")
    message = letter("2023-08-01", start, wet="jw", geboren="2005-06-15", nr="S1")
    assert under(message, bereik="twents").trio("2024", "Jw") == (1, 0, 0)


@pytest.mark.parametrize("product", ["15", "16", "17", "18"])
def test_the_twentse_scope_leaves_verblijf_of_the_wmo_out(product: str) -> None:
    message = letter("2023-05-18", begin("2023-05-17", product=product), nr="S1")
    assert under(message, bereik="twents").trio("2023") == (0, 0, 0)
    assert under(message, bereik="alles").trio("2023", product="Verblijf en opvang") == (1, 1, 0)
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
