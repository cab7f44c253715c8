"""Corners of docs/definitions.md by hand, from message to published row, embedded and worker."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.aggregations.letters import begin, einde, letter
from tests.truth.ways import Way, figure, opened, timeliness

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
CHILD = {"geboren": "2006-05-20"}
"""Is 18 from 1 May 2024 on."""
BEGINSTAND = b"bsn,gemeente,wet,toewijzing,categorie,code,begindatum,geboortedatum,geslacht\n"
Open = Callable[..., Way]


@pytest.fixture(params=["embedded", "worker"])
def open_way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda **definitions: stack.enter_context(
            opened(request.param, tmp_path, **definitions)
        )


def test_turning_18_moves_actief_on_the_first_of_the_month_without_a_message(
    open_way: Open,
) -> None:
    way = open_way(bereik="twents")
    way.tell(
        letter("2024-03-08", begin("2024-03-04", product="45"), wet="jw", nr="J1", **CHILD),
        letter("2024-03-08", begin("2024-03-04", product="02"), nr="W1", **CHILD),
    )
    way.publish("2024-04-30")
    assert [figure(way, maat, "2024", "Jw") for maat in ("actief", "instroom")] == [1, 1]
    assert figure(way, "actief", "2024") == 0 and figure(way, "instroom", "2024-03") == 0
    way.publish("2024-05-01")
    assert figure(way, "actief", "2024", "Jw") == 0 and figure(way, "actief", "2024") == 1
    assert figure(way, "actief", "2024-04", "Jw") == 1, "the month before stays as it was"
    way.publish("2024-06-03")
    assert [figure(way, "uitstroom", "2024-05", wet) for wet in ("Jw", "Wmo")] == [0, 0]
    assert [figure(way, "instroom", "2024-05", wet) for wet in ("Jw", "Wmo")] == [0, 0]


def test_uitstroom_is_judged_on_the_einddatum(open_way: Open) -> None:
    way = open_way(bereik="twents")
    for wet, product in (("jw", "45"), ("wmo", "02")):
        for nummer, einddatum in (("1", "2024-04-30"), ("2", "2024-05-02")):
            day = f"2024-03-0{nummer}"
            start = begin(day, product=product, nummer=nummer)
            stop = einde(day, einddatum, "36", product=product, nummer=nummer)
            way.tell(
                letter("2024-05-10", start, wet=wet, nr=f"S{nummer}", **CHILD),
                letter("2024-05-10", stop, wet=wet, nr=f"D{nummer}", **CHILD),
            )
    way.publish("2024-06-03")
    flows = [
        (figure(way, "uitstroom", month, wet))
        for wet in ("Jw", "Wmo")
        for month in ("2024-04", "2024-05")
    ]
    assert flows == [1, 0, 0, 1]
    assert [figure(way, "actief", "2024", wet) for wet in ("Jw", "Wmo")] == [0, 0]


def test_scope_leaves_out_verblijf_and_what_names_no_categorie_and_keeps_a_known_birth(
    open_way: Open,
) -> None:
    way = open_way(bereik="twents")
    codes = ("02", "04", "15", "16", "17", "18", None)
    for number, product in enumerate(codes):
        start = begin("2024-03-04", product=product, nummer=str(number))
        way.tell(letter("2024-03-08", start, nr=f"S{number}"))
    # Someone of 17, of whom a later message does not tell the birth.
    way.tell(letter("2024-03-08", begin("2024-03-04"), nr="K1", bsn="999900006", **CHILD))
    unknown = letter(
        "2024-03-09", begin("2024-03-05"), nr="K2", bsn="999900006", geboren="1900-01-01"
    )
    way.tell(
        unknown.replace(
            b"</b:Datum></m:Geb", b"</b:Datum><b:DatumGebruik>3</b:DatumGebruik></m:Geb"
        )
    )
    way.publish("2024-04-30")
    assert figure(way, "actief", "2024") == figure(way, "instroom", "2024-03") == 1
    assert figure(way, "actief", "2024", product="02") == 1


def test_a_day_equated_by_decree_is_no_werkdag(open_way: Open) -> None:
    way = open_way()
    # 13, 14, 15, 16 and 17 May: Hemelvaartsdag and the Friday after do not count.
    way.tell(letter("2024-05-17", begin("2024-05-08"), nr="S1"))
    way.publish("2024-06-03")
    row = timeliness(way, "start", "2024-05")
    assert row and (row.op_tijd, row.te_laat, row.mediaan) == (1, 0, 5)


def test_a_definitive_stop_told_before_a_temporary_one_counts_and_one_told_after_does_not(
    open_way: Open,
) -> None:
    way = open_way()
    for nummer, first, second in (("1", "36", "20"), ("2", "20", "36")):
        way.tell(
            letter("2024-03-05", begin("2024-03-04", nummer=nummer), nr=f"S{nummer}"),
            letter(
                "2024-04-03",
                einde("2024-03-04", "2024-04-02", first, nummer=nummer),
                nr=f"A{nummer}",
            ),
            letter(
                "2024-04-16",
                einde("2024-03-04", "2024-04-02", second, nummer=nummer),
                nr=f"B{nummer}",
            ),
        )
    way.publish("2024-06-03")
    row = timeliness(way, "stop", "2024-04")
    # Both told first, and the temporary stop told last (10 werkdagen); not the definitive one.
    assert row and (row.op_tijd, row.te_laat) == (2, 1)


def test_a_removal_without_effect_drops_nothing_from_timeliness(open_way: Open) -> None:
    way = open_way()
    way.tell(
        letter("2024-03-05", begin("2024-03-04", status=3), nr="R1"),
        letter("2024-03-08", begin("2024-03-04"), nr="S1"),
    )
    way.publish("2024-06-03")
    row = timeliness(way, "start", "2024-03")
    assert row and (row.op_tijd, row.te_laat) == (1, 0)
    assert figure(way, "actief", "2024") == 1 and way.signals == {"9063": 1}


def test_the_row_of_an_aanbieder_whose_last_record_is_withdrawn_goes(open_way: Open) -> None:
    way = open_way()
    way.tell(letter("2024-03-08", begin("2024-03-04"), nr="S1", van="76543210"))
    way.publish("2024-06-03")
    row = timeliness(way, "start", "2024-03", "76543210")
    assert row and (row.op_tijd, row.mediaan) == (1, 4)
    way.tell(letter("2024-04-08", begin("2024-03-04", status=3), nr="R1", van="76543210"))
    way.publish("2024-06-04")
    for label in ("76543210", "0153", "proef"):
        row = timeliness(way, "start", "2024-03", label)
        assert row and (row.op_tijd, row.te_laat, row.te_vroeg, row.mediaan) == (0, 0, 0, None)


@pytest.mark.parametrize("removed", [False, True])
def test_a_beginstand_row_with_a_start_and_its_removal_on_one_day(
    open_way: Open, removed: bool
) -> None:
    way = open_way()
    way.tell_beginstand(BEGINSTAND + b"999996770,0153,Wmo,668877,07,07A12,2024-03-04,,\n")
    way.publish("2024-06-03")
    assert figure(way, "actief", "2024") == 1
    way.tell(letter("2024-03-08", begin("2024-03-04"), nr="S1"))
    if removed:
        way.tell(letter("2024-03-08", begin("2024-03-04", status=3), nr="R1"))
    way.publish("2024-06-04")
    assert figure(way, "actief", "2024") == 1 - removed


def test_two_spellings_and_a_removal_on_one_day_leave_nothing(open_way: Open) -> None:
    way = open_way()
    start = letter("2024-03-08", begin("2024-03-04", nummer="301"), nr="S1")
    way.tell(
        start,
        start.replace(b">301<", b">\n+0301 <"),
        letter("2024-03-08", begin("2024-03-04", nummer="301", status=3), nr="R1"),
        letter("2024-03-08", begin("2024-03-04", nummer="302"), nr="S2", bsn="999900006"),
    )
    way.publish("2024-06-03")
    assert figure(way, "actief", "2024") == figure(way, "instroom", "2024-03") == 1


def test_a_stop_to_the_new_code_after_a_herindeling_waits_and_is_a_signal(
    open_way: Open,
) -> None:
    way = open_way()
    way.tell(
        letter("2021-11-03", begin("2021-11-01"), nr="H0", aan="1684"),
        letter("2022-02-03", einde("2021-11-01", "2022-02-01", "36"), nr="H1", aan="1982"),
    )
    way.publish("2024-06-03")
    assert figure(way, "actief", "2024", gebied="1684") == 1
    assert figure(way, "uitstroom", "2022", gebied="1982") == 0
    assert way.signals == {"9069": 1}
