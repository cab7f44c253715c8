"""
The console command `zorgstroom`: options in, one call into the program, exit code out.

Exit codes: 0 done, 1 the thing checked is wrong or could not be done, 2 wrong usage.
"""

import json
import os
import sqlite3
import sys
import tomllib
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console

from zorgstroom.aggregations.dossier import DossierError
from zorgstroom.codecs.errors import DecodeError, PseudonymKeyError
from zorgstroom.sinks.errors import SinkError
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

DATA: Final = Path("zorgstroom-data")
# Lines are for a person: in a file or a pipe nothing is cut to fit a window.
out = Console(
    highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
)
err = Console(stderr=True, highlight=False)

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=DATA,
    show_default=True,
    help="Map met dossiers, sleutel en cijfers.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Machineleesbare uitvoer.")
today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Zet de kalender vast op deze datum (ook: ZORGSTROOM_TODAY).",
)


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors that an operator can do something about into a text and exit code 1."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (OperatorError, SinkError, PseudonymKeyError, DecodeError, DossierError) as error:
            fail(str(error))
        except sqlite3.Error as error:
            fail(f"De toestand kan niet worden gelezen of geschreven ({error}). Is er ruimte?")
        except OSError as error:
            fail(f"{error.strerror or error}: {error.filename or ''}")

    return run


def fail(text: str, code: int = 1) -> NoReturn:
    """Say what is wrong and stop."""
    err.print(text, style="red", markup=False)
    sys.exit(code)


def load_settings(today: datetime | None = None) -> Settings:
    """Return the effective settings; wrong ones are named and end the command with code 2."""
    given: dict[str, Any] = {} if today is None else {"today": today.date()}
    try:
        return Settings(**given)
    except (SettingsError, tomllib.TOMLDecodeError) as error:
        fail(f"De instellingen zijn niet te lezen: {error}", 2)
    except ValidationError as error:
        for wrong in error.errors(include_input=False, include_url=False):
            name = "ZORGSTROOM_" + "__".join(str(part) for part in wrong["loc"]).upper()
            err.print(f"Instelling {name}: {wrong['msg']}", style="red", markup=False)
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="zorgstroom")
def main() -> None:
    """Lopende cijfers over Wmo en Jeugdwet uit start- en stopberichten (iWmo/iJw)."""


@main.command()
@click.argument("paths", metavar="PAD...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--beginstand",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV met zorg die al liep voordat de berichten begonnen.",
)
@click.option(
    "--overnemen",
    is_flag=True,
    help="De dossiers zijn kwijt: dit zijn alle berichten achter de cijfers in de database.",
)
@data_option
@today_option
@json_option
@guarded
def ingest(
    paths: tuple[Path, ...],
    beginstand: Path | None,
    *,
    overnemen: bool,
    data: Path,
    today: datetime | None,
    as_json: bool,
) -> None:
    """Verwerk bestanden, mappen en zips met berichten; de bestanden blijven waar ze zijn."""
    from zorgstroom.stream import commands  # noqa: PLC0415 - the engine is slow to load

    if not paths and beginstand is None:
        raise click.UsageError("Geef minstens een pad, of --beginstand.")
    settings = load_settings(today)
    commands.ingest(settings, data, paths, beginstand, takes_over=overnemen, as_json=as_json)


@main.command()
@data_option
@click.option(
    "--inbox",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Map waarin berichten verschijnen.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Poort van de pagina's (0: een vrije).")
@today_option
@guarded
def serve(data: Path, inbox: Path, port: int | None, today: datetime | None) -> None:
    """Verwerk doorlopend wat in de inbox verschijnt, en beantwoord vragen over HTTP."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    sys.exit(commands.serve(load_settings(today), data, inbox, port))


@main.command()
@click.option("--out", "folder", type=click.Path(path_type=Path), required=True, help="Nieuwe map.")
@click.option("--seed", type=int, default=1, show_default=True, help="Toevalsgetal.")
@click.option("--messages", type=click.IntRange(1), help="Ongeveer zoveel goede berichten.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="Deel van de omvang.")
@click.option("--regios", type=click.IntRange(0), default=0, help="Verzonnen regio's; 0: Twente.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="Eerste dag van de stroom.")
@click.option("--zip", "zipped", is_flag=True, help="Een zip in plaats van losse bestanden.")
@click.option("--beginstand", is_flag=True, help="Ook beginstand.csv: zorg die al liep.")
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="NAAM=DEEL",
    help="Hoe vaak iets voorkomt, bijvoorbeeld fout=0.05; mag vaker.",
)
@today_option
@guarded
def generate(today: datetime | None, folder: Path, rates: tuple[str, ...], **wanted: Any) -> None:
    """Maak berichten van een verzonnen regio, met truth.json: de juiste cijfers."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    commands.generate(load_settings(today), folder, rates, wanted)


@main.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-data"),
    show_default=True,
    help="Map voor de demo; wordt opnieuw gemaakt.",
)
@click.option(
    "--messages",
    type=click.IntRange(100),
    default=20_000,
    show_default=True,
    help="Aantal goede berichten.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Toevalsgetal.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 10_000_000),
    default=14_400,
    show_default=True,
    help="Zoveel keer zo snel als de klok; 14400 is vier uur per seconde.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 700),
    default=120,
    show_default=True,
    help="Zoveel van de laatste dagen komen live; wat ervoor ligt gaat in een keer.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Poort van de pagina (0: een vrije).")
@click.option("--once", is_flag=True, help="Zonder pagina: alles in een keer, en dan klaar.")
@click.option("--no-browser", is_flag=True, help="Open geen browser.")
@guarded
def demo(data: Path, port: int | None, **wanted: Any) -> None:
    """Maak een verzonnen Twente, toon de cijfers en laat ze op de pagina bewegen."""
    from zorgstroom.stream import demo as run  # noqa: PLC0415

    settings = load_settings()
    if port is not None:
        http = settings.http.model_copy(update={"port": port})
        settings = settings.model_copy(update={"http": http})
    live = None
    if not wanted["once"]:
        live = run.Live(wanted["speed"], wanted["days"], not wanted["no_browser"])
    sys.exit(run.demo(settings, data, wanted["messages"], wanted["seed"], live))


@main.command()
@click.argument("file", metavar="BESTAND", type=click.Path(exists=True, path_type=Path))
@today_option
@json_option
@guarded
def decode(file: Path, today: datetime | None, as_json: bool) -> None:
    """Toon de gebeurtenissen in een bericht, of waarom het wordt afgekeurd (code 1)."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    sys.exit(commands.decode(load_settings(today), file, as_json=as_json))


@main.command()
@data_option
@click.option("--gebied", multiple=True, help="Regio, CBS-code of naam van een gemeente in Twente.")
@click.option("--wet", multiple=True, type=click.Choice(["Wmo", "Jw"]))
@click.option("--product", multiple=True, help="totaal, hoofdgroep, categorie, of een ervan (02).")
@click.option("--maat", multiple=True, type=click.Choice(["actief", "instroom", "uitstroom"]))
@click.option("--periode", help="2026, 2026-H2, 2026-K3, 2026-11, 2026-11-23, of maand, jaar, ...")
@click.option("--csv", "as_csv", is_flag=True, help="CSV; een weggelaten aantal is een leeg veld.")
@today_option
@json_option
@guarded
def figures(data: Path, today: datetime | None, **wanted: Any) -> None:
    """Toon gepubliceerde cijfers; zonder keuze: de regio's in de laatste maand met cijfers."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    commands.figures(load_settings(today), data, wanted)


@main.command()
@data_option
@click.option("--kafka", is_flag=True, help="Laat de workers vergeten, in plaats van de map.")
@click.option(
    "--gemeente", multiple=True, help="Bij --kafka: ook deze CBS-code, buiten de regio's."
)
@guarded
def erase(data: Path, kafka: bool, gemeente: tuple[str, ...]) -> None:
    """Vergeet een client: het BSN wordt van de standaardinvoer gelezen."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    bsn = (
        click.prompt("BSN", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    ).strip()
    if kafka:
        from zorgstroom.stream.kafka.commands import erase as send  # noqa: PLC0415

        sys.exit(send(load_settings(), data, bsn, gemeente))
    sys.exit(commands.erase(load_settings(), data, bsn))


@main.command()
@data_option
@guarded
def expire(data: Path) -> None:
    """Vergeet dossiers na hun bewaartermijn, ook als het er veel zijn; serve doet weinige zelf."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    commands.expire(load_settings(), data)


@main.command()
@data_option
@json_option
@guarded
def migrate(data: Path, as_json: bool) -> None:
    """Maak of vernieuw de tabellen in ClickHouse; daarna volstaat een gebruiker die schrijft."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    commands.migrate(load_settings(), data, as_json=as_json)


@main.command()
@data_option
@guarded
def keys(data: Path) -> None:
    """Maak de twee geheime sleutels die een worker nodig heeft, als zij er nog niet zijn."""
    from zorgstroom.stream import commands  # noqa: PLC0415

    commands.keys(load_settings(), data)


@main.command()
@json_option
def config(as_json: bool) -> None:
    """Toon de geldende instellingen; geheimen blijven verborgen."""
    from zorgstroom.stream.commands import unknown_variables  # noqa: PLC0415

    settings = load_settings()
    if as_json:
        click.echo(settings.model_dump_json(indent=2))
    else:
        for name, value in _flat(json.loads(settings.model_dump_json())):
            click.echo(f"{name} = {value}")
    for name in unknown_variables():
        err.print(f"Let op: {name} is geen instelling en doet niets.", style="yellow")


def _flat(values: dict[str, Any], prefix: str = "ZORGSTROOM_") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict) and name != "regios":
            found += _flat(value, f"{prefix}{name.upper()}__")
        else:
            found.append((f"{prefix}{name.upper()}", json.dumps(value, ensure_ascii=False)))
    return found


def as_date(moment: datetime | None) -> date | None:
    """Return the date of an option, if given."""
    return None if moment is None else moment.date()


# Last: these add themselves to `main`.
from zorgstroom.stream import audit_command as _audit  # noqa: E402, F401
from zorgstroom.stream.kafka import cli as _kafka  # noqa: E402, F401

if __name__ == "__main__":
    from zorgstroom.stream.cli import main as program  # the one that the others joined

    program()
