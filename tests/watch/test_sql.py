"""Every query of the dashboards and of the analyst's page, on the real engine."""

import json
import re
from pathlib import Path

import pytest

from zorgstroom.sinks.connection import Connection

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.embedded, pytest.mark.slow]
BOARD = json.loads((ROOT / "deploy/grafana/dashboards/cijfers.json").read_text("utf-8"))
PANELS = {
    panel["title"]: target["rawSql"]
    for panel in BOARD["panels"]
    for target in panel.get("targets", [])
}
VARIABLES = {
    variable["name"]: variable["query"]
    for variable in BOARD["templating"]["list"]
    if variable["type"] == "query"
}
QUESTIONS = re.findall(
    r"\*\*(\d+)\. ([^*]+)\*\*\n\n```sql\n(.*?)```",
    (ROOT / "docs/analysts.md").read_text("utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_shows_something(published: Connection, title: str) -> None:
    for wet in ("Wmo", "Jw"):
        query = PANELS[title].replace("${gebied}", "twente").replace("${wet}", wet)
        assert "$" not in query, "a variable that nobody fills"
        rows = published.rows(query)
        # Jw has no hoofdgroepen.
        assert rows or (wet == "Jw" and "Hoofdgroepen" in title), title


def test_the_variables_of_the_dashboard_have_values(published: Connection) -> None:
    for query in VARIABLES.values():
        assert published.rows(query)


def test_there_are_ten_questions() -> None:
    assert [int(number) for number, _, _ in QUESTIONS] == list(range(1, 11))


@pytest.mark.parametrize(("number", "title", "query"), QUESTIONS)
def test_a_question_of_the_analysts_page_has_an_answer(
    published: Connection, number: str, title: str, query: str
) -> None:
    # The made-up stream ends in March 2026, whatever today is.
    rows = published.rows(query.replace("today()", "toDate('2026-03-15')"))
    assert rows, f"{number} {title}"


def test_every_column_of_the_views_is_explained_on_the_page(published: Connection) -> None:
    text = (ROOT / "docs/analysts.md").read_text("utf-8")
    for view in ("cijfers", "tijdigheid", "emissies", "bescherming"):
        for name, *_ in published.rows(f"DESCRIBE publicatie.{view}"):
            assert f"`{name}`" in text, f"{view}.{name}"
