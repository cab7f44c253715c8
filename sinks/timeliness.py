"""The table `tijdigheid` as SQL: one statement a write, conditional on who owns the region."""

# ruff: noqa: S608 - numbers, a checked name, and texts that go through `literal`

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import cast

import msgspec

from zorgstroom.aggregations.timeliness_rows import LabelSoort, TimelinessRow
from zorgstroom.sinks.cells import EPOCH_DAY, literal, moment
from zorgstroom.sinks.connection import Row

_COUNTS = ("op_tijd", "te_laat", "te_vroeg", "mediaan", "p90")
_KEY = "regio, wet, soort, label_soort, label, maand"
_SHAPE = (
    "regio String, wet String, soort String, label_soort String, label String, dag Int32, "
    + ", ".join(f"{name} Nullable(UInt32)" for name in _COUNTS)
)


def statement(
    rows: Sequence[TimelinessRow],
    versie: int,
    tijd: datetime,
    db: str,
    *,
    fence: str,
    longest: float,
) -> str:
    """
    Return what stores `rows`; it may be run any number of times.

    Args:
        rows: Of one region.
        versie: Version of the region.
        tijd: When the rows were made (aware).
        db: Quoted name of the database.
        fence: Condition (a WHERE clause) under which anything is stored at all.
        longest: Seconds after which the server ends the statement.

    """
    lines = b"\n".join(msgspec.json.encode(_line(row)) for row in rows).decode()
    digest = blake2b(f"{moment(tijd)} {lines}".encode(), digest_size=12).hexdigest()
    token = literal(f"{rows[0].regio}:tijdigheid:{versie}:{digest}")
    return (
        f"INSERT INTO {db}.tijdigheid_rijen ({_KEY}, {', '.join(_COUNTS)}, versie, bijgewerkt_op) "
        f"SETTINGS async_insert = 0, insert_deduplication_token = {token}, max_threads = 1, "
        "max_insert_threads = 1, log_queries = 0, "
        f"max_execution_time = {longest:g}, timeout_overflow_mode = 'throw' "
        "SELECT regio, wet, soort, label_soort, label, toDate32(dag), "
        f"{', '.join(_COUNTS)}, {versie}, {moment(tijd)} "
        f"FROM format(JSONCompactEachRow, {literal(_SHAPE)}, {literal(lines)}) {fence}"
    )


def rows_query(db: str) -> str:
    """Return the question for all rows of `{regio}`, in the order of their key."""
    return (
        f"SELECT {_KEY}, {', '.join(_COUNTS)} FROM {db}.tijdigheid "
        f"WHERE regio = {{regio:String}} ORDER BY {_KEY}"
    )


def rows(found: Iterable[Row]) -> list[TimelinessRow]:
    """Return the rows that `rows_query` asks for."""
    made = []
    for row in found:
        regio, wet, soort, label_soort, label = (str(part) for part in row[:5])
        counts = cast("tuple[int | None, ...]", tuple(row[6:]))
        made.append(
            TimelinessRow(
                regio,
                wet,
                soort,
                cast(LabelSoort, label_soort),
                label,
                cast(date, row[5]),
                *counts,
            )
        )
    return made


def _line(row: TimelinessRow) -> list[object]:
    counts = [getattr(row, name) for name in _COUNTS]
    day = row.maand.toordinal() - EPOCH_DAY
    return [row.regio, row.wet, row.soort, row.label_soort, row.label, day, *counts]
