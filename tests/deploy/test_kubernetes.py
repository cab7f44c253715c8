"""The manifests against the schemas of Kubernetes and Prometheus' operator, and the program."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from deploy.kubernetes.make_rules import TARGET, resource
from tests.deploy.documents import ROOT, check_command, loads, paths_served, settings_names

FOLDER = ROOT / "deploy" / "kubernetes"
OPERATOR = json.loads((Path(__file__).parent / "schemas/prometheus-operator.json").read_text())
VERSIONS = ("1.31", "1.33", "1.37")


def parts(folder: Path) -> list[dict[str, Any]]:
    """Return the resources that a kustomization names."""
    told = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    found = []
    for name in told["resources"]:
        found += list(yaml.safe_load_all((folder / name).read_text("utf-8")))
    return found


BOTH = [*parts(FOLDER), *parts(FOLDER / "klaarzetten")]
BY_KIND = {(one["kind"], one["metadata"]["name"]): one for one in BOTH}
PODS = [one["spec"]["template"]["spec"] for one in BOTH if "template" in (one.get("spec") or {})]


@pytest.mark.parametrize("one", BOTH, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_it_is_valid(one: dict[str, Any]) -> None:
    if one["kind"] in OPERATOR:
        errors = list(Draft202012Validator(closed(OPERATOR[one["kind"]])).iter_errors(one))
        assert not errors, [error.message for error in errors]
        return
    for version in VERSIONS:
        kubernetes_validate.validate(one, version, strict=True)


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a structural schema that refuses fields it does not name, as the server does."""
    made = {
        key: closed(value) if isinstance(value, dict) else value for key, value in schema.items()
    }
    if "properties" in made and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
        if "metadata" in schema["properties"]:
            made["properties"]["metadata"] = {"type": "object"}
    return made


def test_the_schemas_tell_right_from_wrong() -> None:
    wrong = json.loads(json.dumps(BY_KIND["ServiceMonitor", "zorgstroom-worker"]))
    wrong["spec"]["endpoints"][0]["pad"] = "/metrics"
    assert list(Draft202012Validator(closed(OPERATOR["ServiceMonitor"])).iter_errors(wrong))
    deployment = json.loads(json.dumps(BY_KIND["Deployment", "zorgstroom-worker"]))
    deployment["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


def environment(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines())


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "klaarzetten"])
def test_every_variable_is_a_setting_and_they_hold_together(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = environment(folder / "instellingen.env")
    assert set(given) <= settings_names()
    loads(given, monkeypatch, tmp_path)


def test_the_migration_has_its_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (container,) = BY_KIND["Job", "zorgstroom-migratie"]["spec"]["template"]["spec"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert set(given) <= settings_names()
    assert loads(given, monkeypatch, tmp_path).clickhouse.user == "migratie"


def test_commands_ports_and_paths_are_those_of_the_program() -> None:
    for pod in PODS:
        (container,) = pod["containers"]
        check_command(container["args"])
    worker = BY_KIND["Deployment", "zorgstroom-worker"]
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
    monitor = BY_KIND["ServiceMonitor", "zorgstroom-worker"]["spec"]["endpoints"]
    asked = {one["path"] for one in [*probes, *monitor]}
    assert asked == {"/health/live", "/health/ready", "/metrics"}
    assert asked <= paths_served()
    port = int(environment(FOLDER / "instellingen.env")["ZORGSTROOM_HTTP__PORT"])
    assert container["ports"] == [{"name": "http", "containerPort": port}]
    (served,) = BY_KIND["Service", "zorgstroom-worker"]["spec"]["ports"]
    assert (served["name"], served["port"], served["targetPort"]) == ("http", port, "http")
    policy = BY_KIND["NetworkPolicy", "zorgstroom"]["spec"]
    assert policy["ingress"][0]["ports"] == [{"protocol": "TCP", "port": port}]


def test_every_file_that_a_setting_names_is_mounted() -> None:
    for pod in PODS:
        (container,) = pod["containers"]
        given = {one["name"]: one["value"] for one in container.get("env", ())}
        for source in container.get("envFrom", ()):
            folder = FOLDER / ("klaarzetten" if "klaar" in source["configMapRef"]["name"] else "")
            given |= environment(folder / "instellingen.env")
        mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        volumes = {one["name"]: one for one in pod["volumes"]}
        assert set(mounts.values()) == set(volumes)
        secrets = {one["path"] for one in volumes["geheimen"]["secret"]["items"]}
        named = {Path(value) for name, value in given.items() if name.endswith("_FILE")}
        assert {one.name for one in named if one.parent == Path("/geheimen")} == secrets
        assert {str(one.parent) for one in named} <= set(mounts)


def test_pods_may_do_little_and_hold_no_secret() -> None:
    for pod in PODS:
        (container,) = pod["containers"]
        may = container["securityContext"]
        assert may["readOnlyRootFilesystem"] and may["capabilities"] == {"drop": ["ALL"]}
        assert may["allowPrivilegeEscalation"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001, "the user of the image"
        assert pod["automountServiceAccountToken"] is False
    assert not [one for one in BOTH if one["kind"] == "Secret"]
    for path in FOLDER.rglob("*.env"):
        for name in environment(path):
            assert not name.endswith(("PASSWORD", "TOKEN", "__KEY")), name


def test_selectors_meet_the_pods() -> None:
    worker = BY_KIND["Deployment", "zorgstroom-worker"]["spec"]
    labels = worker["template"]["metadata"]["labels"]
    assert worker["selector"]["matchLabels"].items() <= labels.items()
    for kind in ("PodDisruptionBudget", "ServiceMonitor"):
        selector = BY_KIND[kind, "zorgstroom-worker"]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= labels.items()
    assert BY_KIND["Service", "zorgstroom-worker"]["spec"]["selector"].items() <= labels.items()
    policy = BY_KIND["NetworkPolicy", "zorgstroom"]["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels.items()


def test_a_worker_is_given_longer_than_its_last_flush() -> None:
    from zorgstroom.stream.worker.life import _GOODBYE

    pod = BY_KIND["Deployment", "zorgstroom-worker"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > 6 * _GOODBYE


def test_the_job_has_the_name_that_the_alerts_go_by() -> None:
    label = BY_KIND["ServiceMonitor", "zorgstroom-worker"]["spec"]["jobLabel"]
    job = BY_KIND["Service", "zorgstroom-worker"]["metadata"]["labels"][label]
    assert set(re.findall(r'job="([^"]*)"', TARGET.read_text("utf-8"))) == {job}


def test_the_alerts_are_those_of_the_rule_file() -> None:
    assert yaml.safe_load(TARGET.read_text("utf-8")) == resource(), (
        "run: python deploy/kubernetes/make_rules.py"
    )
