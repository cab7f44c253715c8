"""
Whether the topics and what the group agreed on fit this worker, before anything is read.

A wrong number of partitions, another key or another list of regions doubles people; other
definitions or another calendar make one region's figures unlike the other's.
"""

import asyncio
from typing import Final

from aiokafka.errors import KafkaError, UnsupportedCodecError

from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.access import find_refusal
from zorgstroom.stream.kafka.agreement import Agreed
from zorgstroom.stream.kafka.asking import OpenTransactionError, topic_sizes
from zorgstroom.stream.kafka.board import agree
from zorgstroom.stream.kafka.client import CODECS
from zorgstroom.stream.settings import Kafka, Settings

_LONGEST: Final = 180.0
"""Seconds; a group that has agreed on nothing yet has all its counts read."""


class BrokerError(Exception):
    """The broker does not answer: try again later."""


async def check_start(settings: Settings, sleutel: str) -> int:
    """
    Return how many partitions the state has, after a check that this worker may join.

    Args:
        settings: All of them.
        sleutel: Fingerprint of this worker's pseudonym key.

    Raises:
        BrokerError: Nobody answers.
        OperatorError: A topic is missing, its partitions do not fit, or the group agreed otherwise.

    """
    kafka = settings.kafka
    try:
        async with asyncio.timeout(_LONGEST):
            partitions = await _count_partitions(kafka)
            await agree(settings, Agreed.of_worker(settings, sleutel))
    except UnsupportedCodecError as error:
        raise OperatorError(CODECS) from error
    except (KafkaError, OSError, OpenTransactionError) as error:
        why = await find_refusal(kafka) or f"De broker antwoordt niet ({type(error).__name__})."
        raise BrokerError(f"Kafka op {kafka.brokers}: {why}") from error
    return partitions


async def _count_partitions(kafka: Kafka) -> int:
    of_state = (kafka.gebeurtenissen, kafka.dossiers, kafka.tellingen)
    names = (kafka.berichten, kafka.afgekeurd, kafka.beheer, *of_state)
    counts = await topic_sizes(kafka, names)
    if missing := [name for name in names if name not in counts]:
        raise OperatorError(
            f"Deze topics ontbreken: {', '.join(missing)}. Maak ze met `zorgstroom topics`."
        )
    state = {name: counts[name] for name in of_state}
    if len(set(state.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in state.items())
        raise OperatorError(
            f"Deze topics moeten evenveel partities hebben: {told}. Anders staan dossiers niet bij "
            "hun gebeurtenissen; zie `zorgstroom topics --check`."
        )
    return counts[kafka.gebeurtenissen]
