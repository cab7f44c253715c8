"""
The embedded state of a former version, converted once, in one transaction.

Form 1 kept dossiers with emission stamps and digests of raw text. Everything that form 2 needs
follows from what a dossier keeps (`aggregations.dossier`), so nothing has to be read again.
"""

import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, cast

from zorgstroom.aggregations.dossier import DamagedDossierError, Dossier, dump
from zorgstroom.aggregations.update import load_named
from zorgstroom.codecs.catalog import BERICHTCODE, Soort, Wet

_KEY_BYTES: Final = 20
"""Gemeente (4 digits) and pseudonym."""
_CHUNK: Final = 2000
"""Dossiers that are read at a time."""


def message_identity(
    afzender: str, berichtcode: str, identificatie: str, key: str, digest: bytes
) -> tuple[int, int]:
    """
    Return identity and content of a message, each as a number of 63 bits (rule TR056).

    Args:
        afzender: AGB code.
        berichtcode: Number of the message in the Vektis list.
        identificatie: As the sender gave it.
        key: Of the dossier: the content is about this client.
        digest: Of what the message says.

    """
    name = f"{afzender}|{berichtcode}|{identificatie}".encode()
    return _number(name), _number(key.encode() + digest)


def upgrade_dossiers(db: sqlite3.Connection) -> None:
    """Convert all dossiers of form 1, and the contents of known messages with them."""
    db.execute("DELETE FROM berichten")
    last = b""
    while rows := db.execute(
        "SELECT sleutel, inhoud FROM dossiers WHERE sleutel > ? ORDER BY sleutel LIMIT ?",
        (last, _CHUNK),
    ).fetchall():
        last = rows[-1][0]
        dossiers = [(packed, load_named(unpacked(packed), stored)) for packed, stored in rows]
        db.executemany(
            "UPDATE dossiers SET inhoud = ? WHERE sleutel = ?",
            [(dump(dossier), packed) for packed, dossier in dossiers],
        )
        for packed, dossier in dossiers:
            db.executemany(
                "INSERT OR IGNORE INTO berichten VALUES (?, ?)",
                _identities(unpacked(packed), dossier),
            )


def unpacked(packed: bytes) -> str:
    """Return the key of a dossier as it stands in the table. Raises a `DamagedDossierError`."""
    gemeente = packed[:4]
    if len(packed) != _KEY_BYTES or not gemeente.isdigit():
        raise DamagedDossierError("De sleutel van een dossier is beschadigd: hij kan niet bestaan.")
    return gemeente.decode() + packed[4:].hex()


def _identities(key: str, dossier: Dossier) -> Iterator[tuple[int, int]]:
    for message in dossier.messages:
        code = BERICHTCODE[cast(Wet, message.wet), cast(Soort, message.soort)]
        yield message_identity(message.afzender, code, message.identificatie, key, message.digest)


def _number(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest()) >> 1
