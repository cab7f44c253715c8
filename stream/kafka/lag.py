"""How far the workers are behind, in messages and in seconds."""

from datetime import datetime
from typing import NamedTuple

from zorgstroom.stream.kafka.client import consumer, group_offsets
from zorgstroom.stream.kafka.losses import next_offset
from zorgstroom.stream.settings import Kafka


class Lag(NamedTuple):
    """One partition of `berichten` or `gebeurtenissen`."""

    topic: str
    partition: int
    gelezen: int | None
    """The next offset that the workers read; None when they never read here."""
    einde: int
    """The next offset that will be written."""
    achter: int
    """Records that are still to be read."""
    seconden: float
    """Age of the first of those; 0 when there is none."""
    verloren: int
    """Records (at most) after the position that the broker has dropped."""


def measure(kafka: Kafka, now: datetime) -> list[Lag]:
    """Return the lag of every partition, in order. Raises a `BrokerError`."""
    from kafka import TopicPartition  # noqa: PLC0415 - an extra

    offsets = group_offsets(kafka)
    made = []
    with consumer(kafka) as reader:
        places = [
            TopicPartition(topic, number)
            for topic in (kafka.berichten, kafka.gebeurtenissen)
            for number in sorted(reader.partitions_for_topic(topic) or ())
        ]
        begins = reader.beginning_offsets(places) if places else {}
        ends = reader.end_offsets(places) if places else {}
        for place in places:
            read = offsets.get(place)
            first = next_offset(read, begins[place], ends[place])
            behind = max(0, ends[place] - first)
            age = 0.0
            if behind:
                reader.assign([place])
                reader.seek(place, first)
                # What remains may be nothing but ends of transactions, which are never delivered.
                found = reader.poll(timeout_ms=2000, max_records=1).get(place)
                behind = behind if found else 0
                age = max(0.0, now.timestamp() - found[0].timestamp / 1000) if found else 0.0
            lost = max(0, begins[place] - (read or 0))
            made.append(
                Lag(place.topic, place.partition, read, ends[place], behind, round(age, 1), lost)
            )
    return made
