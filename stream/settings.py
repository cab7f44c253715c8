"""
All settings in one class: environment first (prefix `ZORGSTROOM_`, nesting `__`), then a TOML file.

Every option has a default that works on a laptop. Secrets are masked wherever settings are shown.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.policy import Protection
from zorgstroom.aggregations.publication import PublicationRules
from zorgstroom.aggregations.regions import TWENTE, Regions
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.stream.security import ClickHouseAccess, HttpAccess, KafkaSecurity

_TICK_ROUNDED: Final = 10.0
_TICK_EXACT: Final = 1.0
_FORMER: Final = {
    "disclosure.policy": "gebruik ZORGSTROOM_PROTECTION__POLICY (afronden, kale_drempel of geen)",
    "disclosure.threshold": "gebruik ZORGSTROOM_PROTECTION__THRESHOLD",
    "disclosure": "gebruik ZORGSTROOM_PROTECTION__POLICY, __BASE en __THRESHOLD; een rooster, "
    "breedte en rekentijd zijn er niet meer",
    "publication.herzie_definitief": "late meldingen wijzigen ook een definitief cijfer; haal deze "
    "instelling weg",
    "tijdigheid.rust_seconds": "tijdigheid wordt per minuut bijgewerkt (ZORGSTROOM_TIJDIGHEID__"
    "TICK_SECONDS); haal deze instelling weg",
}
"""Settings that are gone, and what takes their place (Dutch)."""


def _variable(path: Sequence[str]) -> str:
    """Return the environment variable of the setting under `path`."""
    return "ZORGSTROOM_" + "__".join(path).upper()


def _in_environment(path: Sequence[str]) -> bool:
    """Return whether a variable names `path` or something under it, whoever reads it."""
    name = _variable(path)
    return any(f"{variable.upper()}__".startswith(f"{name}__") for variable in os.environ)


def _holds(values: object, path: Sequence[str]) -> bool:
    """Return whether nested `values` have something under `path`."""
    for name in path:
        if not isinstance(values, Mapping) or name not in values:
            return False
        values = values[name]
    return True


class ClickHouse(ClickHouseAccess):
    """Where figures are published."""

    longest_insert_seconds: float = Field(default=10.0, gt=0)
    """The server ends an insert after this; who takes over a region waits for as long."""

    @field_validator("url")
    @classmethod
    def _no_secrets(cls, value: str) -> str:
        if "@" in value:
            raise ValueError(
                "zet gebruiker en wachtwoord niet in de url maar in ZORGSTROOM_CLICKHOUSE__USER en "
                "ZORGSTROOM_CLICKHOUSE__PASSWORD"
            )
        return value


class Inbox(BaseModel):
    """When a file that appears in the inbox is ready to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settle_seconds: float = Field(default=1.0, ge=0)
    """A file must not have changed for this long."""
    patience_seconds: float = Field(default=60.0, ge=0)
    """A file that breaks off is waited for this long after its last change, then refused."""
    poll_seconds: float = Field(default=0.5, gt=0)
    """How often the folder is looked at."""


class Tijdigheid(BaseModel):
    """How often timeliness is derived and published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick_seconds: float = Field(default=60.0, gt=0)
    """
    How often the gauges of care are derived from the dossiers of the last weeks, and at most how
    often `tijdigheid` is published.
    """

    @property
    def tick(self) -> timedelta:
        """The same as `tick_seconds`."""
        return timedelta(seconds=self.tick_seconds)


class Rounding(BaseModel):
    """The secret that the offsets of published figures follow from; never rotated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: SecretStr | None = None
    """The rounding key as hexadecimal text; empty: the file `key_file`."""
    key_file: Path | None = None
    """File with it; empty: `afrondsleutel` in the folder of the data, made when new."""


class Http(HttpAccess):
    """Where the pages are served: loopback unless configured."""

    alertmanager: str = Field(default="", pattern=r"^(https?://[^@\s]+)?$")
    """Such as ``http://127.0.0.1:9093``: the page shows its open alerts; empty: no such tile."""


class Kafka(KafkaSecurity):
    """Where messages, events and the state of the workers live."""

    brokers: str = Field(default="127.0.0.1:9092", min_length=1)
    """Addresses to begin with, separated by commas."""
    group: str = Field(default="zorgstroom", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Name of the consumer group, beginning of the names of both changelogs and of `beheer`."""
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """Put before the names of the topics `berichten`, `gebeurtenissen` and `afgekeurd`."""
    partitions: int = Field(default=8, ge=1, le=1000)
    """Partitions of new topics. The state rests on it: it cannot be changed afterwards."""
    replication: int = Field(default=1, ge=1, le=10)
    """Copies of each partition of new topics; 3 in production."""
    berichten_days: float = Field(default=14, gt=0)
    """How long `berichten` keeps the untouched messages."""
    gebeurtenissen_days: float = Field(default=90, gt=0)
    """How long `gebeurtenissen` keeps events. The dossiers are state, and have no such limit."""
    afgekeurd_days: float = Field(default=90, gt=0)
    """How long refused messages can be shown and offered again."""
    session_seconds: float = Field(default=20.0, ge=1)
    """A worker that is silent for so long has lost its regions to the others."""
    batch: int = Field(default=2000, ge=1, le=100_000)
    """Most messages to a batch."""
    linger_seconds: float = Field(default=0.05, ge=0)
    """How long a batch that is not full waits for more messages."""

    @property
    def berichten(self) -> str:
        """Topic of untouched messages."""
        return self.prefix + "berichten"

    @property
    def gebeurtenissen(self) -> str:
        """Topic of events."""
        return self.prefix + "gebeurtenissen"

    @property
    def afgekeurd(self) -> str:
        """Topic of refused messages."""
        return self.prefix + "afgekeurd"

    @property
    def dossiers(self) -> str:
        """Changelog of the table of dossiers."""
        return f"{self.group}-dossiers-changelog"

    @property
    def tellingen(self) -> str:
        """Changelog of the table of running counts."""
        return f"{self.group}-tellingen-changelog"

    @property
    def beheer(self) -> str:
        """Topic of what all workers of the group agree on, and of what an operator must know."""
        return f"{self.group}-beheer"


class Settings(BaseSettings):
    """The effective settings; `zorgstroom config` shows them."""

    model_config = SettingsConfigDict(
        env_prefix="ZORGSTROOM_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    today: date | None = None
    """Fixes the calendar, for replays and tests; empty: the date of Europe/Amsterdam."""
    regios: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        default_factory=lambda: {"twente": list(TWENTE)}
    )
    """Regions as lists of CBS codes. A gemeente in no region is published on its own."""
    protection: Protection = Protection()
    rounding: Rounding = Rounding()
    definitions: Definitions = Definitions()
    publication: PublicationRules = PublicationRules()
    clickhouse: ClickHouse = ClickHouse()
    exact_database: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,62})?$")
    """Also write exact figures into this database, for the few who may see them; empty: do not."""
    key: SecretStr | None = None
    """The pseudonym key as hexadecimal text; empty: the file `key_file`."""
    key_file: Path | None = None
    """File with the pseudonym key; empty: `sleutel` in the folder of the data, made when new."""
    tick_seconds: float | None = Field(default=None, gt=0)
    """How often figures are published; empty: 10 under policy `afronden`, otherwise 1."""
    retention_years: int = Field(default=7, ge=1)
    """Dossiers whose care and messages all lie longer ago are forgotten."""
    werkdagen: Werkkalender = Werkkalender()
    tijdigheid: Tijdigheid = Tijdigheid()
    inbox: Inbox = Inbox()
    http: Http = Http()
    kafka: Kafka = Kafka()

    @field_validator("exact_database")
    @classmethod
    def _apart(cls, value: str) -> str:
        if value.lower() in ("publicatie", "system", "default", "information_schema"):
            raise ValueError(f"exact_database mag niet {value!r} zijn: kies een eigen naam")
        return value

    @model_validator(mode="before")
    @classmethod
    def _name_the_successors(cls, values: object) -> object:
        for former, successor in _FORMER.items():
            path = former.split(".")
            # A variable of a whole group that is gone does not come in as a value.
            if _holds(values, path) or _in_environment(path):
                raise ValueError(f"{_variable(path)} bestaat niet meer: {successor}")
        return values

    @model_validator(mode="after")
    def _regions_fit(self) -> "Settings":
        Regions(self.regios)
        if self.retention_years <= self.publication.jaren:
            raise ValueError(
                "retention_years moet groter zijn dan publication.jaren: cijfers rusten op dossiers"
            )
        if self.publication.naloop_dagen >= 365 * self.publication.jaren:
            raise ValueError(
                "publication.naloop_dagen is langer dan publication.jaren: periodes zouden uit "
                "beeld raken voordat zij definitief worden"
            )
        return self

    @property
    def tick(self) -> float:
        """Seconds between two publications of figures."""
        if self.tick_seconds is not None:
            return self.tick_seconds
        return _TICK_ROUNDED if self.protection.policy == "afronden" else _TICK_EXACT

    @property
    def regions(self) -> Regions:
        """The regions, ready for look-ups."""
        return Regions(self.regios)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the command line's values, then the environment, then the TOML file."""
        path = os.environ.get("ZORGSTROOM_CONFIG", "zorgstroom.toml")
        if "ZORGSTROOM_CONFIG" in os.environ and not Path(path).is_file():
            raise SettingsError(f"ZORGSTROOM_CONFIG noemt {path}, maar dat bestand is er niet")
        toml = TomlConfigSettingsSource(settings_cls, Path(path))
        return (init_settings, env_settings, toml)
