"""
Records of a Faust stream, many at a time.

Faust's own `take` acknowledges what a cancellation or a rebalance made it skip, and costs several
tasks a message. This reads the queue under the stream, and leaves acknowledging to the caller.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from zorgstroom.stream.settings import Kafka
from zorgstroom.stream.worker.seam import App


async def batches(app: App, stream: Any, kafka: Kafka) -> AsyncIterator[list[Any]]:
    """
    Yield Faust messages in lists of at most `kafka.batch`, those of a partition in their order.

    A batch waits at most `kafka.linger_seconds` for more. What was read before the last rebalance
    is left out: it is read again by whoever owns its partition now.
    """
    queue = stream.channel.queue
    loop = asyncio.get_running_loop()
    while True:
        try:
            found = [await queue.get()]
        except StopAsyncIteration:  # Faust ends the stream
            return
        until = loop.time() + kafka.linger_seconds
        while len(found) < kafka.batch:
            while len(found) < kafka.batch and not queue.empty():
                found.append(queue.get_nowait())
            left = until - loop.time()
            if left <= 0 or len(found) >= kafka.batch:
                break
            await asyncio.sleep(min(left, 0.01))
        messages = [event.message for event in found]
        fresh = [m for m in messages if m.generation_id == app.consumer_generation_id]
        if fresh and app.flow_control.is_active():
            yield fresh
