"""
Records of a topic, many at a time, for an agent that commits them itself.

Faust's own `take` acknowledges what a cancellation or a rebalance made it skip, and costs several
tasks a message.
"""

from collections.abc import AsyncIterator
from typing import Any

from zorgstroom.stream.settings import Kafka
from zorgstroom.stream.worker.consumer import Queue
from zorgstroom.stream.worker.seam import App


async def batches(app: App, queue: Queue, kafka: Kafka) -> AsyncIterator[list[Any]]:
    """
    Yield records (`ConsumerRecord`) in lists of at most `kafka.batch`, a partition's in order.

    What was fetched before the last rebalance is left out: it is fetched again by whoever owns its
    partition now.
    """
    while True:
        found = await queue.take(kafka.batch, kafka.linger_seconds)
        fresh = [one.record for one in found if one.generation == app.consumer_generation_id]
        if fresh and app.flow_control.is_active():
            yield fresh
