"""
What a process tells Prometheus of itself: how it is, how far behind, since when it hears nothing.

The silence since the last message is kept per soort where the shell knows it, and counts from the
start of the process before that.
"""

from collections.abc import Mapping
from typing import Final

from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.aggregations.werktijd import working_seconds
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.sinks.series import (
    CLOCK,
    DOSSIERS,
    HEALTH,
    LAG_MESSAGES,
    LAG_SECONDS,
    PROGRESS,
    SIGNALS,
    SILENCE,
    SOORTEN,
)
from zorgstroom.stream.clock import Clock
from zorgstroom.stream.health import Health

Lag = Mapping[tuple[str, str], tuple[int, float]]
"""By topic and partition: how many messages wait, and the age of the oldest in seconds."""


class Pulse:
    """
    Sets the gauges of one process.

    Args:
        metrics: Where they go.
        clock: The present moment.
        kalender: Which days are werkdagen.

    """

    def __init__(self, metrics: Metrics, clock: Clock, kalender: Werkkalender) -> None:
        self._metrics = metrics
        self._clock = clock
        self._kalender = kalender
        self._last = dict.fromkeys(SOORTEN, clock.now())
        self.freshness: float | None = None
        """Seconds from receipt to the derived state, of the last batch; None before any."""

    def took_in(self, messages: Mapping[str, int], seconds: float | None) -> None:
        """
        Tell of a batch.

        Args:
            messages: How many were accepted or known already, by soort.
            seconds: Age of the oldest of them at receipt, None when there was none.

        """
        for soort, count in messages.items():
            if count:
                self._last[soort] = self._clock.now()
        if seconds is not None:
            self.freshness = round(max(0.0, seconds), 3)
            self._metrics.fresh("verwerkt", seconds)

    def tell(self, health: Health, lag: Lag, dossiers: int, signals: Mapping[str, int]) -> None:
        """Set what is true of this moment."""
        metrics, now = self._metrics, self._clock.now()
        metrics.number(CLOCK, now.timestamp())
        metrics.number(PROGRESS, now.timestamp() - health.voortgang_seconden)
        metrics.number(DOSSIERS, dossiers)
        metrics.gauge(HEALTH, {(c.onderdeel,): float(c.goed) for c in health.onderdelen})
        metrics.gauge(LAG_MESSAGES, {place: float(count) for place, (count, _) in lag.items()})
        metrics.gauge(LAG_SECONDS, {place: age for place, (_, age) in lag.items()})
        metrics.gauge(
            SILENCE,
            {
                (soort,): working_seconds(last, now, self._kalender)
                for soort, last in self._last.items()
            },
        )
        metrics.gauge(SIGNALS, {(code,): float(signals.get(code, 0)) for code in _CODES})


_CODES: Final = ("9056", "9063", "9069", "9071", "9074", "9326", "9413", "9414", "9415")
