"""A worker that has to catch up publishes less often, and at once when it has."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import date

import pytest

from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.worker import publishing as module
from zorgstroom.stream.worker.publishing import Places, Publishing


def away() -> Places:
    raise SinkUnavailableError("weg")


def publishing(opened: Callable[[], Places] = away) -> Publishing:
    settings = Settings.model_validate({"protection": {"policy": "geen"}})
    public = PublicFigures(settings.protection)
    clock = SystemClock(date(2026, 3, 15))
    return Publishing(settings, public, clock, opened, 1, metrics=Metrics())


def test_the_rest_ends_when_it_has_caught_up_or_must_stop() -> None:
    async def run() -> None:
        made = publishing()
        answers = iter((True, True, False))
        made.is_behind = lambda: next(answers)
        begun = time.monotonic()
        await asyncio.wait_for(made._let_count(600), 60)
        assert next(answers, None) is None
        assert time.monotonic() - begun > 0.2, "it rested while it was behind"
        made.is_behind = lambda: True
        resting = asyncio.ensure_future(made._let_count(600))
        await asyncio.sleep(0)
        await made.close()
        await asyncio.wait_for(resting, 60)

    asyncio.run(run())


def test_a_database_that_is_away_is_told_and_ends_nothing() -> None:
    async def run() -> None:
        made = publishing()
        await made.step()
        assert made.problem == "weg"
        await made.close()

    asyncio.run(run())


def test_a_database_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_ANSWER", 0.2)
    answer = threading.Event()

    def silent() -> Places:
        answer.wait(60)
        raise SinkUnavailableError("weg")

    async def run() -> None:
        made = publishing(silent)
        step = asyncio.ensure_future(made.step())
        await asyncio.sleep(0.05)
        assert made.problem is None
        await asyncio.sleep(0.5)
        assert made.problem is not None and "antwoordt al" in made.problem
        answer.set()
        await step
        assert made.problem == "weg"

    asyncio.run(run())
