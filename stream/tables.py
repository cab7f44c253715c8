"""Figures and summaries as people read them in a terminal: Dutch tables, and CSV."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import IO, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from zorgstroom.aggregations.ledger import MATEN
from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.codecs.catalog import CATEGORIE
from zorgstroom.stream.results import Tally

COLUMNS: Final = (
    "gebied_soort",
    "gebied",
    "wet",
    "product_niveau",
    "product",
    "periode_soort",
    "periode",
    "maat",
    "waarde",
    "tot_en_met",
    "status",
    "versie",
    "bijgewerkt_op",
)
"""Columns of a row of figures, as in `publicatie.cijfers`."""
NIET_BESCHIKBAAR: Final = "n.b."
"""What stands for a figure that is not shown: never 0."""
_MONTHS: Final = "jan feb mrt apr mei jun jul aug sep okt nov dec"

Row = Mapping[str, object]
_Line = tuple[str, str, str, str, str, str, str]


def write_csv(rows: Iterable[Row], out: IO[str]) -> None:
    """Write rows with a header; a figure that is not shown is an empty field."""
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def figures_table(rows: Sequence[Row], title: str) -> Table:
    """
    Return one line for each gebied, product and period, with the three measures beside it.

    Behind the sum of a period that still runs stands the last month that it reaches.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    periods = {(str(r["periode_soort"]), str(r["periode"])) for r in rows}
    # Beside the months that sums reach there is less room for names, which then take two lines.
    narrow = any(r["tot_en_met"] for r in rows)
    table.add_column("", no_wrap=not narrow, overflow="ellipsis", max_width=30)
    if len(periods) > 1:
        table.add_column("periode", no_wrap=True, min_width=7)
    for maat in MATEN:
        table.add_column(maat, justify="right", no_wrap=True, min_width=len(maat))
    table.add_column("", no_wrap=True, min_width=len("definitief"))
    asked = {str(found["maat"]) for found in rows}
    lines: dict[_Line, dict[str, Row]] = {}
    for found in rows:
        soort, gebied, wet, niveau, product, kind, start = (
            str(found[name]) for name in COLUMNS[:7]
        )
        line = (soort, gebied, wet, niveau, product, kind, start)
        lines.setdefault(line, {})[str(found["maat"])] = found
    previous = ("", "")
    for line in sorted(lines, key=_order):
        _, gebied, wet, niveau, product, kind, start = line
        maten = lines[line]
        if previous != (gebied, wet):
            if previous[0]:
                table.add_section()
            table.add_row(f"[bold]{area_name(gebied)} · {wet}[/bold]")
        previous = (gebied, wet)
        period = [period_name(kind, date.fromisoformat(start))] if len(periods) > 1 else []
        table.add_row(
            product_name(wet, niveau, product),
            *period,
            *(_count(maten.get(maat)) if maat in asked else "" for maat in MATEN),
            str(next(iter(maten.values()))["status"]),
        )
    return table


def area_name(gebied: str) -> str:
    """Return the name of an area for people."""
    if gebied in TWENTE:
        return f"{TWENTE[gebied]} ({gebied})"
    return gebied if gebied.isdigit() else f"Regio {gebied.capitalize()}"


def product_name(wet: str, niveau: str, product: str) -> str:
    """Return the name of a product for people, indented by its level."""
    if niveau == "totaal":
        return "  totaal"
    if niveau == "hoofdgroep":
        return f"    {product}"
    label = CATEGORIE["Wmo" if wet == "Wmo" else "Jw"].get(product)
    return f"    {product} {label}" if label else f"    {product}"


def period_name(soort: str, start: date) -> str:
    """Return a period as people write it: 2026, 2026-H2, 2026-K3, 2026-11 or 2026-11-23."""
    match soort:
        case "jaar":
            return f"{start.year}"
        case "halfjaar":
            return f"{start.year}-H{(start.month + 5) // 6}"
        case "kwartaal":
            return f"{start.year}-K{(start.month + 2) // 3}"
        case "maand":
            return f"{start:%Y-%m}"
        case _:
            return start.isoformat()


def tally_table(tally: Tally, seconds: float) -> Table:
    """Return the closing summary of a run."""
    rate = f" ({_thousands(round(tally.inputs / seconds))} per seconde)" if seconds > 0 else ""
    spent = f"{seconds:.1f}".replace(".", ",")
    table = Table(
        title=f"{_thousands(tally.inputs)} berichten in {spent} s{rate}",
        title_justify="left",
        show_header=False,
    )
    table.add_column("uitkomst")
    table.add_column("aantal", justify="right")
    table.add_row("aanvaard", _thousands(tally.accepted))
    table.add_row("herhaald (telt niet opnieuw)", _thousands(tally.repeated))
    if tally.conflicts:
        table.add_row(
            "  aanvaard, maar met een eerder gebruikte identificatie (TR056)",
            _thousands(tally.conflicts),
        )
    table.add_row("afgekeurd", _thousands(sum(tally.rejected.values())))
    for reason, count in sorted(tally.rejected.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(f"  {reason}", _thousands(count))
    if tally.ignored:
        table.add_row("overgeslagen (naam eindigt niet op .xml of .zip)", _thousands(tally.ignored))
    return table


def _order(key: _Line) -> tuple[object, ...]:
    soort, gebied, wet, niveau, product, periode_soort, periode = key
    levels = ("totaal", "hoofdgroep", "categorie")
    return (
        soort != "regio",
        gebied,
        wet != "Wmo",
        levels.index(niveau),
        product,
        periode_soort,
        periode,
    )


def _count(row: Row | None) -> str:
    # A figure that is not in the answer is as little known as one that is not shown.
    waarde = None if row is None else row["waarde"]
    if row is None or waarde is None:
        return NIET_BESCHIKBAAR
    count = _thousands(int(str(waarde)))
    if row["tot_en_met"] is None:
        return count
    last = date.fromisoformat(str(row["tot_en_met"]))
    return f"{count} t/m {_MONTHS.split()[last.month - 1]}"


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", ".")
