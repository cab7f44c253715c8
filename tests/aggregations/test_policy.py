"""Which figures may be seen: the settings, the mark of an emission, and the warning beside it."""

import pytest
from pydantic import ValidationError

from zorgstroom.aggregations.disclosure.plan import VERSION
from zorgstroom.aggregations.policy import Disclosure

GEEN = Disclosure(policy="geen")


def test_small_counts_are_protected_unless_someone_asks_otherwise() -> None:
    assert Disclosure().policy == "drempel"
    rule = Disclosure().rule
    assert (rule.threshold, rule.breadth, rule.within, rule.across) == (10, 5, "contain", "breadth")
    assert Disclosure(overal_omvattend=True).rule.across == "contain"


def test_a_mark_names_policy_threshold_and_plan() -> None:
    assert GEEN.mark == "geen"
    assert Disclosure(threshold=7).mark == f"drempel 7 plan {VERSION}"


@pytest.mark.parametrize(
    ("mark", "allowed"),
    [
        (f"drempel 10 plan {VERSION}", True),
        (f"drempel 11 plan {VERSION}", True),
        (f"drempel 9 plan {VERSION}", False),
        (f"drempel 10 plan {VERSION + 1}", False),
        ("drempel 10", False),  # the threshold alone, of before
        ("geen", False),
        ("", False),
        ("drempel tien plan 1", False),
        (f"drempel 10 plan {VERSION} extra", False),
    ],
)
def test_only_figures_of_a_policy_that_is_as_strong_may_stand(mark: str, allowed: bool) -> None:
    assert Disclosure().allows(mark) is allowed
    assert GEEN.allows(mark), "exact figures show more than any other"


def test_a_warning_names_the_threshold_and_says_that_exact_figures_are_shown() -> None:
    assert "onder 12," in Disclosure(threshold=12).warning
    assert "ten minste 12 dossiers" in Disclosure(threshold=12).warning
    assert "exacte aantallen" in GEEN.warning


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0},
        {"breadth": 1},
        {"policy": "alles"},
        {"drempel": 3},
        {"budget_seconds": 0},
        {"grid": {"eerste_uur": 9, "laatste_uur": 8}},
        {"grid": {"laatste_uur": 24}},
    ],
)
def test_a_disclosure_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Disclosure.model_validate(wrong)
