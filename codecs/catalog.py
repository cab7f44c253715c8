"""
The messages and code lists of the standard that we read, as data.

Sources: Vektis COD002 (BerichtCode), WMO588 and JZ588 (RedenBeeindiging), WMO020 and JZ020
(Productcategorie), COD467 (StatusAanlevering). Lists are keyed by domain: reden 31 means a move in
the Wmo and care completed in the Jeugdwet.
"""

from dataclasses import dataclass
from typing import Final, Literal

Wet = Literal["Wmo", "Jw"]
Soort = Literal["start", "stop"]
Release = Literal["3.0", "3.1", "3.2"]

RELEASES: Final[tuple[Release, ...]] = ("3.0", "3.1", "3.2")
BERICHTCODE: Final[dict[tuple[Wet, Soort], str]] = {
    ("Wmo", "start"): "418",
    ("Wmo", "stop"): "420",
    ("Jw", "start"): "438",
    ("Jw", "stop"): "440",
}
TIJDELIJK: Final = "20"
"""The only RedenBeeindiging that is not definitive."""


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message of one release: WMO305, WMO307, JW305 or JW307."""

    wet: Wet
    soort: Soort
    release: Release

    @property
    def name(self) -> str:
        """The name people use, such as ``WMO305``."""
        return f"{self.wet.upper()}{305 if self.soort == 'start' else 307}"

    @property
    def berichtcode(self) -> str:
        """The number of the Vektis list that stands in the header."""
        return BERICHTCODE[self.wet, self.soort]

    @property
    def namespace(self) -> str:
        """Namespace of the message's own elements."""
        return f"{self._base}/{self.name.lower()}/schema"

    @property
    def basis(self) -> str:
        """Namespace of what stands inside composite types (the basisschema)."""
        return f"{self._base}/basisschema/schema"

    @property
    def _base(self) -> str:
        standard = "iwmo" if self.wet == "Wmo" else "ijw"
        return f"http://www.istandaarden.nl/{standard}/{self.release.replace('.', '_')}"


MESSAGE_TYPES: Final[tuple[MessageType, ...]] = tuple(
    MessageType(wet, soort, release) for release in RELEASES for wet, soort in BERICHTCODE
)
BY_ROOT: Final[dict[str, MessageType]] = {
    f"{{{message.namespace}}}Bericht": message for message in MESSAGE_TYPES
}

WMO_CATEGORIE: Final[dict[str, str]] = {
    "01": "Hulp bij het huishouden",
    "02": "Begeleiding",
    "03": "Persoonlijke verzorging",
    "04": "Kortdurend verblijf",
    "05": "Woondiensten",
    "06": "Overige ondersteuning gericht op het individu of huishouden/gezin",
    "07": "Dagbesteding",
    "08": "Vervoerdiensten",
    "09": "Overige groepsgerichte ondersteuning",
    "10": "Overige maatwerkarrangementen",
    "11": "Rolstoelen",
    "12": "Vervoervoorzieningen",
    "13": "Woonvoorzieningen",
    "14": "Overige hulpmiddelen",
    "15": "Beschermd wonen",
    "16": "Opvang",
    "17": "Spoedopvang",
    "18": "Overige beschermd wonen en opvang",
}
JW_CATEGORIE: Final[dict[str, str]] = {
    "31": "Zonder verblijf: wijk- of buurtteam (2015)",
    "32": "Zonder verblijf: ambulant op locatie van de aanbieder (2015)",
    "33": "Zonder verblijf: daghulp op locatie van de aanbieder (2015)",
    "34": "Zonder verblijf: in het netwerk van de jeugdige (2015)",
    "35": "Met verblijf: pleegzorg (2015)",
    "36": "Met verblijf: gezinsgericht (2015)",
    "37": "Met verblijf: gesloten plaatsing (2015)",
    "38": "Met verblijf: overig residentieel (2015)",
    "40": "Persoonlijke verzorging",
    "41": "Dagbehandeling",
    "42": "Vervoerdiensten",
    "43": "Jeugdhulp verblijf (inclusief behandeling)",
    "44": "Jeugdhulp verblijf (exclusief behandeling)",
    "45": "Jeugdhulp ambulant",
    "46": "Jeugdhulp crisis",
    "47": "Jeugdreclassering",
    "48": "Jeugdbescherming",
    "49": "Activiteiten in het preventief justitieel kader",
    "50": "Maatwerkarrangementen jeugd",
    "51": "Generalistische basis-ggz",
    "52": "Specialistische ggz",
    "53": "Kindergeneeskunde",
    "54": "Jeugd-ggz",
    "55": "Landelijk ingekochte zorg",
}
CATEGORIE: Final[dict[Wet, dict[str, str]]] = {"Wmo": WMO_CATEGORIE, "Jw": JW_CATEGORIE}

_REDEN: Final[dict[Wet, tuple[str, ...]]] = {
    "Wmo": ("02", "19", "20", "21", "22", "23", "31"),
    "Jw": ("02", "20", "31", "32", "33", "34", "35"),
}
_REDEN_SINCE_3_0: Final = ("36", "37")
_REDEN_SINCE_3_1: Final = ("38", "39")


def redenen(wet: Wet, release: Release) -> tuple[str, ...]:
    """Return the RedenBeeindiging codes that `release` of the standard for `wet` allows."""
    later = _REDEN_SINCE_3_0 if release == "3.0" else _REDEN_SINCE_3_0 + _REDEN_SINCE_3_1
    return _REDEN[wet] + later
