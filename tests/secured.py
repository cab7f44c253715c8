"""Certificates of the tests, and the properties of a broker that asks for TLS and a password."""

from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from deploy.local.kafka import PROTOCOLS

USER, PASSWORD = "zorg", "kamperfoelie-81"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required"


class Pki:
    """
    An authority of its own in `folder`: `ca.pem`, and certificates for 127.0.0.1.

    A certificate is one file with key and chain, as a broker and Python's ssl both read it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._ca = trustme.CA()
        self.ca = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca)

    def issue(self, name: str, host: str = "127.0.0.1", expired: bool = False) -> Path:
        """Write a certificate for `host` to the file `name`, in place of what was there."""
        until = datetime(2020, 1, 1, tzinfo=UTC) if expired else None
        begin = datetime(2019, 1, 1, tzinfo=UTC) if expired else None
        issued = self._ca.issue_cert(host, not_before=begin, not_after=until)
        target = self.folder / name
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = b"".join(one.bytes() for one in issued.cert_chain_pems)
        target.write_bytes(pkcs8 + chain)  # Java reads no other form of a key
        return target

    def secret(self, name: str, text: str) -> Path:
        """Write a secret to the file `name`."""
        target = self.folder / name
        target.write_text(text + "\n")
        return target


def broker_properties(certificate: Path) -> dict[str, str]:
    """Return what `Broker` needs beside its own properties; SCRAM users are made afterwards."""
    protocols = PROTOCOLS.replace("CLIENTS:PLAINTEXT", "CLIENTS:SASL_SSL")
    users = f'user_{USER}="{PASSWORD}"'
    return {
        "listener.security.protocol.map": protocols,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.clients.plain.sasl.jaas.config": f"{_PLAIN} {users};",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": f"{_SCRAM};",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate),
    }
