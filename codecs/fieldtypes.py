"""
The simple types of the basisschema that occur in start- and stopberichten, as patterns.

A pattern is matched against the whole text of an element. XSD collapses white space around
numbers and dates and keeps it in strings; its ``.`` excludes line ends. Every pattern excludes the
characters that XML itself forbids, which the quick reader (`skeleton.py`) relies on.
"""

from dataclasses import dataclass
from typing import Final

from zorgstroom.codecs.catalog import CATEGORIE, MessageType, redenen

XML_SPACE: Final = " \t\r\n"
"""White space as XML knows it; Python's own notion is wider."""

_WS: Final = "[ \\t\\n\\r]*"
_CHAR: Final = "[^\\x00-\\x08\\x0a-\\x1f\\ufffe\\uffff]"
"""Any character but line ends and what XML 1.0 forbids; a tab is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldType:
    """
    A simple type: its name in the basisschema, its `pattern` and what it asks for, in Dutch.

    `collapse` says that white space around the value has no meaning (dates and numbers). Compared
    by identity, as it is the key of many look-ups.
    """

    name: str
    pattern: str
    uitleg: str
    collapse: bool = False


def _string(name: str, longest: int) -> FieldType:
    # Not only blanks: at least one character that XSD's \s does not cover.
    pattern = f"(?=[ \\t]*[^ \\t\\n\\r\\x1f]){_CHAR}{{1,{longest}}}"
    return FieldType(name, pattern, f"1 tot en met {longest} tekens, niet alleen spaties")


def _choice(name: str, values: tuple[str, ...]) -> FieldType:
    return FieldType(name, f"(?:{'|'.join(values)})", f"een van de codes {', '.join(values)}")


def _fixed(name: str, value: str, *, collapse: bool = False) -> FieldType:
    edge = _WS if collapse else ""
    return FieldType(name, f"{edge}{value}{edge}", f"vaste waarde {value}", collapse)


AGB = FieldType("LDT_AgbCode", "[0-9]{8}", "8 cijfers")
GEMEENTE = FieldType("LDT_Gemeente", "[0-9]{4}", "4 cijfers")
BSN = FieldType("LDT_BurgerServicenummer", "[0-9]{9}", "9 cijfers")
IDENTIFICATIE = _string("LDT_IdentificatieBericht", 12)
DATUM = FieldType(
    "LDT_Datum",
    f"{_WS}[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_WS}",
    "een bestaande datum als JJJJ-MM-DD, zonder tijdzone",
    collapse=True,
)
NUMMER = FieldType(
    "LDT_Nummer",
    f"{_WS}(?:\\+?0*[0-9]{{1,9}}|-0+){_WS}",
    "een geheel getal van 0 tot en met 999999999",
    collapse=True,
)
CODE = _string("LDT_ProductCode", 5)
NAAM = _string("LDT_Naam", 200)
VOORVOEGSEL = _string("LDT_Voorvoegsel", 10)
VOORLETTERS = FieldType("LDT_Voorletters", "[a-zA-ZÀ-ỳ]{1,6}", "1 tot en met 6 letters")
VERSIE = FieldType(
    "LDT_Versie",
    "(?:0|[1-9][0-9]*)(?:\\.(?:0|[1-9][0-9]*)){2}",
    "drie getallen met punten, zoals 1.0.0",
)
GESLACHT = _choice("LDT_Geslacht", ("0", "1", "2"))
DATUMGEBRUIK = _choice("LDT_DatumGebruik", ("1", "2", "3"))
STATUS = _choice("LDT_StatusAanlevering", ("1", "2", "3", "9"))
"""Level 1 lets 2 and 9 through; rule CS058 refuses them."""


def berichtcode(message: MessageType) -> FieldType:
    """Return the type of the header's BerichtCode: the one code of `message`."""
    return _fixed("LDT_BerichtCode", message.berichtcode)


def versie(message: MessageType) -> FieldType:
    """Return the type of BerichtVersie: the major release."""
    return _fixed("LDT_BerichtVersie", message.release[0], collapse=True)


def subversie(message: MessageType) -> FieldType:
    """Return the type of BerichtSubversie: the minor release."""
    return _fixed("LDT_BerichtSubversie", message.release[2], collapse=True)


def categorie(message: MessageType) -> FieldType:
    """Return the type of Productcategorie in the domain of `message` (WMO020, JZ020)."""
    return _choice("LDT_ProductCategorie", tuple(CATEGORIE[message.wet]))


def reden(message: MessageType) -> FieldType:
    """Return the type of RedenBeeindiging by domain and release (WMO588, JZ588)."""
    return _choice("LDT_RedenBeeindiging", redenen(message.wet, message.release))
