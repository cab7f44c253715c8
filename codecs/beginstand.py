"""
Care that was running before the stream began, from a CSV file, as start events.

Without it `actief` is too low for years: only starts that come by message are known. A row gets the
identity of a message of its own; a start-bericht about the same record later changes nothing.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Final

from pydantic import ValidationError

from zorgstroom.codecs import rules
from zorgstroom.codecs.catalog import CATEGORIE
from zorgstroom.codecs.errors import Reason, StructureError
from zorgstroom.codecs.events import Start, events_digest
from zorgstroom.codecs.pseudonym import PseudonymKey

COLUMNS: Final = (
    "bsn",
    "gemeente",
    "wet",
    "toewijzing",
    "categorie",
    "code",
    "begindatum",
    "geboortedatum",
    "geslacht",
)
"""Columns of the file, in any order; toewijzing, categorie, code and geboortedatum may be empty."""
AFZENDER: Final = "00000000"
"""Stands for the gemeente itself: no aanbieder has this AGB code."""


class _RowError(Exception):
    def __init__(self, column: str, rule: str, what: str) -> None:
        super().__init__(what)
        self.reason = (column, rule, what)


def read_rows(
    data: bytes, key: PseudonymKey, today: date | None = None
) -> Iterator[tuple[int, Start | Reason]]:
    """
    Yield (line, event or reason of refusal) for each row; a bad row does not stop the others.

    Args:
        data: The file: UTF-8, comma or semicolon, with a header of `COLUMNS`.
        key: Replaces BSNs.
        today: Refuse care that begins later; None does not look.

    Raises:
        StructureError: The file as a whole is not such a table.

    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _file_error("het bestand is geen UTF-8") from None
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error:
        raise _file_error("de eerste regel is geen leesbare CSV") from None
    if sorted(names) != sorted(COLUMNS):
        raise _file_error(f"de kolommen moeten zijn: {', '.join(COLUMNS)}")
    reader.fieldnames = names
    try:
        for row in reader:
            line = reader.line_num
            if None in row or None in row.values():
                yield line, _reason(line, _RowError("", "CSV", "een ander aantal kolommen"))
                continue
            try:
                yield line, _start({name: value.strip() for name, value in row.items()}, key, today)
            except _RowError as error:
                yield line, _reason(line, error)
    except csv.Error:
        raise _file_error(f"regel {reader.line_num} is geen leesbare CSV") from None


def _start(row: dict[str, str], key: PseudonymKey, today: date | None) -> Start:
    wet, bsn = row["wet"], row["bsn"]
    if wet not in CATEGORIE:
        raise _RowError("wet", "CSV", "wet is Wmo of Jw")
    # Excel drops leading zeros of numbers.
    bsn = bsn.zfill(9) if len(bsn) == 8 else bsn
    if not (len(bsn) == 9 and bsn.isascii() and bsn.isdigit()):
        raise _RowError("bsn", "LDT_BurgerServicenummer", "bsn heeft 9 cijfers")
    if broken := rules.check_bsn(bsn):
        raise _RowError("bsn", broken.regel, broken.melding)
    categorie = row["categorie"].zfill(2) if row["categorie"] else None
    if categorie is not None and categorie not in CATEGORIE[wet]:
        raise _RowError("categorie", "LDT_ProductCategorie", f"categorie bestaat niet in de {wet}")
    begin = _day(row, "begindatum")
    if begin is None:
        raise _RowError("begindatum", "CSV", "begindatum is verplicht")
    if today is not None and begin > today:
        raise _RowError("begindatum", "TR134", "begindatum ligt in de toekomst")
    born = _day(row, "geboortedatum")
    gemeente = row["gemeente"].zfill(4)
    try:
        start = Start.model_validate(
            {
                "wet": wet,
                "release": "3.2",
                "afzender": AFZENDER,
                "gemeente": gemeente,
                "identificatie": "B",
                "dagtekening": begin,
                "digest": "0" * 32,
                "positie": 1,
                "client": key.client(gemeente, bsn),
                "geboortemaand": None if born is None else f"{born.year:04}-{born.month:02}",
                "geslacht": row["geslacht"] or "0",
                "toewijzing": row["toewijzing"] or None,
                "categorie": categorie,
                "code": row["code"] or None,
                "toewijzing_ingangsdatum": None,
                "begindatum": begin,
                "status": 1,
            }
        )
    except ValidationError as error:
        column = str(error.errors(include_input=False)[0]["loc"][0])
        raise _RowError(column, "CSV", f"{column} heeft geen geldige waarde") from None
    # Each row is a message of its own, under a name of what it means and not of how it is written:
    # the same row from another spreadsheet is a repeat.
    meaning = [start.gemeente, start.wet, bsn, str(start.toewijzing or ""), start.categorie or ""]
    meaning += [start.code or "", begin.isoformat(), "" if born is None else born.isoformat()]
    name = key.digest("\x1f".join([*meaning, start.geslacht]))
    named = start.model_copy(update={"identificatie": f"B{name[:11]}"})
    return named.model_copy(update={"digest": events_digest([named])})


def _day(row: dict[str, str], column: str) -> date | None:
    text = row[column]
    if not text:
        return None
    try:
        if len(text) == 10 and text[4] == text[7] == "-":
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _RowError(column, "LDT_Datum", f"{column} is een bestaande datum als JJJJ-MM-DD")


def _reason(line: int, error: _RowError) -> Reason:
    column, rule, what = error.reason
    return Reason(
        reden="beginstand",
        regel=rule,
        element=column,
        lijn=line,
        melding=what,
        oplossing="Verbeter deze regel van het bestand en lever het opnieuw aan.",
    )


def _file_error(what: str) -> StructureError:
    return StructureError(
        f"beginstand: {what}",
        regel="CSV",
        oplossing="Lever een CSV-bestand aan zoals docs/beginstand.md beschrijft.",
    )
