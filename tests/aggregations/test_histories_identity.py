"""
Short histories about who and what is the same: keys, toewijzingen, gemeenten, persons, messages.

Told by hand; the expected figures are worked out in the comments.
"""

from tests.aggregations.letters import BAKKER, DEVRIES, JANSEN, begin, einde, letter
from tests.aggregations.world import ALMELO, ENSCHEDE, World

START = letter("2023-05-18", begin("2023-05-17"), nr="S1")


def test_two_toewijzingen_of_one_indicatie_end_when_both_have_ended() -> None:
    one = {"nummer": "100", "product": "02/02A03"}
    other = {"nummer": "200", "product": "02/02A05"}
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", **one), nr="A1", van="00000001"))  # type: ignore[arg-type]
    world.tell(letter("2023-05-18", begin("2023-05-17", **other), nr="B1", van="00000002"))  # type: ignore[arg-type]
    # Same person, Categorie and Begindatum: one indicatie with two start records.
    assert world.trio("2023") == (1, 1, 0)
    stop = einde("2023-05-17", "2023-07-31", "23", **one)  # type: ignore[arg-type]
    world.tell(letter("2023-08-01", stop, nr="A2", van="00000001"))
    assert world.trio("2023") == (1, 1, 0)  # the other provider goes on
    stop = einde("2023-05-17", "2023-06-30", "23", **other)  # type: ignore[arg-type]
    world.tell(letter("2023-08-03", stop, nr="B2", van="00000002"))
    # Both ended: on the latest, 31 July, and one uitstroom.
    assert world.trio("2023-06") == (1, 0, 0)
    assert world.trio("2023-07") == (1, 0, 1)
    assert world.trio("2023") == (0, 1, 1)
    assert world.signals == {}


def test_hulpmiddelen_of_one_category_stand_side_by_side_by_begindatum() -> None:
    world = World()
    first = begin("2023-05-17", nummer="100", product="12/12A07")
    same_day = begin("2023-05-17", nummer="200", product="12/12A07")
    later = begin("2023-06-01", nummer="300", product="12/12A07")
    world.tell(letter("2023-06-02", first, same_day, later, nr="S1"))
    # Three records; by definition an indicatie is Categorie x Begindatum: 17 May and 1 June.
    assert world.trio("2023-06", product="12") == (2, 1, 0)
    assert world.trio("2023", product="Hulpmiddelen en diensten") == (2, 2, 0)
    stop = einde("2023-05-17", "2023-06-10", "19", nummer="100", product="12/12A07")
    world.tell(letter("2023-06-12", stop, nr="D1"))
    # Number 200 of 17 May still runs.
    assert world.trio("2023", product="12") == (2, 2, 0)
    assert world.signals == {}  # other ToewijzingNummers: nothing overlaps


def test_a_generic_toewijzing_without_product_is_onbekend_and_overig() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", product=None), nr="S1"))
    assert world.trio("2023", product="onbekend") == (1, 1, 0)
    assert world.trio("2023", product="Overig") == (1, 1, 0)
    assert world.trio("2023") == (1, 1, 0)
    stop = letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19", product=None), nr="D1")
    world.tell(stop)
    assert world.trio("2023", product="onbekend") == (0, 1, 1)


def test_a_stop_with_a_product_does_not_end_a_generic_start() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", product=None), nr="S1"))
    world.tell(letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19"), nr="D1"))
    assert world.trio("2023") == (1, 1, 0)
    assert world.signals == {"9069": 1}


def test_taakgericht_care_without_a_number_has_absent_as_its_key() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", nummer=None), nr="S1"))
    stop = einde("2023-05-17", "2023-06-30", "19", nummer=None)
    world.tell(letter("2023-07-03", einde("2023-05-17", "2023-06-15", "19"), nr="D0"))
    assert world.trio("2023") == (1, 1, 0)  # a stop with a number is about another start
    world.tell(letter("2023-07-03", stop, nr="D1"))
    assert world.trio("2023-K2") == (1, 1, 1)
    assert world.signals == {"9069": 1}


def test_an_absent_code_is_a_key_value_of_its_own() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", product="07"), nr="S1"))
    world.tell(letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19"), nr="D1"))
    assert world.trio("2023") == (1, 1, 0)


def test_the_same_number_in_two_gemeenten_is_other_care() -> None:
    world = World()
    world.tell(START, letter("2023-05-18", begin("2023-05-17"), nr="S1", aan=ALMELO))
    assert world.trio("2023", gebied=ENSCHEDE) == (1, 1, 0)
    assert world.trio("2023", gebied=ALMELO) == (1, 1, 0)
    assert world.trio("2023", gebied="proef") == (2, 2, 0)
    world.tell(
        letter("2023-07-03", einde("2023-05-17", "2023-06-30", "31"), nr="D1", aan=ALMELO),
    )
    # Only Almelo's ends, though BSN, number, product and Begindatum are the same.
    assert world.trio("2023", gebied=ENSCHEDE) == (1, 1, 0)
    assert world.trio("2023", gebied=ALMELO) == (0, 1, 1)
    assert world.trio("2023", gebied="proef") == (1, 2, 1)
    assert len(world.dossiers) == 2


def test_the_same_number_in_wmo_and_jw_is_other_care_of_one_client() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", product=None), nr="S1"))
    world.tell(letter("2023-05-18", begin("2023-05-17", product=None), nr="S1", wet="jw"))
    assert world.trio("2023", "Wmo", "onbekend") == (1, 1, 0)
    assert world.trio("2023", "Jw", "onbekend") == (1, 1, 0)
    stop = einde("2023-05-17", "2023-06-30", "31", product=None)
    world.tell(letter("2023-07-03", stop, nr="D1", wet="jw"))
    assert world.trio("2023", "Wmo") == (1, 1, 0)
    assert world.trio("2023", "Jw") == (0, 1, 1)
    # One dossier: both wetten together. Another wet is another message type: no conflict.
    assert len(world.dossiers) == 1
    assert world.signals == {}


def test_a_toewijzingnummer_is_a_number_in_whatever_form_it_is_written() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", nummer="300201"), nr="S1"))
    stop = einde("2023-05-17", "2023-06-30", "19", nummer="0300201")
    world.tell(letter("2023-07-03", stop, nr="D1"))
    assert world.trio("2023") == (0, 1, 1)
    removal = einde("2023-05-17", "2023-06-30", "19", nummer=" +300201 ", status=3)
    world.tell(letter("2023-07-10", removal, nr="R1"))
    assert world.trio("2023") == (1, 1, 0)
    assert world.signals == {}


def test_a_repeated_message_changes_nothing() -> None:
    world = World()
    assert world.tell(START, START) == [False, True]
    before = dict(world.dossiers)
    assert world.tell(START) == [True]
    assert world.dossiers == before
    assert world.trio("2023") == (1, 1, 0)
    assert world.signals == {}


def test_the_same_identity_with_other_content_is_another_message_and_a_conflict() -> None:
    world = World()
    # Both "S1" of the same Afzender, with another number and day: two facts, reported (TR056).
    other = letter("2023-05-19", begin("2023-05-18", nummer="5"), nr="S1")
    assert world.tell(START, other) == [False, False]
    assert world.trio("2023") == (2, 2, 0)
    assert world.signals == {"9056": 1}


def test_one_identificatie_may_serve_two_senders_and_two_message_types() -> None:
    world = World()
    world.tell(START, letter("2023-05-18", begin("2023-05-17", nummer="5"), nr="S1", van="1" * 8))
    world.tell(letter("2023-07-03", einde("2023-05-17", "2023-06-30", "19"), nr="S1"))
    assert world.signals == {}


def test_other_persons_with_the_same_care_are_other_indicaties() -> None:
    world = World()
    for bsn in (JANSEN, DEVRIES, BAKKER):
        world.tell(letter("2023-05-18", begin("2023-05-17"), nr="S1", bsn=bsn))
    assert world.trio("2023") == (3, 3, 0)
    assert world.signals == {}  # the conflict is looked for within one client


def test_of_differing_births_the_latest_dagtekening_decides_who_is_in_scope() -> None:
    child = letter("2023-05-18", begin("2023-05-17"), nr="S1", geboren="2010-01-01")
    adult = letter("2023-06-05", begin("2023-06-01", product="01"), nr="S2", geboren="1990-01-01")
    for order in ([child, adult], [adult, child]):
        world = World(bereik="twents")
        world.tell(*order)
        # The June message holds for the whole dossier: both are Wmo of an adult.
        assert world.trio("2023") == (2, 2, 0)


def test_on_equal_dagtekening_the_greatest_sender_and_identificatie_decide() -> None:
    low = letter("2023-05-18", begin("2023-05-17"), nr="B", van="00000001", geboren="1990-01-01")
    high = letter("2023-05-18", begin("2023-05-16"), nr="A", van="00000002", geboren="2010-01-01")
    for order in ([low, high], [high, low]):
        world = World(bereik="twents")
        world.tell(*order)
        assert world.trio("2023") == (0, 0, 0)  # born 2010, so no Wmo under this scope
