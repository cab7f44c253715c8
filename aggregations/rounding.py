"""
Fixed secret rounding: the offset of a thing that is counted, and the figure that is shown of it.

A figure is a pure function of the exact count and a secret number that belongs to the *name of the
thing counted*: the set of gemeenten, the wet, the set of categorieen, the measure and, for what is
counted over a period, its first and last day. Whatever stands in two places under one name shows
one figure. Names never change, because a second offset for the same thing is a second reading of
it (docs/disclosure.md; Statistics New Zealand's fixed random rounding, base 5 of the GMSD).
"""

import hmac
import secrets
from collections.abc import Iterable
from datetime import date
from typing import Final

from zorgstroom.aggregations.derivation import ONBEKEND

KEY_BYTES: Final = 32
_FINGERPRINT: Final = b"zorgstroom afrondsleutel 1"
"""No name of a thing counted looks like this: those have bars."""
NAMED_CODES: Final = {
    "Wmo": frozenset(f"01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 {ONBEKEND}".split()),
    "Jw": frozenset(
        "31 32 33 34 35 36 37 38 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 "
        f"{ONBEKEND}".split()
    ),
}
"""
Categorieen that names are made of: those of release 3.2, for ever.

A code that a later release adds stays out of the names of sets that hold these, so that no name
changes.
"""


class RoundingKeyError(Exception):
    """A rounding key that is too short or no hexadecimal text (Dutch)."""


class RoundingKey:
    """A secret key of at least 32 bytes, never rotated; never shows itself."""

    __slots__ = ("_secret", "fingerprint")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise RoundingKeyError(
                f"De afrondsleutel heeft {len(secret)} bytes; minstens {KEY_BYTES} zijn nodig."
            )
        self._secret = secret
        self.fingerprint: str = hmac.digest(secret, _FINGERPRINT, "sha256").hex()[:16]

    def __repr__(self) -> str:
        return f"RoundingKey({self.fingerprint})"

    @classmethod
    def from_text(cls, text: str) -> "RoundingKey":
        """Read the hexadecimal form that `new_text` makes; raises `RoundingKeyError`."""
        try:
            return cls(bytes.fromhex(text.strip()))
        except ValueError:
            raise RoundingKeyError(
                "De afrondsleutel is geen hexadecimale tekst (64 tekens 0-9 a-f)."
            ) from None

    @staticmethod
    def new_text() -> str:
        """Return a new random key as text; the caller keeps it secret."""
        return secrets.token_hex(KEY_BYTES)

    def offset(self, name: str, base: int) -> int:
        """Return u, from 0 to `base` - 1: HMAC-SHA-256 of the name under the key, modulo base."""
        return int.from_bytes(hmac.digest(self._secret, name.encode(), "sha256")) % base


def shown(count: int, offset: int, base: int, threshold: int) -> int | None:
    """
    Return the figure that is shown of `count`; None is n.b.

    With base 5 and threshold 10: a multiple of 5, at most 4 off; never for counts up to 10, always
    from 15, where the mean over the offsets is the count itself.
    """
    total = count + offset
    return total - total % base if total >= threshold + base else None


def area_name(gemeenten: Iterable[str]) -> str:
    """Return the name of a set of gemeenten (CBS codes of 1 January 2025)."""
    return ",".join(sorted(gemeenten))


def product_name(wet: str, categorieen: Iterable[str]) -> str:
    """
    Return the name of a set of categorieen of `wet`; that of all of them is the wet itself.

    A hoofdgroep of one categorie has the name of that categorie.
    """
    codes = frozenset(categorieen)
    named = codes & NAMED_CODES[wet] or codes
    return wet if named == NAMED_CODES[wet] else f"{wet} {'+'.join(sorted(named))}"


def stock_name(area: str, product: str, maat: str) -> str:
    """Return the name of a count on a day, such as `actief`; one name for all days."""
    return f"{area}|{product}|{maat}"


def flow_name(area: str, product: str, maat: str, first: date, last: date) -> str:
    """Return the name of a count over a period, by its first and last day that are published."""
    return f"{area}|{product}|{maat}|{first.isoformat()}|{last.isoformat()}"
