"""Events of invented clients."""

from datetime import date

from zorgstroom.codecs.events import Start


def start(number: int, gemeente: str = "0153", begin: date = date(2024, 3, 1)) -> Start:
    """Return the start of client `number`."""
    return Start(
        wet="Wmo",
        release="3.2",
        afzender="01234567",
        gemeente=gemeente,
        identificatie=f"B{number}",
        dagtekening=begin,
        digest=f"{number:032x}",
        positie=1,
        client=f"{number:032x}",
        geboortemaand="1950-01",
        geslacht="1",
        toewijzing=number,
        categorie="02",
        code=None,
        toewijzing_ingangsdatum=begin,
        begindatum=begin,
        status=1,
    )
