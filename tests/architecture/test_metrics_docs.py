"""Documentation, alert rules, their tests, dashboards and runbooks name only series that exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from zorgstroom.sinks.series import DECLARED, PROCESS_SERIES, Declared

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {declared.name: declared for declared in DECLARED}
NAME = re.compile(r"\b((?:zorgstroom|process)_[a-z0-9_]+)\b(?:\{([^}]*)\})?")
FREE_LABELS = {"instance", "job", "le", "__name__"}
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
ALERTS = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
CASES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts_test.yml").read_text("utf-8"))


def declared_of(name: str) -> Declared | None:
    for suffix in ("", "_bucket", "_count", "_sum"):
        found = BY_NAME.get(name.removesuffix(suffix))
        if found is not None and (not suffix or found.kind == "histogram"):
            return found
    return None


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield f"alert {rule['alert']}", rule["expr"]
    for path in DASHBOARDS:
        board = json.loads(path.read_text("utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if "expr" in target:
                    yield f"{path.name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            if isinstance(variable["query"], dict):
                yield f"{path.name}: {variable['name']}", variable["query"]["query"]


@pytest.mark.parametrize(("where", "expr"), list(expressions()))
def test_a_query_names_declared_series_and_labels(where: str, expr: str) -> None:
    found = NAME.findall(expr)
    assert found or expr.startswith("up{"), where
    for name, selectors in found:
        if name in PROCESS_SERIES:
            continue
        declared = declared_of(name)
        assert declared is not None, f"{where} names {name}"
        labels = set(re.findall(r"([a-z_]+)\s*(?:=~|!=|!~|=)", selectors))
        assert labels <= {*declared.labels, *FREE_LABELS}, f"{where}: {labels} of {name}"


def test_every_series_is_used_in_a_dashboard() -> None:
    used = {
        name for where, expr in expressions() if ".json" in where for name, _ in NAME.findall(expr)
    }
    for declared in DECLARED:
        assert any(declared_of(name) is declared for name in used), declared.name


def test_the_page_about_metrics_has_every_series_with_its_labels_and_help() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    for declared in DECLARED:
        labels = ", ".join(f"`{label}`" for label in declared.labels) or "-"
        row = f"| `{declared.name}` ({declared.kind}) | {labels} | {declared.help} |"
        assert row in text, declared.name


def test_the_pages_name_no_series_that_does_not_exist() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for name, _ in NAME.findall(path.read_text("utf-8")):
            known = declared_of(name) or name in PROCESS_SERIES
            assert known or not name.endswith(("_total", "_seconds", "_ratio")), f"{path}: {name}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_has_a_runbook_a_severity_and_a_row_in_the_page(rule: dict[str, Any]) -> None:
    page = ROOT / rule["annotations"]["runbook"]
    assert f"`{rule['alert']}`" in page.read_text("utf-8")
    assert rule["labels"]["severity"] in ("warning", "critical")
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert f"| `{rule['alert']}` | {rule['labels']['severity']} |" in text
    assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_is_seen_to_fire_and_to_stay_silent(rule: dict[str, Any]) -> None:
    cases = [
        case
        for test in CASES["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == rule["alert"]
    ]
    assert any(case["exp_alerts"] for case in cases)
    assert any(not case["exp_alerts"] for case in cases)


def test_every_runbook_is_of_an_alert() -> None:
    used = {rule["annotations"]["runbook"] for rule in RULES}
    pages = {f"docs/runbooks/{path.name}" for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == used


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: str(path.name))
def test_what_is_not_shown_reads_nb_in_every_panel(path: Path) -> None:
    board = json.loads(path.read_text("utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert panels
    for panel in panels:
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == "n.b.", panel["title"]
        (mapping,) = defaults["mappings"]
        assert mapping["options"] == {"match": "null", "result": {"text": "n.b.", "index": 0}}
        assert panel["datasource"]["uid"] in ("zorgstroom-prometheus", "zorgstroom-clickhouse")
