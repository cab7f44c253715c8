"""Prometheus and Alertmanager as Debian packages them, run on free ports for one test."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
PATIENCE = 60.0


def need() -> None:
    """Skip, or fail in CI, when the packages are not there."""
    missing = [name for name in PACKAGES if shutil.which(name) is None]
    if missing:
        reason = f"missing: {', '.join(missing)} (deploy/local/install prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def get(url: str, **parameters: str) -> Any:
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    with urllib.request.urlopen(url + query, timeout=10) as answer:
        return json.loads(answer.read())


def wait_until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until `holds`; a service elsewhere has no clock to inject."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"not within {patience:.0f} s: {what}")


@contextmanager
def running(command: list[str], folder: Path, ready: str) -> Iterator[None]:
    """Run a service until the end of the block; `ready` is a URL that answers once it is up."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_until(lambda: urllib.request.urlopen(ready, timeout=5), f"{command[0]} is up")
            yield
        finally:
            process.terminate()
            process.wait(20)


class Prometheus:
    """A Prometheus that runs; asks what a dashboard asks."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the vector of `expr` now; an invalid expression raises an HTTPError."""
        found = get(f"{self.url}/api/v1/query", query=expr)
        assert found["status"] == "success"
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    def alerts(self, state: str = "firing") -> set[str]:
        """Return the names of the alerts in `state`."""
        found = get(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in found if alert["state"] == state}

    def evaluations(self) -> float:
        """Return the time of the oldest last evaluation of a group (seconds since 1970)."""
        groups = self.query("min(prometheus_rule_group_last_evaluation_timestamp_seconds)")
        return float(groups[0]["value"][1]) if groups else 0.0


@contextmanager
def prometheus(folder: Path, config: str) -> Iterator[Prometheus]:
    port = free_port()
    (folder / "prometheus.yml").write_text(config, "utf-8")
    command = [
        "prometheus",
        "--config.file=prometheus.yml",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.path=tsdb",
        "--log.level=warn",
    ]
    url = f"http://127.0.0.1:{port}"
    with running(command, folder, f"{url}/-/ready"):
        yield Prometheus(url)


@contextmanager
def alertmanager(folder: Path, config: str) -> Iterator[str]:
    port = free_port()
    (folder / "alertmanager.yml").write_text(config, "utf-8")
    command = [
        "prometheus-alertmanager",
        "--config.file=alertmanager.yml",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.path=alertmanager",
        "--cluster.listen-address=",
    ]
    with running(command, folder, f"http://127.0.0.1:{port}/-/ready"):
        yield f"127.0.0.1:{port}"
