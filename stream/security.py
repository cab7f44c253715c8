"""
Who may speak with whom: the passwords, tokens and certificates among the settings.

Each secret may stand in a file, named by the setting with `_file` behind it. Files are read at each
use, so that what is replaced on disk holds from the next connection. What is half set is refused
here, when the settings are read: a connection that is less safe than was meant is worse than none.
"""

import ssl
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from zorgstroom.stream.errors import OperatorError

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_EMPTY: Final = SecretStr("")
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names of this machine for itself."""


class SecretFileError(OperatorError, ValueError):
    """A file with a secret or a certificate cannot be used; the text quotes nothing of it."""


def secret(value: SecretStr, file: Path | None) -> str:
    """
    Return the secret itself, from `file` when one is named; its line end does not count.

    Raises:
        SecretFileError: The file cannot be read, is empty, or has several lines.

    """
    if file is None:
        return value.get_secret_value()
    try:
        text = file.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SecretFileError(f"het geheim in {file} is niet te lezen ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SecretFileError(f"het geheim in {file} is geen tekst in UTF-8") from None
    if not text or len(text.splitlines()) > 1:
        raise SecretFileError(f"{file} moet precies een regel met het geheim bevatten")
    return text


def _only_one(name: str, value: SecretStr, file: Path | None) -> bool:
    """Return whether the secret `name` is given at all; refuse a value beside a file."""
    if file is not None and value.get_secret_value():
        raise ValueError(f"geef {name} of {name}_FILE, niet allebei")
    return bool(secret(value, file))


class KafkaSecurity(BaseModel):
    """How the broker is reached: in the clear or over TLS, with or without a user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    security_protocol: SecurityProtocol = "PLAINTEXT"
    """As Kafka's `security.protocol`."""
    sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    """Only with SASL. PLAIN sends the password as it is: use it over TLS."""
    user: str = ""
    password: SecretStr = _EMPTY
    password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates (PEM) that the broker's must come from; empty: those of this machine."""
    cert_file: Path | None = None
    """Our own certificate (PEM, with its chain), where the broker asks for one."""
    cert_key_file: Path | None = None
    cert_key_password: SecretStr = _EMPTY
    cert_key_password_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        name = "ZORGSTROOM_KAFKA__"
        has_password = _only_one(f"{name}PASSWORD", self.password, self.password_file)
        key_secret = _only_one(
            f"{name}CERT_KEY_PASSWORD", self.cert_key_password, self.cert_key_password_file
        )
        if self.has_user:
            if not (self.user and has_password):
                raise ValueError(
                    f"{self.security_protocol} vraagt {name}USER en {name}PASSWORD_FILE (of "
                    f"{name}PASSWORD); een van beide ontbreekt"
                )
        elif self.user or has_password or "sasl_mechanism" in self.model_fields_set:
            raise ValueError(
                f"{name}USER, PASSWORD en SASL_MECHANISM doen niets bij {self.security_protocol}: "
                f"zet {name}SECURITY_PROTOCOL op SASL_SSL, of laat ze weg"
            )
        if not self.has_tls and (self.ca_file or self.cert_file or self.cert_key_file):
            raise ValueError(
                f"{name}CA_FILE, CERT_FILE en CERT_KEY_FILE doen niets bij "
                f"{self.security_protocol}: zet {name}SECURITY_PROTOCOL op SASL_SSL of SSL, of "
                "laat ze weg"
            )
        if bool(self.cert_file) != bool(self.cert_key_file) or (key_secret and not self.cert_file):
            raise ValueError(
                f"{name}CERT_FILE en {name}CERT_KEY_FILE horen bij elkaar; een van beide ontbreekt"
            )
        return self

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted and the broker proves who it is."""
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def has_user(self) -> bool:
        """Whether we say who we are with a password."""
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    def tls(self) -> ssl.SSLContext | None:
        """Return what a connection over TLS needs, read from disk now. See `tls_context`."""
        if not self.has_tls:
            return None
        password = secret(self.cert_key_password, self.cert_key_password_file)
        return tls_context(self.ca_file, self.cert_file, self.cert_key_file, password)


class ClickHouseAccess(BaseModel):
    """Who we are for the server, and whose certificate its must come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    """Such as ``http://clickhouse:8123``; empty: the embedded engine, in the folder of the data."""
    user: str = "default"
    password: SecretStr = _EMPTY
    password_file: Path | None = None
    ca_file: Path | None = None
    """Certificates (PEM) for ``https``; empty: those that every browser trusts."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        name = "ZORGSTROOM_CLICKHOUSE__"
        has_password = _only_one(f"{name}PASSWORD", self.password, self.password_file)
        if has_password and not self.url:
            raise ValueError(
                f"{name}PASSWORD zonder {name}URL doet niets: de ingebouwde database heeft geen "
                "wachtwoord. Zet de URL erbij, of laat het wachtwoord weg"
            )
        if self.ca_file is not None:
            if not self.url.startswith("https://"):
                raise ValueError(f"{name}CA_FILE hoort bij een {name}URL die met https:// begint")
            tls_context(self.ca_file)
        return self


class HttpAccess(BaseModel):
    """Where the pages are served, and who may see them; health is for anyone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8305, ge=0, le=65535)
    """0 takes any free port."""
    token: SecretStr = _EMPTY
    """For programs such as Prometheus: ``Authorization: Bearer ...``."""
    token_file: Path | None = None
    user: str = Field(default="", pattern=r"^[^:]*$")
    """For people: what a browser asks for."""
    password: SecretStr = _EMPTY
    password_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        name = "ZORGSTROOM_HTTP__"
        has_password = _only_one(f"{name}PASSWORD", self.password, self.password_file)
        has_token = _only_one(f"{name}TOKEN", self.token, self.token_file)
        if bool(self.user) != has_password:
            raise ValueError(
                f"{name}USER en {name}PASSWORD_FILE (of {name}PASSWORD) horen bij elkaar; een van "
                "beide ontbreekt"
            )
        short = has_token and len(secret(self.token, self.token_file)) < 20
        if short or (has_password and len(secret(self.password, self.password_file)) < 12):
            raise ValueError(
                f"{name}TOKEN heeft minstens 20 tekens en {name}PASSWORD minstens 12; maak er een "
                "met: openssl rand -hex 24"
            )
        if not self.is_protected and self.host.lower() not in LOOPBACK:
            raise ValueError(
                f"op {self.host} kunnen anderen bij de pagina's: zet {name}TOKEN_FILE, of "
                f"{name}USER en {name}PASSWORD_FILE, of luister op 127.0.0.1"
            )
        return self

    @property
    def is_protected(self) -> bool:
        """Whether only those with a token or a password get an answer."""
        return bool(self.user or self.token_file or self.token.get_secret_value())


def tls_context(
    ca_file: Path | None,
    cert_file: Path | None = None,
    cert_key_file: Path | None = None,
    cert_key_password: str = "",
) -> ssl.SSLContext:
    """
    Return a context that checks the server's certificate and name; there is no way not to.

    Raises:
        SecretFileError: A file cannot be read or holds no certificate or key.

    """
    context = ssl.create_default_context()
    try:
        if ca_file is not None:
            # Only these: a certificate of any other authority must not do.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(ca_file)
    except OSError as error:  # an SSLError is one
        raise SecretFileError(_useless(ca_file, "certificaat", error)) from None
    try:
        if cert_file is not None:
            context.load_cert_chain(cert_file, cert_key_file, lambda: cert_key_password)
    except OSError as error:
        files = f"{cert_file} met {cert_key_file}"
        raise SecretFileError(_useless(files, "certificaat met sleutel", error)) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _useless(file: object, what: str, error: OSError) -> str:
    why = "is dit PEM?" if isinstance(error, ssl.SSLError) else error.strerror
    return f"{file} is geen bruikbaar {what} ({why})"
