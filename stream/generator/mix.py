"""
How care is made up: products, how long they last, and why they stop.

Weights are rough shares of new care; durations are means in days. They are invented within what
published figures make likely, and only the generator uses them.
"""

from dataclasses import dataclass
from typing import Final

from zorgstroom.codecs.catalog import Wet


@dataclass(frozen=True, slots=True)
class Kind:
    """One Productcategorie: its share of new care, mean duration in days and product codes."""

    categorie: str
    share: float
    days: float
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Volume:
    """Clients with care per inhabitant, and new clients per running client per year."""

    per_inhabitant: float
    turnover: float
    extra: tuple[float, ...]
    """Chance of a second, third, ... line of care for a new client."""
    death: float
    move: float
    """Chance per year."""


MIX: Final[dict[Wet, tuple[Kind, ...]]] = {
    "Wmo": (
        Kind("01", 0.26, 1100, ("01A01", "01A02", "01B01")),
        Kind("02", 0.24, 480, ("02A03", "02A05", "02A16", "02B01")),
        Kind("03", 0.01, 400, ("03A01",)),
        Kind("04", 0.01, 350, ("04A01", "04A02")),
        Kind("05", 0.004, 500, ("05A01",)),
        Kind("06", 0.01, 300, ("06A01",)),
        Kind("07", 0.09, 600, ("07A03", "07A12", "07B02")),
        Kind("08", 0.05, 700, ("08A01", "08A03")),
        Kind("09", 0.005, 300, ("09A01",)),
        Kind("10", 0.02, 400, ("10A01", "10A02")),
        Kind("11", 0.07, 1200, ("11A01", "11A05", "11B01")),
        Kind("12", 0.08, 1200, ("12A03", "12A05")),
        Kind("13", 0.06, 900, ("13A01", "13A11")),
        Kind("14", 0.04, 900, ("14A01", "14A02")),
        Kind("15", 0.02, 500, ("15A01", "15A02")),
        Kind("16", 0.015, 180, ("16A01",)),
        Kind("17", 0.006, 12, ("17A01",)),
        Kind("18", 0.005, 250, ("18A01",)),
    ),
    "Jw": (
        Kind("31", 0.005, 300, ("31A01",)),
        Kind("35", 0.005, 700, ("35A01",)),
        Kind("40", 0.01, 300, ("40A01",)),
        Kind("41", 0.05, 250, ("41A01", "41A03")),
        Kind("42", 0.03, 260, ("42A01",)),
        Kind("43", 0.05, 300, ("43A01", "43A09", "43A12")),
        Kind("44", 0.05, 420, ("44A05", "44A08")),
        Kind("45", 0.48, 280, ("45A04", "45A48", "45A53", "45B01")),
        Kind("46", 0.03, 35, ("46A01", "46A03")),
        Kind("47", 0.02, 300, ("47A01",)),
        Kind("48", 0.03, 450, ("48A01", "48A03")),
        Kind("49", 0.005, 60, ("49A01",)),
        Kind("50", 0.02, 250, ("50A01",)),
        Kind("51", 0.02, 180, ("51A01",)),
        Kind("52", 0.03, 300, ("52A01",)),
        Kind("53", 0.015, 180, ("53A01",)),
        Kind("54", 0.16, 330, ("54A01", "54A03", "54B02")),
        Kind("55", 0.01, 300, ("55A01", "55A11")),
    ),
}
VOLUME: Final[dict[Wet, Volume]] = {
    "Wmo": Volume(0.050, 0.36, (0.38, 0.25, 0.2, 0.2), 0.07, 0.02),
    "Jw": Volume(0.0208, 0.80, (0.25, 0.2, 0.1), 0.0003, 0.03),
}
HULPMIDDELEN: Final = frozenset(("11", "12", "13", "14"))
"""Of these one client may have several running records of one category (3.4)."""
TWEE_AANBIEDERS: Final = frozenset(("02", "07", "45", "54"))
"""Where two aanbieders with a toewijzing each for one indicatie are likely."""

REDENEN: Final[dict[Wet, dict[str, float]]] = {
    "Wmo": {"19": 0.5, "21": 0.17, "22": 0.05, "23": 0.2, "36": 0.05, "39": 0.03},
    "Jw": {"31": 0.6, "32": 0.1, "33": 0.05, "34": 0.15, "35": 0.03, "36": 0.04, "39": 0.03},
}
VERLENGING: Final[dict[Wet, tuple[str, ...]]] = {
    "Wmo": ("19", "36", "37"),
    "Jw": ("31", "36", "37"),
}
OVERLIJDEN: Final = "02"
VERHUIZING: Final[dict[Wet, str]] = {"Wmo": "31", "Jw": "35"}
OVERSTAP: Final = "38"
ANDERS: Final = "36"
"""Stands in for a reden that the release does not know yet."""
