"""A silence is told from a long step of our own; what is not answered is cancelled."""

import asyncio
import time

import pytest

from zorgstroom.stream.patience import answered


async def _in(seconds: float, value: int) -> int:
    await asyncio.sleep(seconds)
    return value


def test_an_answer_in_time_is_given_also_after_a_long_step_of_our_own() -> None:
    async def run() -> int:
        asked = asyncio.ensure_future(answered(_in(0.7, 3), 1.0))
        await asyncio.sleep(0.1)
        time.sleep(2)  # this is what must not count
        return await asked

    assert asyncio.run(run()) == 3


def test_a_silence_ends_and_so_does_the_question() -> None:
    ended: list[bool] = []

    async def silent() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await answered(silent(), 1.0)
        await asyncio.sleep(0)

    asyncio.run(run())
    assert ended


def test_an_error_comes_through_and_a_cancelled_wait_cancels_the_question() -> None:
    async def wrong() -> None:
        raise OSError("weg")

    async def run() -> None:
        with pytest.raises(OSError, match="weg"):
            await answered(wrong(), 1.0)
        asked = asyncio.ensure_future(_in(3600, 1))

        async def question() -> int:
            return await asked

        waiting = asyncio.ensure_future(answered(question(), 3600))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait([waiting])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asked.cancelled()

    asyncio.run(run())
