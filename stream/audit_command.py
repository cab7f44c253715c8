"""The command `zorgstroom audit`: options in, the attack, its result and an exit code out."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from zorgstroom.stream.cli import data_option, guarded, json_option, load_settings, main, out


@main.command(short_help="Controleer of kleine aantallen te herleiden zijn.")
@data_option
@click.option(
    "--regio", "regios", multiple=True, help="Alleen deze regio; mag meerdere keren. Anders alle."
)
@click.option(
    "--wet", "wetten", multiple=True, type=click.Choice(["Wmo", "Jw"]), help="Alleen deze wet."
)
@click.option(
    "--steekproef",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Hoogstens zoveel n.b.-aantallen per regio, wet en tabel.",
)
@click.option(
    "--momenten",
    type=click.IntRange(0, 100),
    default=6,
    show_default=True,
    help="Leg de lopende maand ook naast zoveel eerdere momenten.",
)
@click.option(
    "--uren",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    help="Stop na zoveel uur; dezelfde opdracht gaat daarna verder.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Startwaarde van het toeval.")
@click.option(
    "--voortgang",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Bestand voor wat al is uitgezocht. Anders audit-voortgang.json in de map van --data.",
)
@json_option
@guarded
def audit(data: Path, voortgang: Path | None, as_json: bool, **wanted: Any) -> None:
    """
    Controleer of uit de gepubliceerde cijfers kleine aantallen te herleiden zijn.

    Code 1 als een klein aantal precies bekend is, of als er iets staat dat er niet hoort te staan.
    """  # noqa: D401 - Dutch
    from zorgstroom.stream import audit as run  # noqa: PLC0415 - the engine is slow to load
    from zorgstroom.stream import audit_report  # noqa: PLC0415

    try:
        report = run.audit(
            load_settings(),
            data,
            run.Wishes(**wanted),
            voortgang or data / "audit-voortgang.json",
        )
    except run.UnknownRegionError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        click.echo(json.dumps(audit_report.as_json(report), ensure_ascii=False))
    else:
        audit_report.show(report, out)
    sys.exit(0 if report.is_safe else 1)
