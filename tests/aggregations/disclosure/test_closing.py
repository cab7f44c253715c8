"""Which cells a close weighs together."""

from datetime import date

from tests.aggregations.disclosure.town import DRIE
from zorgstroom.aggregations.disclosure.closing import WETTEN, closing_frames, closing_spans
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell, Span, ending_with
from zorgstroom.aggregations.disclosure.release import NO_FIGURE, Frame

MONTHS = [date(2025, month, 1) for month in range(1, 13)]


def spans_until(month: int) -> dict[Span, int]:
    """Return everything that closed with the months before `month`."""
    found: list[Span] = []
    for start in MONTHS[: month - 1]:
        found += closing_spans(start, found)
    return dict.fromkeys(found, 1)


def frames(month: int, closed: dict[Span, int]) -> dict[str, Frame]:
    made = closing_frames(
        DRIE, DEFAULT, MONTHS[month - 1], closed, lambda cell: None, lambda cell: False
    )
    return {own.name: own for own in made}


def spans_of(own: Frame) -> list[Span]:
    return list(dict.fromkeys(Span(cell.soort, cell.start) for cell in own.cells))


def labels(own: Frame) -> set[str]:
    return {str(relation.table) for relation in own.relations if relation.table is not None}


def test_a_longer_period_closes_with_its_last_month_when_all_its_parts_have() -> None:
    assert closing_spans(MONTHS[1], spans_until(2)) == [Span("maand", MONTHS[1])]
    assert closing_spans(MONTHS[11], spans_until(12)) == ending_with(MONTHS[11])
    # Publication began in February: the quarter has no whole history, nor then the year.
    assert closing_spans(MONTHS[2], [Span("maand", MONTHS[1])]) == [Span("maand", MONTHS[2])]
    without = spans_until(12)
    del without[Span("kwartaal", MONTHS[3])], without[Span("halfjaar", MONTHS[0])]
    assert [span.soort for span in closing_spans(MONTHS[11], without)] == [
        "maand",
        "kwartaal",
        "halfjaar",
    ]


def test_each_wet_and_measure_is_a_system_of_its_own() -> None:
    found = frames(2, spans_until(2))
    assert set(found) == {
        f"{wet} {maat} maand 2025-02-01"
        for wet in WETTEN
        for maat in ("actief", "instroom", "uitstroom")
    }
    assert all(len({c.wet for c in own.cells}) == 1 for own in found.values())
    assert all((own.last == NO_FIGURE).all() for own in found.values())


def test_a_month_that_closes_alone_is_weighed_alone() -> None:
    for own in frames(2, spans_until(2)).values():
        assert spans_of(own) == [Span("maand", MONTHS[1])]
        assert not [r for r in own.relations if r.table is None]


def test_a_flow_is_weighed_with_the_earlier_months_of_what_it_closes() -> None:
    own = frames(3, spans_until(3))["Wmo instroom maand 2025-03-01"]
    assert spans_of(own) == [*(Span("maand", m) for m in MONTHS[:3]), Span("kwartaal", MONTHS[0])]
    # Only what is made now must hold by itself; links tie it to the rest.
    assert labels(own) == {"Wmo instroom maand 2025-03-01", "Wmo instroom kwartaal 2025-01-01"}
    assert [r for r in own.relations if r.table is None]


def test_a_half_year_is_weighed_with_all_its_months_and_a_year_is_only_a_sum() -> None:
    own = frames(12, spans_until(12))["Jw uitstroom maand 2025-12-01"]
    kinds = [span.soort for span in spans_of(own)]
    assert [kinds.count(k) for k in ("maand", "kwartaal", "halfjaar", "jaar")] == [6, 2, 1, 0]


def test_a_stock_is_that_of_its_last_day_with_all_that_longer_periods_show() -> None:
    own = frames(3, spans_until(3))["Wmo actief maand 2025-03-01"]
    assert spans_of(own) == [Span("maand", MONTHS[2])]
    alone = frames(2, spans_until(2))["Wmo actief maand 2025-02-01"]
    assert len(own.cells) > len(alone.cells)


def test_what_was_published_before_comes_with_it() -> None:
    january = Span("maand", MONTHS[0])

    def is_january(cell: Cell) -> bool:
        return (cell.soort, cell.start) == january

    made = closing_frames(
        DRIE,
        DEFAULT,
        MONTHS[2],
        spans_until(3),
        lambda cell: 12 if is_january(cell) else None,
        is_january,
    )
    own = next(one for one in made if one.name == "Wmo instroom maand 2025-03-01")
    before = [is_january(cell) for cell in own.cells]
    assert own.known.tolist() == before
    assert (own.last == 12).tolist() == before
    assert any(before) and not all(before)
