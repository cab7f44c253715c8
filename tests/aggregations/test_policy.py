"""The policies: what is shown of a count, and what a reader is told of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zorgstroom.aggregations.policy import NB, UNKNOWN, Policy, Protection, PublicFigures
from zorgstroom.aggregations.rounding import RoundingKey

KEYS = st.binary(min_size=32, max_size=32).map(RoundingKey)
NAMES = st.text(min_size=1)
POLICIES: tuple[Policy, ...] = ("afronden", "kale_drempel", "geen")


def test_figures_are_rounded_unless_someone_asks_otherwise() -> None:
    assert Protection() == Protection(policy="afronden", base=5, threshold=10)


@given(st.integers(0, 10**6), NAMES, KEYS)
def test_a_rounded_figure_is_a_multiple_of_five_at_most_four_off(
    count: int, name: str, key: RoundingKey
) -> None:
    shown = PublicFigures(Protection(), key).shown(count, name)
    if shown is None:
        assert count < 15
    else:
        assert count > 10
        assert shown % 5 == 0 and abs(shown - count) <= 4 and shown >= 15


@pytest.mark.parametrize(
    ("policy", "count", "shown"),
    [
        ("kale_drempel", 9, None),
        ("kale_drempel", 10, 10),
        ("kale_drempel", 123, 123),
        ("geen", 0, 0),
        ("geen", 3, 3),
    ],
)
def test_the_other_policies_show_exact_counts(
    policy: Policy, count: int, shown: int | None
) -> None:
    assert PublicFigures(Protection(policy=policy)).shown(count, "iets") == shown


@given(
    st.sampled_from(POLICIES),
    st.lists(st.integers(0, 60), min_size=1, max_size=30),
    st.integers(3, 12),
    st.integers(1, 25),
    KEYS,
)
def test_an_array_is_shown_as_its_counts_are_one_by_one(
    policy: Policy, counts: list[int], base: int, threshold: int, key: RoundingKey
) -> None:
    public = PublicFigures(Protection(policy=policy, base=base, threshold=threshold), key)
    names = [f"cel {at}" for at in range(len(counts))]
    above = public.needs_offset_above
    offsets = [
        UNKNOWN if above is None or count <= above else public.offset(name)
        for count, name in zip(counts, names, strict=True)
    ]
    shown = public.shown_array(np.array(counts, np.int32), np.array(offsets, np.int8))
    one_by_one = [public.shown(count, name) for count, name in zip(counts, names, strict=True)]
    assert [None if value == NB else value for value in shown.tolist()] == one_by_one


def test_only_rounding_depends_on_a_key() -> None:
    key = RoundingKey(bytes(32))
    assert PublicFigures(Protection(), key).fingerprint == key.fingerprint
    assert PublicFigures(Protection(policy="kale_drempel"), key).fingerprint == ""
    with pytest.raises(ValueError, match="needs a rounding key"):
        PublicFigures(Protection())


def test_a_mark_names_the_policy_and_its_numbers() -> None:
    assert Protection(base=7, threshold=20).mark == "afronden 7 20"
    assert Protection(policy="kale_drempel", threshold=12).mark == "kale_drempel 12"
    assert Protection(policy="geen").mark == "geen"


def test_a_warning_names_what_is_never_and_what_is_always_shown() -> None:
    text = Protection(base=7, threshold=20).warning
    assert "veelvoud van 7" in text and "hoogstens 6" in text
    assert "tot en met 20 worden nooit" in text and "vanaf 27 altijd" in text
    assert "aftrekken" in Protection(policy="kale_drempel").warning
    assert "exacte aantallen" in Protection(policy="geen").warning


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0}, {"base": 2}, {"policy": "alles"}, {"breadth": 5}]
)
def test_a_protection_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Protection.model_validate(wrong)


def test_the_former_policy_is_refused_with_what_to_choose() -> None:
    with pytest.raises(ValidationError, match=r"'drempel' bestaat niet meer.*afronden.*kale"):
        Protection.model_validate({"policy": "drempel"})
