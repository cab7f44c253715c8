"""
An emission as SQL: statements that carry their rows with them and may be run any number of times.

One row per series with its values in arrays, unfolded by the server: five times less to send than
one row per cell, no staging table that a crash could leave behind, and no pandas. Being an INSERT
... SELECT, a statement can be made conditional on who owns the region.
"""

# ruff: noqa: S608 - numbers, a checked name, and texts that go through `literal`

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

import msgspec

from zorgstroom.aggregations.results import Emission, SeriesValues

_json = msgspec.json.Encoder().encode

CHUNK_CHARACTERS = 1 << 22
"""About 330,000 cells a statement: well under the engine's block size, so that it is one insert."""

LONGEST_INSERT = 10.0
"""Seconds after which the server ends a statement, unless a setting says otherwise."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()

CELLS = (
    "gebied_soort String, gebied String, wet String, product_niveau String, product String, "
    "periode_soort String, maat String, dagen Array(Int32), waarden Array(Nullable(UInt32)), "
    "definitief Array(Bool), reikt Array(Nullable(Int32))"
)


def statements(
    emission: Emission, db: str, fence: str = "", longest: float = LONGEST_INSERT
) -> Iterator[str]:
    """
    Yield what stores `emission` in the database `db` (quoted): cells first, its row last.

    Args:
        emission: What to store.
        db: Quoted name of the database.
        fence: Condition (a WHERE clause) under which each statement stores anything at all.
        longest: Seconds after which the server ends a statement.

    """
    for number, rows in enumerate(chunks(emission)):
        yield (
            f"INSERT INTO {db}.historie_rijen (gebied_soort, gebied, wet, product_niveau, product, "
            "periode_soort, maat, periode, waarde, tot_en_met, status, versie, bijgewerkt_op) "
            f"{settings(emission, number, rows, longest)} "
            "SELECT gebied_soort, gebied, wet, product_niveau, product, periode_soort, maat, "
            "toDate32(dag), waarde, if(empty(reikt), NULL, toDate32(reikt[plaats])), "
            f"if(slot, 'definitief', 'voorlopig'), {emission.versie}, {moment(emission.tijd)} "
            f"FROM format(JSONCompactEachRow, {literal(CELLS)}, {literal(rows)}) "
            "ARRAY JOIN dagen AS dag, waarden AS waarde, definitief AS slot, "
            f"arrayEnumerate(dagen) AS plaats {fence}"
        )
    row = _json([emission.regio, emission.beleid]).decode()
    yield (
        f"INSERT INTO {db}.emissies_rijen (regio, versie, tijd, beleid) "
        f"{settings(emission, -1, row, longest)} "
        f"SELECT regio, {emission.versie}, {moment(emission.tijd)}, beleid "
        f"FROM format(JSONCompactEachRow, 'regio String, beleid String', {literal(row)}) "
        f"{fence}"
    )


def chunks(emission: Emission) -> Iterator[str]:
    """Yield the series of `emission` as lines of JSON, about `CHUNK_CHARACTERS` at a time."""
    lines: list[str] = []
    size = 0
    for values in emission.values:
        line = encoded(values)
        if lines and size + len(line) > CHUNK_CHARACTERS:
            yield "\n".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield "\n".join(lines)


def encoded(values: SeriesValues) -> str:
    """
    Return one series as a line.

    It holds the key, days since 1970, figures, 1 where definitief, and the last days that sums of
    running periods reach, if there are any.
    """
    series = values.series
    return _json(
        [
            series.gebied_soort,
            series.gebied,
            series.wet,
            series.product_niveau,
            series.product,
            series.periode_soort,
            series.maat,
            [day.toordinal() - EPOCH_DAY for day in values.perioden],
            list(values.waarden),
            [1 if status == "definitief" else 0 for status in values.statussen],
            [None if day is None else day.toordinal() - EPOCH_DAY for day in values.tot_en_met],
        ]
    ).decode()


def settings(emission: Emission, number: int, rows: str, longest: float) -> str:
    """
    Return the SETTINGS clause of one statement.

    The token lets the server drop a repeated statement. It carries a digest of what is stored,
    because the server would drop other rows under the same token without a word; and one thread
    makes one block, which the token needs. An emission names no cell twice, so looking for
    duplicates while inserting (`optimize_on_insert`) would be half of the cost for nothing.
    Figures are kept out of the server's query log.
    """
    digest = blake2b(f"{moment(emission.tijd)} {rows}".encode(), digest_size=12).hexdigest()
    token = f"{emission.regio}:{emission.versie}:{number}:{digest}"
    return (
        f"SETTINGS async_insert = 0, insert_deduplication_token = {literal(token)}, "
        "deduplicate_blocks_in_dependent_materialized_views = 1, "
        "max_threads = 1, max_insert_threads = 1, optimize_on_insert = 0, log_queries = 0, "
        f"max_execution_time = {longest:g}, timeout_overflow_mode = 'throw'"
    )


def moment(time: datetime) -> str:
    """Return `time` as an expression of type DateTime64(3, 'UTC'), cut to whole milliseconds."""
    return f"fromUnixTimestamp64Milli({milliseconds(time)}, 'UTC')"


def milliseconds(time: datetime) -> int:
    """Return whole milliseconds since 1970."""
    return (time - EPOCH) // timedelta(milliseconds=1)


def literal(text: str) -> str:
    """Return `text` as a string of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
