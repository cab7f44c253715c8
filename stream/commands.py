"""What the commands do, behind the console: they show progress and results, others do the work."""

import gc
import json
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.codecs.rules import check_bsn
from zorgstroom.sinks import schema
from zorgstroom.sinks.clickhouse import DATABASE
from zorgstroom.stream import ingest as run
from zorgstroom.stream import keyfile, lookup, sources
from zorgstroom.stream.cli import as_date, err, out
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import MARKER, Engine, connect
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.questions import MOST
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.tables import figures_table, tally_table, write_csv

SHOWN_REFUSALS = 10


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show bars on standard error for as long as something is told to them."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        yield bar


@contextmanager
def open_engine(
    settings: Settings, data: Path, bar: Progress, *, takes_over: bool = False
) -> Iterator[Engine]:
    """Open the engine in `data`, with a bar for the reading of many dossiers."""
    # Messages make many small objects and no cycles: looking for those less often saves a tenth.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)

    def started(total: int) -> Any:
        task = bar.add_task("dossiers lezen", total=total, visible=total > 10_000)
        return lambda steps: bar.advance(task, steps)

    clock = SystemClock(settings.today)
    with Engine(settings, data, clock, started, takes_over=takes_over) as engine:
        (data / MARKER).unlink(missing_ok=True)  # from now on it may hold real messages
        yield engine


def ingest(
    settings: Settings,
    data: Path,
    paths: Sequence[Path],
    beginstand: Path | None,
    *,
    takes_over: bool,
    as_json: bool,
) -> None:
    """Take in everything named, publish once, and sum up."""
    begun = time.monotonic()
    total = Tally()
    refused: list[Refusal] = []
    with progress_bar() as bar, open_engine(settings, data, bar, takes_over=takes_over) as engine:
        if beginstand is not None:
            task = bar.add_task("beginstand", total=None)
            tally, bad = run.ingest_beginstand(engine, beginstand, lambda n: bar.advance(task, n))
            total.add(tally)
            refused += bad
        if paths:
            task = bar.add_task("berichten", total=sources.count(paths))
            tally, bad = run.ingest(engine, paths, lambda n: bar.advance(task, n))
            total.add(tally)
            refused += bad
        seconds = time.monotonic() - begun
        bar.add_task("cijfers publiceren", total=None)
        emissions = run.publish_at_end(engine)
        problem = engine.problem
    if as_json:
        click.echo(
            json.dumps(
                {
                    "aanvaard": total.accepted,
                    "herhaald": total.repeated,
                    "identiteit_dubbel": total.conflicts,
                    "afgekeurd": total.rejected,
                    "overgeslagen": total.ignored,
                    "emissies": emissions,
                    "seconden": round(seconds, 3),
                    "probleem": problem,
                    "afkeuringen": [refusal.as_json() for refusal in refused],
                },
                ensure_ascii=False,
            )
        )
    else:
        out.print(tally_table(total, seconds))
        show_refusals(refused)
        out.print(settings.protection.warning, style="yellow", markup=False)
        if not emissions and not problem:
            out.print("Er is niets nieuws gepubliceerd: de cijfers waren al bij.")
        hint = f"Bekijk de cijfers met: zorgstroom figures --data {data}"
        out.print(hint, markup=False, soft_wrap=True)
    if not total.inputs:
        raise OperatorError(
            "Er is geen bericht gelezen: geen naam in wat genoemd is, eindigt op .xml of .zip."
        )
    if problem:
        raise OperatorError(
            f"De berichten zijn veilig verwerkt, maar de cijfers zijn niet gepubliceerd: {problem} "
            "Voer de opdracht later opnieuw uit; niets telt dubbel."
        )


def show_refusals(refused: Sequence[Refusal]) -> None:
    """Say of the first refusals what is wrong and where."""
    for refusal in refused[:SHOWN_REFUSALS]:
        reason = refusal.reason
        where = refusal.pad + (f" [{refusal.lid}]" if refusal.lid else "")
        place = f", regel {reason.lijn}" if reason.lijn and not refusal.lid else ""
        out.print(
            f"afgekeurd {where}{place}: {reason.melding} ({reason.regel})",
            markup=False,
            soft_wrap=True,
        )
    if len(refused) > SHOWN_REFUSALS:
        out.print(f"... en nog {len(refused) - SHOWN_REFUSALS}; alle met --json", markup=False)


def decode(settings: Settings, file: Path, *, as_json: bool) -> int:
    """Show the events of one file; return the exit code."""
    if settings.key is not None:
        key = PseudonymKey.from_text(settings.key.get_secret_value())
    else:
        # Nothing is kept, so any key will do; pseudonyms then differ between runs.
        key = PseudonymKey.from_text(PseudonymKey.new_text())
    (item, *_) = sources.read_file(str(file))
    try:
        if item.problem is not None:
            err.print(item.problem.melding, markup=False)
            return 1
        events = Decoder(key).decode(item.data, today=SystemClock(settings.today).today())
    except DecodeError as error:
        if as_json:
            click.echo(error.reason.model_dump_json(indent=2))
        else:
            err.print(str(error), style="red", markup=False)
        return 1
    if as_json:
        click.echo(json.dumps([event.model_dump(mode="json") for event in events], indent=2))
    else:
        for event in events:
            out.print(f"{event.soort} {event.positie}", style="bold")
            for name, value in event.model_dump(mode="json").items():
                if name not in ("soort", "positie") and value is not None:
                    out.print(f"  {name}: {value}", markup=False)
    return 0


def figures(settings: Settings, data: Path, wanted: dict[str, Any]) -> None:
    """Show published figures."""
    levels = ("totaal", "hoofdgroep", "categorie")
    products = [name for name in wanted["product"] if name not in levels]
    niveaus = [name for name in wanted["product"] if name in levels]
    asked: dict[str, Sequence[str]] = {
        "gebied": [lookup.gebied(name, settings.regios) for name in wanted["gebied"]]
        or list(settings.regios),
        "wet": wanted["wet"],
        "maat": wanted["maat"],
        "product": products,
        "product_niveau": niveaus or ([] if products else ["totaal", "hoofdgroep"]),
    }
    try:
        if wanted["periode"] is None:
            today = SystemClock(settings.today).today()
            answer = lookup.ask_latest_month(settings, data, today, asked)
        else:
            answer = lookup.ask(settings, data, {**asked, **lookup.periode(wanted["periode"])})
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if answer.cut:
        raise OperatorError(f"Dit zijn meer dan {MOST} cijfers; vraag er minder tegelijk.")
    if wanted["as_json"]:
        click.echo(json.dumps({"waarschuwing": answer.warning, "cijfers": answer.rows}))
    elif wanted["as_csv"]:
        write_csv(answer.rows, sys.stdout)
        err.print(answer.warning, style="yellow", markup=False)
    elif not answer.rows:
        out.print(
            "Geen cijfers voor deze keuze. Bestaat het gebied, het product (een categorie heeft "
            "twee cijfers, zoals 02) en de periode? Per dag is er alleen actief: van een regio per "
            "hoofdgroep, van een gemeente in totaal."
        )
    else:
        out.print(figures_table(answer.rows, "Gepubliceerde cijfers"))
        out.print(answer.warning, style="yellow", markup=False)


def migrate(settings: Settings, data: Path, *, as_json: bool) -> None:
    """Bring the database, and that of exact figures if any, up to what this version knows."""
    names = [name for name in (DATABASE, settings.exact_database) if name]
    with closing(connect(settings, data)) as connection:
        for name in names:
            schema.migrate(connection, name)
        versions = {name: schema.version(connection, name) for name in names}
    if as_json:
        click.echo(json.dumps(versions))
    else:
        for name, number in versions.items():
            out.print(f"{name}: schemaversie {number}")


def keys(settings: Settings, data: Path) -> None:
    """Make in `data` the keys that the settings need and that are not there yet."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = keyfile.key_path(settings, data).exists() or settings.key is not None
    keyfile.obtain(settings, data, None)
    out.print(f"Pseudoniemsleutel: {'was er al' if known else 'gemaakt'}", markup=False)
    if settings.protection.policy != "afronden":
        out.print(
            f"Afrondsleutel: niet nodig onder beleid {settings.protection.policy}", markup=False
        )
    else:
        known = keyfile.rounding_key_path(settings, data).exists()
        known = known or settings.rounding.key is not None
        keyfile.public_figures(settings, data, may_make_key=True)
        out.print(f"Afrondsleutel: {'was er al' if known else 'gemaakt'}", markup=False)
    out.print(
        f"Bewaar de sleutels uit {data} in de reservekopie, en geef elk proces dezelfde.",
        markup=False,
    )


def is_bsn(text: str) -> bool:
    """Return whether `text` is a BSN; say so when it is not, without quoting it."""
    right = len(text) == 9 and text.isascii() and text.isdigit() and not check_bsn(text)
    if not right:
        err.print("Dit is geen BSN (9 cijfers, 11-proef).", style="red")
    return right


def erase(settings: Settings, data: Path, bsn: str) -> int:
    """Forget a client and publish what that changes; return the exit code."""
    if not is_bsn(bsn):
        return 2
    if not (data / "dossiers.sqlite").exists():
        raise OperatorError(f"In {data} staan geen dossiers; kies de goede map met --data")
    with progress_bar() as bar, open_engine(settings, data, bar) as engine:
        gone = engine.erase(bsn)
        engine.publish()
        if engine.problem:
            raise OperatorError(f"Het dossier is gewist; {engine.problem}")
    out.print(f"{gone} dossier(s) gewist.")
    return 0 if gone else 1


def expire(settings: Settings, data: Path) -> None:
    """Forget what retention no longer keeps, however much it is."""
    if not (data / "dossiers.sqlite").exists():
        raise OperatorError(f"In {data} staan geen dossiers; kies de goede map met --data")
    with progress_bar() as bar, open_engine(settings, data, bar) as engine:
        count = engine.expire(many=True)
    out.print(f"{count} dossier(s) vergeten: de bewaartermijn is voorbij.")


def generate(
    settings: Settings, folder: Path, rates: Sequence[str], wanted: dict[str, Any]
) -> None:
    """Make a synthetic stream in a new folder."""
    from zorgstroom.stream.generator.model import Params, Rates  # noqa: PLC0415
    from zorgstroom.stream.generator.run import generate as simulate  # noqa: PLC0415
    from zorgstroom.stream.generator.write import write  # noqa: PLC0415

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(f"{folder} bestaat al en is niet leeg; kies een nieuwe map")
    try:
        given = {name: float(share) for name, share in (rate.split("=", 1) for rate in rates)}
        chosen = Rates(**given)
    except (ValueError, TypeError):
        names = ", ".join(field.name for field in fields(Rates))
        raise click.UsageError(f"--rate is NAAM=DEEL, met een van: {names}") from None
    # The day before is the last whole one: no message is dated in the future on any machine.
    last = settings.today or SystemClock().today() - timedelta(days=1)
    try:
        params = Params(
            today=last,
            seed=wanted["seed"],
            start=as_date(wanted["start"]),
            scale=wanted["scale"],
            messages=wanted["messages"],
            regios=wanted["regios"],
            beginstand=wanted["beginstand"],
            rates=chosen,
        )
    except ValueError:
        raise click.UsageError(
            "--scale is groter dan 0, en --start ligt niet na de laatste dag"
        ) from None
    with progress_bar() as bar:
        task = bar.add_task("simuleren", total=None)
        simulation = simulate(
            params, lambda done, total: bar.update(task, completed=done, total=total)
        )
        written = bar.add_task("schrijven", total=None)
        write(
            simulation,
            folder,
            zipped=wanted["zipped"],
            progress=lambda done, total: bar.update(written, completed=done, total=total),
        )
    out.print(f"{len(simulation.messages)} berichten in {folder}, t/m {last}", markup=False)
    if params.regios:
        lists = {region.naam: [g.code for g in region.gemeenten] for region in simulation.regions}
        out.print("Zet voor deze regio's:", markup=False)
        click.echo(f"export ZORGSTROOM_REGIOS='{json.dumps(lists)}'")


def serve(settings: Settings, data: Path, inbox: Path, port: int | None) -> int:
    """Run the long-running embedded process; return its exit code."""
    from zorgstroom.stream import serve as long_run  # noqa: PLC0415

    if port is not None:
        http = settings.http.model_copy(update={"port": port})
        settings = settings.model_copy(update={"http": http})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    (data / MARKER).unlink(missing_ok=True)
    return long_run.serve(
        settings,
        data,
        inbox,
        ready=lambda url: err.print(
            f"Verwerkt {inbox}. De pagina staat op {url}/; cijfers op {url}/api/cijfers, "
            f"stand op {url}/api/status. Stop met Ctrl-C.",
            markup=False,
        ),
    )


def unknown_variables() -> list[str]:
    """Return environment variables with our prefix that no setting reads (a typing error)."""
    known = {f"ZORGSTROOM_{name.upper()}" for name in Settings.model_fields}
    known |= {"ZORGSTROOM_CONFIG", "ZORGSTROOM_SHARED"}
    return sorted(
        name
        for name in os.environ
        if name.upper().startswith("ZORGSTROOM_")
        and name.upper().split("__")[0] not in known
        and not name.upper().startswith("ZORGSTROOM_TEST_")
    )
