"""How the page looks: without barriers, at three sizes, light and dark; screenshots to look at."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, OpenPage
from tests.browser.processes import Running, running, showing, until
from tests.emissions import WMO_TOTAAL, emission, values
from tests.stream.page.provider import MADE, Process
from zorgstroom.stream.settings import Http, Settings

pytestmark = [pytest.mark.browser, pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo under the default policy; far from the close of a quarter, which takes long."""
    pytest.importorskip("chdb")
    folder = tmp_path_factory.mktemp("demo")
    arguments = ("demo", "--port", "0", "--no-browser", "--messages", "12000", "--seed", "3")
    with running(folder, (*arguments, "--speed", "7200", "--days", "90")) as made:
        yield made


def barriers(page: Page) -> list[str]:
    found: Any = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def test_figures_move_on_the_clock_of_the_simulation(demo: Running, open_page: OpenPage) -> None:
    page = open_page(demo.url)
    expect(page.locator("#klok")).to_contain_text("Demo met verzonnen gegevens")
    assert demo.api("/api/status")["beleid"] == "drempel"
    first = page.locator('[data-maat="actief"]').get_attribute("data-tijd")
    until(
        lambda: page.locator('[data-maat="actief"]').get_attribute("data-tijd") != first,
        "a figure is made anew",
    )
    # What stands there is what was published under that moment.
    made = page.evaluate(
        """() => { const one = document.querySelector('[data-maat="actief"]');
        return [one.dataset.tijd, one.dataset.getal]; }"""
    )
    rows = demo.api(
        "/api/cijfers?historie=1&gebied=twente&wet=Wmo&maat=actief&product_niveau=totaal"
        "&periode_soort=maand"
    )["cijfers"]
    assert made[1].replace(".", "") in {
        str(row["waarde"]) for row in rows if row["bijgewerkt_op"] == made[0]
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", ["/", "/gebied/losser?maat=instroom"])
def test_there_are_no_barriers(
    demo: Running, open_page: OpenPage, pictures: Path, path: str, size: str, scheme: str
) -> None:
    page = open_page(f"{demo.url}{path}", size, scheme)
    page.wait_for_selector("#grafiek canvas")
    page.wait_for_selector("#afkeuringen details")
    name = "regio" if path == "/" else "gemeente"
    page.screenshot(path=pictures / f"{name}-{size}-{scheme}.png")
    page.screenshot(path=pictures / f"{name}-{size}-{scheme}-heel.png", full_page=True)
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scroll"
    page.locator("#verlooptabel summary").click()
    page.locator("#afkeuringen summary").first.click()
    page.locator("#gebiedkeuze summary").click()
    assert barriers(page) == []


@pytest.fixture
def planned() -> Process:
    """A process whose publication holds few figures while a period runs, and more at its close."""
    made = Process()
    november, third = date(2026, 11, 1), date(2026, 7, 1)
    hulp = replace(
        WMO_TOTAAL,
        maat="actief",
        product_niveau="hoofdgroep",
        product="Hulp bij het huishouden",
        periode_soort="kwartaal",
    )
    made.publication.write(
        emission(
            1,
            values(replace(WMO_TOTAAL, maat="actief"), [1204], eerste=november),
            values(WMO_TOTAAL, [None], eerste=november),
            values(hulp, [412], eerste=third, status="definitief"),
            values(replace(hulp, product="Verblijf en opvang"), [33], eerste=date(2026, 10, 1)),
            tijd=MADE,
        )
    )
    return made


def test_a_figure_of_a_close_is_shown_under_its_own_period(
    planned: Process, open_page: OpenPage, pictures: Path
) -> None:
    with showing(planned) as url:
        page = open_page(f"{url}/gebied/enschede")
        line = page.locator('tr[data-regel="hoofdgroep:Hulp bij het huishouden"]')
        expect(line).to_contain_text("412")
        expect(line).to_contain_text("3e kwartaal 2026, definitief")
        # A stock that runs on from an earlier month is one of now, with its own time.
        running = page.locator('tr[data-regel="hoofdgroep:Verblijf en opvang"]')
        expect(running.locator(".stand")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
        none = page.locator('tr[data-regel="hoofdgroep:Overig"]')
        expect(none.locator(".getal")).to_contain_text("–")
        expect(page.locator("#tekens")).to_contain_text(
            "alleen bij de afsluiting van een kwartaal, halfjaar of jaar"
        )
        expect(page.locator("#tekens")).to_contain_text("30 december 2026")
        expect(page.locator("#tekens")).to_contain_text("lager dan 10")
        line.get_by_role("link").click()
        expect(page.locator("#verloop-melding")).to_have_text(
            "Per maand wordt dit niet gepubliceerd; hieronder per kwartaal."
        )
        page.locator('#maat input[value="instroom"]').check()
        expect(page.locator("#uitleg")).to_contain_text("Niet bekendgemaakt")
        assert barriers(page) == []
        page.screenshot(path=pictures / "afsluiting.png", full_page=True)
        page.close()  # before its server goes, of which the browser would complain


def test_a_problem_leads_the_page(planned: Process, open_page: OpenPage, pictures: Path) -> None:
    planned.state["probleem"] = "ClickHouse is niet bereikbaar. Er gaat niets verloren."
    with showing(planned) as url:
        page = open_page(f"{url}/gebied/enschede")
        expect(page.locator("#oordeel")).to_have_text(planned.state["probleem"])
        expect(page.locator('[data-veld="toestand"]')).to_have_text("Probleem")
        assert barriers(page) == []
        page.screenshot(path=pictures / "probleem.png")
        page.close()


ALERT = {
    "labels": {"alertname": "ZorgstroomStil", "severity": "critical"},
    "annotations": {
        "summary": "Al een werkdag geen berichten",
        "runbook_url": "https://draaiboek.test/stil",
    },
    "startsAt": "2026-11-12T08:00:00Z",
}


@contextmanager
def alertmanager() -> Iterator[str]:
    """Answer as Alertmanager does, with one alert."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps([ALERT]).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_alarms_and_timeliness_have_their_place(
    planned: Process, open_page: OpenPage, pictures: Path
) -> None:
    planned.state["tijdigheid"] = [
        {
            "gebied": "0153",
            "wet": "Wmo",
            "soort": "start",
            "te_laat": 0.21,
            "vertraging_werkdagen": {"mediaan": 4.0, "p90": 14.5},
            "wachttijd_dagen": None,
        }
    ]
    planned.state["aanbieders"] = [{"regio": "twente", "actief": 9, "stil": ["01234567"]}]
    with (
        alertmanager() as alerts,
        showing(planned, Settings(http=Http(alertmanager=alerts))) as url,
    ):
        page = open_page(f"{url}/gebied/enschede", "telefoon")
        expect(page.locator('[data-veld="alarmen"]')).to_have_text("1")
        alarm = page.locator("#alarmlijst li")
        expect(alarm).to_contain_text("Al een werkdag geen berichten")
        expect(alarm.get_by_role("link", name="draaiboek")).to_have_attribute(
            "href", "https://draaiboek.test/stil"
        )
        expect(page.locator('[data-veld="tijdigheid"]')).to_have_text("21%")
        row = page.locator("#tijdigheid tbody tr")
        expect(row.locator("> *")).to_have_text(["Wmo, start", "21%", "4", "14,5", "–", "–"])
        expect(page.locator("#stil")).to_contain_text("01234567")
        assert barriers(page) == []
        page.screenshot(path=pictures / "alarmen.png", full_page=True)
        page.goto(f"{url}/gebied/losser")
        expect(page.locator('[data-veld="tijdigheid-bij"]')).to_have_text("te weinig meldingen")
        page.close()
