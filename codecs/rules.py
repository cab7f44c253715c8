"""
The rules of level 2 that one message can be held against, by their numbers in the standard.

Each function returns None or the rule that is broken. Level 3 rules need other messages and are not
applied (see `aggregations`); TR135 needs today's date, which the caller gives.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken rule: its number, what is wrong and what to do (Dutch)."""

    regel: str
    melding: str
    oplossing: str


_ONBEKEND = (1900, 1, 1)
_RESEND = "Laat de afzender het bericht verbeterd opnieuw aanleveren."

CS002 = Broken("CS002", "het BSN voldoet niet aan de 11-proef", _RESEND)
NOBODY = Broken(
    "CS002",
    "het BSN bestaat uit nullen: dat voldoet aan de 11-proef, maar is van niemand",
    _RESEND,
)
CS058 = Broken(
    "CS058",
    "StatusAanlevering mag alleen 1 of 3 zijn",
    "Een wijziging is verwijderen (3) en opnieuw aanleveren (1); laat de afzender dat doen.",
)
TR018 = Broken("TR018", "de Einddatum ligt voor de Begindatum", _RESEND)
TR101 = Broken(
    "TR101",
    "twee records in dit bericht hebben dezelfde sleutel",
    "Laat de afzender elk record een keer aanleveren, ook bij status 3.",
)
TR134_START = Broken(
    "TR134",
    "de Begindatum ligt na de Dagtekening",
    "Een start wordt pas gemeld als de zorg begonnen is (OP011); laat de afzender het verbeteren.",
)
TR134_STOP = Broken("TR134", "de Einddatum ligt na de Dagtekening", _RESEND)
TR135 = Broken(
    "TR135",
    "de Dagtekening ligt in de toekomst",
    "Controleer de klok van de afzender en die van dit systeem; lever het daarna opnieuw aan.",
)


def check_bsn(bsn: str) -> Broken | None:
    """
    CS002: (9a+8b+7c+6d+5e+4f+3g+2h-i) mod 11 = 0.

    Nine zeros fit it and are refused all the same, beyond the rule: they are nobody's number, and
    everyone who is given it would be one client.
    """
    a, b, c, d, e, f, g, h, i = bsn.encode()
    # The digits are codes 48-57; 48 times the weights' sum (43) is taken off at the end.
    total = 9 * a + 8 * b + 7 * c + 6 * d + 5 * e + 4 * f + 3 * g + 2 * h - i - 2064
    if bsn == "000000000":
        return NOBODY
    return CS002 if total % 11 else None


def check_birth(birth: date, usage: str | None, dagtekening: date) -> Broken | None:
    """CS139 (DatumGebruik and the parts filled with 01 or 1900 agree) and TR002 (plausible age)."""
    if usage is not None:
        if usage == "3" and (birth.year, birth.month, birth.day) != _ONBEKEND:
            return Broken("CS139", "DatumGebruik 3 vraagt geboortedatum 1900-01-01", _RESEND)
        if usage == "2" and (birth.month, birth.day) != (1, 1):
            return Broken("CS139", "DatumGebruik 2 vraagt maand en dag 01-01", _RESEND)
        if usage == "1" and birth.day != 1:
            return Broken("CS139", "DatumGebruik 1 vraagt dag 01", _RESEND)
    if birth > dagtekening:
        return Broken("TR002", "de geboortedatum ligt na de Dagtekening", _RESEND)
    years = dagtekening.year - birth.year
    if (
        years >= 120
        and usage != "3"
        and (  # the day after the 120th birthday is too late
            years > 120 or (dagtekening.month, dagtekening.day) > (birth.month, birth.day)
        )
    ):
        return Broken(
            "TR002", "de geboortedatum ligt meer dan 120 jaar voor de Dagtekening", _RESEND
        )
    return None


def check_start(begin: date, dagtekening: date) -> Broken | None:
    """TR134: care is reported after it began."""
    return TR134_START if begin > dagtekening else None


def check_stop(begin: date, einde: date, dagtekening: date) -> Broken | None:
    """TR018 and TR134: begin <= einde <= Dagtekening."""
    if einde < begin:
        return TR018
    return TR134_STOP if einde > dagtekening else None
