"""Which figures may be seen: the threshold at its border, and the warning beside the figures."""

from datetime import date

import numpy as np
import pytest
from pydantic import ValidationError

from tests.aggregations.desk import Desk
from tests.aggregations.letters import begin, letter
from zorgstroom.aggregations.policy import SUPPRESSED, Disclosure
from zorgstroom.aggregations.results import Series
from zorgstroom.sinks.contract import Filter


def bsns(count: int) -> list[str]:
    """BSNs by the 11-proef: (9a+8b+7c+6d+5e+4f+3g+2h-i) mod 11 = 0."""
    found: list[str] = []
    number = 999900000
    while len(found) < count:
        number += 1
        digits = [int(digit) for digit in str(number)]
        weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
        if sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 0:
            found.append(str(number))
    return found


def test_the_threshold_is_the_lowest_count_that_is_shown() -> None:
    values = np.array([0, 1, 9, 10, 11], np.int32)
    shown = Disclosure().protect(values).tolist()
    # Zero is hidden as well: "nobody" is a fact about persons too.
    assert shown == [SUPPRESSED, SUPPRESSED, SUPPRESSED, 10, 11]
    assert values.tolist() == [0, 1, 9, 10, 11]


@pytest.mark.parametrize(("threshold", "first"), [(1, 1), (2, 2), (11, 11)])
def test_the_threshold_is_a_setting(threshold: int, first: int) -> None:
    shown = Disclosure(threshold=threshold).protect(np.arange(20, dtype=np.int32)).tolist()
    assert shown == [SUPPRESSED] * first + list(range(first, 20))


def test_policy_geen_shows_everything() -> None:
    values = np.array([0, 1, 9, 10], np.int32)
    assert Disclosure(policy="geen").protect(values).tolist() == [0, 1, 9, 10]


def test_nine_clients_are_hidden_and_ten_are_shown() -> None:
    desk = Desk(Disclosure())
    today = date(2024, 4, 2)
    at = Series("regio", "proef", "Wmo", "categorie", "02", "maand", "instroom"), date(2024, 3, 1)
    for number, bsn in enumerate(bsns(10), start=1):
        start = begin("2024-03-04", product="02", nummer=str(number))
        desk.world.tell(letter("2024-03-05", start, nr="S1", bsn=bsn))
        desk.publish(today)
        assert desk.shown()[at] == ((10 if number == 10 else None), "voorlopig")
    # A hidden count that moves under the threshold is published once, not at every move.
    assert desk.versie == 10
    assert len({figure.versie for figure in desk.table.figures(Filter(), historie=True)}) == 2
    # After a restart it is known to be hidden, and not taken for a zero.
    desk.restart()
    assert desk.publish(today) is None


def test_a_warning_names_the_threshold_and_says_that_exact_figures_are_shown() -> None:
    assert "onder 12 " in Disclosure(threshold=12).warning
    assert "exacte aantallen" in Disclosure(policy="geen").warning


@pytest.mark.parametrize("wrong", [{"threshold": 0}, {"policy": "alles"}, {"drempel": 3}])
def test_a_disclosure_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Disclosure.model_validate(wrong)
