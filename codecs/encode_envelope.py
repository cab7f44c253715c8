"""
A message wrapped in a GGk envelope (StUF ``ggk0210``), as it travels between the nodes.

The inverse of the part of the decoder that opens envelopes; for generators and tests.
"""

from base64 import b64encode
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from zorgstroom.codecs.catalog import MessageType

NAMESPACE: Final = "http://www.stufstandaarden.nl/koppelvlak/ggk0210"
STUF: Final = "http://www.egem.nl/StUF/StUF0301"
_ZONE: Final = ZoneInfo("Europe/Amsterdam")


def envelope(
    payload: bytes,
    *,
    message: MessageType,
    zender: str,
    ontvanger: str,
    referentie: str,
    tijdstip: datetime,
) -> bytes:
    """
    Return the Di01 envelope (UTF-8, CR/LF) that carries `payload`, a message of type `message`.

    `zender` and `ontvanger` are the AGB or CBS codes of the parties, `referentie` a UUID version 4
    in lower case. `tijdstip` must be aware (ValueError otherwise); it is written as Dutch local
    time in whole seconds, for the field ``tijdstipBericht`` has no zone.
    """
    if tijdstip.tzinfo is None:
        raise ValueError("tijdstip must know its time zone")
    versie, subversie = message.release.split(".")
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<GGK:envelopHeenbericht-ggk_Di01 xmlns:StUF="{STUF}" xmlns:GGK="{NAMESPACE}">',
        "\t<GGK:stuurgegevens>",
        "\t\t<StUF:berichtcode>Di01</StUF:berichtcode>",
        "\t\t<StUF:zender>",
        f"\t\t\t<StUF:organisatie>{zender}</StUF:organisatie>",
        "\t\t\t<StUF:applicatie>Zorgadministratie</StUF:applicatie>",
        "\t\t</StUF:zender>",
        "\t\t<StUF:ontvanger>",
        f"\t\t\t<StUF:organisatie>{ontvanger}</StUF:organisatie>",
        "\t\t\t<StUF:applicatie>GGk</StUF:applicatie>",
        "\t\t</StUF:ontvanger>",
        f"\t\t<StUF:referentienummer>{referentie}</StUF:referentienummer>",
        f"\t\t<StUF:tijdstipBericht>{tijdstip.astimezone(_ZONE):%Y%m%d%H%M%S}"
        "</StUF:tijdstipBericht>",
        f"\t\t<StUF:functie>{message.name}</StUF:functie>",
        "\t</GGK:stuurgegevens>",
        "\t<GGK:parameters>",
        "\t\t<GGK:applicatieVersie>0001</GGK:applicatieVersie>",
        "\t\t<GGK:applicatieSubversie>0000</GGK:applicatieSubversie>",
        f"\t\t<GGK:functieVersie>{int(versie):04d}</GGK:functieVersie>",
        f"\t\t<GGK:functieSubversie>{int(subversie):04d}</GGK:functieSubversie>",
        "\t\t<GGK:bericht>",
        f"\t\t\t<GGK:xmlBestand>{b64encode(payload).decode()}</GGK:xmlBestand>",
        "\t\t</GGK:bericht>",
        "\t</GGK:parameters>",
        "</GGK:envelopHeenbericht-ggk_Di01>",
        "",
    )
    return "\r\n".join(lines).encode()
