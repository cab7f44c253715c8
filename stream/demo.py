"""
A synthetic Twente from message to figure: what a newcomer sees first.

The past is streamed at once, in the order in which the messages were sent and on the simulation's
own clock; then the live page shows the last weeks at a multiple of our speed.
"""

import logging
import os
import shutil
import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from zorgstroom.sinks.contract import Filter
from zorgstroom.stream import serve
from zorgstroom.stream.cli import err, out
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.commands import progress_bar
from zorgstroom.stream.engine import MARKER, Engine
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import Delivery, Simulation, generate
from zorgstroom.stream.generator.write import write_beginstand
from zorgstroom.stream.ingest import ingest_beginstand
from zorgstroom.stream.questions import as_row
from zorgstroom.stream.results import Tally
from zorgstroom.stream.service import Service
from zorgstroom.stream.settings import ClickHouse, Rounding, Settings
from zorgstroom.stream.simulated import SimulatedClock, SimulatedFeed
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import claimed
from zorgstroom.stream.tables import figures_table, tally_table

_BATCH: Final = 1000
_POLL_SECONDS: Final = 0.25
_SHORTEST: Final = 240
"""Days that the simulation takes at least, so that the page has a course to show."""


@dataclass(frozen=True, slots=True)
class Live:
    """How the page is shown after the past was taken in."""

    speed: float
    """How many times as fast as ours the clock of the simulation runs."""
    days: int
    """How many of the last days come live."""
    browser: bool
    """Whether to open the page in the browser of whoever sits here."""


def demo(settings: Settings, data: Path, messages: int, seed: int, live: Live | None) -> int:
    """
    Simulate, take in, publish, show the region's figures and, if `live`, serve the page.

    `data` is made anew. Returns the exit code, after a signal when it serves.
    """
    _fresh(data)
    last = settings.today or SystemClock().today() - timedelta(days=1)
    first = date((last - timedelta(days=_SHORTEST)).year, 1, 1)
    begun = datetime.now(UTC)
    with progress_bar() as bar:
        task = bar.add_task("verzonnen Twente maken", total=None)
        simulation = generate(
            Params(today=last, start=first, seed=seed, messages=messages, beginstand=True),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    out.print(
        f"Verzonnen Twente: {len(simulation.messages)} berichten, en {len(simulation.beginstand)} "
        "indicaties die al liepen (beginstand); gemaakt in "
        f"{(datetime.now(UTC) - begun).total_seconds():.0f} s.\n"
    )
    # Invented figures go nowhere but into the folder of the demo.
    apart = settings.model_copy(
        update={
            "today": None,
            "clickhouse": ClickHouse(),
            "exact_database": "",
            "key": None,
            "key_file": None,
            "rounding": Rounding(),
            "publication": settings.publication.model_copy(update={"vanaf": first}),
        }
    )
    begin, end = (simulation.messages[at].moment for at in (0, -1))
    present = end if live is None else max(_morning(end, live.days), begin)
    clock = SimulatedClock(begin)
    with Engine(apart, data, clock) as engine:
        coming = _take_in_past(engine, data, simulation, clock, present)
        _show(engine, settings, clock)
        if live is None:
            _say_what_next(data)
            return 0
        clock.start(live.speed, end)
        feed = SimulatedFeed(coming, clock, live.speed, end)
        service = Service(engine, feed, _POLL_SECONDS)
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
        return serve.run(service, apart, data, ready=lambda url: _opened(url, live, present, end))


def _morning(end: datetime, days: int) -> datetime:
    """Return the begin of a working day about `days` before `end`: something happens at once."""
    found = (end - timedelta(days=days)).replace(hour=8, minute=0, second=0, microsecond=0)
    return found + timedelta(days=7 - found.weekday() if found.weekday() > 4 else 0)


def _take_in_past(
    engine: Engine, data: Path, simulation: Simulation, clock: SimulatedClock, present: datetime
) -> Iterator[Delivery]:
    """Take in what was sent until `present` and publish; return what is still to come."""
    tally = Tally()
    begun = datetime.now(UTC)
    deliveries = simulation.deliveries()
    total = sum(message.moment <= present for message in simulation.messages)
    with progress_bar() as bar:
        task = bar.add_task("berichten verwerken", total=total)
        running = data / "beginstand.csv"
        write_beginstand(simulation, running)
        ingest_beginstand(engine, running, lambda _: None)
        past = islice(deliveries, total)
        while batch := list(islice(past, _BATCH)):
            clock.moment = batch[-1].moment.astimezone(UTC)
            done, _ = engine.process([Input(d.naam, "", d.inhoud) for d in batch])
            tally.add(done)
            bar.advance(task, len(batch))
        seconds = (datetime.now(UTC) - begun).total_seconds()
        clock.moment = present.astimezone(UTC)
        bar.add_task("cijfers publiceren", total=None)
        engine.publish()
        engine.publish_timeliness()
    out.print(tally_table(tally, seconds))
    return deliveries


def _show(engine: Engine, settings: Settings, clock: SimulatedClock) -> None:
    month = clock.today().replace(day=1)
    found = engine.publication.figures(
        Filter(
            gebied=tuple(settings.regios),
            product_niveau=("totaal", "hoofdgroep"),
            periode_soort=("maand",),
            periode_vanaf=month,
            periode_tot_en_met=month,
        )
    )
    title = f"Verzonnen cijfers van {clock.today():%m-%Y}, stand van {clock.today():%d-%m-%Y}"
    out.print(figures_table(msgspec.to_builtins([as_row(figure) for figure in found]), title))
    out.print(settings.protection.warning, style="yellow", markup=False)


def _say_what_next(data: Path) -> None:
    command = "zorgstroom" if shutil.which("zorgstroom") else sys.argv[0]
    out.print(
        "\nProbeer nu:\n"
        f"  {command} figures --data {data} --gebied Enschede --periode jaar\n"
        f"  {command} figures --data {data} --gebied Wierden --product 01 --periode kwartaal\n"
        f"  {command} figures --data {data} --product categorie --csv > cijfers.csv\n"
        f"  {command} serve --data {data} --inbox inbox    (leg er een bericht in)\n"
        f"  {command} generate --out stroom --messages 300      (zulke berichten)",
        markup=False,
        soft_wrap=True,
    )


def _opened(url: str, live: Live, present: datetime, end: datetime) -> None:
    out.print(
        f"\nDe pagina leeft op  {url}/\n"
        f"Daar gaat de stroom verder van {present:%d-%m-%Y} tot {end:%d-%m-%Y}, "
        f"{live.speed:g} keer zo snel als de klok (--speed). Stop met Ctrl-C.",
        markup=False,
        soft_wrap=True,
    )
    seen = sys.stdout.isatty() and (
        sys.platform in ("darwin", "win32")
        or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    )
    if live.browser and seen and not webbrowser.open(f"{url}/"):
        err.print("Open dat adres in een browser.")


def _fresh(data: Path) -> None:
    if data.exists() and any(data.iterdir()) and not (data / MARKER).exists():
        raise OperatorError(
            f"{data} bestaat al en is niet (meer) van de demo; kies een andere map met --data"
        )
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with claimed(data) as slot:  # not under a process that works there
        for path in data.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != slot:
                path.unlink()
    (data / MARKER).write_text("Gemaakt door zorgstroom demo; mag weg.\n", "utf-8")
