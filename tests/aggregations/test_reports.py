"""Which records a term runs for, and how long they took, from messages typed by hand."""

from datetime import UTC, datetime

from tests.aggregations.letters import DEVRIES, begin, einde, letter
from tests.aggregations.world import World
from zorgstroom.aggregations.dossier import add, load
from zorgstroom.aggregations.reports import Report, reports
from zorgstroom.aggregations.werkdagen import STANDAARD
from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.events import Start


def of(*messages: bytes) -> list[Report]:
    world = World()
    world.tell(*messages)
    return [
        report for stored in world.dossiers.values() for report in reports(load(stored), STANDAARD)
    ]


def delays(*messages: bytes) -> list[tuple[str, int]]:
    return sorted((report.soort, report.vertraging) for report in of(*messages))


def test_a_start_counts_from_begindatum_and_a_stop_from_einddatum() -> None:
    found = of(
        letter("2024-03-11", begin("2024-03-04"), nr="1"),
        letter("2024-04-09", einde("2024-03-04", "2024-03-28", "23"), nr="2"),
    )
    assert [(r.soort, r.vertraging, r.te_laat) for r in sorted(found)] == [
        ("start", 5, False),
        # 2, 3, 4, 5, 8 and 9 April: Easter and Good Friday do not count.
        ("stop", 6, True),
    ]
    assert {report.afzender for report in found} == {"01234567"}


def test_records_of_one_message_count_one_by_one() -> None:
    message = letter(
        "2024-03-11", begin("2024-03-11"), begin("2024-02-29", nummer="2", product="01"), nr="1"
    )
    assert delays(message) == [("start", 0), ("start", 7)]


def test_removed_records_removals_and_replacements_do_not_count() -> None:
    first = letter("2024-03-05", begin("2024-03-04"), nr="1")
    removal = letter("2024-03-20", begin("2024-03-04", status=3), nr="2")
    replaced = letter("2024-03-25", begin("2024-03-06"), nr="3")
    assert delays(first, removal) == []
    assert delays(first, removal, replaced) == []
    # In one message, and with another toewijzing.
    both = letter(
        "2024-03-20", begin("2024-03-04", status=3), begin("2024-03-04", nummer="9"), nr="2"
    )
    assert delays(first, both) == []
    # Of another person or kind it is none.
    other = letter("2024-03-25", begin("2024-03-20"), nr="4", bsn=DEVRIES)
    stop = letter("2024-03-25", einde("2024-03-06", "2024-03-22", "23"), nr="5")
    assert delays(first, removal, other, stop) == [("start", 3), ("stop", 1)]


def test_a_later_removal_of_the_same_toewijzing_makes_no_replacement_of_what_was_before() -> None:
    first = letter("2024-03-05", begin("2024-03-04"), nr="1")
    second = letter("2024-04-05", begin("2024-04-04"), nr="2")
    removal = letter("2024-04-09", begin("2024-04-04", status=3), nr="3")
    assert delays(first, second, removal) == [("start", 1)]


def test_a_definitive_stop_after_a_temporary_one_has_a_term_that_we_cannot_know() -> None:
    start = letter("2024-03-05", begin("2024-03-04"), nr="1")
    temporary = letter("2024-03-21", einde("2024-03-04", "2024-03-20", "20"), nr="2")
    definitive = letter("2024-05-21", einde("2024-03-04", "2024-03-20", "23"), nr="3")
    assert delays(start, temporary, definitive) == [("start", 1), ("stop", 1)]
    # 41 weekdays from 21 March to 20 May but for Good Friday ... Whit Monday, and 21 May itself.
    assert delays(start, definitive) == [("start", 1), ("stop", 39)]
    same_day = letter("2024-03-21", einde("2024-03-04", "2024-03-20", "23"), nr="3")
    assert delays(start, temporary, same_day) == [("start", 1), ("stop", 1)]


def test_a_definitive_stop_that_was_told_before_a_temporary_one_counts() -> None:
    start = letter("2024-03-05", begin("2024-03-04"), nr="1")
    definitive = letter("2024-03-22", einde("2024-03-04", "2024-03-20", "23"), nr="2")
    temporary = letter("2024-03-25", einde("2024-03-04", "2024-03-20", "20"), nr="3")
    expected = [("start", 1), ("stop", 2), ("stop", 3)]
    assert delays(start, definitive, temporary) == delays(temporary, definitive, start) == expected


def test_a_temporary_stop_that_was_removed_is_no_reason_to_know_later() -> None:
    start = letter("2024-03-05", begin("2024-03-04"), nr="1")
    told = [
        letter(
            day, einde("2024-03-04", "2024-03-20", "20", nummer="9", status=status), nr=f"T{status}"
        )
        for status, day in ((1, "2024-03-21"), (3, "2024-03-22"))
    ]
    other = letter("2024-03-05", begin("2024-03-04", nummer="9"), nr="2")
    definitive = letter("2024-03-25", einde("2024-03-04", "2024-03-20", "23"), nr="3")
    assert delays(start, other, *told, definitive) == [("start", 1), ("start", 1), ("stop", 3)]


def test_a_removal_without_effect_drops_nothing() -> None:
    start = letter("2024-03-07", begin("2024-03-04"), nr="1")
    early = letter("2024-03-05", begin("2024-03-04", status=3), nr="2")
    assert delays(early, start) == delays(start, early) == [("start", 3)]
    # Neither is it a reason to take a later start for a replacement.
    unknown = letter("2024-03-05", begin("2024-02-01", status=3), nr="3")
    both = letter("2024-03-05", begin("2024-02-02", status=3), begin("2024-03-01"), nr="4")
    assert delays(unknown, start) == [("start", 3)]
    assert delays(both) == [("start", 2)]
    # Once it does have an effect it is one.
    assert delays(letter("2024-03-04", begin("2024-03-04"), nr="5"), early, start) == []


def test_waiting_is_not_measured_from_a_start_that_was_removed() -> None:
    wrong = letter("2024-03-05", begin("2024-03-01", nummer="9", ingang="2024-02-20"), nr="1")
    removal = letter("2024-05-08", begin("2024-03-01", nummer="9", status=3), nr="2")
    right = letter("2024-04-05", begin("2024-04-04", nummer="9", ingang="2024-02-20"), nr="3")
    (report,) = of(wrong, right, removal)
    assert report.wachttijd == 44


def test_of_a_record_that_was_delivered_again_the_first_delivery_counts() -> None:
    again = [letter(day, begin("2024-03-04"), nr=day[-2:]) for day in ("2024-03-19", "2024-03-06")]
    assert delays(*again) == [("start", 2)]


def test_waiting_is_from_toewijzing_to_the_first_start() -> None:
    first = letter("2024-03-05", begin("2024-03-04", ingang="2024-02-20"), nr="1")
    restart = letter("2024-05-07", begin("2024-05-06", ingang="2024-02-20"), nr="2")
    early = letter("2024-03-05", begin("2024-03-04", nummer="3", ingang="2024-03-20"), nr="3")
    found = sorted(of(first, restart, early), key=lambda report: (report.dag, report.wachttijd))
    assert [report.wachttijd for report in found] == [0, 13, None]
    assert of(letter("2024-03-05", begin("2024-03-04"), nr="1"))[0].wachttijd is None


def test_an_absurd_date_takes_no_time_and_counts_as_ten_years() -> None:
    (report,) = of(letter("2024-03-05", begin("0001-01-01"), nr="1"))
    assert 2500 < report.vertraging < 2600


def test_care_from_before_the_stream_does_not_count() -> None:
    data = (
        b"bsn,gemeente,wet,toewijzing,categorie,code,begindatum,geboortedatum,geslacht\n"
        b"999996770,0153,Wmo,1,01,,2020-01-01,1950-01-01,2\n"
    )
    world = World()
    from tests.aggregations.world import KEY

    events = [event for _, event in read_rows(data, KEY) if isinstance(event, Start)]
    world.take([events])
    assert [reports(load(stored), STANDAARD) for stored in world.dossiers.values()] == [[]]


def test_the_chain_is_timed_from_the_beginning_of_the_dagtekening_in_amsterdam() -> None:
    events = World().decoder.decode(letter("2024-07-01", begin("2024-07-01"), nr="1"))
    received = datetime(2024, 7, 1, 10, tzinfo=UTC)  # noon in Amsterdam
    (event,) = (event.model_copy(update={"ontvangen": received}) for event in events)
    (report,) = reports(add(load(None), [event]).dossier, STANDAARD)
    assert report.keten == 12 * 3600
