"""
The key that replaces a BSN by a pseudonym, inside the decoder, so that no event ever holds a BSN.

HMAC-SHA-256 with a secret key: without it a list of all possible BSNs finds nothing back. Another
key gives every client another pseudonym, so its `fingerprint` is kept with the state and compared.
"""

import hashlib
import hmac
import secrets
from typing import Final

from zorgstroom.codecs.errors import PseudonymKeyError

KEY_BYTES: Final = 32


class PseudonymKey:
    """A secret key of at least 32 bytes; never shows it."""

    __slots__ = ("_client", "_content", "fingerprint")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES:
            raise PseudonymKeyError(
                f"De pseudoniemsleutel heeft {len(secret)} bytes; minstens {KEY_BYTES} zijn nodig."
            )
        # One secret, three uses: derived keys keep them apart.
        self._client = hmac.digest(secret, b"zorgstroom client 1", "sha256")
        self._content = hmac.digest(secret, b"zorgstroom inhoud 1", "sha256")
        self.fingerprint: str = hmac.digest(secret, b"zorgstroom controle 1", "sha256").hex()[:16]

    def __repr__(self) -> str:
        return f"PseudonymKey({self.fingerprint})"

    @classmethod
    def from_text(cls, text: str) -> "PseudonymKey":
        """Read the hexadecimal form that `new_text` makes; raises `PseudonymKeyError`."""
        try:
            return cls(bytes.fromhex(text.strip()))
        except ValueError:
            raise PseudonymKeyError(
                "De pseudoniemsleutel is geen hexadecimale tekst (64 tekens 0-9 a-f)."
            ) from None

    @staticmethod
    def new_text() -> str:
        """Return a new random key as text; the caller keeps it secret."""
        return secrets.token_hex(KEY_BYTES)

    def client(self, gemeente: str, bsn: str) -> str:
        """
        Return the pseudonym of `bsn` within `gemeente`: 32 hexadecimal characters.

        The gemeente is part of it, because a dossier is one client's within one gemeente: nobody
        with the events alone can follow a person from one gemeente to another.
        """
        return hmac.digest(self._client, f"{gemeente}{bsn}".encode(), "sha256").hex()[:32]

    def digest(self, content: str) -> str:
        """Return the keyed digest of `content`, which may name a client: 32 hex characters."""
        return hashlib.blake2b(content.encode(), digest_size=16, key=self._content).hexdigest()
