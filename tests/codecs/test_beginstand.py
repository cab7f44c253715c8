"""Care from before the stream, as CSV."""

import pytest

from zorgstroom.codecs.beginstand import COLUMNS, read_rows
from zorgstroom.codecs.errors import Reason, StructureError
from zorgstroom.codecs.events import EVENT, Start
from zorgstroom.codecs.pseudonym import PseudonymKey

KEY = PseudonymKey(b"k" * 32)
BSN = "999996770"
ROW = f"{BSN},0153,Wmo,300201,02,02A05,2019-03-01,1944-07-09,2"


def rows(*lines: str, header: str = ",".join(COLUMNS)) -> list[tuple[int, Start | Reason]]:
    return list(read_rows("\n".join([header, *lines]).encode(), KEY))


def only(line: str) -> Start:
    ((_, event),) = rows(line)
    assert isinstance(event, Start), event
    return event


def refused(line: str) -> Reason:
    ((number, reason),) = rows(line)
    assert isinstance(reason, Reason), reason
    assert number == reason.lijn == 2
    assert BSN not in str(reason)
    return reason


def test_a_row_becomes_a_start_event_without_bsn() -> None:
    event = only(ROW)
    assert (event.gemeente, event.wet, event.toewijzing) == ("0153", "Wmo", 300201)
    assert (event.categorie, event.code) == ("02", "02A05")
    assert event.begindatum.isoformat() == event.dagtekening.isoformat() == "2019-03-01"
    assert (event.geboortemaand, event.geslacht, event.status) == ("1944-07", "2", 1)
    assert event.client == KEY.client("0153", BSN)
    assert BSN not in event.model_dump_json()
    assert EVENT.validate_json(event.model_dump_json()) == event


def test_what_a_spreadsheet_does_to_codes_is_undone() -> None:
    event = only(ROW.replace("0153", "153").replace(",02,", ",2,"))
    assert event == only(ROW), "written another way it is the same row"


@pytest.mark.parametrize("toewijzing", ["+300201", "0300201", " 300201 ", "300201.0"])
def test_a_number_that_is_written_another_way_makes_the_same_message(toewijzing: str) -> None:
    assert only(ROW.replace("300201", toewijzing)) == only(ROW)


def test_the_name_of_a_row_is_that_of_former_versions() -> None:
    assert only(ROW).identificatie == "B0981fa887a8"


def test_each_row_is_a_message_of_its_own() -> None:
    one, other = only(ROW), only(ROW.replace("300201", "300202"))
    assert one.identificatie != other.identificatie
    assert one.client == other.client


def test_empty_fields_mean_absent() -> None:
    event = only(f"{BSN},0153,Jw,,,,2019-03-01,,")
    absent = (event.toewijzing, event.categorie, event.code, event.geboortemaand)
    assert absent == (None, None, None, None)
    assert event.geslacht == "0"


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (ROW.replace(BSN, "999996771"), "bsn"),
        (ROW.replace(BSN, "99999677x"), "bsn"),
        (ROW.replace("Wmo", "WMO"), "wet"),
        (ROW.replace(",02,", ",45,"), "categorie"),
        (ROW.replace("2019-03-01", "01-03-2019"), "begindatum"),
        (ROW.replace("2019-03-01", ""), "begindatum"),
        (ROW.replace("2019-03-01", "2019-02-29"), "begindatum"),
        (ROW.replace("1944-07-09", "1944-13-09"), "geboortedatum"),
        (ROW.replace("300201", "veel"), "toewijzing"),
        (ROW[:-1] + "9", "geslacht"),
        (ROW.replace("0153", "abcd"), "gemeente"),
        (ROW.replace("02A05", "TE-LANG"), "code"),
    ],
)
def test_a_wrong_field_is_named_and_other_rows_go_on(line: str, column: str) -> None:
    assert refused(line).element == column
    assert isinstance(rows(line, ROW)[1][1], Start)


def test_a_row_with_too_few_fields_is_refused() -> None:
    assert refused("1,2,3").regel == "CSV"


def test_semicolons_a_byte_order_mark_and_any_order_of_columns_are_read() -> None:
    names = list(reversed(COLUMNS))
    values = dict(zip(COLUMNS, ROW.split(","), strict=True))
    text = ";".join(names) + "\r\n" + ";".join(values[name] for name in names) + "\r\n"
    ((_, event),) = read_rows(b"\xef\xbb\xbf" + text.encode(), KEY)
    assert isinstance(event, Start)
    assert event.begindatum == only(ROW).begindatum


@pytest.mark.parametrize("data", [b"", b"a,b,c\n1,2,3", b"\xff\xfe\x00", b'bsn,"gemeente\n'])
def test_another_file_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(StructureError):
        list(read_rows(data, KEY))
