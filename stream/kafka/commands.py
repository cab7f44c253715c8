"""What the Kafka commands do, behind the console: they show progress and results."""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from rich.table import Table

from zorgstroom.aggregations.update import gemeente_of
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream import keyfile, sources
from zorgstroom.stream.cli import err, out
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.commands import SHOWN_REFUSALS, is_bsn, progress_bar
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka import lag as lags
from zorgstroom.stream.kafka import rejected
from zorgstroom.stream.kafka.agreement import Agreed
from zorgstroom.stream.kafka.client import ask, count_members, producer, require_topics
from zorgstroom.stream.kafka.produce import Produced, produce_beginstand, produce_messages
from zorgstroom.stream.kafka.wire import pack_wis, partition_of
from zorgstroom.stream.settings import Settings

_NOISY = (
    *("aiokafka", "faust", "kafka", "mode"),
    # Faust's services log under the module of their class, with all that an error quotes.
    *("zorgstroom.stream.worker.consumer", "zorgstroom.stream.worker.seam"),
)


def worker(settings: Settings, data: Path, port: int | None) -> NoReturn:
    """Run a worker, and end this process with its exit code."""
    try:
        from zorgstroom.stream.worker import run  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise OperatorError(
            "Voor de worker is een extra nodig: pip install 'zorgstroom[kafka]'"
        ) from error
    if port is not None:
        http = settings.http.model_copy(update={"port": port})
        settings = settings.model_copy(update={"http": http})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for name in _NOISY:  # their errors reach our log as reasons, without what they quote
        logging.getLogger(name).setLevel(logging.CRITICAL)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    run.run(
        settings,
        data,
        ready=lambda url: err.print(
            f"Verwerkt {settings.kafka.berichten} op {settings.kafka.brokers}. De pagina staat op "
            f"{url}/; cijfers op {url}/api/cijfers, stand op {url}/api/status. Stop met Ctrl-C.",
            markup=False,
        ),
    )


def produce(
    settings: Settings,
    data: Path,
    paths: Sequence[Path],
    beginstand: Path | None,
    *,
    as_json: bool,
) -> int:
    """Send everything named and sum up; return the exit code: 1 when something was skipped."""
    begun = time.monotonic()
    total = Produced()
    if paths:
        require_topics(settings.kafka, settings.kafka.berichten)
    with progress_bar() as bar:
        if beginstand is not None:
            key = agreed_key(settings, data)
            task = bar.add_task("beginstand", total=None)
            clock = SystemClock(settings.today)
            made = produce_beginstand(
                settings, beginstand, key, clock, lambda n: bar.advance(task, n)
            )
            total.events, total.skipped = made.events, made.skipped
        if paths:
            task = bar.add_task("berichten", total=sources.count(paths))
            made = produce_messages(settings, paths, lambda n: bar.advance(task, n))
            total.messages = made.messages
            total.skipped += made.skipped
    seconds = time.monotonic() - begun
    if as_json:
        skipped = [{"waar": where, **reason.model_dump()} for where, reason in total.skipped]
        click.echo(
            json.dumps(
                {
                    "berichten": total.messages,
                    "beginstand": total.events,
                    "overgeslagen": skipped,
                    "seconden": round(seconds, 3),
                },
                ensure_ascii=False,
            )
        )
    else:
        out.print(f"{total.messages} berichten en {total.events} regels beginstand verzonden")
        for where, reason in total.skipped[:SHOWN_REFUSALS]:
            out.print(
                f"overgeslagen {where}: {reason.melding} ({reason.regel})",
                markup=False,
                soft_wrap=True,
            )
        if len(total.skipped) > SHOWN_REFUSALS:
            out.print(f"... en nog {len(total.skipped) - SHOWN_REFUSALS}; alle met --json")
    return 1 if total.skipped else 0


def erase(settings: Settings, data: Path, bsn: str, gemeenten: Sequence[str]) -> int:
    """Have the workers forget a client; return the exit code."""
    if not is_bsn(bsn):
        return 2
    kafka = settings.kafka
    key = agreed_key(settings, data)
    codes = {code for region in settings.regions.named for code in region.gemeenten} | {*gemeenten}
    dossiers = [code + key.client(code, bsn) for code in sorted(codes)]
    from zorgstroom.stream.kafka.asking import count_dossiers  # noqa: PLC0415 - an extra

    known = ask(kafka, count_dossiers(kafka, dossiers))
    with producer(kafka) as client:
        count = len(client.partitions_for(kafka.gebeurtenissen))
        for dossier in dossiers:
            name, value = pack_wis(dossier, key.fingerprint)
            place = partition_of(gemeente_of(dossier), settings.regions, count)
            client.send(kafka.gebeurtenissen, value, key=name, partition=place).get(30)
    if known:
        out.print(
            f"{known} dossier(s) gevonden. De opdracht om te vergeten is verzonden; de workers "
            "voeren haar uit zodra zij daar zijn (zorgstroom lag)."
        )
        return 0
    out.print(
        f"Geen dossier gevonden in {len(codes)} gemeenten. De opdracht om te vergeten is toch "
        "verzonden, voor gebeurtenissen die nog niet verwerkt zijn."
    )
    return 1


def agreed_key(settings: Settings, data: Path) -> PseudonymKey:
    """
    Return the pseudonym key, once key and regions are those of the workers.

    Raises an `OperatorError` when a topic or the key is missing, or something differs.
    """
    kafka = settings.kafka
    key = keyfile.obtain(settings, data, None, may_make_key=False)
    require_topics(kafka, kafka.gebeurtenissen, kafka.dossiers, kafka.tellingen, kafka.beheer)
    from zorgstroom.stream.kafka.board import agree  # noqa: PLC0415 - an extra

    ask(kafka, agree(settings, Agreed.of_sender(settings, key.fingerprint)))
    return key


def settle(settings: Settings, data: Path) -> list[str]:
    """
    Have all workers use the settings and the key of this process; return what changes (Dutch).

    Raises an `OperatorError` when a worker runs, or the state does not fit.
    """
    kafka = settings.kafka
    key = keyfile.obtain(settings, data, None, may_make_key=False)
    if members := count_members(kafka):
        raise OperatorError(
            f"Er draaien nog {members} worker(s) in groep {kafka.group}. Stop ze eerst: met twee "
            "soorten instellingen door elkaar kloppen de cijfers niet."
        )
    from zorgstroom.stream.kafka.board import replace_agreed  # noqa: PLC0415 - an extra

    return ask(kafka, replace_agreed(settings, Agreed.of_worker(settings, key.fingerprint)))


def lag(settings: Settings, *, acknowledge: bool, as_json: bool) -> None:
    """Show how far the workers are behind, and what was lost; note that it is known if asked."""
    kafka = settings.kafka
    require_topics(kafka, kafka.berichten, kafka.gebeurtenissen, kafka.beheer)
    from zorgstroom.stream.kafka.board import acknowledge_losses, read_notices  # noqa: PLC0415

    now = SystemClock().now()
    losses = ask(kafka, read_notices(kafka)).open_losses
    if acknowledge:
        losses = tuple(ask(kafka, acknowledge_losses(kafka, now)))
    found = lags.measure(kafka, now)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "achter": sum(one.achter for one in found),
                    "seconden": max(one.seconden for one in found),
                    "partities": [one._asdict() for one in found],
                    "verloren": [loss.model_dump() for loss in losses],
                }
            )
        )
        return
    table = Table()
    for name in ("topic", "partitie", "gelezen tot", "einde", "achter", "seconden", "verloren"):
        table.add_column(name, justify="left" if name == "topic" else "right")
    for one in found:
        read = "nooit" if one.gelezen is None else str(one.gelezen)
        table.add_row(
            one.topic,
            str(one.partition),
            read,
            str(one.einde),
            str(one.achter),
            f"{one.seconden}",
            str(one.verloren),
        )
    out.print(table)
    out.print(f"Samen {sum(one.achter for one in found)} achter.")
    for loss in losses:
        out.print(f"Verloren: {loss.told()}", style="red", markup=False, soft_wrap=True)
    if losses and acknowledge:
        out.print("Bevestigd: de workers melden dit verlies niet meer.")
    elif losses:
        out.print("Bied ze opnieuw aan (produce), en bevestig het met: zorgstroom lag --gezien")


def rejected_list(settings: Settings, *, as_json: bool) -> None:
    """Show every refused message."""
    found = rejected.listed(settings.kafka)
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return
    for one in found:
        again = ", opnieuw aangeboden" if one.opnieuw else ""
        out.print(
            f"{one.hash[:12]} {one.laatste[:19]} {one.aantal}x {one.reden['melding']} "
            f"({one.reden['regel']}{again})",
            markup=False,
            soft_wrap=True,
        )
    out.print(f"{len(found)} afgekeurde bericht(en).")


def rejected_show(settings: Settings, digest: str, *, as_json: bool) -> None:
    """Show one refused message, without what tells whom it is about."""
    found = [one for one in rejected.listed(settings.kafka) if one.hash.startswith(digest)]
    if len(found) != 1:
        raise OperatorError(
            f"Er is geen afgekeurd bericht met hash {digest}."
            if not found
            else f"{len(found)} afgekeurde berichten beginnen met {digest}; geef meer tekens."
        )
    (one,) = found
    lines = rejected.outline(rejected.contents(settings.kafka, [one.hash]).get(one.hash, b""))
    if as_json:
        click.echo(json.dumps({**one.as_json(), "inhoud": lines}, ensure_ascii=False))
        return
    for name, value in one.as_json().items():
        out.print(f"{name}: {value}", markup=False, soft_wrap=True)
    out.print("Van de inhoud, zonder wat over een persoon gaat:" if lines else "Geen leesbare XML.")
    for line in lines:
        out.print(f"  {line}", markup=False)
