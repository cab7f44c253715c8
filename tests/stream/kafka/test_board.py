"""The topic `beheer` on a real broker: who comes first, what fits the state, what is lost."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.kafka import Broker
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.agreement import Agreed
from zorgstroom.stream.kafka.board import (
    SETTINGS,
    OtherSettingsError,
    acknowledge_losses,
    agree,
    note_losses,
    read_notices,
    replace_agreed,
)
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.kafka.losses import Loss, find_losses
from zorgstroom.stream.kafka.wire import KEY_RECORD
from zorgstroom.stream.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
REGIOS = {"oost": ["0153"], "west": ["0344"]}


@pytest.fixture
def settings(broker: Broker) -> Settings:
    name = f"beheer-{uuid4().hex[:8]}"
    kafka = {"brokers": broker.address, "group": name, "prefix": f"{name}-", "partitions": 2}
    chosen = Settings.model_validate({"kafka": kafka, "regios": REGIOS})
    topics.carry_out(chosen.kafka, topics.look(chosen.kafka))
    return chosen


def other(settings: Settings, **more: Any) -> Settings:
    return settings.model_copy(update=more)


def worker(settings: Settings, sleutel: str = "k1") -> Coroutine[Any, Any, None]:
    return agree(settings, Agreed.of_worker(settings, sleutel))


def count(settings: Settings, partition: int, key: str, value: str) -> None:
    """Leave a record in the changelog of counts."""
    with producer(settings.kafka) as client:
        client.send(
            settings.kafka.tellingen, value.encode(), key=key.encode(), partition=partition
        ).get(30)


def test_of_many_that_start_at_once_with_other_settings_one_kind_is_let_in(
    settings: Settings,
) -> None:
    later = other(settings, today=date(2026, 3, 16))

    async def run() -> list[BaseException | None]:
        starts = [worker(one) for _ in range(4) for one in (settings, later)]
        return await asyncio.gather(*starts, return_exceptions=True)

    ended = asyncio.run(run())
    kinds = [[error is None for error in ended[kind::2]] for kind in range(2)]
    assert sorted(kinds) == [[False] * 4, [True] * 4], ended
    assert all(isinstance(error, OtherSettingsError | None) for error in ended)


def test_a_sender_settles_key_and_regions_and_the_first_worker_the_rest(
    settings: Settings,
) -> None:
    asyncio.run(agree(settings, Agreed.of_sender(settings, "k1")))
    with pytest.raises(OtherSettingsError, match="pseudoniemsleutel"):
        asyncio.run(worker(settings, "k2"))
    later = other(settings, today=date(2026, 3, 16))
    asyncio.run(worker(later))
    with pytest.raises(OtherSettingsError, match="ZORGSTROOM_TODAY"):
        asyncio.run(worker(settings))
    asyncio.run(agree(settings, Agreed.of_sender(settings, "k1")))
    assert asyncio.run(replace_agreed(settings, Agreed.of_worker(settings, "k1")))
    asyncio.run(worker(settings))
    with pytest.raises(OtherSettingsError, match="ZORGSTROOM_TODAY"):
        asyncio.run(worker(later))


@pytest.mark.parametrize("act", [agree, replace_agreed])
def test_a_state_of_before_is_looked_at_when_nothing_was_agreed(
    settings: Settings, act: Any
) -> None:
    count(settings, 0, KEY_RECORD, "k1")
    count(settings, 0, "0153|Wmo|02|2026-01", "1 1 0")
    count(settings, 1, "0344|Wmo|02|2026-01", "1 1 0")
    swapped = other(settings, regios=dict(reversed(REGIOS.items())))
    with pytest.raises(OtherSettingsError, match="ZORGSTROOM_REGIOS"):
        asyncio.run(act(swapped, Agreed.of_worker(swapped, "k1")))
    with pytest.raises(OtherSettingsError, match="pseudoniemsleutel"):
        asyncio.run(act(settings, Agreed.of_worker(settings, "k2")))
    # One that went astray is no sign of other regions: its gemeente stands where it belongs too.
    count(settings, 1, "0153|Wmo|02|2026-01", "1 1 0")
    asyncio.run(act(settings, Agreed.of_worker(settings, "k1")))


def test_a_loss_is_kept_until_it_is_acknowledged_and_does_not_come_back(
    settings: Settings,
) -> None:
    kafka = settings.kafka

    def lost(first: int) -> list[Loss]:
        return find_losses({("b", 0): 9}, {("b", 0): first}, {("b", 0): 20}, NOW)

    asyncio.run(note_losses(kafka, lost(12)))
    asyncio.run(note_losses(kafka, lost(12)))
    assert [loss.tot for loss in asyncio.run(read_notices(kafka)).open_losses] == [12]
    (known,) = asyncio.run(acknowledge_losses(kafka, NOW))
    assert known.van == 9
    asyncio.run(note_losses(kafka, lost(12)))
    assert asyncio.run(read_notices(kafka)).open_losses == ()
    asyncio.run(note_losses(kafka, lost(14)))
    assert [loss.tot for loss in asyncio.run(read_notices(kafka)).open_losses] == [14]


def test_what_a_newer_version_wrote_is_refused_and_not_overwritten(settings: Settings) -> None:
    async def run() -> None:
        client = AIOKafkaProducer(bootstrap_servers=settings.kafka.brokers)
        await client.start()
        await client.send_and_wait(settings.kafka.beheer, b'{"vorm": 2}', SETTINGS.encode())
        await client.stop()
        with pytest.raises(OperatorError, match="nieuwere versie"):
            await worker(settings)

    asyncio.run(run())
