"""`publicatie.tijdigheid`: live, every month, through the one place where counts become public."""

from collections.abc import Iterable
from datetime import date

from zorgstroom.aggregations.periods import calendar_periods
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.rounding import RoundingKey, area_name, flow_name
from zorgstroom.aggregations.timeliness_rows import (
    GemeenteReport,
    TimelinessRow,
    months_of,
    timeliness_rows,
)

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)
PROEF = Region("proef", ("0141", "0153", "0163"), total=True)
EXACT = PublicFigures(Protection(policy="geen"))
ROUNDED = PublicFigures(Protection(), RoundingKey(bytes(32)))


def report(
    afzender: str, delay: int, *, early: bool = False, day: date = MARCH, soort: str = "start"
) -> Report:
    return Report("Wmo", soort, afzender, day.toordinal(), delay, early, None, None)


def some(
    gemeente: str, afzender: str, count: int, delay: int = 2, day: date = MARCH
) -> list[GemeenteReport]:
    return [GemeenteReport(gemeente, report(afzender, delay, day=day)) for _ in range(count)]


def rows(
    reports: Iterable[GemeenteReport],
    public: PublicFigures = ROUNDED,
    region: Region = PROEF,
    first: date = JANUARY,
) -> dict[tuple[str, date], TimelinessRow]:
    months = months_of(calendar_periods(first, date(2024, 3, 31)))
    return {
        (row.label, row.maand): row
        for row in timeliness_rows(reports, region, months, first, public)
        if (row.wet, row.soort) == ("Wmo", "start")
    }


def test_under_geen_everything_is_exact() -> None:
    reports = [
        *some("0141", "1", 3),
        *some("0153", "2", 2, 9),
        GemeenteReport("0153", report("2", -1, early=True)),
    ]
    by_label = rows(reports, EXACT)
    assert {label for label, _ in by_label} == {"proef", "0141", "0153", "0163", "1", "2"}
    region = by_label["proef", MARCH]
    assert (region.op_tijd, region.te_laat, region.te_vroeg) == (3, 2, 1)
    assert (region.mediaan, region.p90) == (2, 9)
    assert (by_label["0163", MARCH].op_tijd, by_label["0163", MARCH].mediaan) == (0, None)


def test_counts_are_rounded_under_the_name_of_what_is_counted() -> None:
    reports = [*some("0141", "1", 33), *some("0153", "1", 22, 9), *some("0163", "2", 6)]
    by_label = rows(reports)
    names = {
        "proef": area_name(PROEF.gemeenten),
        "0141": "0141",
        "1": f"{area_name(PROEF.gemeenten)}|aanbieder 1",
    }
    for label, op_tijd, te_laat in (("proef", 39, 22), ("0141", 33, 0), ("1", 33, 22)):
        row = by_label[label, MARCH]
        end = date(2024, 3, 31)
        for outcome, count in (("op_tijd", op_tijd), ("te_laat", te_laat)):
            name = flow_name(names[label], "Wmo", f"start {outcome}", MARCH, end)
            assert getattr(row, outcome) == ROUNDED.shown(count, name)
    assert by_label["0163", MARCH].op_tijd is None
    assert by_label["2", MARCH].op_tijd is None, "the row is there, its count is small"


def test_a_region_and_its_gemeenten_have_a_row_for_every_month() -> None:
    by_label = rows([])
    assert set(by_label) == {
        (label, month)
        for label in ("proef", *PROEF.gemeenten)
        for month in (JANUARY, FEBRUARY, MARCH)
    }


def test_an_aanbieder_has_rows_from_its_first_to_its_last_month_with_a_record() -> None:
    reports = [*some("0141", "1", 1, day=JANUARY), *some("0153", "1", 1), *some("0141", "2", 1)]
    months = {"1": set[date](), "2": set[date]()}
    for label, month in rows(reports, EXACT):
        if label in months:
            months[label].add(month)
    assert months == {"1": {JANUARY, FEBRUARY, MARCH}, "2": {MARCH}}
    assert rows(reports, EXACT)["1", FEBRUARY].op_tijd == 0


def test_a_median_needs_30_records_and_a_90th_percentile_100() -> None:
    def quantiles(count: int, public: PublicFigures = ROUNDED) -> tuple[int | None, int | None]:
        row = rows(some("0141", "1", count), public)["0141", MARCH]
        return row.mediaan, row.p90

    assert [quantiles(count) for count in (29, 30, 99, 100)] == [
        (None, None),
        (2, None),
        (2, None),
        (2, 2),
    ]
    assert quantiles(1, EXACT) == (2, 2)
    early = [GemeenteReport("0141", report("1", -1, early=True)) for _ in range(5)]
    assert rows([*some("0141", "1", 29), *early])["0141", MARCH].mediaan is None


def test_a_month_that_began_before_the_first_day_is_counted_and_named_from_it() -> None:
    first = date(2024, 3, 10)
    reports = [*some("0141", "1", 20), *some("0141", "1", 40, day=first)]
    exact = rows(reports, EXACT, first=first)
    assert set(exact) == {(label, MARCH) for label in ("proef", *PROEF.gemeenten, "1")}
    assert exact["0141", MARCH].op_tijd == 40
    name = flow_name("0141", "Wmo", "start op_tijd", first, date(2024, 3, 31))
    assert rows(reports, first=first)["0141", MARCH].op_tijd == ROUNDED.shown(40, name)


def test_a_gemeente_of_its_own_has_no_regional_row_and_reports_of_others_are_left_out() -> None:
    alone = Region("0599", ("0599",), total=False)
    by_label = rows([*some("0599", "1", 3), *some("0141", "1", 9)], EXACT, alone)
    assert {label for label, _ in by_label} == {"0599", "1"}
    assert by_label["1", MARCH].op_tijd == 3
