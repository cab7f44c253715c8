"""How the page looks: without barriers, at three sizes, light and dark; screenshots to look at."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, OpenPage
from tests.browser.processes import Running, running, showing, until
from tests.emissions import emission, series, values
from tests.stream.page.provider import MADE, Process
from zorgstroom.aggregations.policy import Protection
from zorgstroom.aggregations.results import SeriesValues
from zorgstroom.stream.settings import Http, Settings

pytestmark = [pytest.mark.browser, pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo under the default policy."""
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
    expect(page.locator("#beleid")).to_be_hidden()
    assert demo.api("/api/status")["beleid"] == "afronden"
    big = page.locator('[data-maat="actief"]')
    first = big.get_attribute("data-getal")
    until(lambda: big.get_attribute("data-getal") != first, "a figure changes")
    shown = str(big.get_attribute("data-getal")).replace(".", "")
    rows = demo.api(
        "/api/cijfers?historie=1&gebied=twente&wet=Wmo&maat=actief&product_niveau=totaal"
        "&periode_soort=maand"
    )["cijfers"]
    assert shown in {str(row["waarde"]) for row in rows}
    assert int(shown) % 5 == 0


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


HULP, OVERIG = "Hulp bij het huishouden", "Overig"


def publish(process: Process, versie: int, instroom: int | None = None) -> None:
    """Publish Enschede in November 2026: its months, and the quarter and year that run."""
    october, reached = date(2026, 10, 1), [date(2026, 10, 31)]
    rows: list[SeriesValues] = []
    for maat, counts in (("actief", [1205, 1200]), ("instroom", [45, instroom])):
        total = {"maat": maat}
        hulp = {**total, "product_niveau": "hoofdgroep", "product": HULP}
        overig = hulp | {"product": OVERIG}
        rows += [
            values(series(**total), counts, eerste=october),
            values(series(**hulp), [30, 25], eerste=october),
            values(series(**overig), [None, None], eerste=october),
        ]
        until_october = reached if maat == "instroom" else ()
        for soort, eerste in (("kwartaal", october), ("jaar", date(2026, 1, 1))):
            rows += [
                values(series(**line, periode_soort=soort), [count], eerste=eerste, tot_en_met=end)
                for line, count, end in (
                    (total, 45, until_october),
                    (hulp, 30, until_october),
                    (overig, None, ()),
                )
            ]
    process.publication.write(emission(versie, *rows, tijd=MADE))
    process.state["regios"] = [{"regio": "twente", "versie": versie, "laatste_emissie": None}]


@pytest.fixture
def town() -> Process:
    made = Process()
    publish(made, 1)
    return made


def choose(page: Page, what: str, value: str) -> None:
    page.locator(f'#{what} input[value="{value}"]').check()


def test_nb_means_one_thing(town: Process, open_page: OpenPage, pictures: Path) -> None:
    with showing(town) as url:
        page = open_page(f"{url}/gebied/enschede")
        expect(page.locator('tr[data-regel="hoofdgroep:Overig"] .getal')).to_contain_text("n.b.")
        legend = page.locator("#tekens")
        expect(legend).to_contain_text("te klein om te tonen (hoogstens 14, en misschien 0)")
        expect(legend).to_contain_text("November 2026 is definitief vanaf 1 maart 2027")
        note = page.locator("#noot-bescherming")
        for part in (
            "een veelvoud van 5 en wijkt hoogstens 4 af",
            "per opgeteld cijfer hoogstens 4",
            "tot en met 10 tonen wij nooit (n.b.)",
            "van 11 tot en met 14 soms",
            "vanaf 15 altijd",
        ):
            expect(note).to_contain_text(part)
        expect(page.locator("#beleid")).to_be_hidden()
        choose(page, "maat", "instroom")
        expect(page.locator("#uitleg")).to_contain_text("te klein om te tonen")
        expect(page.locator("#producten th.bereik")).to_be_hidden()
        assert barriers(page) == []
        page.screenshot(path=pictures / "nb.png", full_page=True)
        page.close()  # before its server goes, of which the browser would complain


@pytest.mark.parametrize(
    ("policy", "note"),
    [
        ("kale_drempel", "aantallen onder 10 tonen wij niet (n.b.)"),
        ("geen", "exact, ook kleine aantallen"),
    ],
)
def test_a_policy_that_protects_less_warns(
    town: Process, open_page: OpenPage, policy: Any, note: str
) -> None:
    town.protection = Protection(policy=policy)
    with showing(town) as url:
        page = open_page(f"{url}/gebied/enschede")
        expect(page.locator("#beleid")).to_have_text(town.protection.warning)
        expect(page.locator("#noot-bescherming")).to_contain_text(note)
        expect(page.locator("#noot-bescherming")).not_to_contain_text("veelvoud")
        page.close()


def test_a_sum_tells_how_far_it_reaches(town: Process, open_page: OpenPage, pictures: Path) -> None:
    with showing(town) as url:
        page = open_page(f"{url}/gebied/enschede?periode=kwartaal&maat=instroom")
        expect(page.locator('[data-bij="instroom"]')).to_contain_text(
            "begonnen in het vierde kwartaal van 2026, t/m oktober"
        )
        expect(page.locator('[data-bij="actief"]')).to_contain_text("indicaties lopen vandaag")
        hulp = page.locator(f'tr[data-regel="hoofdgroep:{HULP}"]')
        expect(hulp.locator("td")).to_have_text(["30", "t/m oktober"])
        overig = page.locator('tr[data-regel="hoofdgroep:Overig"]')
        expect(overig.locator(".bereik")).to_have_text("")
        legend = page.locator("#tekens")
        expect(legend).to_contain_text("nog geen afgesloten maand met een cijfer")
        expect(legend).not_to_contain_text("te klein om te tonen")
        expect(legend).to_contain_text("telt de afgesloten maanden op (t/m oktober)")
        page.locator("#verlooptabel summary").click()
        expect(page.locator("#verlooptabel tbody tr > *")).to_have_text(
            ["4e kwartaal 2026", "45", "voorlopig, t/m oktober"]
        )
        assert barriers(page) == []
        page.screenshot(path=pictures / "som.png", full_page=True)
        overig.get_by_role("link").click()
        expect(page.locator("#verloop-titel")).to_have_text("Instroom per kwartaal: Overig")
        expect(page.locator("#verlooptabel tbody tr > *")).to_have_text(
            ["4e kwartaal 2026", "n.b.", "voorlopig"]
        )
        choose(page, "maat", "actief")
        expect(page.locator("#producten th.bereik")).to_be_hidden()
        page.close()


def test_a_change_is_that_of_the_same_figure(town: Process, open_page: OpenPage) -> None:
    publish(town, 2, instroom=20)
    with showing(town) as url:
        page = open_page(f"{url}/gebied/enschede")
        choose(page, "maat", "instroom")
        row = page.locator('#producten tr[data-regel="totaal"] td.getal')
        expect(row).to_have_attribute("data-getal", "20")
        choose(page, "periode", "jaar")
        expect(row).to_have_attribute("data-getal", "45")
        expect(page.locator(".delta")).to_have_count(0)
        choose(page, "periode", "maand")
        expect(row).to_have_attribute("data-getal", "20")
        link = page.locator("#producten").get_by_role("link", name=HULP)
        link.focus()
        publish(town, 3, instroom=25)
        expect(row.locator(".delta")).to_have_text("+5")
        expect(row).to_have_class("getal bewoog")
        expect(link).to_be_focused()
        expect(page.locator("#tekens")).to_contain_text("+5, −5")
        choose(page, "maat", "actief")
        expect(row).to_have_attribute("data-getal", "1.200")
        expect(row).to_have_class("getal")
        expect(page.locator(".delta")).to_have_count(1)
        expect(page.locator('[data-maat="instroom"] .delta')).to_have_text("+5")
        page.close()


def test_a_problem_leads_the_page(town: Process, open_page: OpenPage, pictures: Path) -> None:
    town.state["probleem"] = "ClickHouse is niet bereikbaar. Er gaat niets verloren."
    with showing(town) as url:
        page = open_page(f"{url}/gebied/enschede")
        expect(page.locator("#oordeel")).to_have_text(town.state["probleem"])
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
    town: Process, open_page: OpenPage, pictures: Path
) -> None:
    town.state["tijdigheid"] = [
        {
            "gebied": "0153",
            "wet": "Wmo",
            "soort": "start",
            "te_laat": 0.21,
            "vertraging_werkdagen": {"mediaan": 4.0, "p90": 14.5},
            "wachttijd_dagen": None,
        }
    ]
    town.state["aanbieders"] = [{"regio": "twente", "actief": 9, "stil": ["01234567"]}]
    with (
        alertmanager() as alerts,
        showing(town, Settings(http=Http(alertmanager=alerts))) as url,
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
