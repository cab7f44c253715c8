"""
Writes prometheusrule.yaml from the rule file of Prometheus, so that there is one set of alerts.

    python deploy/kubernetes/make_rules.py

Needs PyYAML. A test fails when the rule file has changed since.
"""
# ruff: noqa: T201 - a command line program

import sys
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent
RULES: Final = HERE.parent / "prometheus" / "alerts.yml"
TARGET: Final = HERE / "prometheusrule.yaml"
_HEAD: Final = "# Made by make_rules.py from deploy/prometheus/alerts.yml; change that.\n"


def resource() -> dict[str, Any]:
    """Return the PrometheusRule with the groups of the rule file."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "zorgstroom"},
        "spec": {"groups": groups},
    }


def main() -> int:
    """Write the file; return the exit code."""
    text = yaml.safe_dump(resource(), sort_keys=False, allow_unicode=True, width=100)
    TARGET.write_text(_HEAD + text, "utf-8")
    print(f"{TARGET.name} geschreven")
    return 0


if __name__ == "__main__":
    sys.exit(main())
