"""
What can be wrong with a message, as a small tree whose classes say who must act.

No error ever carries a value from the message: the text of an element may be a BSN put in the wrong
place. Elements are named only when the standard knows their name.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Reason(BaseModel):
    """
    The machine-readable form of a refusal, as `decode --json` and `afgekeurd` show it.

    `reden` is a stable code, `regel` the number in the standard (or ``XSD`` for level 1), `element`
    the path with a position for repeated elements, `lijn` the 1-based line in the file, `melding`
    what is wrong and `oplossing` what to do, both in Dutch.
    """

    model_config = ConfigDict(frozen=True)

    reden: str
    regel: str
    element: str
    lijn: int | None
    melding: str
    oplossing: str


class DecodeError(Exception):
    """A message that was refused as a whole (IV032); use one of the subclasses."""

    code: ClassVar[str] = ""
    actor: ClassVar[str] = ""
    """Who must act: ``afzender`` (its software) or ``keten`` (who routes messages to us)."""

    def __init__(
        self,
        melding: str,
        *,
        regel: str,
        oplossing: str,
        element: str = "",
        lijn: int | None = None,
    ) -> None:
        if not self.code:
            raise TypeError("raise a subclass of DecodeError")
        self.reason = Reason(
            reden=self.code,
            regel=regel,
            element=element,
            lijn=lijn,
            melding=melding,
            oplossing=oplossing,
        )
        places = [part for part in (element, f"regel {lijn}" if lijn else "") if part]
        where = f" ({', '.join(places)})" if places else ""
        super().__init__(f"[{regel}] {melding}{where}. {oplossing}")


class UnsafeInputError(DecodeError):
    """Refused before or while reading: too large, DOCTYPE, another encoding, too deep."""

    code = "onveilig"
    actor = "afzender"


class NotXmlError(DecodeError):
    """Not well-formed XML."""

    code = "geen_xml"
    actor = "afzender"


class TruncatedError(NotXmlError):
    """The document stops before its root element is closed: perhaps it is still being written."""

    code = "afgebroken_xml"


class UnknownMessageError(DecodeError):
    """Well-formed, but not a start- or stop-bericht of release 3.0, 3.1 or 3.2."""

    code = "ander_bericht"
    actor = "keten"


class EnvelopeError(DecodeError):
    """A GGk envelope that holds no message, or not the way its specification says."""

    code = "envelop"
    actor = "keten"


class StructureError(DecodeError):
    """Breaks the schema: level 1 of the standard (order, cardinality, lengths, code lists)."""

    code = "structuur"
    actor = "afzender"


class RuleError(DecodeError):
    """Breaks a rule of level 2 of the standard; `regel` is its number."""

    code = "regel"
    actor = "afzender"


class PseudonymKeyError(Exception):
    """The pseudonym key is missing, too short or not the one of before: our set-up must change."""
