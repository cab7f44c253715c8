"""
`zorgstroom audit` on the publication itself: what an outsider can find out from all of it.

Everything comes from the database `publicatie`, as any analyst may read it; of this installation
only the names of regions and the rule are used, which are public as well.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from zorgstroom.aggregations.disclosure.attack import Interval
from zorgstroom.aggregations.disclosure.judging import NOT_ATTACKED, judge
from zorgstroom.aggregations.disclosure.plan import DEFAULT, Cell
from zorgstroom.aggregations.disclosure.replay import Replay
from zorgstroom.aggregations.disclosure.table import Rule
from zorgstroom.aggregations.disclosure.witnessed import (
    Entry,
    Finding,
    Kind,
    Moment,
    Written,
    cell_of,
)
from zorgstroom.aggregations.policy import Disclosure
from zorgstroom.aggregations.products import PRODUCTS
from zorgstroom.aggregations.regions import Region, Regions
from zorgstroom.sinks.clickhouse import DATABASE, ClickHousePublication
from zorgstroom.sinks.contract import Filter, Publication, PublishedEmission, PublishedFigure
from zorgstroom.sinks.errors import FolderInUseError
from zorgstroom.stream.cli import out
from zorgstroom.stream.engine import connect
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings

_ALL: Final = 1 << 40
_SHOWN: Final = 20
"""Lines of a kind that a person gets to see; all of them with --json."""
_TEXTS: Final[dict[Kind, str]] = {
    "onbeschermd": "is gepubliceerd zonder bescherming",
    "zonder emissie": "rij zonder emissie, dus zonder bewijs",
    "getoond": "wordt getoond en is kleiner dan de drempel",
    "buiten het plan": "hoort niet bij wat wordt gepubliceerd",
    "niet afgeleid": "is niet de som of kopie van wat gepubliceerd is",
    "teruggezet": "had niet mogen veranderen",
    "ontbreekt": "ontbreekt bij een sluiting",
    "certificaat": "het certificaat bewijst dit niet",
    "herleidbaar": "is precies uit te rekenen",
    "te smal": "is te nauw te begrenzen",
}


@dataclass(slots=True)
class Told:
    """Something about one emission."""

    regio: str
    versie: int
    tijd: str
    finding: Finding


@dataclass(slots=True)
class Report:
    """What an attack on a publication found."""

    emissions: int = 0
    shown: int = 0
    derived: int = 0
    systems: int = 0
    hidden: int = 0
    proven: int = 0
    attacked: int = 0
    disclosures: list[Told] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)
    intervals: list[tuple[str, int, Cell, Interval]] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        """Whether nothing was found."""
        return not self.disclosures


def audit_data(settings: Settings, data: Path, *, thorough: bool, as_json: bool) -> int:
    """
    Attack the publication in `data`, or on the server of the settings, and say what came of it.

    Args:
        settings: Where it is, its regions and its rule.
        data: Folder of the embedded database.
        thorough: Attack every hidden cell of a close, also where the proof holds.
        as_json: Write a machine-readable answer.

    Returns:
        0 when nothing is disclosed, else 1.

    """
    if not settings.clickhouse.url and not (data / "chdb").exists():
        raise OperatorError(f"In {data} staan geen cijfers om aan te vallen.")
    try:
        connection = connect(settings, data)
    except FolderInUseError as error:
        raise OperatorError(f"{error} Stop het eerst; audit leest de map zelf.") from None
    try:
        publication = ClickHousePublication(connection, DATABASE)
        found = attacked(publication, settings.regions, settings.disclosure, thorough=thorough)
    finally:
        connection.close()
    if as_json:
        click.echo(json.dumps(_answer(found, settings.disclosure.rule), ensure_ascii=False))
    else:
        _print(found, settings.disclosure.rule, thorough=thorough)
    return 0 if found.safe else 1


def attacked(
    publication: Publication, regions: Regions, disclosure: Disclosure, *, thorough: bool = False
) -> Report:
    """Attack everything in `publication` and return what was found."""
    report = Report()
    history = publication.figures(Filter(), historie=True)
    emissions = publication.emissions(_ALL)
    latest = {(f.series, f.periode): f for f in sorted(history, key=lambda f: f.versie)}
    for figure in publication.figures(Filter()):
        last = latest.pop((figure.series, figure.periode), None)
        if last is None or (last.waarde, last.versie) != (figure.waarde, figure.versie):
            _other(report, figure, "cijfers wijkt af van cijfers_historie")
    for figure in latest.values():
        _other(report, figure, "staat niet in cijfers")
    for region, written in by_region(history, emissions, regions, report):
        replay = Replay(region, DEFAULT, disclosure.threshold)
        for moment in replay.moments(written):
            _judge(report, region, moment, disclosure.rule, thorough=thorough)
    return report


def by_region(
    history: Iterable[PublishedFigure],
    emissions: Iterable[PublishedEmission],
    regions: Regions,
    report: Report,
) -> Iterator[tuple[Region, list[Written]]]:
    """Yield the emissions of each region in order, those that were cut off among them."""
    named = {region.name: region for region in regions.named}
    rows: dict[str, dict[int, dict[Cell, Entry]]] = defaultdict(lambda: defaultdict(dict))
    found: dict[str, Region] = {}
    gone: dict[str, PublishedFigure] = {}
    for figure in history:
        gebied = figure.series.gebied
        region = named.get(gebied) or (regions.of(gebied) if gebied.isdigit() else None)
        if region is None:
            gone.setdefault(gebied, figure)
            continue
        found[region.name] = region
        try:
            cell = cell_of(figure.series, figure.periode)
        except KeyError:
            _other(report, figure, "geen product dat bestaat")
            continue
        rows[region.name][figure.versie][cell] = Entry(
            figure.waarde, figure.status, figure.bijgewerkt_op
        )
    for gebied, figure in gone.items():
        why = f"{gebied} staat niet in de instellingen en is niet aangevallen"
        note = Finding("buiten het plan", uitleg=why)
        when = figure.bijgewerkt_op.isoformat()
        report.notes.append(Told(gebied, figure.versie, when, note))
    stored = {(one.regio, one.versie): one for one in emissions}
    for name, region in sorted(found.items()):
        last: dict[int, int] = {}
        for regio, versie in stored:
            if regio == name:
                last[versie >> 32] = max(versie, last.get(versie >> 32, 0))
        written = []
        of_region = {versie for regio, versie in stored if regio == name}
        for versie in sorted({*rows[name], *of_region}):
            one, cells = stored.get((name, versie)), rows[name].get(versie, {})
            if one is not None:
                written.append(Written(versie, one.tijd, one.certificaat, cells))
                continue
            tijd = max(entry.tijd for entry in cells.values())
            # A process that was cut off wrote nothing any more: it can only be its last emission.
            cut = Written(versie, tijd, "", cells, is_cut=True)
            if versie < last.get(versie >> 32, 0):
                finding = Finding("zonder emissie")
                report.disclosures.append(Told(name, versie, tijd.isoformat(), finding))
            written.append(cut)
            last[versie >> 32] = versie
        yield region, written


def _other(report: Report, figure: PublishedFigure, why: str) -> None:
    finding = Finding("teruggezet", uitleg=f"{_series(figure)}: {why}")
    when = figure.bijgewerkt_op.isoformat()
    report.disclosures.append(Told(figure.series.gebied, figure.versie, when, finding))


def _series(figure: PublishedFigure) -> str:
    of = figure.series
    product = of.product or of.product_niveau
    return f"{of.gebied} {of.wet} {product} {of.maat} {of.periode_soort} {figure.periode}"


def _judge(report: Report, region: Region, moment: Moment, rule: Rule, *, thorough: bool) -> None:
    written = moment.written
    found = list(moment.findings)
    rule = Rule(moment.threshold or rule.threshold, rule.breadth, rule.within, rule.across)
    for system in moment.systems:
        judged = judge(system, rule, thorough=thorough and system.is_close)
        found += judged.findings
        report.systems += 1
        report.hidden += judged.hidden
        report.proven += judged.proven
        report.attacked += judged.attacked
        report.intervals += [(region.name, written.versie, *pair) for pair in judged.intervals]
    report.emissions += 1
    report.shown += moment.fresh
    report.derived += moment.derived

    def told(findings: Iterable[Finding]) -> list[Told]:
        when = written.tijd.isoformat()
        return [Told(region.name, written.versie, when, one) for one in findings]

    report.disclosures += told(found)
    report.notes += told(moment.notes)


# What is said


def cell_text(cell: Cell) -> str:
    """Return a cell as a person names it."""
    product = PRODUCTS[cell.product]
    name = product.product or product.niveau
    return f"{cell.gebied} {cell.wet} {name} {cell.maat} {cell.soort} {cell.start}"


def _print(found: Report, rule: Rule, *, thorough: bool) -> None:
    out.print(
        f"{found.emissions} emissies: {found.shown} cijfers gemaakt in {found.systems} tabellen, "
        f"{found.derived} sommen en kopieën nagerekend. Van {found.hidden} onderdrukte cellen zijn "
        f"er {found.proven} bewezen door optellen en {found.attacked} aangevallen met lineaire "
        f"programma's{' (sluitingen geheel)' if thorough else ''}. Drempel {rule.threshold}.",
        markup=False,
    )
    if found.intervals:
        table = Table(title="Nader te begrenzen", title_justify="left")
        for heading in ("emissie", "cel", "kleinst", "grootst"):
            table.add_column(heading)
        for regio, versie, cell, at in found.intervals[:_SHOWN]:
            high = "onbegrensd" if at.high is None else str(at.high)
            table.add_row(f"{regio} {versie}", cell_text(cell), str(at.low), high)
        out.print(table)
        _more(len(found.intervals))
    for told in found.notes[:_SHOWN]:
        out.print(f"let op: {_line(told)}", style="yellow", markup=False)
    out.print("Niet aangevallen: " + "; ".join(NOT_ATTACKED) + ".", markup=False)
    if found.safe:
        out.print("Geen onthulling gevonden.", style="green")
    for told in found.disclosures[:_SHOWN]:
        out.print(f"ONTHULLING: {_line(told)}", style="red", markup=False)
    _more(len(found.disclosures))


def _more(count: int) -> None:
    if count > _SHOWN:
        out.print(f"... en nog {count - _SHOWN}; alle met --json")


def _line(told: Told) -> str:
    finding = told.finding
    what = cell_text(finding.cell) if finding.cell else finding.systeem
    at = finding.interval
    room = f" ({at.low} t/m {'onbegrensd' if at.high is None else at.high})" if at else ""
    why = f": {finding.uitleg}" if finding.uitleg else ""
    text = f"{_TEXTS[finding.soort]}{room}{why}"
    return " ".join(part for part in (f"{told.regio} {told.versie}", what, text) if part)


def _answer(found: Report, rule: Rule) -> dict[str, Any]:
    return {
        "veilig": found.safe,
        "drempel": rule.threshold,
        "emissies": found.emissions,
        "tabellen": found.systems,
        "gemaakt": found.shown,
        "afgeleid": found.derived,
        "onderdrukt": found.hidden,
        "bewezen": found.proven,
        "aangevallen": found.attacked,
        "onthullingen": _listed(found.disclosures),
        "opmerkingen": _listed(found.notes),
        "intervallen": [
            {"regio": regio, "versie": versie, "cel": cell_text(cell), **_ends(at)}
            for regio, versie, cell, at in found.intervals
        ],
        "niet_aangevallen": list(NOT_ATTACKED),
    }


def _listed(told: Sequence[Told]) -> list[dict[str, Any]]:
    return [
        {
            "regio": one.regio,
            "versie": one.versie,
            "tijd": one.tijd,
            "soort": one.finding.soort,
            "cel": cell_text(one.finding.cell) if one.finding.cell else None,
            "tabel": one.finding.systeem or None,
            "uitleg": one.finding.uitleg or None,
            **(_ends(one.finding.interval) if one.finding.interval else {}),
        }
        for one in told
    ]


def _ends(interval: Interval) -> dict[str, int | None]:
    return {"laag": interval.low, "hoog": interval.high}
