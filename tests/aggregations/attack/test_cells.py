"""Which sums are found between counts: all that hold, and none that follows from the others."""

from datetime import date

from zorgstroom.aggregations.attack.cells import Count, Relation, partition, sums

A, B, C = "0141", "0153", "0164"
JAN, FEB, MAR = ((date(2025, m, 1), date(2025, m, d)) for m, d in ((1, 31), (2, 28), (3, 31)))
QUARTER = (date(2025, 1, 1), date(2025, 3, 31))
Span = tuple[date, date]


def count(gebied: str, product: str, span: Span = JAN, maat: str = "instroom") -> Count:
    """A count by letters: gemeenten and categorieen are sets of characters."""
    return Count(frozenset(gebied), frozenset(product), maat, *span)


def totals(relations: list[Relation]) -> dict[Count, set[Count]]:
    """Each count that is a sum, with its parts; it may be one in one way only."""
    parts_of: dict[Count, set[Count]] = {}
    for relation in relations:
        (whole,) = (count for count, times in relation.terms if times == -1)
        parts = {count for count, times in relation.terms if times == 1}
        assert len(parts) == len(relation.terms) - 1 and relation.low == relation.high == 0
        assert whole not in parts_of
        parts_of[whole] = parts
    return parts_of


def test_a_region_is_the_sum_of_its_gemeenten_and_a_total_that_of_its_parts() -> None:
    counts = [count(g, p) for g in ("a", "b", "ab") for p in ("12", "1", "2")]
    parts_of = totals(sums(counts))
    assert parts_of == {
        count("a", "12"): {count("a", "1"), count("a", "2")},
        count("b", "12"): {count("b", "1"), count("b", "2")},
        **{count("ab", p): {count("a", p), count("b", p)} for p in ("12", "1", "2")},
    }, "that the region's total is the sum of its categorieen follows"


def test_where_gemeenten_have_no_parts_the_parts_of_the_region_are_needed() -> None:
    counts = [*(count(g, "12") for g in ("a", "b", "ab")), count("ab", "1"), count("ab", "2")]
    relations = sums(counts)
    assert {tuple(sorted(c.product for c, _ in r.terms)) for r in relations} == {
        tuple(sorted([frozenset("12")] * 3)),
        tuple(sorted([frozenset("12"), frozenset("1"), frozenset("2")])),
    }


def test_a_total_is_the_sum_of_the_largest_parts() -> None:
    counts = [count("a", p) for p in ("123", "12", "1", "2", "3")]
    assert totals(sums(counts)) == {
        count("a", "123"): {count("a", "12"), count("a", "3")},
        count("a", "12"): {count("a", "1"), count("a", "2")},
    }


def test_a_quarter_is_the_sum_of_its_months_and_of_nothing_else() -> None:
    counts = [count(g, "1", span) for g in ("a", "b", "ab") for span in (JAN, FEB, MAR, QUARTER)]
    parts_of = totals(sums(counts))
    assert parts_of[count("ab", "1", QUARTER)] == {count("ab", "1", s) for s in (JAN, FEB, MAR)}
    assert parts_of[count("ab", "1", FEB)] == {count("a", "1", FEB), count("b", "1", FEB)}
    assert len(parts_of) == 6
    assert not totals(sums([c for c in counts if (c.first, c.last) != FEB])).keys() & {
        count("a", "1", QUARTER)
    }, "without February it is no sum"


def test_a_stock_is_no_sum_over_time_and_moments_do_not_mix() -> None:
    stocks = [count("a", "1", (span[1], span[1]), "actief") for span in (JAN, FEB, MAR)]
    assert sums(stocks) == []
    earlier = [count(g, "1")._replace(moment=7) for g in ("a", "ab")]
    assert sums([count("b", "1"), *earlier]) == []
    assert len(sums([count("b", "1")._replace(moment=7), *earlier])) == 1


def test_a_name_is_the_thing_and_for_a_flow_its_days() -> None:
    stocks = [count("a", "1", (span[1], span[1]), "actief") for span in (JAN, FEB)]
    assert stocks[0].name == stocks[1].name
    assert count("a", "1", JAN).name != count("a", "1", FEB).name
    assert count("a", "1", JAN).name == count("a", "1", JAN)._replace(moment=7).name


def test_parts_that_overlap_or_leave_something_out_are_no_partition() -> None:
    whole = frozenset("abc")
    assert partition(whole, [whole, frozenset("ab"), frozenset("bc")]) == ()
    assert partition(whole, [whole, frozenset("a"), frozenset("b")]) == ()
    # Groupings that overlap are left aside for the gemeenten below them.
    singles = [frozenset(letter) for letter in "abc"]
    assert partition(whole, [*singles, frozenset("ab"), frozenset("bc")]) == singles
