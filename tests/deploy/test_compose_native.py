"""
What docker-compose.yml starts, started without Docker: each command with its own environment.

Only names of hosts, ports and folders are replaced. Kafka runs from its jars, ClickHouse is the
engine behind the driver's protocol, Prometheus and Alertmanager are Debian's.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from deploy.local.kafka import Broker, _free_port
from deploy.secrets import make
from tests.bridge import PASSWORD, USER, running_bridge
from tests.broker import need_kafka
from tests.cluster import WorkerProcess, wait_until
from tests.deploy.documents import ROOT
from tests.watch.tools import free_port, need, running
from zorgstroom.sinks.clickhouse import open_server
from zorgstroom.sinks.contract import Filter

pytestmark = [pytest.mark.embedded, pytest.mark.kafka, pytest.mark.prometheus, pytest.mark.slow]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())[
    "services"
]
NOT_PROPERTIES = {"CLUSTER_ID", "KAFKA_OPTS", "KAFKA_HEAP_OPTS", "KAFKA_LOG_DIRS"}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    make(tmp_path / "geheimen")
    return tmp_path / "geheimen"


@pytest.fixture
def kafka(secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """Kafka with the properties that its image makes of the environment."""
    need_kafka()
    need()
    given = SERVICES["kafka"]["environment"]
    made = Broker(tmp_path / "kafka")
    ports: dict[str, int] = {
        "9092": int(made.address.rpartition(":")[2]),
        "19092": _free_port(),
        "9093": _free_port(),
    }
    properties = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): re.sub(
            r"(?<=:)(9092|19092|9093)\b", lambda found: str(ports[found[0]]), value
        ).replace("//kafka:", "//127.0.0.1:")
        for name, value in given.items()
        if name not in NOT_PROPERTIES
    }
    monkeypatch.setenv(
        "JAVA_TOOL_OPTIONS", given["KAFKA_OPTS"].replace("/run/secrets", str(secrets))
    )
    made = Broker(tmp_path / "kafka", ports["9092"], properties)
    with made:
        yield made


def environment(name: str, secrets: Path, kafka: Broker, database: str) -> dict[str, str]:
    """Return that of a service of ours."""
    found = dict(SERVICES[name]["environment"])
    for key, value in found.items():
        if value.startswith("/run/secrets/"):
            found[key] = str(secrets / Path(value).name)
    for key, value in (
        ("ZORGSTROOM_KAFKA__BROKERS", kafka.address),
        ("ZORGSTROOM_CLICKHOUSE__URL", database),
        ("ZORGSTROOM_CLICKHOUSE__USER", USER),
        ("ZORGSTROOM_HTTP__PORT", "0"),
    ):
        if key in found:
            found[key] = value
    own = str(Path(sys.executable).parent)
    return {**os.environ, **found, "PATH": f"{own}:{os.environ['PATH']}", "COLUMNS": "500"}


def run(command: list[str], environment: dict[str, str]) -> None:
    told = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_chain_from_topics_to_figures(kafka: Broker, secrets: Path, tmp_path: Path) -> None:
    for name in ("clickhouse_schrijver", "clickhouse_migratie"):
        (secrets / name).write_text(PASSWORD)
    with running_bridge() as bridge:
        for name in ("topics", "migratie"):
            whole = environment(name, secrets, kafka, bridge.url)
            run(["zorgstroom", *SERVICES[name]["command"]], whole)
        whole = environment("worker", secrets, kafka, bridge.url)
        whole["ZORGSTROOM_CLICKHOUSE__LONGEST_INSERT_SECONDS"] = "1"
        worker = WorkerProcess(whole, tmp_path / "worker")
        try:
            wait_until("the worker is ready", lambda: bool(worker.partitions()))
            (script,) = SERVICES["demo"]["command"]
            script = script.replace("/tmp/stroom", str(tmp_path / "stroom"))
            script = script.replace("--messages 20000", "--messages 300")
            demo = environment("demo", secrets, kafka, bridge.url)
            run([*SERVICES["demo"]["entrypoint"], script], demo)
            publication = open_server(bridge.url, USER, PASSWORD)
            asked = Filter(gebied=("twente",), maat=("actief",), product_niveau=("totaal",))
            wait_until(
                "figures are published",
                lambda: any(one.waarde for one in publication.figures(asked)),
            )
            publication.close()
            scraped(worker, secrets, tmp_path)
        finally:
            code = worker.end(signal.SIGTERM)
        assert code == 0, worker.log


def scraped(worker: WorkerProcess, secrets: Path, tmp_path: Path) -> None:
    """Run Prometheus on its configuration, but for the address of the worker."""
    config = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text("utf-8"))
    (job, *_) = config["scrape_configs"]
    address = worker.log.rpartition("stand op http://")[2].partition("/")[0]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [address]}]
    job["scrape_interval"] = "1s"
    job["authorization"]["credentials_file"] = str(secrets / "http_token")
    config["rule_files"] = [str(ROOT / "deploy/prometheus/alerts.yml")]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = ["prometheus", f"--config.file={tmp_path}/prometheus.yml"]
    command += [f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={tmp_path}/tsdb"]
    with running(command, tmp_path, f"http://127.0.0.1:{port}/-/ready"):
        wait_until("it is scraped", lambda: health(port) == ["up"])


def health(port: int) -> list[str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/api/v1/targets?scrapePool=zorgstroom") as answer:
            targets = json.load(answer)["data"]["activeTargets"]
    except OSError:
        return []
    return [one["health"] for one in targets if one["scrapePool"] == "zorgstroom"]


def test_alertmanager_starts_and_is_ready(tmp_path: Path) -> None:
    need()
    port = free_port()
    words = [
        word.replace("/etc/alertmanager", str(ROOT / "deploy/compose")).replace(
            "=/alertmanager", f"={tmp_path}"
        )
        for word in SERVICES["alertmanager"]["command"]
    ]
    command = ["prometheus-alertmanager", *words, f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, tmp_path, f"http://127.0.0.1:{port}/-/ready"):
        pass
