"""
What a message says, as a digest of its decoded values: the same again is a repeat.

Lexical variants that the schema allows (``301`` and ``0301``, blanks around a date) give the same
values and so the same digest. It covers exactly what a dossier keeps of a message, so that it can
also be computed from a dossier or from the events; gemeente and client are left out, because a
dossier belongs to one client of one gemeente.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

DIGEST_BYTES: Final = 16

HeaderValues = tuple[str, str, str, str, str, int, str | None, str]
"""Wet, soort, release, afzender, identificatie, Dagtekening, geboortemaand, geslacht."""
RecordValues = tuple[
    int, int, int | None, str | None, str | None, int | None, int, str | None, int | None
]
"""
Of one Start- or StopProduct: positie, status, toewijzing, categorie, code, ToewijzingIngangsdatum,
begin, reden, einde. Days are proleptic ordinals (`date.toordinal`), also in the header.
"""

_encode = msgspec.msgpack.Encoder().encode


def content_digest(header: HeaderValues, records: Sequence[RecordValues]) -> bytes:
    """Return the digest (16 bytes) of a message."""
    return blake2b(_encode((header, records)), digest_size=DIGEST_BYTES).digest()
