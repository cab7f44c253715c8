"""
The GGk envelope (StUF Di01) around a message: takes the message out and reads the time of receipt.

Source: specification GGk0210 v2.1.04. `tijdstipBericht` is the only time of day in the chain.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from lxml import etree

from zorgstroom.codecs.errors import EnvelopeError
from zorgstroom.codecs.xmlread import line_of

NAMESPACE: Final = "http://www.stufstandaarden.nl/koppelvlak/ggk0210"
STUF: Final = "http://www.egem.nl/StUF/StUF0301"
ROOT: Final = f"{{{NAMESPACE}}}envelopHeenbericht-ggk_Di01"
MAX_BYTES: Final = 34_000_000
"""25 MB in base64 with its line ends, and the envelope itself."""

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_MOMENT = re.compile(r"[ \t\r\n]*([0-9]{14})([0-9]{0,3})[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Opened:
    """The message of an envelope and when the chain handed it over (UTC)."""

    payload: bytes
    ontvangen: datetime


def open_envelope(root: etree._Element) -> Opened:
    """Return what the envelope `root` holds; raises an `EnvelopeError`."""
    code = _text(root, f"{{{NAMESPACE}}}stuurgegevens/{{{STUF}}}berichtcode")
    if code.strip() != "Di01":
        raise _error(root, "stuurgegevens/berichtcode", "berichtcode Di01 wordt verwacht")
    moment = _text(root, f"{{{NAMESPACE}}}stuurgegevens/{{{STUF}}}tijdstipBericht")
    body = _text(
        root, f"{{{NAMESPACE}}}parameters/{{{NAMESPACE}}}bericht/{{{NAMESPACE}}}xmlBestand"
    )
    try:
        payload = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _error(root, "parameters/bericht/xmlBestand", "de inhoud is geen base64") from None
    return Opened(payload, _moment(root, moment))


def _moment(root: etree._Element, text: str) -> datetime:
    found = _MOMENT.fullmatch(text)
    try:
        if found:
            # Local time without a zone; the doubled hour in autumn counts as its first pass.
            local = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=_AMSTERDAM)
            return local.replace(microsecond=int(f"{found[2]:0<3}") * 1000).astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 has no UTC time
        pass
    raise _error(root, "stuurgegevens/tijdstipBericht", "geen tijdstip als JJJJMMDDUUMMSS")


def _text(root: etree._Element, path: str) -> str:
    found = root.findall(path)
    name = path.rsplit("}", 1)[1]
    if len(found) != 1 or len(found[0]):
        raise _error(root, name, f"element {name} hoort hier precies een keer te staan")
    return found[0].text or ""


def _error(root: etree._Element, element: str, what: str) -> EnvelopeError:
    return EnvelopeError(
        f"GGk-envelop: {what}",
        regel="GGk0210",
        element=element,
        lijn=line_of(root),
        oplossing="Laat het knooppunt of de eigen koppeling de envelop herstellen.",
    )
