"""The result of `zorgstroom audit` as a person reads it (Dutch), and as JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from zorgstroom.aggregations.attack.leaks import EXEMPT, Kind, Leak
from zorgstroom.aggregations.attack.solve import ENOUGH
from zorgstroom.stream.audit import Report
from zorgstroom.stream.audit_progress import FamilyResult

_SHOWN: Final = 10
"""Lines of one kind that a person gets to see."""
_LISTED: Final = 1000
"""The same in JSON."""
TEXTS: Final[dict[Kind, str]] = {
    "beleid": "onder een ander beleid gepubliceerd",
    "geen veelvoud": "geen afgerond cijfer",
    "twee sleutels": "cijfers zijn met een tweede sleutel afgerond",
    "twee cijfers": "hetzelfde aantal staat er met twee verschillende cijfers",
    "som klopt niet": "een lopende periode is niet de som van de getoonde cijfers",
    "niets nieuws": "een nieuwe versie zonder verschil verraadt een gebeurtenis",
    "tegenstrijdig": "de cijfers spreken elkaar tegen: zo zijn ze niet afgerond",
    "mediaan van weinig": "een mediaan of 90%-punt rust op te weinig meldingen",
}
GEEN: Final = (
    "Deze database is gevuld met beleid 'geen': alle aantallen zijn exact gepubliceerd, ook de "
    "kleine. Er valt niets te herleiden."
)
_EXPLANATION: Final = (
    f"Een klein aantal is te nauw te begrenzen als het minder dan {ENOUGH} waarden kan hebben."
)


def as_json(report: Report) -> dict[str, Any]:
    """Return the result under names that stay the same."""
    reach = report.reach
    counts = Counter(leak.soort for _, leak in report.leaks)
    return {
        "veilig": report.is_safe,
        "beleid": report.safeguard.beleid,
        "basis": report.safeguard.basis,
        "drempel": report.safeguard.drempel,
        "reden": GEEN if report.is_exact else None,
        "publicaties": reach.publicaties,
        "rijen": reach.rijen,
        "eerdere_momenten": reach.momenten,
        "vanaf": None if reach.vanaf is None else reach.vanaf.isoformat(),
        "tot_en_met": None if reach.tot_en_met is None else reach.tot_en_met.isoformat(),
        "niveaus": sorted(reach.niveaus),
        "perioden": sorted(reach.perioden),
        "volledig": report.is_complete,
        "hervat": report.is_resumed,
        "precies_bekend": report.exact,
        "programmas": [_family_json(result) for result in report.results],
        "lekken": {kind: counts[kind] for kind in TEXTS if counts[kind]},
        "lekken_voorbeelden": [
            {
                "regio": regio or None,
                "soort": leak.soort,
                "versie": leak.versie or None,
                "cijfer": leak.place.text if leak.place else None,
                "uitleg": leak.uitleg or None,
            }
            for regio, leak in report.leaks[:_LISTED]
        ],
        "buiten_beschouwing": [*EXEMPT, *_unknown(report)],
    }


def _family_json(result: FamilyResult) -> dict[str, Any]:
    values = Counter(result.waarden.values())
    return {
        "naam": result.naam,
        "tellingen": result.tellingen,
        "verborgen": result.verborgen,
        "steekproef": result.steekproef,
        "onderzocht": len(result.waarden),
        "precies": result.precies,
        "minder_dan_5": result.smal,
        "smalst": result.smalst,
        "waarden_mogelijk": {
            f"{count} of meer" if count == ENOUGH else str(count): values[count]
            for count in sorted(values)
        },
        "lineaire_programmas": result.programmas,
        "seconden": round(result.seconden, 1),
    }


def show(report: Report, out: Console) -> None:
    """Print the result."""
    if report.is_exact:
        out.print(GEEN, style="red", markup=False)
        return
    reach = report.reach
    out.print(
        f"Gelezen: {_number(reach.publicaties)} publicaties en {_number(reach.rijen)} rijen, over "
        f"{_date(reach.vanaf)} t/m {_date(reach.tot_en_met)}. Samengelegd: "
        f"{', '.join(sorted(reach.niveaus))}; per {', '.join(sorted(reach.perioden))}; de lopende "
        f"maand ook op {reach.momenten} eerdere momenten.",
        markup=False,
    )
    out.print(_table(report.results))
    out.print(_EXPLANATION, markup=False)
    for result in report.results:
        for name, value in list(result.precies.items())[:_SHOWN]:
            out.print(f"PRECIES BEKEND: {name} is {value}", style="red", markup=False)
        _more(len(result.precies), out)
    _show_leaks([leak for _, leak in report.leaks], out)
    for text in (*EXEMPT, *_unknown(report)):
        out.print(f"Buiten beschouwing: {text}.", markup=False)
    if report.is_resumed:
        out.print("Dit is het vervolg op een eerdere controle die niet klaar was.", markup=False)
    if not report.is_complete:
        done = sum(len(result.waarden) for result in report.results)
        asked = sum(result.steekproef for result in report.results)
        out.print(
            f"De tijd was om na {_number(done)} van {_number(asked)} aantallen. Dezelfde opdracht "
            "gaat verder waar deze ophield.",
            style="yellow",
            markup=False,
        )
    if report.is_safe:
        out.print(_verdict(report), style="green" if report.is_complete else "yellow", markup=False)


def _verdict(report: Report) -> str:
    """Return what a safe result says, and of how much: a part that was not examined is not safe."""
    examined = sum(len(result.waarden) for result in report.results)
    rest = sum(result.verborgen for result in report.results) - examined
    if not rest:
        return "Geen enkel klein aantal is precies te herleiden."
    return (
        f"Van de {_number(examined)} onderzochte aantallen is er geen precies te herleiden. "
        f"{_number(rest)} n.b.-aantallen zijn niet onderzocht."
    )


def _table(results: Sequence[FamilyResult]) -> Table:
    table = Table(title="Wat een buitenstaander kan herleiden", title_justify="left")
    table.add_column("", overflow="fold")
    for heading in (
        "aantallen",
        "n.b.",
        "onderzocht",
        "precies bekend",
        f"minder dan {ENOUGH} mogelijk",
        "smalst",
        "seconden",
    ):
        table.add_column(heading, justify="right", overflow="fold")
    for result in results:
        smalst = result.smalst
        more = "" if smalst is None or smalst < ENOUGH else " of meer"
        table.add_row(
            result.naam,
            _number(result.tellingen),
            _number(result.verborgen),
            _number(len(result.waarden)),
            _number(len(result.precies)),
            _number(result.smal),
            "-" if smalst is None else f"{smalst}{more}",
            _number(round(result.seconden)),
        )
    return table


def _show_leaks(leaks: Sequence[Leak], out: Console) -> None:
    for kind, text in TEXTS.items():
        of_kind = [leak for leak in leaks if leak.soort == kind]
        for leak in of_kind[:_SHOWN]:
            where = leak.place.text if leak.place else ""
            versie = f"publicatie {leak.versie}" if leak.versie else ""
            details = ", ".join(part for part in (where, versie, leak.uitleg) if part)
            out.print(f"LEK: {text}: {details}", style="red", markup=False)
        _more(len(of_kind), out)


def _more(count: int, out: Console) -> None:
    if count > _SHOWN:
        out.print(f"... en nog {_number(count - _SHOWN)}; meer met --json", markup=False)


def _unknown(report: Report) -> list[str]:
    return [f"{area} (staat niet meer in de instellingen)" for area in report.onbekend]


def _number(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def _date(day: object) -> str:
    return "-" if day is None else str(day)
