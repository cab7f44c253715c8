"""
Questions about published figures as names and texts: those of `/api/cijfers` and of the CLI.

Whatever is not understood is refused with the name of the parameter; nothing is guessed.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, get_args

from zorgstroom.aggregations.results import Maat, Niveau, PeriodeSoort
from zorgstroom.codecs.catalog import Wet
from zorgstroom.sinks.contract import Filter, PublishedFigure

LIMIT: Final = 100_000
"""Figures in an answer when no `limit` is given; the days of a region alone are more."""
MOST: Final = 1_000_000
EMISSIONS: Final = 100
"""Emissions in an answer when no `limit` is given."""

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "wet": get_args(Wet),
    "product_niveau": get_args(Niveau),
    "maat": get_args(Maat),
    "periode_soort": get_args(PeriodeSoort),
}
_NAMES: Final = (*_CHOICES, "gebied", "product", "periode", "historie", "limit")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST, _LATEST = date(1900, 1, 1), date(2299, 12, 31)
"""What the database can compare with; there are no figures outside."""


class ParameterError(ValueError):
    """A parameter that is unknown or malformed; the text names it (Dutch)."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for."""

    wanted: Filter
    historie: bool
    limit: int


def question(parameters: Iterable[tuple[str, str]], regios: Collection[str]) -> Question:
    """
    Return the question that `parameters` (name and value, in any order) ask.

    Args:
        parameters: `gebied`, `wet`, `product_niveau`, `maat` and `periode_soort` take several
            values, repeated or with commas; `product` repeated; the others once.
        regios: Names of the regions there are.

    Raises:
        ParameterError: One is unknown or malformed.

    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in _NAMES:
            raise ParameterError(
                f"Onbekende parameter {_quoted(name)}. Bekend zijn: {', '.join(sorted(_NAMES))}."
            )
        given.setdefault(name, []).append(value)
    chosen = {name: _choices(name, given.get(name, ())) for name in _CHOICES}
    vanaf, tot_en_met = _periode(_once(given, "periode"))
    limit = _limit(_once(given, "limit"))
    wanted = Filter(
        gebied=_gebieden(given.get("gebied", ()), regios),
        wet=chosen["wet"],
        product_niveau=chosen["product_niveau"],
        product=tuple(given.get("product", ())),
        maat=chosen["maat"],
        periode_soort=chosen["periode_soort"],
        periode_vanaf=vanaf,
        periode_tot_en_met=tot_en_met,
        limit=limit + 1,  # one more than is shown, to know whether there are more
    )
    return Question(wanted, _historie(_once(given, "historie")), limit)


def emissions_question(parameters: Iterable[tuple[str, str]]) -> tuple[int, str]:
    """
    Return how many emissions `parameters` ask for (`limit`), and of which `regio` ("" for all).

    Raises:
        ParameterError: One is unknown or malformed.

    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in ("limit", "regio"):
            raise ParameterError(f"Onbekende parameter {_quoted(name)}. Bekend zijn: limit, regio.")
        given.setdefault(name, []).append(value)
    limit = _once(given, "limit")
    return EMISSIONS if limit is None else _limit(limit), _once(given, "regio") or ""


def as_row(figure: PublishedFigure) -> Mapping[str, object]:
    """Return a figure under the names of the table `publicatie.cijfers`."""
    series = figure.series
    return {
        "gebied_soort": series.gebied_soort,
        "gebied": series.gebied,
        "wet": series.wet,
        "product_niveau": series.product_niveau,
        "product": series.product,
        "periode_soort": series.periode_soort,
        "periode": figure.periode,
        "maat": series.maat,
        "waarde": figure.waarde,
        "tot_en_met": figure.tot_en_met,
        "status": figure.status,
        "versie": figure.versie,
        "bijgewerkt_op": figure.bijgewerkt_op,
    }


def _once(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = given.get(name, ())
    if len(values) > 1:
        raise ParameterError(f"{name} mag maar een keer worden opgegeven.")
    return values[0] if values else None


def _choices(name: str, values: Sequence[str]) -> tuple[str, ...]:
    found = tuple(part.strip() for value in values for part in value.split(","))
    for part in found:
        if part not in _CHOICES[name]:
            allowed = ", ".join(_CHOICES[name])
            raise ParameterError(f"{name}: {_quoted(part)} bestaat niet. Kies uit: {allowed}.")
    return found


def _gebieden(values: Sequence[str], regios: Collection[str]) -> tuple[str, ...]:
    found: list[str] = []
    for value in values:
        found.extend([value] if value in regios else [part.strip() for part in value.split(",")])
    for part in found:
        if part not in regios and not re.fullmatch("[0-9]{4}", part):
            known = ", ".join(sorted(regios))
            raise ParameterError(
                f"gebied: {_quoted(part)} is geen regio ({known}) en geen CBS-code van vier "
                "cijfers."
            )
    return tuple(found)


def _periode(text: str | None) -> tuple[date | None, date | None]:
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    vanaf = _date(first) if first or not dots else None
    tot_en_met = (_date(last) if last else None) if dots else vanaf
    if dots and vanaf is None and tot_en_met is None:
        raise ParameterError("periode: noem voor of na de punten minstens een datum.")
    if vanaf is not None and tot_en_met is not None and vanaf > tot_en_met:
        raise ParameterError("periode: de eerste datum ligt na de laatste.")
    return vanaf, tot_en_met


def _date(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return min(max(date.fromisoformat(text), _EARLIEST), _LATEST)
    except ValueError:
        pass
    raise ParameterError(
        f"periode: {_quoted(text)} is geen datum. Geef een datum als 2026-01-01 (de eerste dag van "
        "de periode), of vanaf..tot als 2025-01-01..2025-12-31."
    )


def _historie(text: str | None) -> bool:
    if text not in (None, "0", "1"):
        raise ParameterError("historie: geef 1 (alle versies) of 0 (alleen de laatste).")
    return text == "1"


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    if not re.fullmatch("[0-9]{1,7}", text) or int(text) > MOST:
        raise ParameterError(f"limit: geef een aantal van 0 tot en met {MOST}.")
    return int(text)


def _quoted(text: str) -> str:
    """Return `text` for in an error: short, and without anything that a screen might act on."""
    shown = text if len(text) <= 40 else text[:39] + "…"
    return "'" + "".join(c if c.isprintable() else "?" for c in shown) + "'"
