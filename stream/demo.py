"""
A synthetic Twente from message to figure: what a newcomer sees first.

The messages are streamed in the order in which they were sent, on the simulation's own clock.
"""

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from zorgstroom.sinks.contract import Filter
from zorgstroom.stream.cli import out
from zorgstroom.stream.clock import ManualClock, SystemClock
from zorgstroom.stream.commands import progress_bar
from zorgstroom.stream.engine import MARKER, Engine
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write_beginstand
from zorgstroom.stream.ingest import ingest_beginstand
from zorgstroom.stream.questions import as_row
from zorgstroom.stream.results import Tally
from zorgstroom.stream.settings import ClickHouse, Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import claimed
from zorgstroom.stream.tables import figures_table, tally_table

_BATCH: Final = 1000


def demo(settings: Settings, data: Path, messages: int, seed: int) -> None:
    """Simulate, take in, publish, and show the region's figures; `data` is made anew."""
    _fresh(data)
    last = settings.today or SystemClock().today() - timedelta(days=1)
    tally = Tally()
    begun = datetime.now(UTC)
    with progress_bar() as bar:
        task = bar.add_task("verzonnen Twente maken", total=None)
        simulation = generate(
            Params(today=last, seed=seed, messages=messages, beginstand=True),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
        deliveries = list(simulation.deliveries())
        running = data / "beginstand.csv"
        write_beginstand(simulation, running)
        streaming = datetime.now(UTC)
        task = bar.add_task("berichten verwerken", total=len(deliveries))
        clock = ManualClock(deliveries[0].moment.astimezone(UTC))
        # Invented figures go nowhere but into the folder of the demo.
        apart = settings.model_copy(
            update={
                "today": None,
                "clickhouse": ClickHouse(),
                "exact_database": "",
                "key": None,
                "key_file": None,
            }
        )
        with Engine(apart, data, clock) as engine:
            ingest_beginstand(engine, running, lambda _: None)
            for start in range(0, len(deliveries), _BATCH):
                batch = deliveries[start : start + _BATCH]
                clock.moment = batch[-1].moment.astimezone(UTC)
                done, _ = engine.process([Input(d.naam, "", d.inhoud) for d in batch])
                tally.add(done)
                bar.advance(task, len(batch))
            engine.publish()
            if engine.is_live:
                engine.publish_timeliness()
            seconds = (datetime.now(UTC) - streaming).total_seconds()
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
    command = "zorgstroom" if shutil.which("zorgstroom") else sys.argv[0]
    made = (streaming - begun).total_seconds()
    out.print(
        f"Verzonnen Twente: {len(deliveries)} berichten, en {len(simulation.beginstand)} "
        f"indicaties die al liepen (beginstand); gemaakt in {made:.0f} s.\n"
    )
    out.print(tally_table(tally, seconds))
    title = f"Verzonnen cijfers van {clock.today():%m-%Y}, stand van {clock.today():%d-%m-%Y}"
    out.print(figures_table(msgspec.to_builtins([as_row(figure) for figure in found]), title))
    out.print(settings.disclosure.warning, style="yellow", markup=False)
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
