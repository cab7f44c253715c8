"""
Every series that Prometheus gets from us, declared in one place.

Counters tell of events of the process alone. What describes care or a publication is a gauge that
follows from the dossiers or from what was published, so that a replay, a rebuild or the loading of
history neither doubles it nor sets off an alert.

No label names a person, a product, a message or an aanbieder; a gemeente appears only on shares
that rest on at least the threshold of records (`docs/metrics.md`).
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram"]

ONBEKEND: Final = "onbekend"
"""Label of a message that was refused before it told what it is."""
SOORTEN: Final = ("start", "stop")


@dataclass(frozen=True, slots=True)
class Declared:
    """One series: its name as Prometheus sees it, what it tells, and its labels."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_AREA: Final = ("regio", "gebied_soort", "gebied", "wet")

# Events of the process.
MESSAGES: Final = Declared(
    "zorgstroom_messages_total",
    "counter",
    "Messages since the start of the process, by what became of them.",
    ("wet", "soort", "release", "uitkomst"),
)
REFUSALS: Final = Declared(
    "zorgstroom_refusals_total",
    "counter",
    "Refused messages since the start of the process, by reason and rule of the standard.",
    ("reden", "regel"),
)
FRESHNESS: Final = Declared(
    "zorgstroom_freshness_seconds",
    "histogram",
    "From receipt by this system to the derived state (verwerkt) and to figures that can be "
    "queried (gepubliceerd); the oldest message of a batch.",
    ("stap",),
    _SECONDS,
)
SINK_WRITES: Final = Declared(
    "zorgstroom_sink_writes_total",
    "counter",
    "Writes of an emission to the database, by how they ended.",
    ("uitkomst",),
)
SINK_RETRIES: Final = Declared(
    "zorgstroom_sink_retries_total",
    "counter",
    "Statements that were tried again after a passing failure of the database.",
)
SINK_SECONDS: Final = Declared(
    "zorgstroom_sink_write_seconds",
    "histogram",
    "How long a write of an emission took, with its retries.",
    (),
    _SECONDS,
)
RESTARTS: Final = Declared(
    "zorgstroom_restarts_total", "counter", "How often a worker began again after a failure."
)
COUNTERS: Final = (
    MESSAGES,
    REFUSALS,
    FRESHNESS,
    SINK_WRITES,
    SINK_RETRIES,
    SINK_SECONDS,
    RESTARTS,
)

# The care of a region: derived from the dossiers, over the last 28 days of Dagtekening.
RECORDS: Final = Declared(
    "zorgstroom_reported_records",
    "gauge",
    "Records of the last 28 days of Dagtekening that the shares and delays rest on.",
    (*_AREA, "soort"),
)
LATE: Final = Declared(
    "zorgstroom_late_ratio",
    "gauge",
    "Share of those records that were reported after more than 5 werkdagen (OP271, OP272).",
    (*_AREA, "soort"),
)
DELAY: Final = Declared(
    "zorgstroom_reporting_delay_werkdagen",
    "gauge",
    "Werkdagen from Begindatum or Einddatum to Dagtekening (mediaan, p90).",
    (*_AREA, "soort", "maat"),
)
WAITING: Final = Declared(
    "zorgstroom_waiting_time_seconds",
    "gauge",
    "From ToewijzingIngangsdatum to Begindatum, of first starts (mediaan, p90).",
    (*_AREA, "maat"),
)
CHAIN: Final = Declared(
    "zorgstroom_chain_delay_seconds",
    "gauge",
    "From the beginning of the Dagtekening to receipt in the chain (mediaan, p90).",
    (*_AREA, "soort", "maat"),
)
SILENT: Final = Declared(
    "zorgstroom_silent_aanbieders",
    "gauge",
    "Aanbieders that used to report and have stopped doing so; /api/status names them.",
    ("regio",),
)
ACTIVE: Final = Declared(
    "zorgstroom_active_aanbieders",
    "gauge",
    "Aanbieders of whom messages of the last 91 days are known.",
    ("regio",),
)

# The publication of a region.
PUBLISHED: Final = Declared(
    "zorgstroom_publication_timestamp_seconds",
    "gauge",
    "When the last emission of a region was made.",
    ("regio",),
)
CURRENT: Final = Declared(
    "zorgstroom_publication_current_timestamp_seconds",
    "gauge",
    "When a region was last found to have nothing due that is not published: its age is the age "
    "of the publication, whatever the tick.",
    ("regio",),
)

# The process.
SIGNALS: Final = Declared(
    "zorgstroom_signals",
    "gauge",
    "Records that break a level 3 rule, by return code: 9069 is a stop without a start, 9063 a "
    "removal of what was never delivered.",
    ("code",),
)
DOSSIERS: Final = Declared("zorgstroom_dossiers", "gauge", "Dossiers that this process holds.")
LAG_MESSAGES: Final = Declared(
    "zorgstroom_lag_messages",
    "gauge",
    "Messages that wait to be read: files of the inbox, or records of a partition.",
    ("topic", "partition"),
)
LAG_SECONDS: Final = Declared(
    "zorgstroom_lag_seconds",
    "gauge",
    "Age of the oldest message that waits to be read; 0 when none does.",
    ("topic", "partition"),
)
LOST_MESSAGES: Final = Declared(
    "zorgstroom_lost_messages",
    "gauge",
    "Records (at most) that were gone before they were read and that no operator has acknowledged; "
    "the same in every worker of the group.",
    ("topic", "partition"),
)
SILENCE: Final = Declared(
    "zorgstroom_silence_seconds",
    "gauge",
    "Working time (werkdagen, 8 to 18 hours in Amsterdam) since the last message, or since the "
    "start of the process.",
    ("soort",),
)
HEALTH: Final = Declared(
    "zorgstroom_health",
    "gauge",
    "1 when a part is well, 0 when not; the reasons are in /health/ready.",
    ("onderdeel",),
)
PROGRESS: Final = Declared(
    "zorgstroom_progress_timestamp_seconds", "gauge", "When the process last made progress."
)
CLOCK: Final = Declared(
    "zorgstroom_clock_timestamp_seconds", "gauge", "The clock of this process at the scrape."
)
TICK: Final = Declared(
    "zorgstroom_tick_duration_seconds",
    "gauge",
    "How long it last took to derive the gauges of care from the dossiers.",
)
BUILD: Final = Declared(
    "zorgstroom_build_info",
    "gauge",
    "1, with the version of the program and the policy of the figures.",
    ("versie", "beleid"),
)
GAUGES: Final = (
    RECORDS,
    LATE,
    DELAY,
    WAITING,
    CHAIN,
    SILENT,
    ACTIVE,
    PUBLISHED,
    CURRENT,
    SIGNALS,
    DOSSIERS,
    LAG_MESSAGES,
    LAG_SECONDS,
    LOST_MESSAGES,
    SILENCE,
    HEALTH,
    PROGRESS,
    CLOCK,
    TICK,
    BUILD,
)
DECLARED: Final = (*COUNTERS, *GAUGES)
"""All of them; `tests/architecture` holds documentation, alert rules and dashboards against it."""

PROCESS_SERIES: Final = frozenset(
    {
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_cpu_seconds_total",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
    }
)
"""What the library tells of any process."""
