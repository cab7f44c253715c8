"""What `audit FILE.json` and `protect` do, behind the console."""

import json
import time
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from zorgstroom.aggregations.disclosure.attack import Interval
from zorgstroom.aggregations.disclosure.audit import Audit, Disclosure, audit
from zorgstroom.aggregations.disclosure.document import protect_document
from zorgstroom.aggregations.disclosure.exchange import Document, DocumentError, rule_for
from zorgstroom.aggregations.disclosure.reading import read
from zorgstroom.aggregations.disclosure.table import (
    BudgetError,
    DisclosureError,
    Rule,
    UnprotectableError,
)
from zorgstroom.stream.cli import err, out

BUDGET: Final = 600.0
"""Seconds for the protection of one file."""

_KINDS: Final = {
    "getoond": "wordt getoond en is kleiner dan de drempel",
    "herleidbaar": "is precies uit te rekenen",
    "te smal": "is te nauw te begrenzen",
    "certificaat": "het certificaat bewijst dit niet",
}


def audit_file(path: Path, rule: str, breadth: int | None, as_json: bool) -> int:
    """
    Attack the table in `path` and say what can be found out.

    Args:
        path: A document in the exchange format.
        rule: `contain` or `exact`; not used when `breadth` is given.
        breadth: How many values of a small cell must remain possible.
        as_json: Write a machine-readable answer.

    Returns:
        0 when nothing is disclosed, 1 when something is, 2 when the file cannot be used.

    """
    try:
        document = read(path.read_bytes())
        asked = rule_for(document, rule, breadth)
        found = audit(document, asked)
    except (DocumentError, OSError) as error:
        return refused(path, error)
    if as_json:
        click.echo(json.dumps(answer(found, asked), ensure_ascii=False))
    else:
        report(found, asked)
    return 0 if found.safe else 1


def protect_file(path: Path, target: Path, rule: str, as_json: bool) -> int:
    """
    Protect the table in `path` and write it with its certificate to `target`.

    Returns:
        0 when it is written, 1 when it cannot be protected, 2 when the file cannot be used.

    """
    try:
        document = read(path.read_bytes())
        asked = rule_for(document, rule)
        result = protect_document(document, asked, clock=time.monotonic, budget=BUDGET)
    except (DocumentError, OSError) as error:
        return refused(path, error)
    except DisclosureError as error:
        err.print(f"Niets geschreven: {why(error, document)}", style="red", markup=False)
        return 1
    try:
        written(result, target)
    except OSError as error:
        return refused(target, error)
    hidden = sum(cell.value is None for cell in result.cells)
    small = int(document.table().small(asked).sum())
    size = len(result.certificate.tables) if result.certificate else 0
    if as_json:
        said = {"cellen": len(result.cells), "onderdrukt": hidden, "klein": small, "tabellen": size}
        click.echo(json.dumps({"bestand": str(target), "regel": name(asked), **said}))
    else:
        out.print(
            f"{target}: {len(result.cells)} cellen, {hidden} onderdrukt, waarvan {small} onder de "
            f"drempel {asked.threshold}. Het certificaat telt {size} tabellen. Regel: "
            f"{name(asked)}.",
            markup=False,
        )
    return 0


def written(document: Document, target: Path) -> None:
    """Write a protected document: whole, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".nieuw")
    fresh.write_text(json.dumps(document.plain(), ensure_ascii=False, indent=1), "utf-8")
    fresh.replace(target)


def refused(path: Path, error: Exception) -> int:
    """Say why a file cannot be used and return the exit code for it."""
    text = (error.strerror or error) if isinstance(error, OSError) else error
    err.print(f"{path}: {text}", style="red", markup=False)
    return 2


def why(error: DisclosureError, document: Document) -> str:
    """Return what stands in the way, for whoever made the document."""
    if isinstance(error, UnprotectableError):
        names = ", ".join(str(document.cells[at].id) for at in error.cells)
        return (
            f"cel {names} is niet te beschermen, ook niet als al het andere wordt weggelaten, "
            "door wat al bekend is (known) of door vaste getallen in de relaties."
        )
    if isinstance(error, BudgetError):
        return (
            f"de bescherming was na {BUDGET:.0f} seconden niet klaar. Verdeel de tabel, of kies "
            "--rule exact."
        )
    return (
        "de onafhankelijke controle bevestigt de bescherming niet. Dit is een fout in Zorgstroom."
    )


def report(found: Audit, rule: Rule) -> None:
    """Print what an attack found."""
    out.print(
        f"{found.cells} cellen, {found.suppressed} onderdrukt, alle aangevallen. "
        f"Drempel {rule.threshold}, regel: {name(rule)}.",
        markup=False,
    )
    if found.certificate is not None:
        out.print(f"Het certificaat {'klopt' if found.certificate else 'klopt NIET'}.")
    narrow = [(cell, at) for cell, at in found.intervals if not wide(at, rule)]
    if narrow:
        table = Table(title="Nader te begrenzen", title_justify="left")
        for heading in ("cel", "kleinst", "grootst"):
            table.add_column(heading)
        for cell, at in narrow:
            table.add_row(str(cell), str(at.low), "onbegrensd" if at.high is None else str(at.high))
        out.print(table)
    if found.safe:
        out.print("Geen onthulling gevonden.", style="green")
    for disclosure in found.disclosures:
        out.print(f"ONTHULLING: {line(disclosure)}", style="red", markup=False)


def line(disclosure: Disclosure) -> str:
    """Return one disclosure as a sentence."""
    cell = "" if disclosure.id is None else f"cel {disclosure.id} "
    at = disclosure.interval
    room = "" if at is None else f" ({at.low} t/m {'onbegrensd' if at.high is None else at.high})"
    return f"{cell}{_KINDS[disclosure.kind]}{room}"


def answer(found: Audit, rule: Rule) -> dict[str, Any]:
    """Return what an attack found, for a machine."""
    return {
        "veilig": found.safe,
        "regel": name(rule),
        "drempel": rule.threshold,
        "cellen": found.cells,
        "onderdrukt": found.suppressed,
        "certificaat": found.certificate,
        "onthullingen": [
            {"id": item.id, "soort": item.kind, **ends(item.interval)} for item in found.disclosures
        ],
        "intervallen": [{"id": cell, **ends(at)} for cell, at in found.intervals],
        "niet_aangevallen": [],
    }


def ends(interval: Interval | None) -> dict[str, int | None]:
    """Return an interval for a machine; `hoog` is null without a largest value."""
    return {} if interval is None else {"laag": interval.low, "hoog": interval.high}


def name(rule: Rule) -> str:
    """Return the name of a rule as the options know it."""
    return f"breadth {rule.breadth}" if rule.within == "breadth" else rule.within


def wide(interval: Interval, rule: Rule) -> bool:
    """Return whether an interval tells no more than that a count may be small."""
    return interval.covers(0, rule.threshold - 1)
