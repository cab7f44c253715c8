"""
What the generator makes: the parameters, the made-up world, and what is told about it and when.

The contract of the package: care is simulated as `Spell`s, told as `Claim`s (which may be wrong and
withdrawn), and sent as `Message`s. The exact figures follow from the claims, not from the messages.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from zorgstroom.codecs.catalog import MessageType, Release, Soort, Wet
from zorgstroom.codecs.encode import STANDAARD, Person, Style
from zorgstroom.codecs.events import Geslacht

FOUT: Final = "fout_"
"""What the kind of a message that a receiver must refuse begins with."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen, as a share (0-1) of the records or messages they can happen to."""

    te_laat: float = 0.14
    """Told more than 5 werkdagen after the fact, for an ordinary aanbieder."""
    zeer_laat: float = 0.02
    """Told more than 20 werkdagen after the fact."""
    correctie_start: float = 0.02
    correctie_stop: float = 0.015
    intrekking_start: float = 0.01
    intrekking_stop: float = 0.01
    in_een_bericht: float = 0.7
    """Of corrections of a key field: removal and replacement share a message (4.2)."""
    samen: float = 0.7
    """Records of one client, aanbieder and day that share a message."""
    dubbel: float = 0.005
    """The same fact again, in a message with an identity of its own."""
    wees_verwijdering: float = 0.0005
    """Removals of what was never delivered."""
    identiteit_hergebruikt: float = 0.0002
    """Messages with the Identificatie of an earlier one (TR056)."""
    herhaling: float = 0.01
    """The same bytes again."""
    herhaling_envelop: float = 0.003
    """The same message again, in a GGk envelope."""
    envelop: float = 0.08
    """Aanbieders whose messages all come in a GGk envelope."""
    vertraagd: float = 0.01
    """Sent 1 to 10 days after the Dagtekening."""
    door_elkaar: float = 0.1
    """Sent at a random time of the day, so that a stop may come before its start."""
    fout: float = 0.01
    """Messages that must be refused, as a share of the good ones."""
    taakgericht: float = 0.08
    generiek: float = 0.03
    aspecifiek: float = 0.1
    twee_toewijzingen: float = 0.03
    """Spells with a second aanbieder and toewijzing on the same Begindatum."""
    zelfde_dag: float = 0.004
    """Spells that end on their first day."""
    tijdelijk: float = 0.06
    verlenging: float = 0.2
    overstap: float = 0.05
    beide_wetten: float = 0.03


@dataclass(frozen=True, slots=True)
class Params:
    """
    Everything that decides the outcome; the same parameters give the same bytes.

    `today` is the last day of the simulation: nothing is dated or sent later.
    """

    today: date
    seed: int = 1
    start: date | None = None
    """First day of the stream; by default 1 January two years before `today`'s year."""
    scale: float = 1.0
    """Share of the published numbers of clients."""
    messages: int | None = None
    """Choose the scale so that this many good messages result, or slightly more."""
    regios: int = 0
    """0 for Twente, otherwise so many made-up regions of unequal size."""
    beginstand: bool = False
    """Tell of care that was running at `start`, in `beginstand.csv`."""
    releases: tuple[Release, ...] | None = None
    """None for the release in force on the Dagtekening; otherwise one or a mix, for tests."""
    rates: Rates = Rates()

    def __post_init__(self) -> None:
        """Refuse parameters that cannot give a stream (ValueError)."""
        if self.first_day > self.today:
            raise ValueError("start must not lie after today")
        if self.scale <= 0 or self.regios < 0 or (self.messages is not None and self.messages < 1):
            raise ValueError("scale and messages must be above 0, regios not below 0")
        if self.releases is not None and not self.releases:
            raise ValueError("releases must name at least one release")

    @property
    def first_day(self) -> date:
        """First day of the stream."""
        return self.start or self.vanaf

    @property
    def vanaf(self) -> date:
        """First day of the figures: 1 January two years before today's year."""
        return date(self.today.year - 2, 1, 1)


@dataclass(frozen=True, slots=True)
class Gemeente:
    """A gemeente and its size; `code` is the CBS code, or a made-up one above those."""

    code: str
    naam: str
    inwoners: int


@dataclass(frozen=True, slots=True)
class Region:
    """A region by the name that settings and figures use."""

    naam: str
    gemeenten: tuple[Gemeente, ...]


@dataclass(frozen=True, slots=True)
class Aanbieder:
    """A care provider, with the habits of its administration and of its software."""

    agb: str
    wet: Wet
    style: Style = STANDAARD
    traag: bool = False
    envelop: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """A person in one gemeente; who moves becomes another client with the same BSN."""

    nr: int
    gemeente: str
    person: Person = field(repr=False)
    geslacht: Geslacht


@dataclass(frozen=True, slots=True)
class Product:
    """What a record is about: the key fields of a start apart from client and Begindatum."""

    toewijzing: int | None
    categorie: str | None
    code: str | None
    ingang: date | None
    """ToewijzingIngangsdatum, not part of the key."""


@dataclass(frozen=True, slots=True)
class Spell:
    """
    Care that was really given: what one start record and its stops tell.

    `tijdelijk` is the Einddatum of a temporary stop (reden 20), `einde` and `reden` those of the
    definitive one, known on `bekend`.
    """

    client: Client
    wet: Wet
    aanbieder: Aanbieder
    product: Product
    begin: date
    release: Release | None
    """The release of all its messages; None for the one in force."""
    tijdelijk: date | None = None
    einde: date | None = None
    reden: str = ""
    bekend: date | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """
    A statement of an aanbieder: told on `told`, withdrawn on `retracted` (always a later day).

    A claim for the beginstand has been told before the stream and is never sent as a message.
    Records with the same `bundle` (of the telling) or `retract_bundle` share one message; 0 is
    free.
    """

    soort: Soort
    client: Client
    wet: Wet
    aanbieder: Aanbieder
    product: Product
    begin: date
    told: date
    release: Release | None
    retracted: date | None = None
    einde: date | None = None
    reden: str = ""
    bundle: int = 0
    retract_bundle: int = 0
    vooraf: bool = False
    dubbel: bool = False
    """Tells again what another claim told already."""

    def holds(self, today: date) -> bool:
        """Say whether this has been told and not withdrawn by the end of `today`."""
        return self.told <= today and (self.retracted is None or self.retracted > today)


@dataclass(frozen=True, slots=True)
class Record:
    """A claim in a message, with StatusAanlevering 1 or 3."""

    claim: Claim
    status: int


@dataclass(slots=True)
class Message:
    """A message that is sent; its bytes are made when they are needed."""

    moment: datetime
    kind: str
    type: MessageType
    dagtekening: date
    records: tuple[Record, ...]
    identificatie: str = ""
    referentie: str | None = None
    """UUID of the GGk envelope; None when sent without one."""

    @property
    def bad(self) -> bool:
        """Say whether a receiver must refuse this."""
        return self.kind.startswith(FOUT)
