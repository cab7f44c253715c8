"""A process killed while it writes: what was acknowledged is there, and writing again completes."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emissions import many
from zorgstroom.sinks.clickhouse import open_embedded
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.memory import MemoryPublication

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
WRITER = """
import os, signal, sys, threading
from pathlib import Path
from tests.emissions import many
from zorgstroom.sinks import cells
from zorgstroom.sinks.clickhouse import open_embedded

cells.CHUNK_CHARACTERS = 1500
folder, versie, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
publication = open_embedded(folder)
threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
while True:
    publication.write(many(versie, 20, 12))
    print(versie, flush=True)
    versie += 1
"""


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20240501)
    twin, acknowledged = MemoryPublication(), 0
    for _ in range(4):
        killed = subprocess.run(
            [
                sys.executable,
                "-c",
                WRITER,
                str(tmp_path),
                str(acknowledged + 1),
                str(chance.uniform(0.05, 0.25)),
            ],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert killed.returncode == -9, killed.stderr
        for line in killed.stdout.split():
            acknowledged = int(line)
            twin.write(many(acknowledged, 20, 12))
    publication = open_embedded(tmp_path)
    gebieden = [f"{number:04}" for number in range(14)]
    stored = publication.last_version("twente", gebieden)
    assert acknowledged <= stored <= acknowledged + 1, "at most the one being written is extra"
    publication.write(many(acknowledged + 1, 20, 12))
    twin.write(many(acknowledged + 1, 20, 12))
    assert publication.last_emission("twente") == twin.last_emission("twente")
    for historie in (False, True):
        found = publication.figures(Filter(), historie=historie)
        assert found == twin.figures(Filter(), historie=historie)
    publication.close()
