"""docker-compose.yml against the published specification and against the program."""

import json
import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.secrets import DERIVED, KEPT, RANDOM, main, make
from tests.deploy.documents import (
    ROOT,
    check_command,
    commands_in,
    loads,
    paths_served,
    settings_names,
)
from tests.watch.tools import need

COMPOSE = ROOT / "docker-compose.yml"
SCHEMA = Path(__file__).parent / "schemas" / "compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def ours(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in services.items() if one["image"].startswith("zorgstroom:")}


def test_it_is_valid(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    errors = list(Draft202012Validator(schema).iter_errors(compose))
    assert not errors, [error.message for error in errors]
    broken = {**compose, "services": {"x": {"image": 1, "prots": []}}}
    assert list(Draft202012Validator(schema).iter_errors(broken)), "it takes anything"


def test_every_variable_is_a_setting_and_they_hold_together(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, service in ours(services).items():
        environment = {
            key: value for key, value in service["environment"].items() if key[:4] == "ZORG"
        }
        assert environment == service["environment"]
        assert set(environment) <= settings_names(), name
        with monkeypatch.context() as apart:
            loads(environment, apart, tmp_path)


def test_every_command_is_one_of_the_program(services: dict[str, dict[str, Any]]) -> None:
    count = 0
    for service in ours(services).values():
        if "entrypoint" in service:
            scripts = list(commands_in(service["command"][0]))
            assert scripts
        else:
            scripts = [service["command"]]
        for words in scripts:
            check_command(words)
            count += 1
    assert count == 5


def test_every_secret_and_file_that_is_named_is_made_or_there(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    assert set(compose["secrets"]) <= {*RANDOM, *DERIVED}
    for name, secret in compose["secrets"].items():
        assert secret == {"file": f"./deploy/geheimen/{name}"}
    for name, service in services.items():
        given = set(service.get("secrets", ()))
        text = yaml.safe_dump(service)
        for volume in service.get("volumes", ()):
            source = ROOT / volume.split(":")[0]
            text += source.read_text("utf-8") if source.is_file() else ""
        named = set(re.findall(r"/run/secrets/(\w+)", text))
        assert named == given, name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert volume.endswith(":ro")
            else:
                assert source in compose["volumes"]
    assert set(compose["secrets"]) == {
        s for one in services.values() for s in one.get("secrets", ())
    }


def test_what_is_published_is_on_loopback_and_listens(services: dict[str, dict[str, Any]]) -> None:
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert sorted(published) == ["grafana", "prometheus", "worker"]
    for name, ports in published.items():
        for port in ports:
            assert port.startswith("127.0.0.1:")
            inside = port.rpartition(":")[2]
            assert inside in yaml.safe_dump(services[name]["healthcheck"])
    assert services["worker"]["environment"]["ZORGSTROOM_HTTP__PORT"] == "8305"


def test_every_path_that_is_asked_for_is_served(services: dict[str, dict[str, Any]]) -> None:
    served = paths_served()
    asked = set(re.findall(r"8305(/[\w/]+)", COMPOSE.read_text("utf-8")))
    config = yaml.safe_load((ROOT / "deploy/compose/prometheus.yml").read_text("utf-8"))
    asked |= {job.get("metrics_path", "") for job in config["scrape_configs"]} - {""}
    assert asked == {"/health/live", "/metrics"}
    assert asked <= served


def test_it_is_pinned_limited_and_starts_in_order(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    once = {"topics", "migratie", "demo"}
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.match(r"v?\d+\.\d+", tag), name
        assert "no-new-privileges:true" in service["security_opt"]
        if name not in once:
            assert service["healthcheck"] and service["mem_limit"] and service["restart"]
        assert set(service["networks"]) <= set(compose["networks"])
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in once else "service_healthy"
            assert how == {"condition": wanted}
            reached = set(service["networks"]) & set(services[needed]["networks"])
            assert reached or needed in once
    for name, service in ours(services).items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
    inside = {name for name, one in compose["networks"].items() if one.get("internal")}
    assert {"bus", "opslag"} <= inside
    for name in ("kafka", "clickhouse"):
        assert set(services[name]["networks"]) <= inside


def test_the_worker_is_given_longer_than_its_last_flush(
    services: dict[str, dict[str, Any]],
) -> None:
    from zorgstroom.stream.worker.life import _GOODBYE

    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > 6 * _GOODBYE


def test_grafana_is_given_the_sources_and_dashboards_that_are_kept(
    services: dict[str, dict[str, Any]],
) -> None:
    kept = read("deploy/grafana/provisioning/datasources/zorgstroom.yml")["datasources"]
    made = read("deploy/compose/datasources.yml")["datasources"]
    same = ("name", "uid", "type", "access", "isDefault")
    for before, after in zip(kept, made, strict=True):
        assert {key: before.get(key) for key in same} == {key: after.get(key) for key in same}
        assert before.keys() == after.keys()
        assert before.get("jsonData", {}).keys() == after.get("jsonData", {}).keys()
    (provider,) = read("deploy/grafana/provisioning/dashboards/zorgstroom.yml")["providers"]
    mounted = [volume.split(":")[1] for volume in services["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_secrets_are_made_once_and_derived_ones_follow(tmp_path: Path) -> None:
    folder = tmp_path / "geheimen"
    assert make(folder) == list(RANDOM)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(before) == {*RANDOM, *DERIVED}
    assert len(set(before.values())) == len(before)
    assert make(folder) == []
    assert before == {path.name: path.read_text() for path in folder.iterdir()}
    (folder / "clickhouse_schrijver").unlink()
    assert make(folder) == ["clickhouse_schrijver"]
    assert before["clickhouse_gebruikers"] != (folder / "clickhouse_gebruikers").read_text()
    assert before["kafka_jaas"] == (folder / "kafka_jaas").read_text()


def test_a_key_that_cannot_be_made_again_is_named_once_when_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["secrets.py", "--folder", str(tmp_path / "geheimen")])
    assert main() == 0
    first = capsys.readouterr().out
    assert KEPT.keys() == {"pseudoniemsleutel", "afrondsleutel"}
    for name, loss in KEPT.items():
        assert f"Bewaar een kopie van {name} op een aparte plek: {loss}." in first
    assert main() == 0
    assert "Bewaar" not in capsys.readouterr().out


def test_secrets_are_kept_out_of_git_and_of_the_image() -> None:
    assert "deploy/geheimen/" in (ROOT / ".gitignore").read_text()
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


@pytest.mark.prometheus
def test_prometheus_and_alertmanager_take_their_configuration(tmp_path: Path) -> None:
    need()
    make(tmp_path / "geheimen")
    text = (ROOT / "deploy/compose/prometheus.yml").read_text("utf-8")
    text = text.replace("/run/secrets/", f"{tmp_path}/geheimen/")
    text = text.replace("/etc/prometheus/rules", str(ROOT / "deploy/prometheus"))
    (tmp_path / "prometheus.yml").write_text(text)
    for command in (
        f"promtool check config {tmp_path}/prometheus.yml",
        f"amtool check-config {ROOT}/deploy/compose/alertmanager.yml",
    ):
        told = subprocess.run(shlex.split(command), check=False, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
