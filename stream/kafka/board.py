"""
The topic `beheer`: what a group has agreed on (`agreement`) and what an operator must know.

It is compacted and has one partition. Every change is a transaction under one name, begun before
the topic is read: whoever begins one shuts out who began before and has not ended. So of two
processes that start at once with other settings one is first, and the other one sees it.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ConcurrentTransactions, InvalidProducerEpoch, ProducerFenced
from pydantic import ValidationError

from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.kafka.agreement import Agreed, differences
from zorgstroom.stream.kafka.asking import latest, make_no_topics, topic_sizes
from zorgstroom.stream.kafka.losses import Loss
from zorgstroom.stream.kafka.wire import KEY_RECORD, partition_of
from zorgstroom.stream.results import utc_text
from zorgstroom.stream.settings import Kafka, Settings

SETTINGS: Final = "instellingen"
"""Key of what was agreed."""
_LOSS: Final = "verlies/"
_ATTEMPTS: Final = 20
_LONGEST_PAUSE_MS: Final = 200
_LOG: Final = logging.getLogger(__name__)


class OtherSettingsError(OperatorError):
    """The settings of this process do not fit the group, or the group's state."""


class Notices(NamedTuple):
    """What the topic holds."""

    agreed: Agreed | None
    losses: tuple[Loss, ...]

    @property
    def open_losses(self) -> tuple[Loss, ...]:
        """Losses that no operator has said to know of."""
        return tuple(loss for loss in self.losses if loss.bevestigd_op is None)


async def read_notices(kafka: Kafka) -> Notices:
    """Return what stands in the topic now. Raises an `OperatorError` for what is unreadable."""
    place = TopicPartition(kafka.beheer, 0)
    state = (await latest(kafka, [place]))[place]
    try:
        agreed = Agreed.model_validate_json(state[SETTINGS]) if SETTINGS in state else None
        losses = tuple(
            Loss.model_validate_json(value)
            for key, value in sorted(state.items())
            if key.startswith(_LOSS)
        )
    except ValidationError:
        raise OperatorError(
            f"Topic {kafka.beheer} is beschadigd, of door een nieuwere versie geschreven. Gebruik "
            "die versie; zie 'Een beschadigde changelog' in docs/operating.md."
        ) from None
    return Notices(agreed, losses)


async def agree(settings: Settings, here: Agreed) -> None:
    """
    Return when `here` is what the group has agreed on; who comes first settles it.

    Raises:
        OtherSettingsError: It differs, or it does not fit the state that is there.

    """

    async def decide(notices: Notices) -> dict[str, bytes]:
        agreed = notices.agreed
        if agreed is None:
            await check_state(settings, here)
            agreed = here
        if told := differences(agreed, here):
            raise OtherSettingsError(
                "De workers van deze groep werken met andere instellingen dan hier: "
                f"{'; '.join(told)}. Er is niets verzonden of gelezen. Zet ze gelijk, of wijzig ze "
                "voor alle workers tegelijk: stop de workers en geef dan "
                "`zorgstroom topics --instellingen`."
            )
        complete = agreed.completed(here)
        if complete == notices.agreed:
            return {}
        return {SETTINGS: complete.model_dump_json().encode()}

    if await decide(await read_notices(settings.kafka)):
        await _change(settings.kafka, decide)


async def replace_agreed(settings: Settings, here: Agreed) -> list[str]:
    """
    Have the group agree on `here` from now on; return what changes (Dutch).

    No worker may run. Raises an `OtherSettingsError` when the state does not fit it.
    """
    changed: list[str] = []

    async def decide(notices: Notices) -> dict[str, bytes]:
        await check_state(settings, here)
        changed[:] = differences(notices.agreed, here) if notices.agreed else []
        return {SETTINGS: here.model_dump_json().encode()}

    await _change(settings.kafka, decide)
    return changed


async def note_losses(kafka: Kafka, losses: Sequence[Loss]) -> None:
    """Keep `losses` until an operator says to know of them; what is known stays as it is."""

    async def decide(notices: Notices) -> dict[str, bytes]:
        known = {loss.key: loss for loss in notices.losses}
        fresh = [loss for loss in losses if loss.key not in known or known[loss.key].tot < loss.tot]
        return {loss.key: loss.model_dump_json().encode() for loss in fresh}

    await _change(kafka, decide)


async def acknowledge_losses(kafka: Kafka, now: datetime) -> list[Loss]:
    """Note that an operator knows of all losses; return those that were still open."""
    acknowledged: list[Loss] = []

    async def decide(notices: Notices) -> dict[str, bytes]:
        acknowledged[:] = notices.open_losses
        return {
            loss.key: loss.model_copy(update={"bevestigd_op": utc_text(now)})
            .model_dump_json()
            .encode()
            for loss in acknowledged
        }

    await _change(kafka, decide)
    return acknowledged


async def check_state(settings: Settings, here: Agreed) -> None:
    """
    Return when the dossiers of the group may have been made under `here`, as the counts tell.

    A gemeente that stands elsewhere too is no sign of other regions: a record can go astray.

    Raises:
        OtherSettingsError: They were made with another key, or under another list of regions.

    """
    kafka, regions = settings.kafka, settings.regions
    partitions = (await topic_sizes(kafka, [kafka.tellingen])).get(kafka.tellingen, 0)
    places = [TopicPartition(kafka.tellingen, number) for number in range(partitions)]
    placed: set[str] = set()
    elsewhere: dict[str, int] = {}
    for place, state in (await latest(kafka, places)).items():
        if state.get(KEY_RECORD, here.sleutel.encode()) != here.sleutel.encode():
            raise OtherSettingsError(
                "De pseudoniemsleutel is een andere dan waarmee de dossiers van deze groep zijn "
                "gemaakt: iedereen zou dubbel tellen. Zet de oude terug; zie 'Sleutel wisselen' in "
                "docs/operating.md."
            )
        for code in {cell.partition("|")[0] for cell in state if "|" in cell}:
            if partition_of(code, regions, partitions) == place.partition:
                placed.add(code)
            else:
                elsewhere[code] = place.partition
    if astray := sorted(elsewhere.keys() - placed):
        code = astray[0]
        raise OtherSettingsError(
            f"De dossiers van gemeente {code} staan in partitie {elsewhere[code]}, maar volgens de "
            f"instelling ZORGSTROOM_REGIOS horen zij in {partition_of(code, regions, partitions)} "
            f"({len(astray)} gemeenten staan zo elders). Zet de regio's terug, of volg "
            "'Partities of regio's wijzigen' in docs/operating.md."
        )


async def _change(
    kafka: Kafka, decide: Callable[[Notices], Awaitable[Mapping[str, bytes]]]
) -> None:
    """Write what `decide` makes of the topic, unless it changed meanwhile: then decide again."""
    make_no_topics()
    for attempt in range(_ATTEMPTS):
        producer = AIOKafkaProducer(
            **connection(kafka),
            client_id=kafka.beheer,
            transactional_id=kafka.beheer,
            transaction_timeout_ms=60_000,
        )
        await producer.start()
        try:
            records = await decide(await read_notices(kafka))
            if records:
                await _write(producer, kafka.beheer, records)
            return
        except (ProducerFenced, InvalidProducerEpoch, ConcurrentTransactions):
            if attempt == _ATTEMPTS - 1:
                raise
            _LOG.debug("Een ander schreef tegelijk in %s", kafka.beheer)
        finally:
            await producer.stop()
        # Each of many that begin together shuts out the others: one at a time, by chance.
        await asyncio.sleep(secrets.randbelow(_LONGEST_PAUSE_MS << min(attempt, 4)) / 1000)
        if not await decide(await read_notices(kafka)):
            return


async def _write(producer: AIOKafkaProducer, topic: str, records: Mapping[str, bytes]) -> None:
    await producer.begin_transaction()
    sent: Collection[Awaitable[object]] = [
        await producer.send(topic, value, key=key.encode(), partition=0)
        for key, value in records.items()
    ]
    for delivered in sent:
        await delivered
    await producer.commit_transaction()
