"""
Every series that Prometheus gets from us, declared in one place, and how to set them.

Counters tell of events of the process alone. What describes care or a publication is a gauge that
follows from the dossiers or from what was published, so that a replay, a rebuild or the loading of
history neither doubles it nor sets off an alert. Whatever belongs to a region carries the label
`regio`, comes from the process that owns it, and goes when it owns it no more (`drop`).

No label names a person, a product, a message or an aanbieder; a gemeente appears only on shares
that rest on at least the threshold of records (`docs/metrics.md`).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Kind = Literal["counter", "gauge", "histogram"]
Outcome = Literal["aanvaard", "herhaald", "afgekeurd"]
Write = Literal["ok", "onbereikbaar", "geweigerd", "verloren"]
Stage = Literal["verwerkt", "gepubliceerd"]
Cells = Literal["getoond", "onderdrukt", "aangehouden"]

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
    "From receipt by this system to the derived state (verwerkt), and under policy geen to a "
    "figure that can be queried (gepubliceerd); the oldest message of a batch.",
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
PROTECTION_FAILURES: Final = Declared(
    "zorgstroom_protection_failures_total",
    "counter",
    "Publications of a region that disclosure control held back: the last safe one stands.",
    ("regio",),
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
    PROTECTION_FAILURES,
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
    "of the publication, whatever the grid.",
    ("regio",),
)
CELLS: Final = Declared(
    "zorgstroom_cells",
    "gauge",
    "Cells of the last emission of a region: getoond, onderdrukt (suppressed) or aangehouden "
    "(held: repeats its value until enough has changed).",
    ("regio", "staat"),
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
    "1, with the version of the program and the policy of disclosure control.",
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
    CELLS,
    SIGNALS,
    DOSSIERS,
    LAG_MESSAGES,
    LAG_SECONDS,
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

Labels = tuple[str, ...]
Values = Mapping[Labels, float]


class _Gauges(Collector):
    """All gauges: whole sets of values, which a scrape finds either old or new, never between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, dict[Declared, dict[Labels, float]]] = {}
        self.before: list[Callable[[], None]] = []

    def put(self, regio: str, declared: Declared, values: Values) -> None:
        if any(len(labels) != len(declared.labels) for labels in values):
            raise ValueError(f"{declared.name} has the labels {declared.labels}")
        with self._lock:
            self._values.setdefault(regio, {})[declared] = dict(values)

    def drop(self, regio: str) -> None:
        with self._lock:
            self._values.pop(regio, None)

    def regions(self) -> set[str]:
        with self._lock:
            return {regio for regio in self._values if regio}

    def collect(self) -> Iterator[Metric]:
        for refresh in self.before:
            refresh()
        with self._lock:
            found = [(d, dict(values)) for of in self._values.values() for d, values in of.items()]
        families: dict[Declared, GaugeMetricFamily] = {}
        for declared, values in found:
            family = families.setdefault(
                declared,
                GaugeMetricFamily(declared.name, declared.help, labels=declared.labels),
            )
            for labels, value in values.items():
                family.add_metric(labels, value)
        yield from families.values()

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(declared.name, declared.help) for declared in GAUGES]


class Metrics:
    """
    The series of one process; safe to use from several threads.

    Args:
        version: Of the program.
        policy: Of disclosure control.
        process: Whether to tell of memory, CPU and files as well; not in tests of other things.

    """

    def __init__(self, version: str = "", policy: str = "", *, process: bool = True) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        if process:
            for standard in (ProcessCollector, PlatformCollector, GCCollector):
                standard(registry=self.registry)
        self._gauges = _Gauges()
        self.registry.register(self._gauges)
        self._counters: dict[Declared, Counter] = {}
        self._histograms: dict[Declared, Histogram] = {}
        for one in COUNTERS:
            if one.kind == "counter":
                self._counters[one] = Counter(
                    one.name, one.help, one.labels, registry=self.registry
                )
            else:
                self._histograms[one] = Histogram(
                    one.name, one.help, one.labels, registry=self.registry, buckets=one.buckets
                )
        # From zero: an increase from nothing is none to Prometheus.
        for labels in product(("Wmo", "Jw"), SOORTEN, ("3.0", "3.1", "3.2"), _ACCEPTED):
            self._counters[MESSAGES].labels(*labels)
        for outcome in _WRITES:
            self._counters[SINK_WRITES].labels(outcome)
        self.gauge(BUILD, {(version, policy): 1.0})

    def before_scrape(self, refresh: Callable[[], None]) -> None:
        """Call `refresh` before each scrape, for what is true of that moment only."""
        self._gauges.before.append(refresh)

    # Events of the process.

    def message(self, outcome: Outcome, wet: str, soort: str, release: str, count: int = 1) -> None:
        """Count messages; those refused before they told what they are have `ONBEKEND`."""
        self._counters[MESSAGES].labels(wet, soort, release, outcome).inc(count)

    def refused(self, reden: str, regel: str, count: int = 1) -> None:
        """Count refusals by reason code and rule, as messages too."""
        self._counters[REFUSALS].labels(reden, regel).inc(count)
        self.message("afgekeurd", ONBEKEND, ONBEKEND, ONBEKEND, count)

    def fresh(self, stage: Stage, seconds: float) -> None:
        """Tell how long ago the oldest message of a batch was received."""
        self._histograms[FRESHNESS].labels(stage).observe(max(0.0, seconds))

    def wrote(self, outcome: Write, seconds: float) -> None:
        """Count a write of an emission."""
        self._counters[SINK_WRITES].labels(outcome).inc()
        self._histograms[SINK_SECONDS].observe(seconds)

    def retried(self) -> None:
        """Count a statement that is tried again."""
        self._counters[SINK_RETRIES].inc()

    def restarted(self, count: int) -> None:
        """Tell how often this process began again before this life."""
        self._counters[RESTARTS].inc(count)

    # What belongs to a region.

    def protection_failed(self, regio: str) -> None:
        """Count a publication that disclosure control held back."""
        self._counters[PROTECTION_FAILURES].labels(regio).inc()

    def cells(self, regio: str, counts: Mapping[Cells, int]) -> None:
        """Tell how many cells of the last emission of `regio` are shown, suppressed and held."""
        self.regional(
            regio, CELLS, {(regio, state): float(count) for state, count in counts.items()}
        )

    def published(self, regio: str, at: datetime) -> None:
        """Tell when the last emission of `regio` was made."""
        self.regional(regio, PUBLISHED, {(regio,): at.timestamp()})

    def current(self, regio: str, at: datetime) -> None:
        """Tell that at this moment nothing of `regio` was due that is not published."""
        self._counters[PROTECTION_FAILURES].labels(regio)  # from zero
        self.regional(regio, CURRENT, {(regio,): at.timestamp()})

    def regional(self, regio: str, declared: Declared, values: Values) -> None:
        """Replace all values of a gauge of `regio`."""
        self._gauges.put(regio, declared, values)

    def drop(self, regio: str) -> None:
        """Tell nothing of `regio` any more: another process owns it."""
        self._gauges.drop(regio)

    def keep_only(self, regios: Iterable[str]) -> None:
        """Drop every region that is not among `regios`."""
        for regio in self._gauges.regions() - set(regios):
            self.drop(regio)

    # What belongs to the process.

    def gauge(self, declared: Declared, values: Values) -> None:
        """Replace all values of a gauge of the process."""
        self._gauges.put("", declared, values)

    def number(self, declared: Declared, value: float) -> None:
        """Set a gauge of the process that has no labels."""
        self._gauges.put("", declared, {(): value})


_ACCEPTED: Final[Sequence[Outcome]] = ("aanvaard", "herhaald")
_WRITES: Final[Sequence[Write]] = ("ok", "onbereikbaar", "geweigerd", "verloren")
