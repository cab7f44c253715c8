"""
How the process sets the series that `series` declares.

Whatever belongs to a region carries the label `regio`, comes from the process that owns it, and
goes when it owns it no more (`drop`).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

from zorgstroom.sinks.series import (
    BUILD,
    COUNTERS,
    CURRENT,
    FRESHNESS,
    GAUGES,
    MESSAGES,
    ONBEKEND,
    PUBLISHED,
    REFUSALS,
    RESTARTS,
    SINK_RETRIES,
    SINK_SECONDS,
    SINK_WRITES,
    SOORTEN,
    Declared,
)

Outcome = Literal["aanvaard", "herhaald", "afgekeurd"]
Write = Literal["ok", "onbereikbaar", "geweigerd", "verloren"]
Stage = Literal["verwerkt", "gepubliceerd"]

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
        policy: Under which figures are published.
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

    def published(self, regio: str, at: datetime) -> None:
        """Tell when the last emission of `regio` was made."""
        self.regional(regio, PUBLISHED, {(regio,): at.timestamp()})

    def current(self, regio: str, at: datetime) -> None:
        """Tell that at this moment nothing of `regio` was due that is not published."""
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
