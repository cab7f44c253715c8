"""Factories of message files for tests of the shells, and a search for traces of persons."""

import io
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from zorgstroom.codecs.encode import Person, encode
from zorgstroom.codecs.events import Start

ACHTERNAAM = "Zwaluwstaartje"
TODAY = date(2026, 3, 15)


def bsn(number: int) -> str:
    """Return a BSN of the range for tests that passes the 11-proef."""
    for start in range(999_000_000 + number * 20, 999_999_999):
        digits = [int(digit) for digit in str(start)]
        weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
        if sum(d * w for d, w in zip(digits, weights, strict=True)) % 11 == 0:
            return str(start)
    raise ValueError(number)


def message(number: int, *, gemeente: str = "0153", begin: date = date(2026, 1, 5)) -> bytes:
    """Return the start message of client `number`."""
    event = Start(
        wet="Wmo",
        release="3.2",
        afzender="01234567",
        gemeente=gemeente,
        identificatie=f"B{number}",
        dagtekening=date(2026, 2, 1),
        digest="0" * 32,
        positie=1,
        client="0" * 32,
        geboortemaand="1950-01",
        geslacht="1",
        toewijzing=number,
        categorie="02",
        code="02A11",
        toewijzing_ingangsdatum=begin,
        begindatum=begin,
        status=1,
    )
    return encode([event], Person(bsn(number), ACHTERNAAM, date(1950, 1, 13)))


def many_products(number: int, products: int, status: Literal[1, 3] = 1) -> bytes:
    """Return the start message of client `number` with so many products; 40,000 take 17 MB."""
    first = Start(
        wet="Wmo",
        release="3.2",
        afzender="01234567",
        gemeente="0153",
        identificatie=f"G{number}",
        dagtekening=date(2023, 2, 1),
        digest="0" * 32,
        positie=1,
        client="0" * 32,
        geboortemaand="1950-01",
        geslacht="1",
        toewijzing=1,
        categorie="02",
        code="02A11",
        toewijzing_ingangsdatum=date(2023, 1, 1),
        begindatum=date(2023, 1, 1),
        status=status,
    )
    events = [
        first.model_copy(
            update={
                "positie": place,
                "toewijzing": place,
                "begindatum": date(2023, 1, 1) + timedelta(place % 28),
            }
        )
        for place in range(1, products + 1)
    ]
    return encode(events, Person(bsn(number), ACHTERNAAM, date(1950, 1, 13)))


def refused(number: int) -> bytes:
    """Return a message that is refused, with the BSN in a place where it does not belong."""
    return message(number).replace(b"Geslacht>1<", b"Geslacht>" + bsn(number).encode() + b"<")


def archive(members: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """Return a zip file of `members`, in which a name may come twice."""
    made = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        warnings.simplefilter("ignore")
        for name, data in pairs:
            file.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


def traces(texts: Iterable[bytes], numbers: Iterable[int]) -> list[str]:
    """Return which BSNs and names stand in `texts`."""
    secrets = [ACHTERNAAM, *(bsn(number) for number in numbers)]
    return [secret for text in texts for secret in secrets if secret.encode() in text]


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
