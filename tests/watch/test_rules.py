"""The shipped files as promtool and amtool see them."""

import subprocess
from pathlib import Path

import pytest

from tests.watch.tools import need

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
pytestmark = pytest.mark.prometheus


@pytest.mark.parametrize(
    "command",
    [
        ["promtool", "check", "config", "prometheus/prometheus.yml"],
        ["promtool", "check", "rules", "prometheus/alerts.yml"],
        ["promtool", "test", "rules", "prometheus/alerts_test.yml"],
        ["amtool", "check-config", "alertmanager/alertmanager.yml"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_the_shipped_files_are_right(command: list[str]) -> None:
    need()
    done = subprocess.run(command, check=False, cwd=DEPLOY, capture_output=True, timeout=60)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
