"""
The decoder: bytes of one message, in an envelope or not, to its events.

This is the façade that the rest of the project imports. It upholds: a message is accepted whole or
refused whole (IV032), and after it there is no BSN and no name.
"""

import re
from datetime import date, datetime
from typing import Final

from lxml import etree

from zorgstroom.codecs import envelope
from zorgstroom.codecs.catalog import BY_ROOT, MessageType
from zorgstroom.codecs.errors import (
    DecodeError,
    EnvelopeError,
    NotXmlError,
    RuleError,
    StructureError,
    UnknownMessageError,
)
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.layout import Matched, match
from zorgstroom.codecs.message import Shape, Violation
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.skeleton import Skeletons
from zorgstroom.codecs.xmlread import MAX_BYTES, line_of, parse, text_of

Events = tuple[Start | Stop, ...]

_MOST_SHAPES: Final = 2048
_STANDARD = re.compile(
    r"http://www\.istandaarden\.nl/(?:iwmo|ijw)/([0-9])_([0-9])/((?:wmo|jw)[0-9]{3})/schema"
    r"(?:/[0-9]_[0-9])?"
)
_RETOUR = frozenset({"302", "304", "306", "308", "316", "318", "320", "325"})


class Decoder:
    """Decodes messages with one pseudonym key; remembers the markup it has seen."""

    def __init__(self, key: PseudonymKey) -> None:
        self._key = key
        self._shapes: dict[str, Shape] = {}
        self._skeletons: Skeletons[Shape] = Skeletons()

    def decode(self, data: bytes, *, today: date | None = None) -> Events:
        """
        Return the events of one message, in the order of its records.

        Args:
            data: The file: a message, or a GGk envelope around one.
            today: Refuse a later Dagtekening (TR135); None does not look.

        Raises:
            DecodeError: The message was refused; the subclass says who must act.

        """
        if data.find(b"ggk0210", 0, 2048) >= 0:
            text = text_of(data, max_bytes=envelope.MAX_BYTES)
            root = parse(text, large_text=True)
            if root.tag == envelope.ROOT:
                opened = envelope.open_envelope(root)
                try:
                    return self._message(text_of(opened.payload), today, opened.ontvangen)
                except NotXmlError:
                    raise EnvelopeError(
                        "GGk-envelop: de inhoud is geen volledig XML-bericht",
                        regel="GGk0210",
                        element="parameters/bericht/xmlBestand",
                        lijn=line_of(root),
                        oplossing="Laat de afzender het bericht in de envelop opnieuw aanleveren.",
                    ) from None
            text_of(data)  # no envelope after all: the size of a message holds
            return self._parsed(text, root, today, None)
        return self._message(text_of(data), today, None)

    def _message(self, text: str, today: date | None, ontvangen: datetime | None) -> Events:
        found = self._skeletons.find(text)
        if found is not None:
            shape, values = found
            try:
                return shape.build(values, self._key, today, ontvangen)
            except Violation:
                pass  # the parser below finds the same again, with the line
        return self._parsed(text, parse(text), today, ontvangen)

    def _parsed(
        self, text: str, root: etree._Element, today: date | None, ontvangen: datetime | None
    ) -> Events:
        message = BY_ROOT.get(root.tag)
        if message is None:
            raise _unknown(root)
        matched = match(root, message)
        shape = self._shape(message, matched)
        try:
            events = shape.build(matched.values, self._key, today, ontvangen)
        except Violation as violation:
            raise _refusal(message, matched, violation) from None
        self._skeletons.learn(text, matched.values, shape)
        return events

    def _shape(self, message: MessageType, matched: Matched) -> Shape:
        shape = Shape(message, matched.slots) if len(matched.slots) > 200 else None
        if shape is None:
            known = message.name + message.release + ",".join(s.name for s in matched.slots)
            shape = self._shapes.get(known)
            if shape is None:
                if len(self._shapes) >= _MOST_SHAPES:
                    self._shapes.clear()
                shape = self._shapes[known] = Shape(message, matched.slots)
        return shape


def _refusal(message: MessageType, matched: Matched, violation: Violation) -> DecodeError:
    slot = matched.slots[violation.slot]
    line = line_of(matched.elements[violation.slot])
    name = f"{message.name} {message.release}"
    if violation.broken is None:
        return StructureError(
            f"{name}: {slot.name} heeft geen geldige waarde; verwacht wordt {slot.type.uitleg}",
            regel=f"XSD {slot.type.name}",
            element=slot.path,
            lijn=line,
            oplossing="Laat de afzender het bericht verbeterd opnieuw aanleveren.",
        )
    return RuleError(
        f"{name}: {violation.broken.melding}",
        regel=violation.broken.regel,
        element=slot.path,
        lijn=line,
        oplossing=violation.broken.oplossing,
    )


def _unknown(root: etree._Element) -> DecodeError:
    """Refuse by name what we do not read, without quoting names that nobody knows."""
    name = etree.QName(root)
    found = _STANDARD.fullmatch(name.namespace or "")
    if found:
        message, release = found[3].upper(), f"{found[1]}.{found[2]}"
        number = message[-3:]
        if number in _RETOUR:
            why = "Retourberichten bevatten geen nieuwe feiten en worden niet verwerkt."
        elif number not in ("305", "307"):
            why = "Alleen start- en stopberichten (305 en 307) worden verwerkt."
        else:
            why = "Alleen de releases 3.0, 3.1 en 3.2 worden gelezen."
        return UnknownMessageError(
            f"{message} van release {release} wordt niet gelezen",
            regel="berichtsoort",
            lijn=line_of(root),
            oplossing=why,
        )
    if name.namespace == envelope.NAMESPACE and name.localname == "envelopRetourbericht-ggk_Du01":
        return UnknownMessageError(
            "een GGk-retourenvelop (Du01) wordt niet gelezen",
            regel="berichtsoort",
            lijn=line_of(root),
            oplossing="Retourberichten bevatten geen nieuwe feiten en worden niet verwerkt.",
        )
    if name.localname.startswith("Fo0") and (name.namespace or "").startswith(envelope.STUF[:-4]):
        return EnvelopeError(
            "een StUF-foutbericht is geen start- of stopbericht",
            regel="berichtsoort",
            lijn=line_of(root),
            oplossing="Behandel het foutbericht in de koppeling met het knooppunt.",
        )
    return UnknownMessageError(
        "dit XML-document is geen bericht van iWmo of iJw",
        regel="berichtsoort",
        lijn=line_of(root),
        oplossing="Controleer of dit bestand hier hoort.",
    )


def decode(data: bytes, key: PseudonymKey, *, today: date | None = None) -> Events:
    """Decode one message; for many, keep a `Decoder`, which is several times quicker."""
    return Decoder(key).decode(data, today=today)


__all__ = ["MAX_BYTES", "Decoder", "decode"]
