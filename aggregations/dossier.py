"""
The dossier: everything that messages said about one client within one gemeente. The contract here.

Parties may give no meaning to the order of receipt (OP080), so a dossier is a *set* of messages:
adding one that is there changes nothing, and any order of adding gives the same dossier. Dossiers
are the only truth; all figures are derived from them.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from zorgstroom.codecs.content import content_digest
from zorgstroom.codecs.events import Start, Stop, record_values

SCHEMA: Final = 2
"""Version of the stored form; `load` converts form 1 and refuses newer ones."""
_CHECKSUM_BYTES: Final = 4


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One StartProduct or StopProduct. Days are proleptic ordinals (`date.toordinal`)."""

    positie: int
    status: int
    toewijzing: int | None
    categorie: str | None
    code: str | None
    toewijzing_ingangsdatum: int | None
    begin: int
    reden: str | None = None
    einde: int | None = None


class Message(msgspec.Struct, frozen=True, array_like=True):
    """
    One message: identity, person data and its records.

    The first fields are its identity and the order in which messages stand in a dossier:
    Dagtekening first, then as the rule for differing person data wants (Afzender, Identificatie,
    digest).
    """

    dag: int
    """Dagtekening."""
    afzender: str
    identificatie: str
    digest: bytes
    wet: str
    soort: str
    release: str
    geboortemaand: str | None
    geslacht: str
    ontvangen: int | None
    """Earliest time of receipt in the chain, in milliseconds since 1970 (UTC)."""
    records: tuple[Record, ...]

    @property
    def identity(self) -> tuple[int, str, str, bytes, str, str]:
        """What tells this message from every other one."""
        return (self.dag, self.afzender, self.identificatie, self.digest, self.wet, self.soort)


class Dossier(msgspec.Struct, frozen=True, array_like=True):
    """The messages about one client within one gemeente, both wetten, in a fixed order."""

    schema: int = SCHEMA
    messages: tuple[Message, ...] = ()


class _FormerMessage(msgspec.Struct, frozen=True, array_like=True):
    """A message in form 1: with another digest, and the emission before which it arrived."""

    dag: int
    afzender: str
    identificatie: str
    digest: bytes
    wet: str
    soort: str
    release: str
    geboortemaand: str | None
    geslacht: str
    ontvangen: int | None
    emissie: int
    records: tuple[Record, ...]


class _FormerDossier(msgspec.Struct, frozen=True, array_like=True):
    schema: int
    messages: tuple[_FormerMessage, ...]


class DossierError(Exception):
    """A stored dossier that is damaged, or that this version of the program cannot read."""


class DamagedDossierError(DossierError):
    """A stored dossier that is not what was written; a copy has to take its place."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Dossier).decode
_decode_former = msgspec.msgpack.Decoder(_FormerDossier).decode
_EMPTY: Final = Dossier()
_ARRAYS: Final = range(0x91, 0xA0)
"""First byte of every form, a short array; the second byte is its version."""


def dump(dossier: Dossier) -> bytes:
    """Return the stored form, its checksum last; equal dossiers give equal bytes."""
    content = _encode(dossier)
    return content + crc32(content).to_bytes(_CHECKSUM_BYTES)


def load(stored: bytes | None) -> Dossier:
    """Read a stored form, also form 1; None is the empty dossier. Raises a `DossierError`."""
    if stored is None:
        return _EMPTY
    schema = stored_schema(stored)
    if schema != SCHEMA and _is_whole(bytes((stored[0], SCHEMA)) + stored[2:]):
        raise DamagedDossierError("Een dossier is beschadigd: het nummer van zijn vorm klopt niet.")
    if schema > SCHEMA:
        raise DossierError(
            f"Een dossier heeft vorm {schema}; deze versie leest vorm {SCHEMA}. "
            "Gebruik een nieuwere versie van zorgstroom."
        )
    try:
        if schema == SCHEMA:
            if not _is_whole(stored):
                raise DamagedDossierError("Een dossier is beschadigd: de controlesom klopt niet.")
            return _decode(stored[:-_CHECKSUM_BYTES])
        return Dossier(SCHEMA, _united(_current(m) for m in _decode_former(stored).messages))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedDossierError(f"Een dossier is onleesbaar: {error}") from None


def _is_whole(stored: bytes) -> bool:
    return crc32(stored[:-_CHECKSUM_BYTES]).to_bytes(_CHECKSUM_BYTES) == stored[-_CHECKSUM_BYTES:]


def stored_schema(stored: bytes) -> int:
    """Return the version of a stored form. Raises a `DossierError` when it is no dossier."""
    if len(stored) < 2 or stored[0] not in _ARRAYS or not 1 <= stored[1] < 0x80:
        raise DamagedDossierError("Een dossier is onleesbaar: het begint niet als een dossier.")
    return stored[1]


def _current(former: _FormerMessage) -> Message:
    """Return a message of form 1 as it is kept now: no stamp, the digest of its values."""
    header = (
        former.wet,
        former.soort,
        former.release,
        former.afzender,
        former.identificatie,
        former.dag,
        former.geboortemaand,
        former.geslacht,
    )
    digest = content_digest(header, [msgspec.structs.astuple(r) for r in former.records])
    return Message(
        former.dag,
        former.afzender,
        former.identificatie,
        digest,
        former.wet,
        former.soort,
        former.release,
        former.geboortemaand,
        former.geslacht,
        former.ontvangen,
        former.records,
    )


class Added(NamedTuple):
    """A dossier after a message, and whether the message was there already."""

    dossier: Dossier
    repeated: bool


def add(dossier: Dossier, events: Sequence[Start | Stop]) -> Added:
    """
    Return `dossier` with the `events` (one or more) of one message for its client.

    Of a message that is known the earliest time of receipt stays.
    """
    message = _message(events)
    messages = dossier.messages
    if not messages:
        return Added(Dossier(SCHEMA, (message,)), repeated=False)
    identity = message.identity
    at = len(messages)
    # Messages mostly arrive in the order of their dates, so the place is looked for from the end.
    while at and messages[at - 1].identity > identity:
        at -= 1
    if at and messages[at - 1].identity == identity:
        known = messages[at - 1]
        merged = _merge(known, message)
        if merged == known:
            return Added(dossier, repeated=True)
        repeated = merged.records == known.records
        return Added(Dossier(SCHEMA, (*messages[: at - 1], merged, *messages[at:])), repeated)
    return Added(Dossier(SCHEMA, (*messages[:at], message, *messages[at:])), repeated=False)


def merge(one: Dossier, other: Dossier) -> Dossier:
    """Return the union of two dossiers of one client; associative, commutative, idempotent."""
    return Dossier(SCHEMA, _united((*one.messages, *other.messages)))


def conflicts(dossier: Dossier) -> int:
    """Return how many messages share an identity with another content (TR056, 9056)."""
    names = [(m.afzender, m.wet, m.soort, m.identificatie) for m in dossier.messages]
    return len(names) - len(set(names))


def _united(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Return `messages` in their order, those that say the same as one."""
    by_identity: dict[tuple[object, ...], Message] = {}
    for message in messages:
        known = by_identity.get(message.identity)
        by_identity[message.identity] = message if known is None else _merge(known, message)
    return tuple(sorted(by_identity.values(), key=_identity))


def _identity(message: Message) -> tuple[int, str, str, bytes, str, str]:
    return message.identity


def _merge(known: Message, again: Message) -> Message:
    moments = [m for m in (known.ontvangen, again.ontvangen) if m is not None]
    ontvangen = min(moments) if moments else None
    records = known.records
    if records != again.records:
        # Events of one message may come one by one: the union, by position.
        records = tuple(sorted({*records, *again.records}, key=lambda record: record.positie))
    return msgspec.structs.replace(known, ontvangen=ontvangen, records=records)


def _message(events: Sequence[Start | Stop]) -> Message:
    first = events[0]
    if len(events) > 1:
        events = sorted(events, key=_position)
    return Message(
        first.dagtekening.toordinal(),
        first.afzender,
        first.identificatie,
        bytes.fromhex(first.digest),
        first.wet,
        first.soort,
        first.release,
        first.geboortemaand,
        first.geslacht,
        None if first.ontvangen is None else int(first.ontvangen.timestamp() * 1000),
        tuple([Record(*record_values(event)) for event in events]),
    )


def _position(event: Start | Stop) -> int:
    return event.positie
