"""
The topics that must be there, and what may be changed about those that are.

The state rests on the number of partitions of `gebeurtenissen` and of both changelogs: they must be
equal and never change, or dossiers and their events part company and people count double.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from zorgstroom.stream.kafka.client import LARGEST, BrokerError, admin, group_offsets
from zorgstroom.stream.settings import Kafka

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient

_DAY_MS: Final = 86_400_000
_END: Final = -1
"""Asks for the offset after the last record."""
_GONE_SECONDS: Final = 30.0
_SAFE_ON: Final = "min.insync.replicas"
_COMPACT: Final = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.3",
    "segment.bytes": "67108864",
    "max.message.bytes": str(LARGEST),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be, or as it is."""

    partitions: int
    replication: int
    configs: Mapping[str, str]
    is_unused: bool = False
    """Whether nothing was ever written to it."""


@dataclass(slots=True)
class Plan:
    """What has to be done, and what cannot be."""

    create: dict[str, Topic] = field(default_factory=dict)
    remake: dict[str, Topic] = field(default_factory=dict)
    """Topics of another size that hold nothing, as a broker makes them by itself."""
    grow: dict[str, int] = field(default_factory=dict)
    """Topic to its new number of partitions."""
    configure: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    """What is wrong and must not be changed here, with what to do (Dutch)."""

    @property
    def is_empty(self) -> bool:
        """Whether everything is as it should be."""
        return not (self.create or self.remake or self.grow or self.configure or self.refused)

    def lines(self) -> list[str]:
        """Return the plan in words (Dutch)."""
        made = [
            f"{name}: maken, {topic.partitions} partities" for name, topic in self.create.items()
        ]
        made += [
            f"{name}: opnieuw maken, {topic.partitions} partities (er staat niets in)"
            for name, topic in self.remake.items()
        ]
        made += [f"{name}: uitbreiden tot {count} partities" for name, count in self.grow.items()]
        for name, configs in self.configure.items():
            made += [f"{name}: {key} wordt {value}" for key, value in configs.items()]
        return made

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form."""
        return {
            "maken": {name: topic.partitions for name, topic in self.create.items()},
            "opnieuw_maken": {name: topic.partitions for name, topic in self.remake.items()},
            "uitbreiden": self.grow,
            "instellen": self.configure,
            "geweigerd": self.refused,
        }


def wished(kafka: Kafka) -> dict[str, Topic]:
    """Return the topics as the settings want them."""

    def timed(days: float) -> dict[str, str]:
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(int(days * _DAY_MS)),
            "max.message.bytes": str(LARGEST),
            # By the clock of the broker: a message with a time of its own of weeks ago, as mirrors
            # and connectors write it, would be removed before anybody reads it.
            "message.timestamp.type": "LogAppendTime",
        }

    # With three copies a write is safe on two, and one broker may be away.
    copies = {_SAFE_ON: "2"} if kafka.replication > 2 else {}

    def topic(configs: Mapping[str, str], partitions: int = kafka.partitions) -> Topic:
        return Topic(partitions, kafka.replication, {**configs, **copies})

    return {
        kafka.berichten: topic(timed(kafka.berichten_days)),
        kafka.gebeurtenissen: topic(timed(kafka.gebeurtenissen_days)),
        kafka.afgekeurd: topic(timed(kafka.afgekeurd_days), 1),
        kafka.dossiers: topic(_COMPACT),
        kafka.tellingen: topic(_COMPACT),
        kafka.beheer: topic(_COMPACT, 1),
    }


def compare(kafka: Kafka, found: Mapping[str, Topic], *, in_use: bool) -> Plan:
    """
    Return what makes the topics that were `found` into those that are wished.

    Args:
        kafka: The settings.
        found: The topics that are there; those of others may be among them.
        in_use: Whether the group has read events before, so that there must be a state.

    """
    plan = Plan()
    state = (kafka.gebeurtenissen, kafka.dossiers, kafka.tellingen)
    for name, wish in wished(kafka).items():
        now = found.get(name)
        made_by_itself = now is not None and now.is_unused and now.partitions != wish.partitions
        if now is None or made_by_itself:
            if in_use and name in state:
                plan.refused.append(
                    f"{name} is verdwenen, terwijl er al gebeurtenissen zijn verwerkt: een lege "
                    "nieuwe zou alle cijfers laten zakken. Zet het topic terug uit een kopie, of "
                    "begin met een nieuwe ZORGSTROOM_KAFKA__GROUP en lees alles opnieuw in."
                )
            elif now is None:
                plan.create[name] = wish
            else:
                plan.remake[name] = wish
            continue
        if now.partitions < wish.partitions and name not in state:
            plan.grow[name] = wish.partitions
        if now.replication < wish.replication:
            plan.refused.append(
                f"{name} heeft {now.replication} kopie(en) van elke partitie en moet er "
                f"{wish.replication} hebben. Dat verplaatst gegevens tussen brokers: doe het met "
                "kafka-reassign-partitions, of zet ZORGSTROOM_KAFKA__REPLICATION lager."
            )
        wrong = {key: value for key, value in wish.configs.items() if now.configs.get(key) != value}
        if now.replication < wish.replication:
            wrong.pop(_SAFE_ON, None)  # with too few copies nothing could be written any more
        if wrong:
            plan.configure[name] = wrong
    _refuse_sizes(plan, found, state, kafka.partitions)
    return plan


def _refuse_sizes(plan: Plan, found: Mapping[str, Topic], state: Sequence[str], wish: int) -> None:
    """Refuse another number of partitions of what the state rests on, with what helps."""
    kept = [name for name in state if name in found and name not in plan.remake]
    sizes = {name: found[name].partitions for name in kept}
    if not sizes or set(sizes.values()) == {wish}:
        return
    told = ", ".join(f"{name} {size}" for name, size in sizes.items())
    if len(set(sizes.values())) > 1:
        plan.refused.append(
            f"Deze topics moeten evenveel partities hebben: {told}. Kafka maakt een topic niet "
            "kleiner, en dossiers staan alleen bij hun gebeurtenissen als dat getal gelijk is. Zet "
            "ZORGSTROOM_KAFKA__GROUP en ZORGSTROOM_KAFKA__PREFIX op nieuwe namen en lees alles "
            "opnieuw in, zoals docs/operating.md zegt onder 'Partities of regio's wijzigen'."
        )
    else:
        (size,) = set(sizes.values())
        plan.refused.append(
            f"De instellingen willen {wish} partities, en deze topics hebben er {size}: "
            f"{', '.join(sizes)}. Dat getal staat vast zolang er dossiers zijn: zet "
            f"ZORGSTROOM_KAFKA__PARTITIONS op {size}, of begin opnieuw zoals docs/operating.md "
            "zegt onder 'Partities of regio's wijzigen'."
        )


def look(kafka: Kafka) -> Plan:
    """Compare the broker's topics with the settings. Raises a `BrokerError`."""
    from kafka import TopicPartition  # noqa: PLC0415 - an extra
    from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415

    names = list(wished(kafka))
    with admin(kafka) as client:
        there = [topic for topic in client.describe_topics(names) if not topic["error_code"]]
        places = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in there
            for partition in topic["partitions"]
        ]
        ends = client.list_partition_offsets(dict.fromkeys(places, _END)) if places else {}
        used = {place.topic for place, end in ends.items() if end.offset}
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic["name"]) for topic in there]
        configs = client.describe_configs(resources, config_filter="all") if there else {}
    found = {
        topic["name"]: Topic(
            len(topic["partitions"]),
            min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
            {
                key: str(value["value"])
                for key, value in configs.get("topic", {}).get(topic["name"], {}).items()
            },
            topic["name"] not in used,
        )
        for topic in there
    }
    offsets = group_offsets(kafka)
    in_use = any(at.topic == kafka.gebeurtenissen and next_one for at, next_one in offsets.items())
    return compare(kafka, found, in_use=in_use)


def carry_out(kafka: Kafka, plan: Plan) -> None:
    """Do what `plan` says, apart from what it refuses. Raises a `BrokerError`."""
    from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 - an extra

    with admin(kafka) as client:
        if plan.remake:
            client.delete_topics(list(plan.remake))
            _wait_until_gone(client, plan.remake)
        if plan.create or plan.remake:
            client.create_topics(
                {
                    name: {
                        "num_partitions": topic.partitions,
                        "replication_factor": topic.replication,
                        "configs": dict(topic.configs),
                    }
                    for name, topic in {**plan.create, **plan.remake}.items()
                },
                wait_for_metadata=True,
            )
        if plan.grow:
            client.create_partitions(dict(plan.grow))
        if plan.configure:
            client.alter_configs(
                [
                    ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)
                    for name, configs in plan.configure.items()
                ]
            )


def _wait_until_gone(client: "KafkaAdminClient", names: Collection[str]) -> None:
    until = time.monotonic() + _GONE_SECONDS
    while any(not topic["error_code"] for topic in client.describe_topics(list(names))):
        if time.monotonic() > until:
            raise BrokerError(f"De broker verwijdert {', '.join(names)} niet; probeer het opnieuw.")
        time.sleep(0.2)
