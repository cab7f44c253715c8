"""Random histories in any spelling and order: cell by cell what an oracle of letters gives."""

import random
from datetime import date
from pathlib import Path

import pytest

from tests.published_rules import Moment, cell_of
from tests.truth.histories import GEMEENTEN, TODAY, History, history
from tests.truth.letter_oracle import REGION, Indicaties, cells, last_day
from zorgstroom.sinks.contract import Filter
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
FIRST = date(2023, 1, 1)


def settings(*, twents: bool) -> Settings:
    return Settings.model_validate(
        {
            "today": TODAY,
            "protection": {"policy": "geen"},
            "regios": {REGION: GEMEENTEN},
            "publication": {"jaren": 1},
            "definitions": {"bereik": "twents" if twents else "alles"},
        }
    )


def differences(
    told: History, arrivals: list[bytes], folder: Path, *, twents: bool
) -> tuple[int, list[str]]:
    """Take `arrivals` in through the whole embedded product; return cells and what differs."""
    moment = Moment(TODAY, FIRST, "geen")
    truth = Indicaties(told.letters, twents=twents)
    with Engine(settings(twents=twents), folder, SystemClock(TODAY)) as engine:
        for begin in range(0, len(arrivals), 2000):
            part = arrivals[begin : begin + 2000]
            tally, _ = engine.process([Input(str(n), "", data) for n, data in enumerate(part)])
            assert not tally.rejected, tally.rejected
        engine.publish()
        figures = engine.publication.figures(Filter())
    wrong = []
    for figure in figures:
        cell = cell_of(figure)
        until = figure.tot_en_met or last_day(cell, TODAY)
        count = truth.count(cell, until, FIRST)
        if figure.waarde != count:
            wrong.append(f"{cell}: {figure.waarde}, must be {count}")
    missing = cells(moment, GEMEENTEN) ^ {cell_of(figure) for figure in figures}
    return len(figures), wrong + [f"{cell} is missing, or too much" for cell in missing]


@pytest.mark.parametrize("twents", [False, True])
def test_a_small_history_in_two_orders(tmp_path: Path, twents: bool) -> None:
    told = history(random.Random(20 + twents), 60)
    assert len({letter.soort for letter in told.letters}) == 2
    for order in range(2):
        arrivals = told.arrivals(random.Random(order))
        compared, wrong = differences(told, arrivals, tmp_path / str(order), twents=twents)
        assert compared > 10_000, "this proves nothing"
        assert not wrong, wrong[:10]
