"""
Where a user of the command line reads published figures: from a folder, or from the process in it.

The embedded database can be open in one process only, so a running one is asked over HTTP.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from zorgstroom.aggregations.periods import MONTHS
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.aggregations.results import PeriodeSoort
from zorgstroom.sinks.clickhouse import DATABASE, ClickHousePublication
from zorgstroom.sinks.errors import FolderInUseError
from zorgstroom.stream import client
from zorgstroom.stream.engine import connect
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.questions import MOST, as_row, question
from zorgstroom.stream.settings import Settings

Parameters = Mapping[str, Sequence[str]]
"""A question as `zorgstroom.stream.questions` reads it: values by name."""

KINDS: Final = ("dag", *MONTHS)
_FORMS: Final[tuple[tuple[PeriodeSoort, re.Pattern[str]], ...]] = (
    ("jaar", re.compile(r"(\d{4})")),
    ("halfjaar", re.compile(r"(\d{4})-?[Hh]([12])")),
    ("kwartaal", re.compile(r"(\d{4})-?[KkQq]([1-4])")),
    ("maand", re.compile(r"(\d{4})-(\d\d)")),
    ("dag", re.compile(r"(\d{4})-(\d\d)-(\d\d)")),
)
_MONTHS_BACK: Final = 36


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of figures under the names of `publicatie.cijfers`, and the warning with them."""

    rows: list[dict[str, Any]]
    warning: str
    cut: bool
    """Whether there are more than fit in an answer."""


def gebied(text: str, regios: Collection[str]) -> str:
    """Return the area that `text` names: a region, a CBS code, or a gemeente of Twente by name."""
    by_name = {name.lower(): code for code, name in TWENTE.items()}
    by_name |= {name.lower(): name for name in regios}
    return by_name.get(text.lower().removeprefix("regio "), text)


def periode(text: str) -> dict[str, Sequence[str]]:
    """
    Return the parameters for the period or the kind of period that `text` names.

    Raises:
        ValueError: It is none of ``2026``, ``2026-H2``, ``2026-K3``, ``2026-11``, ``2026-11-23`` or
            the name of a kind.

    """
    if text in KINDS:
        return {"periode_soort": [text]}
    for kind, form in _FORMS:
        found = form.fullmatch(text)
        if found is None:
            continue
        year, *rest = (int(part) for part in found.groups())
        if kind != "dag":
            rest = [(rest[0] - 1) * MONTHS[kind] + 1 if rest else 1, 1]
        with suppress(ValueError):
            return {"periode_soort": [kind], "periode": [date(year, *rest).isoformat()]}
    raise ValueError(
        f"{text!r} is geen periode: 2026, 2026-H2, 2026-K3, 2026-11, 2026-11-23, of een van "
        f"{', '.join(KINDS)}"
    )


def ask(settings: Settings, data: Path, wanted: Parameters) -> Answer:
    """
    Return the published figures from the process that works in `data`, or from the database.

    Raises:
        ParameterError: A parameter is malformed.
        OperatorError: There are no figures, or they cannot be read.

    """
    wanted = {**wanted, "limit": [str(MOST)]}
    process = client.running(data)
    if process is not None:
        found = client.fetch_figures(process, wanted)
        rows = cast(list[dict[str, Any]], found["cijfers"])
        return Answer(rows, str(found["waarschuwing"]), bool(found.get("afgekapt")))
    pairs = [(name, value) for name, values in wanted.items() for value in values]
    asked = question(pairs, settings.regios)
    if not settings.clickhouse.url and not (data / "chdb").exists():
        raise OperatorError(
            f"In {data} staan nog geen cijfers. Maak ze met: zorgstroom ingest PAD --data {data}"
        )
    try:
        connection = connect(settings, data)
    except FolderInUseError as error:
        raise OperatorError(str(error)) from None
    try:
        figures = ClickHousePublication(connection, DATABASE).figures(asked.wanted)
    finally:
        connection.close()
    rows = msgspec.to_builtins([as_row(figure) for figure in figures[: asked.limit]])
    return Answer(rows, settings.protection.warning, len(figures) > asked.limit)


def ask_latest_month(settings: Settings, data: Path, today: date, wanted: Parameters) -> Answer:
    """Return what `ask` gives for the last month, up to today's, that has figures."""
    first = date(today.year - _MONTHS_BACK // 12, today.month, 1)
    span = {"periode_soort": ["maand"], "periode": [f"{first}..{today}"]}
    answer = ask(settings, data, {**wanted, **span})
    latest = max((row["periode"] for row in answer.rows), default="")
    rows = [row for row in answer.rows if row["periode"] == latest]
    return Answer(rows, answer.warning, answer.cut)
