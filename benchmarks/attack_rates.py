"""Rates of what was found out, with the intervals that a sample of that size leaves."""

from collections import Counter
from collections.abc import Sequence
from math import exp, lgamma, log, log1p
from typing import Any

from zorgstroom.aggregations.attack.solve import ENOUGH


def rates(values: Sequence[int]) -> dict[str, Any]:
    """Return how many counts are known exactly or narrowed, with 95 % intervals."""
    exact = sum(value == 1 for value in values)
    narrow = sum(value < ENOUGH for value in values)
    return {
        "attacked": len(values),
        "exact": exact,
        "exact per 1000": _per_thousand(exact, len(values)),
        "fewer than 5": narrow,
        "fewer than 5 per 1000": _per_thousand(narrow, len(values)),
        "narrowest": min(values, default=None),
        "values possible": dict(sorted(Counter(values).items())),
    }


def _per_thousand(hits: int, size: int) -> list[float] | None:
    """Return the rate per 1,000 and the ends of its 95 % interval."""
    if not size:
        return None
    low, high = clopper_pearson(hits, size)
    return [round(1000 * share, 1) for share in (hits / size, low, high)]


def clopper_pearson(hits: int, size: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact confidence interval of a share, by bisection on the binomial tail."""

    def at_most(most: int, share: float) -> float:
        # By logarithms: the binomial coefficients of some thousand counts fit no float.
        hit, miss = log(share), log1p(-share)
        return sum(
            exp(
                lgamma(size + 1)
                - lgamma(k + 1)
                - lgamma(size - k + 1)
                + k * hit
                + (size - k) * miss
            )
            for k in range(most + 1)
        )

    def solve(most: int, tail: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(most, middle) > tail else (low, middle)
        return low

    tail = (1 - level) / 2
    lower = 0.0 if hits == 0 else solve(hits - 1, 1 - tail)
    upper = 1.0 if hits == size else solve(hits, tail)
    return lower, upper
