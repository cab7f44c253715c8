"""Kill -9 of `ingest` at any moment: run again, and the figures are those of an undisturbed run."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import TODAY
from tests.truth.exact import differences
from zorgstroom.sinks.clickhouse import open_embedded

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
KILLS = int(os.environ.get("ZORGSTROOM_TEST_KILLS", "3"))


def start(stream: Path, data: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "zorgstroom.stream.cli", "ingest", str(stream / "berichten")]
    environment = os.environ | {
        "ZORGSTROOM_PROTECTION__POLICY": "geen",
        "ZORGSTROOM_TODAY": TODAY.isoformat(),
    }
    return subprocess.Popen(
        [*command, "--data", str(data), "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(stream: Path, data: Path) -> float:
    begun = time.monotonic()
    process = start(stream, data)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    assert b'"probleem": null' in out
    return time.monotonic() - begun


def killed(stream: Path, data: Path, after: float) -> bool:
    """Start an ingest and kill it `after` seconds; return whether that was before its end."""
    process = start(stream, data)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def test_after_any_kill_a_second_run_gives_the_exact_figures(
    stream_dir: Path, tmp_path: Path
) -> None:
    whole = finish(stream_dir, tmp_path / "undisturbed")
    chance = random.Random(KILLS)
    struck = 0
    for number in range(KILLS):
        data = tmp_path / f"data-{number}"
        # Some runs are struck several times before one may end.
        for _ in range(chance.choice((1, 1, 2))):
            struck += killed(stream_dir, data, chance.uniform(0.2, 1.0) * whole)
        finish(stream_dir, data)
        publication = open_embedded(data / "chdb")
        try:
            assert differences(publication, stream_dir / "truth.json") == []
        finally:
            publication.close()
    assert struck >= KILLS // 2, "too few runs were really killed to prove anything"
