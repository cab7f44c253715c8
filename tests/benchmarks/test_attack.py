"""The strongest attacker on a very small year: what he assumes is true, and what he reports."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import attack, attack_year
from benchmarks.attack_knowledge import PROTECTION, RULE, balances, readings, sampled
from benchmarks.attack_rates import clopper_pearson, rates
from benchmarks.attack_year import ExactYear, Year
from zorgstroom.aggregations.attack.cells import sums
from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.rounding import RoundingKey

pytest.importorskip("highspy")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _apart(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack_year, "CACHE", cache)
    monkeypatch.setattr(attack, "CACHE", cache)


def year() -> Year:
    return attack_year.load_year(0.03, 3)


def run(results: Path, *more: str) -> dict[str, Any]:
    asked = ("--scale", "0.03", "--months", "2", "--keys", "1", "--counts", "12", "--wet", "Jw")
    attack.main([*asked, "--results", str(results), *more])
    line: dict[str, Any] = json.loads(results.read_text("utf-8").splitlines()[-1])
    return line


def test_everything_he_knows_is_true() -> None:
    exact = ExactYear(year(), "Wmo", 3)
    assert (exact.first, exact.last) == (date(2025, 1, 1), date(2025, 3, 31))
    public = PublicFigures(PROTECTION, RoundingKey(b"k" * 32))
    known, hidden = readings(exact.counts, public, "Wmo")
    shown = [reading for reading in known if reading.counted not in hidden]
    assert len(shown) > 50 and len(hidden) > 500
    for counted, low, high in shown:
        assert low == high > RULE.hidden
        assert 0 <= low - exact.counts[counted] < PROTECTION.base
    assert all(exact.counts[count] <= RULE.hidden for count in hidden)
    for relation in [*sums(exact.counts), *balances(exact.counts)]:
        assert sum(times * exact.counts[count] for count, times in relation.terms) == 0


def test_he_uses_stock_and_flow_in_some_cells_and_not_in_all() -> None:
    counts = ExactYear(year(), "Wmo", 3).counts
    instroom = [count for count in counts if count.maat == "instroom"]
    base = [count for count in instroom if len(count.gebied) == len(count.product) == 1]
    used = {count for relation in balances(counts) for count, _ in relation.terms} & set(base)
    assert 0.3 * len(base) < len(used) < len(base)
    eve = min(count.first for count in instroom) - timedelta(days=1)
    assert any(count.is_stock and count.last == eve for count in counts)


def test_samples_are_of_small_hidden_counts_and_differ_between_seeds() -> None:
    counts = ExactYear(year(), "Wmo", 3).counts
    hidden = {count for count, number in counts.items() if number <= RULE.hidden}
    small, above, zeros = sampled(hidden, counts, 50, "1")
    assert len(small) == 50 and len(zeros) == 10
    assert {counts[count] for count in [*small, *above]} <= set(range(1, 10))
    assert all(len(count.product) > 1 for count in above)
    assert {counts[count] for count in zeros} == {0}
    assert sampled(hidden, counts, 50, "2")[0] != small == sampled(hidden, counts, 50, "1")[0]


def test_a_run_reports_what_was_attacked_and_goes_on_where_it_stopped(
    tmp_path: Path, cache: Path
) -> None:
    results = tmp_path / "attack.jsonl"
    first = run(results, "--hours", "0")
    assert not first["complete"]
    assert first["attackers"][0]["small"]["attacked"] == 0
    line = run(results)
    assert line["complete"] and line["messages"] > 1000 and line["commit"]
    strongest, earlier = line["attackers"]
    assert strongest["bounded"] and not earlier["bounded"]
    assert strongest["small"]["attacked"] == 12
    assert strongest["small"]["narrowest"] >= 1
    assert sum(strongest["small"]["values possible"].values()) == 12
    # One who knows a stock exactly knows its offset from then on.
    assert earlier["small"]["fewer than 5"] >= strongest["small"]["fewer than 5"]
    steps = line["daily steps"]["every level"]
    assert 0 < steps["guessed right"] < steps["small flows"]
    spent = line["cost"]
    again = run(results)
    assert again["cost"] == spent, "nothing is attacked twice"
    assert again["attackers"] == line["attackers"]
    assert len(list(cache.glob("attack-state-*.json"))) == 1


@pytest.mark.parametrize(
    ("hits", "size", "low", "high"),
    [(0, 500, 0, 0.007351), (2, 1000, 0.000242, 0.007206), (7, 7, 0.590384, 1)],
)
def test_intervals_are_those_of_the_textbook(hits: int, size: int, low: float, high: float) -> None:
    assert clopper_pearson(hits, size) == pytest.approx((low, high), abs=2e-6)


def test_an_interval_of_many_hits_of_many_counts_fits_a_float() -> None:
    low, high = clopper_pearson(546, 2700)
    assert (low, high) == pytest.approx((0.187216, 0.217877), abs=2e-6)


def test_rates_are_per_thousand() -> None:
    report = rates([1, 3, 5, 5])
    assert (report["exact"], report["fewer than 5"], report["narrowest"]) == (1, 2, 1)
    assert report["exact per 1000"][0] == 250
    assert report["values possible"] == {1: 1, 3: 1, 5: 2}
    assert rates([])["exact per 1000"] is None
