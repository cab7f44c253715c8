"""
The questions a publication answers, as SQL with bound parameters, and rows turned into values.

Whatever a reader filters on travels beside the SQL and never inside it.
"""

# ruff: noqa: S608 - the SQL is made of our own constants and a checked name; values are bound

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import cast

from zorgstroom.aggregations.results import (
    GebiedSoort,
    Maat,
    Niveau,
    PeriodeSoort,
    Series,
    SeriesValues,
    Status,
)
from zorgstroom.sinks.connection import Parameters, Row
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.sinks.migrations import KEY

SERIES = "gebied_soort, gebied, wet, product_niveau, product, periode_soort, maat"
LISTS = ("gebied", "wet", "product_niveau", "product", "maat", "periode_soort")


def figures_query(wanted: Filter, db: str, *, historie: bool) -> tuple[str, Parameters]:
    """Return the question for `wanted` to the database `db` (quoted) and its parameters."""
    parameters: dict[str, object] = {}
    conditions: list[str] = []
    for column in LISTS:
        if values := getattr(wanted, column):
            parameters[column] = list(values)
            conditions.append(f"{column} IN {{{column}:Array(String)}}")
    if wanted.periode_vanaf is not None:
        parameters["vanaf"] = wanted.periode_vanaf
        conditions.append("periode >= {vanaf:Date32}")
    if wanted.periode_tot_en_met is not None:
        parameters["tot_en_met"] = wanted.periode_tot_en_met
        conditions.append("periode <= {tot_en_met:Date32}")
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    limit = ""
    if wanted.limit is not None:
        parameters["limit"] = wanted.limit
        limit = " LIMIT {limit:UInt64}"
    table, order = ("cijfers_historie", f"{KEY}, versie") if historie else ("cijfers", KEY)
    return (
        f"SELECT {SERIES}, periode, waarde, tot_en_met, status, versie, bijgewerkt_op "
        f"FROM {db}.{table} {where}ORDER BY {order}{limit}",
        parameters,
    )


def figures(rows: Iterable[Row]) -> list[PublishedFigure]:
    """Return the figures in the `rows` that `figures_query` asks for."""
    series_by_key: dict[tuple[object, ...], Series] = {}
    result: list[PublishedFigure] = []
    for row in rows:
        key = tuple(row[:7])
        series = series_by_key.get(key) or series_by_key.setdefault(key, series_of(key))
        periode, waarde, tot_en_met, status, versie, bijgewerkt_op = row[7:]
        result.append(
            PublishedFigure(
                series,
                cast(date, periode),
                cast("int | None", waarde),
                cast("date | None", tot_en_met),
                cast(Status, status),
                cast(int, versie),
                cast(datetime, bijgewerkt_op),
            )
        )
    return result


def emissions_query(limit: int, regio: str, db: str) -> tuple[str, Parameters]:
    """Return the question for the last `limit` emissions of `regio` (empty: of all)."""
    where = "WHERE regio = {regio:String} " if regio else ""
    return (
        f"SELECT regio, versie, tijd, beleid FROM {db}.emissies {where}"
        "ORDER BY tijd DESC, versie DESC, regio LIMIT {limit:UInt64}",
        {"limit": limit, "regio": regio} if regio else {"limit": limit},
    )


def emissions(rows: Iterable[Row]) -> list[PublishedEmission]:
    """Return the emissions in the `rows` that `emissions_query` asks for."""
    return [
        PublishedEmission(str(regio), cast(int, versie), cast(datetime, tijd), str(beleid))
        for regio, versie, tijd, beleid in rows
    ]


def published_query(db: str) -> str:
    """Return the question for all latest values of `{gebieden}`, one row per series."""
    return (
        f"SELECT {SERIES}, arrayMap(cel -> cel.1, cellen), arrayMap(cel -> cel.2, cellen), "
        "arrayMap(cel -> cel.3, cellen), arrayMap(cel -> cel.4, cellen) FROM ("
        f"SELECT {SERIES}, arraySort(cel -> cel.1, groupArray(tuple(periode, waarde, "
        f"status = 'definitief', tot_en_met))) AS cellen FROM {db}.cijfers "
        f"WHERE gebied IN {{gebieden:Array(String)}} GROUP BY {SERIES}) ORDER BY {SERIES}"
    )


def published(rows: Iterable[Row]) -> Iterator[SeriesValues]:
    """Yield the series in the `rows` that `published_query` asks for."""
    names: tuple[Status, Status] = ("voorlopig", "definitief")
    for row in rows:
        perioden, waarden, definitief, reached = row[7:]
        tot_en_met = cast("Sequence[date | None]", reached)
        yield SeriesValues(
            series_of(row[:7]),
            cast("Sequence[date]", perioden),
            cast("Sequence[int | None]", waarden),
            [names[slot] for slot in cast("Sequence[int]", definitief)],
            tot_en_met if any(tot_en_met) else (),
        )


def series_of(key: Sequence[object]) -> Series:
    """Return the series for its seven columns, in the order of `SERIES`."""
    soort, gebied, wet, niveau, product, periode_soort, maat = (str(part) for part in key)
    return Series(
        cast(GebiedSoort, soort),
        gebied,
        wet,
        cast(Niveau, niveau),
        product,
        cast(PeriodeSoort, periode_soort),
        cast(Maat, maat),
    )
