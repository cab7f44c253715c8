"""
Asks the running process on this machine, which holds the embedded database for itself.

Plain HTTP from the standard library: no proxy is used and no redirect followed.
"""

import http.client
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from zorgstroom.stream import address
from zorgstroom.stream.address import Address
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.questions import ParameterError

_PROBE_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 120.0

Parameters = Mapping[str, str | Sequence[str]]


class AnswerError(OperatorError):
    """The running process did not answer, or not as it should."""


def running(data: Path) -> Address | None:
    """Return the address of the process that works in the folder `data`; None without one."""
    found = address.read(data)
    if found is None:
        return None
    try:
        status, body = _get(found, "/api/status", _PROBE_SECONDS)
    except AnswerError:
        return None
    # The port of a process that is gone may be another program's by now.
    return found if status == 200 and body.get("pid") == found.pid else None


def fetch_figures(process: Address, parameters: Parameters) -> dict[str, object]:
    """
    Return the answer of ``/api/cijfers``: `beleid`, `waarschuwing`, `afgekapt` and `cijfers`.

    Raises:
        ParameterError: A parameter is unknown or malformed.
        AnswerError: No answer, or an error of the process.

    """
    target = f"/api/cijfers?{urlencode(parameters, doseq=True)}"
    status, body = _get(process, target, _ANSWER_SECONDS)
    if status == 200:
        return body
    text = str(body.get("fout", f"antwoord {status}"))
    if status == 400:
        raise ParameterError(text)
    raise AnswerError(f"Het lopende proces op {process.url} kan de cijfers niet geven: {text}")


def fetch_status(process: Address) -> dict[str, object]:
    """Return the answer of ``/api/status``; raises an `AnswerError`."""
    status, body = _get(process, "/api/status", _ANSWER_SECONDS)
    if status != 200:
        raise AnswerError(
            f"Het lopende proces op {process.url} geeft zijn status niet (antwoord {status})."
        )
    return body


def _get(process: Address, target: str, seconds: float) -> tuple[int, dict[str, object]]:
    failure = f"Het proces op {process.url} geeft geen bruikbaar antwoord."
    headers = {"Accept": "application/json", "Authorization": f"Bearer {process.token}"}
    try:
        parts = urlsplit(process.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        raise AnswerError(failure) from None
    if not isinstance(body, dict):
        raise AnswerError(failure)
    return answer.status, body
