"""
What the topics carry: the contract of everything that speaks Kafka here.

    berichten       the untouched message; key and headers are free
    gebeurtenissen  JSON: the events of one message together, in the partition of their region
    afgekeurd       the untouched message again; headers say why it was refused and where it stood

Events hold pseudonyms and so are personal data, but no BSN and no name. Each record of
`gebeurtenissen` names the fingerprint of the key that made its pseudonyms, so that a worker with
another key notices before it counts everyone double.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from zorgstroom.aggregations.regions import Regions
from zorgstroom.codecs.errors import Reason
from zorgstroom.codecs.events import EVENT, Event, Start, Stop, events_digest
from zorgstroom.stream.results import utc_text

Header = tuple[str, bytes]

KEY_RECORD: Final = "sleutel"
"""In the changelog of counts: fingerprint of the key that made the pseudonyms of a partition."""

_SCHEMA: Final = 2
"""Form of the records; in form 1 the digest of an event was made of the message's raw text."""


class Bericht(BaseModel):
    """One record of `gebeurtenissen`: what one message told of one client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1, 2] = Field(alias="schema")
    sleutel: str
    """Fingerprint of the pseudonym key."""
    ontvangen_ms: int | None
    """When the message came in, in milliseconds since 1970 (UTC); None for the beginstand."""
    gebeurtenissen: Annotated[tuple[Event, ...], Field(min_length=1)]

    @property
    def dossier(self) -> str:
        """Key of the dossier that it belongs to."""
        return self.gebeurtenissen[0].gemeente + self.gebeurtenissen[0].client


class Wis(BaseModel):
    """One record of `gebeurtenissen`: forget the dossier of this client in this gemeente."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal[1, 2] = Field(alias="schema")
    sleutel: str
    wis: str = Field(pattern=r"^[0-9]{4}[0-9a-f]{32}$")
    """Key of the dossier: gemeente and pseudonym."""

    @property
    def dossier(self) -> str:
        """The same as `wis`."""
        return self.wis


_RECORD: Final[TypeAdapter[Bericht | Wis]] = TypeAdapter(Bericht | Wis)


MOST_EVENTS: Final = 5000
"""To a record, some 3 MB; a message with more is told in several, one after another."""


class WireError(Exception):
    """A record of `gebeurtenissen` that this program did not make, or a later version did."""


def partition_of(gemeente: str, regions: Regions, partitions: int) -> int:
    """
    Return the partition of `gebeurtenissen` and of both changelogs that holds `gemeente`.

    That of its region: the place in the list of the settings, modulo the number of partitions. A
    hash would leave partitions empty with some tens of regions. A gemeente in no region follows by
    hash. The state rests on this, so another list of regions is a re-key (docs/operating.md).
    """
    name = regions.of(gemeente).name
    for place, region in enumerate(regions.named):
        if region.name == name:
            return place % partitions
    return crc32(name.encode()) % partitions


def pack(
    events: Sequence[Start | Stop], sleutel: str, received_ms: int | None
) -> tuple[bytes, bytes]:
    """Return key and value of one record; `pack_whole` says when a message takes more."""
    key = (events[0].gemeente + events[0].client).encode()
    head = f'{{"schema":{_SCHEMA},"sleutel":"{sleutel}","ontvangen_ms":{json.dumps(received_ms)},'
    body = b",".join(EVENT.dump_json(event) for event in events)
    return key, b'%b"gebeurtenissen":[%b]}' % (head.encode(), body)


def pack_whole(
    events: Sequence[Start | Stop], sleutel: str, received_ms: int | None
) -> list[tuple[bytes, bytes]]:
    """
    Return key and value of each record that the events of one message take.

    A dossier unites them by position; the digest in each event is that of the whole message.
    """
    return [
        pack(events[start : start + MOST_EVENTS], sleutel, received_ms)
        for start in range(0, len(events), MOST_EVENTS)
    ]


def pack_wis(key: str, sleutel: str) -> tuple[bytes, bytes]:
    """Return key and value of the record that makes a worker forget the dossier `key`."""
    return key.encode(), json.dumps({"schema": _SCHEMA, "sleutel": sleutel, "wis": key}).encode()


def unpack(value: bytes | None) -> Bericht | Wis:
    """
    Read a record of `gebeurtenissen`.

    Raises:
        WireError: It is none; the text says what is wrong and quotes nothing of it.

    """
    try:
        record = _RECORD.validate_json(value or b"")
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WireError(f"{first['type']} in {place or 'het geheel'}") from None
    if isinstance(record, Bericht):
        first_event = record.gebeurtenissen[0]
        for event in record.gebeurtenissen:
            if (event.gemeente, event.client) != (first_event.gemeente, first_event.client):
                raise WireError("gebeurtenissen van meer dan een client in een record")
        if record.schema_ < _SCHEMA:
            return _current(record)
    return record


def _current(former: Bericht) -> Bericht:
    """Return a record of form 1 with the digest that its message has now."""
    change = {"digest": events_digest(former.gebeurtenissen)}
    events = tuple(event.model_copy(update=change) for event in former.gebeurtenissen)
    return former.model_copy(update={"schema_": _SCHEMA, "gebeurtenissen": events})


class Origin(NamedTuple):
    """Where a message stood that was refused."""

    topic: str
    partition: int
    offset: int


def refusal_headers(reason: Reason, origin: Origin, data: bytes, now: datetime) -> list[Header]:
    """Return the headers of a record of `afgekeurd`; its value is the untouched `data`."""
    told = {
        "hash": hashlib.sha256(data).hexdigest(),
        "tijd": utc_text(now),
        "bron": f"{origin.topic}/{origin.partition}/{origin.offset}",
        "reden": reason.reden,
        "regel": reason.regel,
        "element": reason.element,
        "lijn": "" if reason.lijn is None else str(reason.lijn),
        "melding": reason.melding,
        "oplossing": reason.oplossing,
    }
    return [(name, text.encode()) for name, text in told.items()]


def read_headers(headers: Iterable[Header]) -> dict[str, str]:
    """Return the headers of a record of `afgekeurd` as text."""
    return {name: value.decode("utf-8", "replace") for name, value in headers if value is not None}
