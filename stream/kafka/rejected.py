"""
Refused messages in `afgekeurd`: which there are, what is wrong with one, and offering it again.

A replay leaves a record without content in `afgekeurd`, so that the list tells what was offered
again and since then not refused. Offering a message twice does no harm: dossiers are sets.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lxml import etree

from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.xmlread import parse, text_of
from zorgstroom.stream.kafka.client import consumer, producer, require_topics
from zorgstroom.stream.kafka.wire import read_headers
from zorgstroom.stream.results import utc_text
from zorgstroom.stream.settings import Kafka

_STATUS: Final = "status"
_AGAIN: Final = b"opnieuw"
_SHOWN: Final = frozenset(
    {
        "BerichtCode",
        "BerichtVersie",
        "BerichtSubversie",
        "BasisschemaVersie",
        "BerichtXsdVersie",
        "Afzender",
        "Ontvanger",
        "Dagtekening",
        "ToewijzingIngangsdatum",
        "Begindatum",
        "Einddatum",
        "Categorie",
        "Code",
        "RedenBeeindiging",
        "StatusAanlevering",
    }
)
"""Elements that say nothing of who it is about."""
_SAFE: Final = re.compile(r"(?=.*[0-9])[A-Z0-9.:-]{1,10}")
"""A code or a date; a name that stands in the wrong place is neither."""
_LONG_NUMBER: Final = re.compile(r"[0-9]{9}")


@dataclass(slots=True)
class Rejected:
    """One refused message, however often it was refused."""

    hash: str
    aantal: int
    eerste: str
    laatste: str
    bron: str
    reden: dict[str, str]
    is_bericht: bool
    """Whether it is a message; otherwise it is an event or a dossier that went astray."""
    opnieuw: bool
    """Offered again after it was last refused."""
    bytes: int

    def as_json(self) -> dict[str, object]:
        """Return the machine-readable form; no content."""
        return {
            "hash": self.hash,
            "aantal": self.aantal,
            "eerste": self.eerste,
            "laatste": self.laatste,
            "bron": self.bron,
            **self.reden,
            "opnieuw_aangeboden": self.opnieuw,
            "bytes": self.bytes,
        }


_REASON: Final = ("reden", "regel", "element", "lijn", "melding", "oplossing")


def listed(kafka: Kafka) -> list[Rejected]:
    """Return every message in `afgekeurd`, the latest refused last. Raises a `BrokerError`."""
    found: dict[str, Rejected] = {}
    for record in _records(kafka):
        told = read_headers(record.headers)
        key = (record.key or b"").decode("ascii", "replace")
        known = found.pop(key, None)
        if told.get(_STATUS) == _AGAIN.decode():
            if known is not None:
                known.opnieuw = True
                found[key] = known
            continue
        found[key] = Rejected(
            key,
            known.aantal + 1 if known else 1,
            known.eerste if known else told.get("tijd", ""),
            told.get("tijd", ""),
            told.get("bron", ""),
            {name: told.get(name, "") for name in _REASON},
            told.get("bron", "").startswith(f"{kafka.berichten}/"),
            False,
            len(record.value or b""),
        )
    return list(found.values())


def contents(kafka: Kafka, hashes: Collection[str]) -> dict[str, bytes]:
    """Return the untouched messages whose hash begins with one of `hashes`, by whole hash."""
    made: dict[str, bytes] = {}
    for record in _records(kafka):
        key = (record.key or b"").decode("ascii", "replace")
        if record.value and any(key.startswith(one) for one in hashes):
            made[key] = record.value
    return made


def replay(kafka: Kafka, messages: dict[str, bytes], now: datetime) -> None:
    """Offer `messages` (by hash) again; return when the broker has them. Raises a `BrokerError`."""
    headers = [(_STATUS, _AGAIN), ("tijd", utc_text(now).encode())]
    with producer(kafka) as client:
        for digest, data in messages.items():
            # The mark first: a refusal of this offering must come after it.
            client.send(kafka.afgekeurd, b"", key=digest.encode(), headers=headers).get(30)
            client.send(kafka.berichten, data, key=digest[:16].encode())


def outline(data: bytes) -> list[str]:
    """
    Return what may be shown of a message: its codes, dates and products, line by line.

    Anything else (names, BSN, addresses, comments, unknown elements) is left out whatever it holds;
    of a message that is no well-formed XML nothing is shown.
    """
    try:
        root = parse(text_of(data))
    except DecodeError:
        return []
    made = []
    for node in root.iter(etree.Element):
        name = etree.QName(node).localname
        text = (node.text or "").strip()
        if name in _SHOWN and _SAFE.fullmatch(text) and not _LONG_NUMBER.search(text):
            made.append(f"regel {node.sourceline}: {name} = {text}")
    return made


def _records(kafka: Kafka) -> Iterator[Any]:
    """Yield what `afgekeurd` holds now."""
    require_topics(kafka, kafka.afgekeurd)
    from kafka import TopicPartition  # noqa: PLC0415 - an extra

    with consumer(kafka) as reader:
        places = [
            TopicPartition(kafka.afgekeurd, number)
            for number in sorted(reader.partitions_for_topic(kafka.afgekeurd) or ())
        ]
        ends = reader.end_offsets(places)
        reader.assign(places)
        reader.seek_to_beginning(*places)
        while any(reader.position(place) < ends[place] for place in places):
            for place, records in reader.poll(timeout_ms=1000).items():
                yield from (record for record in records if record.offset < ends[place])
