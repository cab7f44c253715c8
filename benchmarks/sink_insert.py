"""
How fast an emission gets into ClickHouse, for the ways that were weighed in decision 0004.

Run `python benchmarks/sink_insert.py`; it takes about 20 seconds. Compare the ratios, not the
seconds: machines differ.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import clickhouse_connect
from clickhouse_connect.driver.client import Client

from zorgstroom.aggregations.results import Emission, Series, SeriesValues
from zorgstroom.sinks import cells
from zorgstroom.sinks.clickhouse import ClickHousePublication
from zorgstroom.sinks.connection import MAX_QUERY_BYTES, Connection
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.migrations import CELL_COLUMNS

TIME = datetime(2024, 1, 1, tzinfo=UTC)
KEY = ("gebied_soort", "gebied", "wet", "product_niveau", "product", "periode_soort", "maat")


def emission(versie: int, count: int, length: int) -> Emission:
    months = [date(1990 + n // 12, n % 12 + 1, 1) for n in range(length)]
    made = []
    for n in range(count):
        of = Series("gemeente", f"{n % 14:04}", "Wmo", "categorie", f"{n:05}", "maand", "actief")
        waarden = [None if (n + m) % 5 == 0 else (n * m + versie) % 5000 for m in range(length)]
        made.append(SeriesValues(of, months, waarden, ["voorlopig"] * length))
    return Emission("twente", versie, TIME, made, "geen")


def rows_direct(client: Client, written: Emission) -> None:
    """One row per cell through the driver's columnar insert."""
    columns: list[list[object]] = [[] for _ in CELL_COLUMNS]
    for of in written.values:
        size = len(of.perioden)
        for column, part in zip(columns, KEY, strict=False):
            column.extend([getattr(of.series, part)] * size)
        stamp: list[Sequence[object]] = [[written.versie] * size, [TIME] * size]
        filled: list[Sequence[object]] = [of.perioden, of.waarden, of.statussen, *stamp]
        for column, more in zip(columns[7:], filled, strict=True):
            column.extend(more)
    order = [*KEY, "periode", "waarde", "status", "versie", "bijgewerkt_op"]
    client.insert("historie_rijen", columns, order, database="publicatie", column_oriented=True)


def staging(client: Client, written: Emission) -> None:
    """One row per series into a table of our own, unfolded from there."""
    rows = [
        [*(getattr(of.series, part) for part in KEY), of.perioden, of.waarden, of.statussen]
        for of in written.values
    ]
    client.insert("serie", rows, [*KEY, "p", "w", "s"], database="klaarzet")
    keys = ", ".join(KEY)
    client.command(
        f"INSERT INTO publicatie.historie_rijen ({keys}, periode, waarde, status, versie, "
        f"bijgewerkt_op) SELECT {keys}, p, w, s, {written.versie}, {cells.moment(TIME)} "
        "FROM klaarzet.serie ARRAY JOIN p, w, s"
    )
    client.command("TRUNCATE TABLE klaarzet.serie")


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        opening = timed(lambda: __import__("chdb"))
        print(f"import chdb {opening:.2f} s", end="; ")
        client = clickhouse_connect.get_client(interface="chdb", path=str(Path(folder) / "db"))
        client.command(f"SET max_query_size = {MAX_QUERY_BYTES}")
        connection = Connection(client, "benchmark")
        made: list[ClickHousePublication] = []
        print(f"schema {timed(lambda: made.append(ClickHousePublication(connection))):.2f} s")
        publication = made[0]
        client.command("CREATE DATABASE klaarzet")
        client.command(
            "CREATE TABLE klaarzet.serie (" + ", ".join(f"{part} String" for part in KEY) + ", "
            "p Array(Date32), w Array(Nullable(UInt32)), s Array(String)) "
            "ENGINE = MergeTree ORDER BY tuple()"
        )
        ways: dict[str, Callable[[Emission], None]] = {
            "inside the statement": publication.write,
            "staging with arrays": lambda written: staging(client, written),
            "row per cell": lambda written: rows_direct(client, written),
        }
        versie = 0
        for name, way in ways.items():
            before = "pandas" in sys.modules
            versie += 1
            first = timed(lambda way=way, versie=versie: way(emission(versie, 1, 1)))  # type: ignore[misc]
            loaded = "" if before == ("pandas" in sys.modules) else " (loads pandas)"
            print(f"{name:22} first {first * 1000:5.0f} ms{loaded}", end="")
            for count, length, times in ((100, 3, 9), (2500, 50, 3), (2500, 100, 3)):
                taken = []
                for _ in range(times):
                    versie += 1
                    written = emission(versie, count, length)
                    taken.append(timed(lambda way=way, written=written: way(written)))  # type: ignore[misc]
                cost = median(taken)
                rate = count * length / cost
                print(f" | {count * length} cells {cost * 1000:4.0f} ms, {rate:9,.0f}/s", end="")
            print()
        areas = [f"{n:04}" for n in range(14)]
        reads: dict[str, Callable[[], object]] = {
            "published, 250,000 cells": lambda: list(publication.published(areas)),
            "figures, 250,000 cells": lambda: publication.figures(Filter()),
            "figures, one gemeente and product": lambda: publication.figures(
                Filter(gebied=("0003",), product=("00003",))
            ),
            "last_version": lambda: publication.last_version("twente", areas),
        }
        for name, read in reads.items():
            print(f"{name:35} {timed(read) * 1000:6.0f} ms")
        connection.close()


if __name__ == "__main__":
    main()
