"""What a worker of before left on Kafka: dossiers of form 1, and events under a former digest."""

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.kafka import Broker
from tests.cluster import KEY, Cluster, WorkerProcess, cluster, wait_until
from tests.stream.former_state import former_dossiers, stored
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream import sources
from zorgstroom.stream.kafka.access import connection
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.kafka.wire import partition_of
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]
PSEUDONYMS = PseudonymKey.from_text(KEY)
Changelog = list[tuple[str, bytes | None]]


@pytest.fixture
def stream(made_stream: Callable[..., Path]) -> Path:
    """Messages of three regions."""
    return made_stream(1500, seed=9, regios=3)


def contents(stream: Path) -> list[bytes]:
    return [one.data for one in sources.read([stream / "berichten"]) if one.problem is None]


def place(running: Cluster, gemeente: str) -> int:
    kafka = running.settings.kafka
    return partition_of(gemeente, running.settings.regions, kafka.partitions)


def since_start(worker: WorkerProcess) -> Mapping[str, int]:
    counters: Mapping[str, int] = worker.status()["tellers"]["sinds_start"]
    return counters


def changelog(kafka: Kafka) -> Changelog:
    """Return every record of the changelog of dossiers that is committed."""

    async def read() -> Changelog:
        consumer = AIOKafkaConsumer(
            **connection(kafka), isolation_level="read_committed", enable_auto_commit=False
        )
        await consumer.start()
        read_so_far: list[tuple[int, int, str, bytes | None]] = []
        try:
            places = [TopicPartition(kafka.dossiers, number) for number in range(kafka.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                batches = await consumer.getmany(timeout_ms=200)
                read_so_far += [
                    (r.partition, r.offset, r.key.decode(), r.value)
                    for batch in batches.values()
                    for r in batch
                ]
        finally:
            await consumer.stop()
        return [(key, value) for _, _, key, value in sorted(read_so_far)]

    return asyncio.run(read())


def forms(records: Changelog) -> list[int]:
    return [value[1] for _, value in records if value is not None]


def test_dossiers_of_form_1_are_converted_once_and_counted_as_if_read_anew(
    stream: Path, broker: Broker, tmp_path: Path
) -> None:
    name = f"vorm-{uuid4().hex[:8]}"
    messages = contents(stream)
    with cluster(broker.address, stream, tmp_path / "workers", name) as running:
        kafka = running.settings.kafka
        dossiers, _ = former_dossiers(messages, PSEUDONYMS, running.truth.today)
        with producer(kafka) as client:
            for key, of_client in dossiers.items():
                at = place(running, key[:4])
                client.send(kafka.dossiers, stored(of_client), key=key.encode(), partition=at)
            for number in range(kafka.partitions):
                fingerprint = PSEUDONYMS.fingerprint.encode()
                client.send(kafka.tellingen, fingerprint, key=b"sleutel", partition=number)
        assert forms(changelog(kafka)) == [1] * len(dossiers)

        worker = running.start()
        running.check()
        converted = changelog(kafka)
        assert sorted(forms(converted)) == [1] * len(dossiers) + [2] * len(dossiers)
        assert {key for key, _ in converted} == dossiers.keys()

        running.produce()
        running.read()
        wait_until("all are counted", lambda: worker.counted() > 0 and running.behind() == 0)
        counted = since_start(worker)
        assert counted.get("aanvaard", 0) == 0 and counted["herhaald"] > 1400
        running.check()
        assert worker.end(signal.SIGTERM) == 0, worker.log

        running.start()
        running.check()
        assert changelog(kafka) == converted, "converted once, and a repeat writes nothing"


def test_events_of_form_1_and_their_messages_are_counted_once(
    stream: Path, broker: Broker, tmp_path: Path
) -> None:
    name = f"vorm-{uuid4().hex[:8]}"
    decoder = Decoder(PSEUDONYMS)
    with cluster(broker.address, stream, tmp_path / "workers", name) as running:
        kafka = running.settings.kafka
        sent = 0
        with producer(kafka) as client:
            for number, data in enumerate(contents(stream)):
                try:
                    events = decoder.decode(data, today=running.truth.today)
                except DecodeError:
                    continue
                told = [json.loads(event.model_dump_json()) for event in events]
                for event in told:
                    event["digest"] = f"{number % 9 + 1:032x}"  # that of its raw text, before
                record = {
                    "schema": 1,
                    "sleutel": PSEUDONYMS.fingerprint,
                    "ontvangen_ms": None,
                    "gebeurtenissen": told,
                }
                key = (events[0].gemeente + events[0].client).encode()
                at = place(running, events[0].gemeente)
                client.send(
                    kafka.gebeurtenissen, json.dumps(record).encode(), key=key, partition=at
                )
                sent += 1
        worker = running.start()
        running.check()
        first = since_start(worker)
        assert first["aanvaard"] > 1400 and worker.counted() == sent
        running.produce()
        running.read()
        wait_until("all came again", lambda: worker.counted() == 2 * sent)
        assert since_start(worker)["aanvaard"] == first["aanvaard"]
        assert forms(changelog(kafka)).count(1) == 0
        running.check()
