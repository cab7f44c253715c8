"""
Events back to a schema-valid message, for generators and tests; the inverse of the decoder.

Plain string building: the shape of a 305 and 307 is fixed, so only the order of the elements, the
optional ones and the escapes need care.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from zorgstroom.codecs.catalog import MessageType
from zorgstroom.codecs.events import Start, Stop


@dataclass(frozen=True, slots=True)
class Person:
    """The person data that a message carries and an event does not. `datumgebruik` as in COD170."""

    bsn: str
    achternaam: str
    geboortedatum: date
    datumgebruik: str | None = None
    voorvoegsel: str | None = None
    voornamen: str | None = None
    voorletters: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How a sender's software writes XML; none of it changes what the message says."""

    bericht: str | None = None
    """Prefix of the message namespace: None for its name (``wmo305``), empty for none at all."""
    basis: str | None = None
    """Prefix of the basisschema namespace: None for ``iwmo`` or ``ijw``."""
    indent: str = "\t"
    newline: str = "\r\n"
    bom: bool = False
    """With a byte order mark, which the standard forbids and receivers meet (OP192)."""
    voorloopnullen: bool = False
    """ToewijzingNummer with leading zeros; it is an integer, so the number is the same."""


STANDAARD: Final = Style()
"""As the published samples: the form that OP192 asks for."""
MACHINAAL: Final = Style(bericht="ns20", basis="ns2", indent="  ")
KAAL: Final = Style(bericht="", basis="b", indent="  ", newline="\n", bom=True)
COMPACT: Final = Style(bericht="", basis="ns1", indent="", newline="", voorloopnullen=True)
STYLES: Final = (STANDAARD, MACHINAAL, KAAL, COMPACT)


def encode(events: Sequence[Start | Stop], person: Person, style: Style = STANDAARD) -> bytes:
    """
    Return one message (UTF-8, by default CR/LF) that carries `events` for `person`.

    The events are one message's: same message identity and client, in the order of `positie`. Their
    `digest` and `client` are not written; a decoder with the same key finds the same ones again.
    Nothing is checked against the rules of the standard, so wrong messages can be made too.
    Raises ValueError when the events are not one message's or when XML cannot carry a character.
    """
    first = _one_message(events)
    frame = _frame(MessageType(first.wet, first.soort, first.release), style)
    b, c, eol = frame.bericht, frame.basis, frame.eol
    parts = [
        frame.head,
        f"{eol[2]}<{b}Afzender>{first.afzender}</{b}Afzender>"
        f"{eol[2]}<{b}Ontvanger>{first.gemeente}</{b}Ontvanger>"
        f"{eol[2]}<{b}BerichtIdentificatie>"
        f"{eol[3]}<{c}Identificatie>{_text(first.identificatie)}</{c}Identificatie>"
        f"{eol[3]}<{c}Dagtekening>{first.dagtekening.isoformat()}</{c}Dagtekening>"
        f"{eol[2]}</{b}BerichtIdentificatie>",
        frame.middle,
        _client(person, first.geslacht, frame),
        f"{eol[2]}<{b}{frame.lijst}>",
    ]
    parts += [_record(event, frame) for event in events]
    parts.append(frame.tail)
    return "".join(parts).encode()


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all messages of one type and style have in common."""

    bericht: str
    basis: str
    eol: tuple[str, ...]
    """Newline plus indentation, by depth."""
    lijst: str
    record: str
    head: str
    middle: str
    tail: str
    nummer: str


@lru_cache(maxsize=256)
def _frame(message: MessageType, style: Style) -> _Frame:
    standard = "iwmo" if message.wet == "Wmo" else "ijw"
    own = message.name.lower() if style.bericht is None else style.bericht
    basis = standard if style.basis is None else style.basis
    b = f"{own}:" if own else ""
    c = f"{basis}:"
    eol = tuple(style.newline + style.indent * depth for depth in range(7))
    versie, subversie = message.release.split(".")
    record = "StartProduct" if message.soort == "start" else "StopProduct"
    xmlns = f"xmlns:{own}" if own else "xmlns"
    head = (
        ("\ufeff" if style.bom else "")
        + f'<?xml version="1.0" encoding="UTF-8"?>{eol[0]}'
        + f'<{b}Bericht xmlns:{basis}="{message.basis}" {xmlns}="{message.namespace}">'
        + f"{eol[1]}<{b}Header>"
        + f"{eol[2]}<{b}BerichtCode>{message.berichtcode}</{b}BerichtCode>"
        + f"{eol[2]}<{b}BerichtVersie>{versie}</{b}BerichtVersie>"
        + f"{eol[2]}<{b}BerichtSubversie>{subversie}</{b}BerichtSubversie>"
    )
    middle = (
        f"{eol[2]}<{b}XsdVersie>"
        f"{eol[3]}<{c}BasisschemaXsdVersie>1.0.0</{c}BasisschemaXsdVersie>"
        f"{eol[3]}<{c}BerichtXsdVersie>1.0.0</{c}BerichtXsdVersie>"
        f"{eol[2]}</{b}XsdVersie>"
        f"{eol[1]}</{b}Header>"
        f"{eol[1]}<{b}Client>"
    )
    tail = f"{eol[2]}</{b}{record}en>{eol[1]}</{b}Client>{eol[0]}</{b}Bericht>{eol[0]}"
    nummer = "09d" if style.voorloopnullen else "d"
    return _Frame(b, c, eol, f"{record}en", record, head, middle, tail, nummer)


def _client(person: Person, geslacht: str, frame: _Frame) -> str:
    b, c, eol = frame.bericht, frame.basis, frame.eol
    parts = [
        f"{eol[2]}<{b}Bsn>{_text(person.bsn)}</{b}Bsn>"
        f"{eol[2]}<{b}Geboortedatum>"
        f"{eol[3]}<{c}Datum>{person.geboortedatum.isoformat()}</{c}Datum>"
    ]
    if person.datumgebruik is not None:
        parts.append(f"{eol[3]}<{c}DatumGebruik>{_text(person.datumgebruik)}</{c}DatumGebruik>")
    parts.append(
        f"{eol[2]}</{b}Geboortedatum>"
        f"{eol[2]}<{b}Geslacht>{geslacht}</{b}Geslacht>"
        f"{eol[2]}<{b}Naam>"
        f"{eol[3]}<{c}Geslachtsnaam>"
        f"{eol[4]}<{c}Achternaam>{_text(person.achternaam)}</{c}Achternaam>"
    )
    if person.voorvoegsel is not None:
        parts.append(f"{eol[4]}<{c}Voorvoegsel>{_text(person.voorvoegsel)}</{c}Voorvoegsel>")
    parts.append(f"{eol[3]}</{c}Geslachtsnaam>")
    if person.voornamen is not None:
        parts.append(f"{eol[3]}<{c}Voornamen>{_text(person.voornamen)}</{c}Voornamen>")
    if person.voorletters is not None:
        parts.append(f"{eol[3]}<{c}Voorletters>{_text(person.voorletters)}</{c}Voorletters>")
    parts.append(f"{eol[2]}</{b}Naam>")
    return "".join(parts)


def _record(event: Start | Stop, frame: _Frame) -> str:
    b, c, eol, record = frame.bericht, frame.basis, frame.eol, frame.record
    parts = [f"{eol[3]}<{b}{record}>"]
    if event.toewijzing is not None:
        nummer = format(event.toewijzing, frame.nummer)
        parts.append(f"{eol[4]}<{b}ToewijzingNummer>{nummer}</{b}ToewijzingNummer>")
    if event.categorie is not None:
        parts.append(f"{eol[4]}<{b}Product>{eol[5]}<{c}Categorie>{event.categorie}</{c}Categorie>")
        if event.code is not None:
            parts.append(f"{eol[5]}<{c}Code>{_text(event.code)}</{c}Code>")
        parts.append(f"{eol[4]}</{b}Product>")
    elif event.code is not None:
        raise ValueError("a product code without a category cannot be written")
    if event.toewijzing_ingangsdatum is not None:
        ingang = event.toewijzing_ingangsdatum.isoformat()
        parts.append(f"{eol[4]}<{b}ToewijzingIngangsdatum>{ingang}</{b}ToewijzingIngangsdatum>")
    parts.append(f"{eol[4]}<{b}Begindatum>{event.begindatum.isoformat()}</{b}Begindatum>")
    if isinstance(event, Stop):
        parts.append(
            f"{eol[4]}<{b}RedenBeeindiging>{event.reden}</{b}RedenBeeindiging>"
            f"{eol[4]}<{b}Einddatum>{event.einddatum.isoformat()}</{b}Einddatum>"
        )
    parts.append(
        f"{eol[4]}<{b}StatusAanlevering>{event.status}</{b}StatusAanlevering>{eol[3]}</{b}{record}>"
    )
    return "".join(parts)


def _one_message(events: Sequence[Start | Stop]) -> Start | Stop:
    """Return the first event; raise ValueError when they are not one message's."""
    if not events:
        raise ValueError("a message has at least one record")
    first = events[0]
    wanted = _identity(first)
    for positie, event in enumerate(events, start=1):
        if event is not first and _identity(event) != wanted:
            raise ValueError("the events do not belong to one message and client")
        if event.positie != positie:
            raise ValueError("the events are not in the order of positie, from 1")
    return first


def _identity(event: Start | Stop) -> tuple[object, ...]:
    return (
        event.soort,
        event.wet,
        event.release,
        event.afzender,
        event.gemeente,
        event.identificatie,
        event.dagtekening,
        event.client,
        event.geslacht,
        event.geboortemaand,
    )


_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def _text(value: str) -> str:
    """Return `value` as the content of an element; ValueError for what XML 1.0 cannot carry."""
    if value.isalnum() and value.isascii():
        return value
    if _FORBIDDEN.search(value):
        raise ValueError("the text holds a character that XML cannot carry")
    return value.translate(_MARKUP)
