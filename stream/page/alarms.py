"""
Open alerts of Alertmanager, for the page: read on the server side, so that no browser needs it.

Without an address in the settings there is nothing to show. An Alertmanager that does not answer
is told as such: no alerts and not knowing are different things.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import aiohttp
import msgspec

from zorgstroom.stream.results import utc_text

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 10.0
_PATIENCE: Final = aiohttp.ClientTimeout(total=5.0)
_MOST_BYTES: Final = 2_000_000
_SHOWN: Final = 50
_GRADES: Final = ("critical", "warning", "info")


class _Alert(msgspec.Struct, rename={"starts_at": "startsAt"}):
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str = ""


_ALERTS: Final = msgspec.json.Decoder(list[_Alert])


class Alarms:
    """
    Asks Alertmanager every ten seconds.

    Args:
        url: Such as ``http://127.0.0.1:9093``; empty: there is none.

    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._found: dict[str, object] | None = None
        if self._url:
            self._found = {"bereikbaar": None, "gevraagd_op": None, "open": [], "aantal": 0}

    @property
    def found(self) -> dict[str, object] | None:
        """What is open, ready for JSON; None without an Alertmanager."""
        return self._found

    async def run(self) -> None:
        """Ask until cancelled."""
        if not self._url:
            return
        async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
            while True:
                await self.ask(session)
                await asyncio.sleep(_EVERY)

    async def ask(self, session: aiohttp.ClientSession) -> None:
        """Ask once; never raises for what Alertmanager does."""
        asked = utc_text(datetime.now(UTC))
        address = f"{self._url}/api/v2/alerts?active=true&silenced=false&inhibited=false"
        alerts: list[_Alert] | None = None
        with suppress(aiohttp.ClientError, TimeoutError, msgspec.MsgspecError, ValueError):
            async with session.get(address, allow_redirects=False) as answer:
                body = b""
                async for chunk in answer.content.iter_chunked(65_536):
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        break
                if answer.status == 200:
                    alerts = _ALERTS.decode(body)
        if alerts is None:
            if self._found and self._found["bereikbaar"] is not False:
                _LOG.warning("Alertmanager op %s geeft geen bruikbaar antwoord", self._url)
            self._found = {**(self._found or {}), "bereikbaar": False}
            return
        self._found = {
            "bereikbaar": True,
            "gevraagd_op": asked,
            "aantal": len(alerts),
            "open": [_shown(alert) for alert in sorted(alerts, key=_order)[:_SHOWN]],
        }


def _order(alert: _Alert) -> tuple[int, str]:
    grade = alert.labels.get("severity", "")
    return (_GRADES.index(grade) if grade in _GRADES else len(_GRADES)), alert.starts_at


def _shown(alert: _Alert) -> dict[str, object]:
    notes = alert.annotations
    return {
        "naam": alert.labels.get("alertname", ""),
        "ernst": alert.labels.get("severity", ""),
        "sinds": alert.starts_at,
        "samenvatting": notes.get("summary") or notes.get("description", ""),
        "draaiboek": notes.get("runbook_url", ""),
    }
