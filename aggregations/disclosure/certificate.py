"""
The stored form of a proof: the witnesses of a publication as one short text.

Which cells are suppressed, and so which columns there are, follows from what was published; the
text holds the numbers alone. It is read by outsiders too, so it is made of nothing but witnesses.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from zorgstroom.aggregations.disclosure.release import Frame
from zorgstroom.aggregations.disclosure.table import (
    DisclosureError,
    Label,
    Mask,
    Protected,
    Relation,
    Witnesses,
)

_FORM: Final = 1


class CertificateError(DisclosureError):
    """A certificate is damaged, or belongs to another publication."""


class _Part(msgspec.Struct, array_like=True):
    scope: Label | None
    tables: int
    width: int
    """Bytes a number."""
    numbers: bytes


class _Whole(msgspec.Struct, array_like=True):
    form: int
    parts: list[_Part]


def packed(proof: Sequence[Witnesses]) -> str:
    """Return `proof` as text (ASCII, without quotes or spaces)."""
    parts = []
    for witnesses in proof:
        tables = witnesses.tables
        most = int(np.abs(tables).max(initial=0))
        width = next(size for size in (1, 2, 4, 8) if most < 1 << (8 * size - 1))
        # Cell by cell: what one cell can be is alike from table to table.
        numbers = np.ascontiguousarray(tables.T).astype(f"<i{width}").tobytes()
        parts.append(_Part(witnesses.scope, len(tables), width, numbers))
    data = zlib.compress(msgspec.msgpack.encode(_Whole(_FORM, parts)), 9)
    return base64.urlsafe_b64encode(data).decode("ascii")


def unpacked(text: str, relations: Sequence[Relation], shown: Mask) -> tuple[Witnesses, ...]:
    """
    Return the proof in `text`.

    Args:
        text: What `packed` returned.
        relations: What holds between the cells of the publication.
        shown: Which cells it showed.

    Raises:
        CertificateError: It cannot be read, or does not fit these cells.

    """
    try:
        data = zlib.decompress(base64.urlsafe_b64decode(text.encode("ascii")))
        whole = msgspec.msgpack.decode(data, type=_Whole)
        if whole.form != _FORM:
            raise CertificateError(f"a certificate of form {whole.form}, known is {_FORM}")
        proof = []
        for part in whole.parts:
            columns = np.array(
                sorted(
                    {
                        cell
                        for relation in relations
                        if part.scope is None or relation.table == part.scope
                        for cell, _ in relation.terms
                        if not shown[cell]
                    }
                ),
                np.int64,
            )
            numbers = np.frombuffer(part.numbers, f"<i{part.width}").astype(np.int64)
            tables = np.ascontiguousarray(numbers.reshape(len(columns), part.tables).T)
            proof.append(Witnesses(part.scope, columns, tables))
    except (binascii.Error, zlib.error, UnicodeError, msgspec.MsgspecError) as error:
        raise CertificateError("the certificate cannot be read") from error
    except (ValueError, TypeError) as error:
        raise CertificateError("the certificate belongs to other cells") from error
    return tuple(proof)


def certified(proofs: Iterable[tuple[Frame, Protected]]) -> str:
    """Return the proofs of an emission as one text: JSON, from system to proof."""
    named = {own.name: packed(found.witnesses) for own, found in proofs}
    return msgspec.json.encode(named, order="deterministic").decode()


def systems(text: str) -> Mapping[str, str]:
    """Return the packed proof of each system in a text of `certified`; a `CertificateError`."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise CertificateError("the certificate cannot be read") from error
