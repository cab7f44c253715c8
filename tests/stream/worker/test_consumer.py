"""What was fetched waits in a queue: batches in order, bounded, and forgotten when told."""

import asyncio
from typing import NamedTuple

from zorgstroom.stream.worker.consumer import Delivered, Queue

ROOM = 1000


class Record(NamedTuple):
    number: int
    value: bytes | None = None


def records(*numbers: int, size: int = 0) -> list[Delivered]:
    return [Delivered(Record(number, b"x" * size or None), 1) for number in numbers]


def taken(found: list[Delivered]) -> list[int]:
    return [one.record.number for one in found]


def test_a_batch_has_at_most_what_is_asked_and_keeps_the_order() -> None:
    async def run() -> None:
        queue = Queue(100, ROOM)
        queue.put(records(1, 2, 3))
        queue.put(records(4, 5))
        assert taken(await queue.take(4, 0)) == [1, 2, 3, 4]
        assert not queue.is_empty
        assert taken(await queue.take(4, 0)) == [5]
        assert queue.is_empty

    asyncio.run(run())


def test_a_full_queue_has_no_room_until_something_is_taken() -> None:
    async def run() -> None:
        queue = Queue(3, ROOM)
        queue.put(records(1, 2))
        assert queue.has_room
        queue.put(records(3, 4))
        assert not queue.has_room
        await queue.take(2, 0)
        assert queue.has_room

    asyncio.run(run())


def test_large_records_fill_a_queue_by_their_bytes_and_a_batch_then_waits_for_no_more() -> None:
    async def run() -> None:
        queue = Queue(100, ROOM)
        queue.put(records(1, 2, size=ROOM // 2))
        assert not queue.has_room
        assert taken(await asyncio.wait_for(queue.take(1, 60), 5)) == [1]
        assert queue.has_room
        queue.put(records(3, size=2 * ROOM))
        assert not queue.has_room
        queue.clear()
        assert queue.has_room

    asyncio.run(run())


def test_who_waits_gets_what_comes_and_what_was_forgotten_never_comes() -> None:
    async def run() -> None:
        queue = Queue(10, ROOM)
        queue.put(records(1))
        queue.clear()
        waiting = asyncio.ensure_future(queue.take(10, 0))
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.put(records(2))
        assert taken(await waiting) == [2]

    asyncio.run(run())


def test_a_batch_that_is_not_full_waits_for_more_and_not_for_ever() -> None:
    async def run() -> None:
        queue = Queue(10, ROOM)
        queue.put(records(1))
        waiting = asyncio.ensure_future(queue.take(2, 60))
        await asyncio.sleep(0)
        queue.put(records(2))
        assert taken(await asyncio.wait_for(waiting, 5)) == [1, 2]

    asyncio.run(run())
