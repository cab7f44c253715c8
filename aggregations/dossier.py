"""
The dossier: everything that messages said about one client within one gemeente. The contract here.

Parties may give no meaning to the order of receipt (OP080), so a dossier is a *set* of messages:
adding one that is there changes nothing, and any order of adding gives the same dossier. Dossiers
are the only truth; all figures are derived from them.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from zorgstroom.codecs.events import Start, Stop

SCHEMA: Final = 1
"""Version of the stored form; `load` migrates older ones and refuses newer ones."""


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
    emissie: int
    """`versie` of the region's last emission before the message first arrived; 0 before any."""
    records: tuple[Record, ...]

    @property
    def identity(self) -> tuple[int, str, str, bytes, str, str]:
        """What tells this message from every other one."""
        return (self.dag, self.afzender, self.identificatie, self.digest, self.wet, self.soort)


class Dossier(msgspec.Struct, frozen=True, array_like=True):
    """The messages about one client within one gemeente, both wetten, in a fixed order."""

    schema: int = SCHEMA
    messages: tuple[Message, ...] = ()


class _Form(msgspec.Struct, frozen=True, array_like=True):
    """The version of a stored form, whatever follows it."""

    schema: int


class DossierError(Exception):
    """A stored dossier that this version of the program cannot read."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Dossier).decode
_form = msgspec.msgpack.Decoder(_Form).decode
_EMPTY: Final = Dossier()


def dump(dossier: Dossier) -> bytes:
    """Return the stored form; equal dossiers give equal bytes."""
    return _encode(dossier)


def load(stored: bytes | None) -> Dossier:
    """Read the stored form; None is the empty dossier. Raises a `DossierError`."""
    if stored is None:
        return _EMPTY
    try:
        dossier = _decode(stored)
        schema = dossier.schema
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        try:
            schema = _form(stored).schema
        except msgspec.DecodeError:
            schema = SCHEMA
        if schema == SCHEMA:
            raise DossierError(f"Een dossier is onleesbaar: {error}") from None
    if schema != SCHEMA:
        raise DossierError(
            f"Een dossier heeft vorm {schema}; deze versie leest vorm {SCHEMA}. "
            "Gebruik een nieuwere versie van zorgstroom."
        )
    return dossier


class Added(NamedTuple):
    """A dossier after a message, and whether the message was there already."""

    dossier: Dossier
    repeated: bool


def add(dossier: Dossier, events: Sequence[Start | Stop], emissie: int) -> Added:
    """
    Return `dossier` with the `events` of one message for its client.

    Args:
        dossier: The client's dossier so far.
        events: One or more events of one message.
        emissie: `versie` of the region's last emission; for a known message the earliest stays, as
            does the earliest time of receipt.

    """
    message = _message(events, emissie)
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
    messages: dict[tuple[object, ...], Message] = {}
    for message in (*one.messages, *other.messages):
        known = messages.get(message.identity)
        messages[message.identity] = message if known is None else _merge(known, message)
    return Dossier(SCHEMA, tuple(sorted(messages.values(), key=_identity)))


def conflicts(dossier: Dossier) -> int:
    """Return how many messages share an identity with another content (TR056, 9056)."""
    names = [(m.afzender, m.wet, m.soort, m.identificatie) for m in dossier.messages]
    return len(names) - len(set(names))


def _identity(message: Message) -> tuple[int, str, str, bytes, str, str]:
    return message.identity


def _merge(known: Message, again: Message) -> Message:
    moments = [m for m in (known.ontvangen, again.ontvangen) if m is not None]
    ontvangen = min(moments) if moments else None
    emissie = min(known.emissie, again.emissie)
    records = known.records
    if records != again.records:
        # Events of one message may come one by one: the union, by position.
        records = tuple(sorted({*records, *again.records}, key=lambda record: record.positie))
    return msgspec.structs.replace(known, ontvangen=ontvangen, emissie=emissie, records=records)


def _message(events: Sequence[Start | Stop], emissie: int) -> Message:
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
        emissie,
        tuple([_record(event) for event in events]),
    )


def _position(event: Start | Stop) -> int:
    return event.positie


def _record(event: Start | Stop) -> Record:
    # One look at the event's values instead of nine: this runs at every message.
    of = event.__dict__
    ingangsdatum, einddatum = of["toewijzing_ingangsdatum"], of.get("einddatum")
    return Record(
        of["positie"],
        of["status"],
        of["toewijzing"],
        of["categorie"],
        of["code"],
        None if ingangsdatum is None else ingangsdatum.toordinal(),
        of["begindatum"].toordinal(),
        of.get("reden"),
        None if einddatum is None else einddatum.toordinal(),
    )
