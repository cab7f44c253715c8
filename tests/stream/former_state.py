"""A folder as the version before form 2 left it, written by hand: arrays and plain SQL."""

import re
import sqlite3
from base64 import b64decode
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path

import msgspec

from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder

_TABLES = """
CREATE TABLE dossiers (sleutel BLOB PRIMARY KEY, inhoud BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE berichten (identiteit INTEGER PRIMARY KEY, inhoud INTEGER NOT NULL);
CREATE TABLE afgekeurd (
    pad TEXT NOT NULL, lid TEXT NOT NULL, hash TEXT NOT NULL, reden TEXT NOT NULL,
    regel TEXT NOT NULL, element TEXT NOT NULL, lijn INTEGER, melding TEXT NOT NULL,
    oplossing TEXT NOT NULL, tijd TEXT NOT NULL, PRIMARY KEY (pad, lid, hash)
) WITHOUT ROWID;
CREATE TABLE tellers (naam TEXT PRIMARY KEY, aantal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE eigenschappen (naam TEXT PRIMARY KEY, waarde TEXT NOT NULL) WITHOUT ROWID;
"""
_RECEIVED = 9
Identity = tuple[str, int, str, str, bytes, str, str]
"""Key of the dossier, and the first six values of a message, by which it is told from others."""
Dossiers = dict[str, list[list[object]]]
"""Messages by key of the dossier, each the array of form 1."""


def former_dossiers(
    contents: Iterable[bytes], key: PseudonymKey, today: date
) -> tuple[Dossiers, dict[int, int]]:
    """
    Return the dossiers that good messages among `contents` made in form 1, and known identities.

    A digest of form 1 was keyed and made of the text of the elements, so that every spelling has
    one of its own; here it is made of all bytes of the message without its envelope.
    """
    decoder = Decoder(key)
    by_identity: dict[Identity, list[object]] = {}
    identities: dict[int, int] = {}
    for number, data in enumerate(contents):
        try:
            events = decoder.decode(data, today=today)
        except DecodeError:
            continue
        first, digest = events[0], _digest(data)
        message = _message(events, digest, number // 50)
        where = first.gemeente + first.client
        identity: Identity = (
            where,
            first.dagtekening.toordinal(),
            first.afzender,
            first.identificatie,
            digest,
            first.wet,
            first.soort,
        )
        known = by_identity.setdefault(identity, message)
        moments = [one for one in (known[_RECEIVED], message[_RECEIVED]) if isinstance(one, int)]
        known[_RECEIVED] = min(moments, default=None)
        name = f"{first.afzender}|{first.berichtcode}|{first.identificatie}".encode()
        identities.setdefault(
            int.from_bytes(blake2b(name, digest_size=8).digest()) >> 1,
            int.from_bytes(digest[:8]) >> 1,
        )
    dossiers: Dossiers = {}
    for identity in sorted(by_identity):
        dossiers.setdefault(identity[0], []).append(by_identity[identity])
    return dossiers, identities


def stored(messages: Sequence[Sequence[object]]) -> bytes:
    """Return the stored form 1 of a dossier."""
    return msgspec.msgpack.encode([1, messages])


def write_former_state(
    folder: Path, dossiers: Dossiers, identities: dict[int, int], properties: dict[str, str]
) -> None:
    """Make the state file of `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(folder / "dossiers.sqlite") as db:
        db.executescript(f"{_TABLES} PRAGMA user_version = 1;")
        db.executemany(
            "INSERT INTO dossiers VALUES (?, ?)",
            [
                (where[:4].encode() + bytes.fromhex(where[4:]), stored(messages))
                for where, messages in dossiers.items()
            ],
        )
        db.executemany("INSERT INTO berichten VALUES (?, ?)", identities.items())
        db.executemany("INSERT INTO eigenschappen VALUES (?, ?)", properties.items())
    db.close()


def _digest(data: bytes) -> bytes:
    inside = re.search(rb"<GGK:xmlBestand>(.*)</GGK:xmlBestand>", data)
    data = b64decode(inside[1]) if inside else data
    return blake2b(data, digest_size=16, key=b"een sleutel van vroeger").digest()


def _message(events: Sequence[Start | Stop], digest: bytes, emission: int) -> list[object]:
    first = events[0]
    moment = None if first.ontvangen is None else int(first.ontvangen.timestamp() * 1000)
    stamp = 0 if emission == 0 else (3 << 32) + emission
    return [
        first.dagtekening.toordinal(),
        first.afzender,
        first.identificatie,
        digest,
        first.wet,
        first.soort,
        first.release,
        first.geboortemaand,
        first.geslacht,
        moment,
        stamp,
        [_record(event) for event in events],
    ]


def _record(event: Start | Stop) -> list[object]:
    ingang = event.toewijzing_ingangsdatum
    stop = event if isinstance(event, Stop) else None
    return [
        event.positie,
        event.status,
        event.toewijzing,
        event.categorie,
        event.code,
        None if ingang is None else ingang.toordinal(),
        event.begindatum.toordinal(),
        None if stop is None else stop.reden,
        None if stop is None else stop.einddatum.toordinal(),
    ]
