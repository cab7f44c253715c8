"""The attack of an audit within its time, and what it keeps for a next time."""

import json
import stat
from pathlib import Path

import pytest

from zorgstroom.aggregations.attack.equations import Equation, Programme
from zorgstroom.aggregations.attack.families import Family
from zorgstroom.stream.audit_progress import Progress

pytest.importorskip("highspy")

SUBJECT = {"versies": {"proef": 7}}


class Clock:
    """Every look at it takes a second."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def family(count: int = 30) -> Family:
    """Pairs of hidden counts of which the sum is known: the first is 7, the rest are wide."""
    programme = Programme()
    hidden: dict[int, str] = {}
    for number in range(count):
        places = programme.unknown(0, 14), programme.unknown(0, 14)
        if number == 0:
            programme.bound(places[1], 3, 3)
        terms = ((places[0], 1), (places[1], 1))
        programme.equations.append(Equation(terms, 10, 10))
        hidden |= {place: f"aantal {place}" for place in places}
    return Family(programme, hidden, len(hidden))


def test_all_is_attacked_when_there_is_time(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "voortgang.json", SUBJECT, 1000, Clock())
    result = progress.attack("proef", family(), 100, seed=1)
    assert result.is_complete
    assert result.precies == {"aantal 0": 7, "aantal 1": 3}
    assert (result.smal, result.smalst, len(result.waarden)) == (2, 1, 60)
    assert (result.tellingen, result.verborgen, result.steekproef) == (60, 60, 60)
    progress.forget()
    assert not list(tmp_path.iterdir())


def test_what_ran_out_of_time_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "map" / "voortgang.json"
    rounds = 0
    while True:
        rounds += 1
        progress = Progress(path, SUBJECT, 8, Clock())
        assert progress.is_resumed == (rounds > 1)
        known = dict(progress.results["proef"].waarden) if progress.is_resumed else {}
        result = progress.attack("proef", family(), 100, seed=1)
        assert known.items() <= result.waarden.items(), "nothing is lost"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if result.is_complete:
            break
        assert len(result.waarden) > len(known), "every round gets further"
    assert rounds > 1
    assert result.precies == {"aantal 0": 7, "aantal 1": 3}


def test_a_sample_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    def attacked(seed: int) -> set[str]:
        progress = Progress(tmp_path / f"{seed}.json", SUBJECT, 1000, Clock())
        result = progress.attack("proef", family(), 10, seed)
        assert result.steekproef == len(result.waarden) == 10
        return set(result.waarden)

    assert attacked(1) == attacked(1)
    assert attacked(1) != attacked(2)


def test_results_of_another_publication_are_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "voortgang.json"
    Progress(path, SUBJECT, 1000, Clock()).attack("proef", family(), 10, seed=1)
    assert json.loads(path.read_text("utf-8"))["results"]
    assert not Progress(path, {"versies": {"proef": 8}}, 1000, Clock()).is_resumed
