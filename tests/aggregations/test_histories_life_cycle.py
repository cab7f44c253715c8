"""
Short histories from the life cycle of care (OP072, OP288, OP377-379), told by hand.

One for each row of the table of states, and the worked example of the standard. The expected
figures are worked out in the comments. `trio` gives (actief, instroom, uitstroom).
"""

from tests.aggregations.letters import begin, einde, letter
from tests.aggregations.world import World

START = letter("2023-05-18", begin("2023-05-17", ingang="2023-05-15"), nr="S1")
TIJDELIJK = letter("2023-06-22", einde("2023-05-17", "2023-06-20", "20"), nr="T1")
DEFINITIEF = letter("2023-08-02", einde("2023-05-17", "2023-07-31", "23"), nr="D1")


def test_a_start_is_instroom_and_care_goes_on_until_it_is_stopped() -> None:
    world = World()
    world.tell(START)
    assert world.trio("2023-04") == (0, 0, 0)
    assert world.trio("2023-05") == (1, 1, 0)  # begins 17 May
    assert world.trio("2023-06") == (1, 0, 0)  # runs on, no second instroom
    assert world.trio("2024-03") == (1, 0, 0)  # and is still there today
    assert world.trio("2023-05-16") == (0, 0, 0)
    assert world.trio("2023-05-17") == (1, 1, 0)  # active on its first day
    assert world.signals == {}


def test_a_second_start_while_the_first_runs_counts_and_is_signalled() -> None:
    world = World()
    world.tell(START, letter("2023-06-05", begin("2023-06-01"), nr="S2"))
    # Another Begindatum is another indicatie: both run. The standard would refuse it (9326).
    assert world.trio("2023-05") == (1, 1, 0)
    assert world.trio("2023-06") == (2, 1, 0)
    assert world.signals == {"9326": 1}


def test_a_second_start_of_another_product_or_toewijzing_is_no_overlap() -> None:
    other_code = letter("2023-06-05", begin("2023-06-01", product="07/07A99"), nr="S2")
    other_number = letter("2023-06-05", begin("2023-06-02", nummer="5"), nr="S3")
    world = World()
    world.tell(START, other_code, other_number)
    assert world.trio("2023-06") == (3, 2, 0)
    assert world.signals == {}


def test_a_temporary_stop_ends_an_indicatie() -> None:
    world = World()
    world.tell(START, TIJDELIJK)
    # Ends 20 June: the last day with care, on which it is uitstroom and still active.
    assert world.trio("2023-06-20") == (1, 0, 1)
    assert world.trio("2023-06-21") == (0, 0, 0)
    assert world.trio("2023-06") == (0, 0, 1)
    assert world.signals == {}


def test_a_definitive_stop_ends_an_indicatie() -> None:
    world = World()
    world.tell(START, DEFINITIEF)
    # Einddatum 31 July is the peildatum of July, and counts.
    assert world.trio("2023-07") == (1, 0, 1)
    assert world.trio("2023-08") == (0, 0, 0)
    assert world.signals == {}


def test_a_stop_without_a_start_is_counted_nowhere() -> None:
    world = World()
    world.tell(DEFINITIEF)
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {"9069": 1}


def test_a_removal_without_a_delivery_changes_nothing() -> None:
    world = World()
    world.tell(letter("2023-05-20", begin("2023-05-17", status=3), nr="R1"))
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {"9063": 1}


def test_a_restart_after_a_temporary_stop_is_a_new_indicatie() -> None:
    world = World()
    world.tell(START, TIJDELIJK, letter("2023-09-05", begin("2023-09-04"), nr="S2"))
    # 17 May - 20 June, and from 4 September on with the same ToewijzingNummer.
    assert world.trio("2023") == (1, 2, 1)
    assert world.counts("actief", "2023-05", "2023-06", "2023-08", "2023-09") == [1, 0, 0, 1]
    assert world.signals == {}


def test_a_definitive_stop_after_a_temporary_one_is_the_same_ending_told_twice() -> None:
    world = World()
    world.tell(START, TIJDELIJK)
    assert world.trio("2023-06") == (0, 0, 1)
    world.tell(DEFINITIEF)
    # One ending; the definitive one holds, so the uitstroom moves from June to July.
    assert world.trio("2023-06") == (1, 0, 0)
    assert world.trio("2023-07") == (1, 0, 1)
    assert world.trio("2023") == (0, 1, 1)
    assert world.signals == {}


WORKED_EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<wmo307:Bericht xmlns:iwmo="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema"
    xmlns:wmo307="http://www.istandaarden.nl/iwmo/3_2/wmo307/schema">
  <wmo307:Header>
    <wmo307:BerichtCode>420</wmo307:BerichtCode>
    <wmo307:BerichtVersie>3</wmo307:BerichtVersie>
    <wmo307:BerichtSubversie>2</wmo307:BerichtSubversie>
    <wmo307:Afzender>12345678</wmo307:Afzender>
    <wmo307:Ontvanger>0153</wmo307:Ontvanger>
    <wmo307:BerichtIdentificatie>
      <iwmo:Identificatie>NUMMER</iwmo:Identificatie>
      <iwmo:Dagtekening>2023-06-21</iwmo:Dagtekening>
    </wmo307:BerichtIdentificatie>
    <wmo307:XsdVersie>
      <iwmo:BasisschemaXsdVersie>1.0.0</iwmo:BasisschemaXsdVersie>
      <iwmo:BerichtXsdVersie>1.0.0</iwmo:BerichtXsdVersie>
    </wmo307:XsdVersie>
  </wmo307:Header>
  <wmo307:Client>
    <wmo307:Bsn>999996770</wmo307:Bsn>
    <wmo307:Geboortedatum><iwmo:Datum>1950-03-12</iwmo:Datum></wmo307:Geboortedatum>
    <wmo307:Geslacht>2</wmo307:Geslacht>
    <wmo307:Naam>
      <iwmo:Geslachtsnaam><iwmo:Achternaam>Zwaluw</iwmo:Achternaam></iwmo:Geslachtsnaam>
    </wmo307:Naam>
    <wmo307:StopProducten>
      <wmo307:StopProduct>
        <wmo307:ToewijzingNummer>668877</wmo307:ToewijzingNummer>
        <wmo307:Product>
          <iwmo:Categorie>07</iwmo:Categorie>
          <iwmo:Code>07A12</iwmo:Code>
        </wmo307:Product>
        <wmo307:ToewijzingIngangsdatum>2023-05-15</wmo307:ToewijzingIngangsdatum>
        <wmo307:Begindatum>2023-05-17</wmo307:Begindatum>
        <wmo307:RedenBeeindiging>REDEN</wmo307:RedenBeeindiging>
        <wmo307:Einddatum>2023-06-20</wmo307:Einddatum>
        <wmo307:StatusAanlevering>1</wmo307:StatusAanlevering>
      </wmo307:StopProduct>
    </wmo307:StopProducten>
  </wmo307:Client>
</wmo307:Bericht>
"""


def test_the_worked_example_of_the_standard_is_one_indicatie_and_one_uitstroom() -> None:
    world = World()
    world.tell(letter("2023-05-18", begin("2023-05-17", ingang="2023-05-15"), nr="1"))
    for number, reden in (("2", "20"), ("3", "23")):
        text = WORKED_EXAMPLE.replace("NUMMER", number).replace("REDEN", reden)
        world.tell(text.encode())
        # Temporary and definitive on the same Einddatum: nothing changes by the second.
        assert world.trio("2023", product="07") == (0, 1, 1)
    assert world.counts("actief", "2023-05-17", "2023-06-20", "2023-06-21") == [1, 1, 0]
    assert world.trio("2023", product="Ondersteuning thuis") == (0, 1, 1)
    assert world.signals == {}


def test_a_restart_after_a_definitive_stop_is_a_new_indicatie() -> None:
    world = World()
    world.tell(START, DEFINITIEF, letter("2023-10-03", begin("2023-10-02"), nr="S2"))
    assert world.trio("2023") == (1, 2, 1)
    assert world.signals == {}


def test_removing_a_stop_makes_the_care_run_on() -> None:
    world = World()
    world.tell(START, DEFINITIEF)
    world.tell(letter("2023-08-10", einde("2023-05-17", "2023-07-31", "23", status=3), nr="R1"))
    assert world.trio("2023-07") == (1, 0, 0)
    assert world.trio("2024-03") == (1, 0, 0)
    assert world.signals == {}


def test_removing_a_start_takes_its_indicatie_away() -> None:
    world = World()
    world.tell(START)
    world.tell(letter("2023-05-25", begin("2023-05-17", status=3), nr="R1"))
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {}


def test_removing_a_start_that_has_a_stop_takes_both_away_and_is_signalled() -> None:
    world = World()
    world.tell(START, DEFINITIEF)
    world.tell(letter("2023-08-25", begin("2023-05-17", status=3), nr="R1"))
    # The standard wants the stop removed first (9071). A stop alone is no indicatie.
    assert world.trio("2023") == (0, 0, 0)
    assert world.signals == {"9071": 1}


def test_of_two_definitive_stops_the_latest_einddatum_holds() -> None:
    world = World()
    world.tell(START, DEFINITIEF)
    world.tell(letter("2023-09-02", einde("2023-05-17", "2023-08-31", "19"), nr="D2"))
    # No stop may follow a definitive one (9415). It still is one indicatie with one ending.
    assert world.trio("2023") == (0, 1, 1)
    assert world.trio("2023-08") == (1, 0, 1)
    assert world.signals == {"9415": 1}


def test_a_temporary_stop_after_a_definitive_one_does_not_move_the_ending() -> None:
    world = World()
    world.tell(START, DEFINITIEF)
    world.tell(letter("2023-09-02", einde("2023-05-17", "2023-08-31", "20"), nr="T2"))
    # Definitive before temporary, even with an earlier Einddatum (signal 9414).
    assert world.trio("2023-07") == (1, 0, 1)
    assert world.trio("2023-08") == (0, 0, 0)
    assert world.signals == {"9414": 1}


def test_of_two_temporary_stops_the_latest_holds_and_the_second_is_signalled() -> None:
    world = World()
    world.tell(START, TIJDELIJK)
    world.tell(letter("2023-07-05", einde("2023-05-17", "2023-07-04", "20"), nr="T2"))
    assert world.trio("2023-06") == (1, 0, 0)
    assert world.trio("2023-07") == (0, 0, 1)
    assert world.signals == {"9413": 1}
