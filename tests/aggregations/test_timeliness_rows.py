"""`publicatie.tijdigheid`: exact under `geen`; under `drempel` nothing small can be worked out."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.regions import Region
from zorgstroom.aggregations.reports import Report
from zorgstroom.aggregations.timeliness_rows import TimelinessRow, Told, timeliness_rows

MAAND = date(2024, 3, 1)
TWEE = Region("proef", ("0141", "0153", "0163"), total=True)
DREMPEL, GEEN = Disclosure(), Disclosure(policy="geen")


def report(afzender: str, delay: int, *, early: bool = False) -> Report:
    return Report("Wmo", "start", afzender, MAAND.toordinal(), delay, early, None, None)


def some(gemeente: str, afzender: str, count: int, delay: int = 2) -> list[Told]:
    return [Told(gemeente, report(afzender, delay)) for _ in range(count)]


def rows(told: list[Told], disclosure: Disclosure = DREMPEL) -> dict[str, TimelinessRow]:
    found = timeliness_rows(told, TWEE, MAAND, disclosure)
    return {row.label: row for row in found if (row.wet, row.soort) == ("Wmo", "start")}


def test_under_geen_everything_is_exact() -> None:
    told = [
        *some("0141", "1", 3),
        *some("0153", "2", 2, 9),
        Told("0153", report("2", -1, early=True)),
    ]
    found = rows(told, GEEN)
    assert list(found) == ["proef", "0141", "0153", "0163", "1", "2"]
    region = found["proef"]
    assert (region.op_tijd, region.te_laat, region.te_vroeg) == (3, 2, 1)
    assert (region.mediaan, region.p90) == (2, 9)
    assert (found["0163"].op_tijd, found["0163"].mediaan) == (0, None)


def test_every_gemeente_has_a_row_and_an_aanbieder_only_when_it_shows_something() -> None:
    found = rows([*some("0141", "1", 30), *some("0153", "2", 30), *some("0163", "3", 2)])
    assert {"proef", "0141", "0153", "0163"} <= set(found)
    assert "3" not in found


def test_a_small_count_takes_another_one_with_it() -> None:
    found = rows([*some("0141", "1", 30), *some("0153", "1", 20), *some("0163", "1", 2)])
    assert found["proef"].op_tijd == 52
    hidden = {code for code in TWEE.gemeenten if found[code].op_tijd is None}
    assert hidden == {"0153", "0163"}
    assert found["1"].op_tijd == 52


def test_quantiles_need_both_counts_and_enough_records_on_either_side() -> None:
    few = [*some("0141", "1", 50), *some("0153", "1", 50), *some("0163", "1", 50)]
    assert rows(few)["proef"].mediaan is None, "the late ones are none, which is below 10"
    many = [*few, *some("0141", "1", 12, 8), *some("0153", "1", 12, 9), *some("0163", "1", 12, 10)]
    region, gemeente = rows(many)["proef"], rows(many)["0141"]
    assert (region.te_laat, region.mediaan, region.p90) == (36, 2, 9)
    assert (gemeente.te_laat, gemeente.mediaan, gemeente.p90) == (12, 2, 8)
    thin = [*few, *some("0141", "1", 3, 8), *some("0141", "1", 7, 30), *some("0153", "1", 10, 8)]
    thin += some("0163", "1", 10, 8)
    assert rows(thin)["0141"].te_laat == 10
    assert rows(thin)["0141"].p90 is None, "only seven took as long"


def test_without_anything_small_all_is_shown() -> None:
    told = [one for code in TWEE.gemeenten for one in some(code, "1", 10) + some(code, "1", 10, 8)]
    assert all(None not in (row.op_tijd, row.te_laat, row.mediaan) for row in rows(told).values())


COUNTS = st.lists(
    st.tuples(
        st.sampled_from(TWEE.gemeenten),
        st.sampled_from(("1", "2", "3")),
        st.sampled_from((1, 4, 9, 10, 11, 25, 60)),
        st.sampled_from((2, 9)),
    ),
    min_size=1,
    max_size=9,
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(counts=COUNTS)
def test_an_outsider_learns_of_no_hidden_count_more_than_that_it_may_be_small(
    counts: list[tuple[str, str, int, int]],
) -> None:
    told = [one for code, who, count, delay in counts for one in some(code, who, count, delay)]
    exact, shown = rows(told, GEEN), rows(told)
    for outcome in ("op_tijd", "te_laat"):
        labels = list(exact)
        true = {label: getattr(exact[label], outcome) for label in labels}
        known = {
            label: getattr(row, outcome)
            for label, row in shown.items()
            if getattr(row, outcome) is not None
        }
        assert all(true[label] == value >= 10 for label, value in known.items())
        at = {label: place for place, label in enumerate(labels)}
        sums = np.zeros((2, len(labels)))
        sums[:, at["proef"]] = -1
        for label in labels:
            if exact[label].label_soort != "regio":
                sums[int(exact[label].label_soort == "gemeente"), at[label]] = 1
        bounds = [(known.get(label, 0), known.get(label)) for label in labels]
        for label in labels:
            if true[label] >= 10 or label in known:
                continue
            goal = np.zeros(len(labels))
            goal[at[label]] = 1
            low = linprog(goal, A_eq=sums, b_eq=[0, 0], bounds=bounds).fun
            found = linprog(-goal, A_eq=sums, b_eq=[0, 0], bounds=bounds)
            assert low <= 1e-6, (outcome, label)
            assert found.status == 3 or -found.fun >= 9 - 1e-6, (outcome, label)
