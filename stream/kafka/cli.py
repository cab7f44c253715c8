"""The commands for Kafka: options in, one call into the program, texts and exit code out."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from zorgstroom.stream.cli import (
    data_option,
    err,
    guarded,
    json_option,
    load_settings,
    main,
    out,
    today_option,
)
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.errors import OperatorError


@main.command()
@data_option
@click.option("--port", type=click.IntRange(0, 65535), help="Poort van de pagina's (0: een vrije).")
@today_option
@guarded
def worker(data: Path, port: int | None, today: datetime | None) -> None:
    """Verwerk de berichten op Kafka; start er zoveel als nodig, ook op andere machines."""
    from zorgstroom.stream.kafka import commands  # noqa: PLC0415 - Faust is slow to load

    commands.worker(load_settings(today), data, port)


@main.command()
@click.option("--check", is_flag=True, help="Verander niets; code 1 als er iets niet klopt.")
@click.option(
    "--instellingen",
    is_flag=True,
    help="Laat alle workers met de sleutel en instellingen van hier werken; stop ze eerst.",
)
@data_option
@json_option
@guarded
def topics(check: bool, instellingen: bool, data: Path, as_json: bool) -> None:
    """Maak de topics die ontbreken, en zet bewaartermijnen en groottes goed."""
    from zorgstroom.stream.kafka import topics as run  # noqa: PLC0415

    if check and instellingen:
        raise click.UsageError("--check verandert niets, --instellingen wel; geef een van beide.")
    settings = load_settings()
    kafka = settings.kafka
    plan = run.look(kafka)
    if not check:
        run.carry_out(kafka, plan)
    changed: list[str] | None = None
    if instellingen and not plan.refused:
        from zorgstroom.stream.kafka.commands import settle  # noqa: PLC0415

        changed = settle(settings, data)
    if as_json:
        settled = {} if changed is None else {"instellingen": changed}
        click.echo(json.dumps(plan.as_json() | settled, ensure_ascii=False))
    else:
        for line in plan.lines():
            out.print(line, markup=False, soft_wrap=True)
        if plan.is_empty:
            out.print("Alle topics zijn zoals zij horen te zijn.")
        for line in changed or ():
            out.print(f"Gewijzigd: {line}", markup=False, soft_wrap=True)
        if changed is not None:
            out.print("De instellingen van hier gelden nu voor alle workers.")
        for reason in plan.refused:
            err.print(reason, style="red", markup=False, soft_wrap=True)
    sys.exit(1 if plan.refused or (check and not plan.is_empty) else 0)


@main.command()
@click.argument("paths", metavar="PAD...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--beginstand",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV met zorg die al liep voordat de berichten begonnen.",
)
@data_option
@today_option
@json_option
@guarded
def produce(
    paths: tuple[Path, ...],
    beginstand: Path | None,
    data: Path,
    today: datetime | None,
    as_json: bool,
) -> None:
    """Zet bestanden, mappen en zips met berichten op Kafka, onveranderd."""
    from zorgstroom.stream.kafka import commands  # noqa: PLC0415

    if not paths and beginstand is None:
        raise click.UsageError("Geef minstens een pad, of --beginstand.")
    sys.exit(commands.produce(load_settings(today), data, paths, beginstand, as_json=as_json))


@main.command()
@click.option("--gezien", is_flag=True, help="Bevestig dat u weet van de berichten die weg zijn.")
@json_option
@guarded
def lag(gezien: bool, as_json: bool) -> None:
    """Toon hoeveel berichten en seconden de workers achterlopen, en wat verloren ging."""
    from zorgstroom.stream.kafka import commands  # noqa: PLC0415

    commands.lag(load_settings(), acknowledge=gezien, as_json=as_json)


@main.group()
def rejected() -> None:
    """Afgekeurde berichten op Kafka: welke, waarom, en opnieuw aanbieden."""


@rejected.command("list")
@json_option
@guarded
def rejected_list(as_json: bool) -> None:
    """Toon alle afgekeurde berichten, het laatste onderaan."""
    from zorgstroom.stream.kafka import commands  # noqa: PLC0415

    commands.rejected_list(load_settings(), as_json=as_json)


@rejected.command("show")
@click.argument("digest", metavar="HASH")
@json_option
@guarded
def rejected_show(digest: str, as_json: bool) -> None:
    """Toon waarom een bericht is afgekeurd; nooit een BSN of naam."""
    from zorgstroom.stream.kafka import commands  # noqa: PLC0415

    commands.rejected_show(load_settings(), digest, as_json=as_json)


@rejected.command("replay")
@click.argument("digests", metavar="[HASH...]", nargs=-1)
@click.option(
    "--all", "everything", is_flag=True, help="Alle die nog niet opnieuw zijn aangeboden."
)
@json_option
@guarded
def rejected_replay(digests: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Bied afgekeurde berichten opnieuw aan, bijvoorbeeld na een nieuwe versie."""
    from zorgstroom.stream.kafka import rejected as run  # noqa: PLC0415

    if bool(digests) == everything:
        raise click.UsageError("Geef een of meer hashes, of --all.")
    kafka = load_settings().kafka
    listed = run.listed(kafka)
    if everything:
        digests = tuple(one.hash for one in listed if one.is_bericht and not one.opnieuw)
    found = run.contents(kafka, digests) if digests else {}
    for digest in digests:
        fitting = sum(key.startswith(digest) for key in found)
        if not fitting:
            raise OperatorError(f"Er is geen afgekeurd bericht met hash {digest}.")
        if fitting > 1:
            raise OperatorError(
                f"{fitting} afgekeurde berichten beginnen met {digest!r}; geef meer tekens."
            )
    if any(one.hash in found and not one.is_bericht for one in listed):
        raise OperatorError(
            "Dit is geen bericht maar een gebeurtenis of dossier op de verkeerde plaats; dat kan "
            "niet opnieuw worden aangeboden. Zie de oplossing met `zorgstroom rejected show`."
        )
    run.replay(kafka, found, SystemClock().now())
    if as_json:
        click.echo(json.dumps({"opnieuw_aangeboden": sorted(found)}))
    else:
        out.print(
            f"{len(found)} bericht(en) opnieuw aangeboden; zie straks: zorgstroom rejected list"
        )
