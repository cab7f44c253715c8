"""
`truth.json`: the exact figures of a generated stream, with what it was made from.

One JSON object. `kop` holds today, vanaf, seed, parameters and regios; `perioden` the first days of
the periods by periode_soort. `reeksen` is a list of rows in the order of `kolommen`: the last two
are lists that run in parallel, the places of the periods in `perioden` and the counts there. A cell
that is not mentioned is 0.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from zorgstroom.stream.generator.model import Params, Region
from zorgstroom.stream.generator.truth import MONTHS, Calendar, Cell

KOLOMMEN: Final = (
    *("gebied_soort", "gebied", "wet", "product_niveau", "product", "periode_soort", "maat"),
    *("perioden", "waarden"),
)


@dataclass(frozen=True, slots=True)
class Truth:
    """Exact figures: every cell that is not 0, and the head of the file they stand in."""

    today: date
    vanaf: date
    seed: int
    cells: dict[Cell, int]
    regios: dict[str, list[tuple[str, str]]]
    """By region name the CBS codes and names of its gemeenten, for settings."""
    kop: Mapping[str, Any]
    """The head as it stands in the file, with all parameters and counts of messages."""


def save_truth(
    path: Path,
    cells: Mapping[Cell, int],
    params: Params,
    regions: Sequence[Region],
    berichten: Mapping[str, int],
) -> None:
    """Write the figures to `path`; `berichten` are numbers of messages by kind."""
    calendar = Calendar(params.vanaf, params.today)
    perioden = {
        soort: [first.isoformat() for first, _ in calendar.periods(soort)]
        for soort in ("dag", *MONTHS)
    }
    place = {soort: {day: i for i, day in enumerate(days)} for soort, days in perioden.items()}
    rows: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for cell, value in cells.items():
        where, values = rows.setdefault((*cell[:6], cell.maat), ([], []))
        where.append(place[cell.periode_soort][cell.periode.isoformat()])
        values.append(value)
    kop = {
        "today": params.today,
        "vanaf": params.vanaf,
        "seed": params.seed,
        "parameters": asdict(params),
        "regios": {r.naam: [(g.code, g.naam) for g in r.gemeenten] for r in regions},
        "berichten": dict(berichten),
    }
    reeksen = [[*key, *lists] for key, lists in sorted(rows.items())]
    whole = {"kop": kop, "perioden": perioden, "kolommen": KOLOMMEN, "reeksen": reeksen}
    text = json.dumps(whole, default=date.isoformat, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def load_truth(path: Path) -> Truth:
    """Return the figures in `path`; ValueError when it is no such file."""
    whole = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(whole, dict) or tuple(whole.get("kolommen", ())) != KOLOMMEN:
        raise ValueError("geen truth.json van deze generator")
    perioden = {
        soort: [date.fromisoformat(day) for day in days]
        for soort, days in whole["perioden"].items()
    }
    cells: dict[Cell, int] = {}
    for area, name, wet, niveau, product, soort, maat, where, values in whole["reeksen"]:
        days = perioden[soort]
        for i, value in zip(where, values, strict=True):
            cells[Cell(area, name, wet, niveau, product, soort, days[i], maat)] = value
    kop = whole["kop"]
    return Truth(
        today=date.fromisoformat(kop["today"]),
        vanaf=date.fromisoformat(kop["vanaf"]),
        seed=kop["seed"],
        cells=cells,
        regios={naam: [(c, n) for c, n in rows] for naam, rows in kop["regios"].items()},
        kop=kop,
    )
