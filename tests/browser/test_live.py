"""The page on the real process: what it shows is what the process says, and it says when not."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.processes import Running, running, serving, until
from tests.stream.messages import message, refused

pytestmark = [pytest.mark.browser, pytest.mark.embedded, pytest.mark.slow]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    pytest.importorskip("chdb")
    folder = tmp_path_factory.mktemp("serve")
    (folder / "inbox").mkdir()
    for number in range(30):
        gemeente = "0153" if number % 3 else "0168"
        (folder / "inbox" / f"bericht-{number}.xml").write_bytes(message(number, gemeente=gemeente))
    (folder / "inbox" / "kapot-bericht.xml").write_bytes(refused(40))
    with serving(folder) as made:
        until(lambda: figure(made, "twente", "actief") == 30, "30 messages are counted")
        # The figures are there before the state of the process tells of the messages.
        until(lambda: made.api("/api/status")["afgekeurd"], "the state tells of them")
        yield made


def figure(process: Running, gebied: str, maat: str, product: str = "") -> int | None:
    level = "product_niveau=totaal" if not product else f"product={product.replace(' ', '%20')}"
    rows = process.api(
        f"/api/cijfers?gebied={gebied}&wet=Wmo&maat={maat}&{level}"
        "&periode_soort=maand&periode=2026-03-01"
    )["cijfers"]
    return rows[0]["waarde"] if rows else None


def choose(page: Page, what: str, value: str) -> None:
    page.locator(f'#{what} input[value="{value}"]').check()


def test_tiles_and_figures_are_those_of_the_process(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    status = process.api("/api/status")
    counts = status["tellers"]["sinds_start"]
    refusals = sum(n for name, n in counts.items() if name.startswith("afgekeurd: "))
    taken = counts["aanvaard"] + counts.get("herhaald", 0) + refusals
    expect(page.locator("#oordeel")).to_have_text("Alles loopt.")
    expect(page.locator('[data-veld="toestand"]')).to_have_text("Draait")
    expect(page.locator('[data-veld="afgekeurd"]')).to_have_text(str(refusals))
    expect(page.locator('[data-veld="berichten-bij"]')).to_have_text(f"{taken} sinds de start")
    expect(page.locator('[data-veld="achterstand"]')).to_have_text(str(status["inbox"]["wachtend"]))
    expect(page.locator('[data-tegel="alarmen"]')).to_be_hidden()
    expect(page.locator("#beleid")).to_have_text(status["waarschuwing"])
    for maat in ("actief", "instroom", "uitstroom"):
        expected = str(figure(process, "twente", maat))
        expect(page.locator(f'[data-maat="{maat}"]')).to_have_attribute("data-getal", expected)
    names = {"0153": "Enschede", "0168": "Losser", "0141": "Almelo"}
    for code, name in names.items():
        row = page.locator(f'#gemeenten tr[data-regel="{code}"]')
        expect(row.locator("th")).to_have_text(name)
        expected = str(figure(process, code, "actief"))
        expect(row.locator("td.getal")).to_have_attribute("data-getal", expected)
    group = page.locator('#producten tr[data-regel="hoofdgroep:Ondersteuning thuis"] td.getal')
    expect(group).to_have_attribute(
        "data-getal", str(figure(process, "twente", "actief", "Ondersteuning thuis"))
    )


def test_what_went_wrong_with_a_message_is_found(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    (refusal,) = process.api("/api/status")["afgekeurd"]
    page.get_by_label("Zoek op bestandsnaam").fill("kapot-bericht")
    found = page.locator("#afkeuringen details")
    expect(found).to_have_count(1)
    found.locator("summary").click()
    for part in ("melding", "oplossing", "hash", "pad", "regel"):
        expect(found).to_contain_text(refusal[part])
    page.get_by_label("Zoek op bestandsnaam").fill("bestaat niet")
    expect(found).to_have_count(0)
    expect(page.locator("#afkeuringen")).to_contain_text("Geen van de laatste afkeuringen")


def test_figures_move_when_messages_arrive(process: Running, open_page: OpenPage) -> None:
    page = open_page(f"{process.url}/gebied/almelo")
    before = figure(process, "0141", "actief") or 0
    expect(page.locator('[data-maat="actief"]')).to_have_attribute("data-getal", str(before))
    for number in range(100, 103):
        process.drop(f"{number}.xml", message(number, gemeente="0141"))
    big = page.locator('[data-maat="actief"]')
    expect(big).to_have_attribute("data-getal", str(before + 3))
    expect(big.locator(".delta")).to_have_text("+3")
    assert figure(process, "0141", "actief") == before + 3
    choose(page, "maat", "instroom")
    expect(page.locator("#producten-kop")).to_contain_text("Instroom naar soort hulp")
    # Messages of March about January: instroom of this month did not change.
    expect(page.locator("#producten .delta")).to_have_count(0)
    choose(page, "maat", "actief")
    expect(page.locator('#producten tr[data-regel="totaal"] .delta')).to_have_text("+3")
    row = page.locator("#verlooptabel tbody tr").first
    page.locator("#verlooptabel summary").click()
    expect(row).to_contain_text("mrt 2026")
    expect(row.locator(".getal")).to_have_text(str(before + 3))


def test_the_choice_is_in_the_address(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    choose(page, "wet", "Jw")
    choose(page, "maat", "instroom")
    choose(page, "periode", "kwartaal")
    expect(page).to_have_url(f"{process.url}/?wet=Jw&maat=instroom&periode=kwartaal")
    expect(page.locator("#verloop-titel")).to_have_text("Instroom per kwartaal")
    page.reload()
    expect(page.locator("#cijfers-kop")).to_have_text("Twente, Jeugdwet")
    expect(page.locator('#maat input[value="instroom"]')).to_be_checked()
    choose(page, "wet", "Wmo")
    page.locator("#producten").get_by_role("link", name="Ondersteuning thuis").click()
    expect(page.locator("#verloop-titel")).to_have_text(
        "Instroom per kwartaal: Ondersteuning thuis"
    )
    expect(page.locator("#verlooptabel tbody tr").first.locator(".getal")).to_have_text(
        str(figure_quarter(process))
    )
    page.locator("#gemeenten").get_by_role("link", name="Losser").click()
    expect(page).to_have_url(f"{process.url}/gebied/losser?maat=instroom&periode=kwartaal")
    expect(page).to_have_title("Losser · Zorgstroom")
    page.go_back()
    expect(page.locator("#cijfers-kop")).to_have_text("Twente, Wmo")


def figure_quarter(process: Running) -> int:
    (row,) = process.api(
        "/api/cijfers?gebied=twente&wet=Wmo&maat=instroom&product=Ondersteuning%20thuis"
        "&periode_soort=kwartaal&periode=2026-01-01"
    )["cijfers"]
    return int(row["waarde"])


def test_every_chart_and_table_has_its_csv(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    expect(page.locator("#verloop-csv")).to_have_attribute(
        "href",
        "/api/cijfers.csv?gebied=twente"
        "&wet=Wmo&maat=actief&product_niveau=totaal&periode_soort=maand",
    )
    for name, line in (
        ("#verloop-csv", "regio,twente,Wmo,totaal,,maand,2026-03-01,actief,"),
        ("#producten-csv", "regio,twente,Wmo,hoofdgroep,Ondersteuning thuis,maand,2026-03-01,"),
        ("#gemeenten-csv", "gemeente,0168,Wmo,totaal,,maand,2026-03-01,actief,10,"),
    ):
        with page.expect_download() as download:
            page.locator(name).click()
        text = Path(download.value.path()).read_text("utf-8")
        assert text.startswith("gebied_soort,gebied,wet,")
        assert line in text


def test_the_page_works_by_keyboard(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    page.keyboard.press("Tab")
    expect(page.locator(".overslaan")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#cijfers")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator('#wet input[value="Wmo"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#cijfers-kop")).to_have_text("Twente, Jeugdwet")
    page.locator("#gebiedkeuze summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Wierden").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#gebiedkeuze nav")).to_be_hidden()
    expect(page.locator("#gebiedkeuze summary")).to_be_focused()


def test_an_unknown_area_is_told(process: Running, open_page: OpenPage) -> None:
    page = open_page(process.url)
    page.goto(f"{process.url}/gebied/atlantis")
    expect(page.locator("#cijferfout")).to_contain_text("niet bekend")
    expect(page.locator("#maat")).to_be_hidden()
    expect(page.locator("#oordeel")).to_have_text("Alles loopt.")


def test_silence_is_told_loudly_and_life_again(
    process: Running, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(process.url)
    expect(page.locator("#verbindingtekst")).to_contain_text("Live")
    process.pause()
    try:
        banner = page.locator("#verouderd")
        expect(banner).to_be_visible(timeout=20_000)
        expect(banner).to_contain_text("Verouderd: sinds")
        expect(page).to_have_title("Verouderd · Twente · Zorgstroom")
    finally:
        process.resume()
    expect(banner).to_be_hidden(timeout=20_000)
    expect(page).to_have_title("Twente · Zorgstroom")
    assert complaints == []


def test_after_the_process_is_gone_the_page_comes_back_by_itself(
    tmp_path: Path, open_page: OpenPage, complaints: list[str]
) -> None:
    pytest.importorskip("chdb")
    with serving(tmp_path) as first:
        port = first.url.rpartition(":")[2]
        page = open_page(first.url)
        first.process.send_signal(signal.SIGTERM)
        expect(page.locator("#verouderd")).to_be_visible(timeout=30_000)
        assert first.process.wait(60) == 0  # a second signal would cut it off
    arguments = ("serve", "--inbox", "inbox", "--port", port, "--today", "2026-03-15")
    with running(tmp_path, arguments, PROTECTION__POLICY="geen"):
        expect(page.locator("#verouderd")).to_be_hidden(timeout=60_000)
        page.close()  # before its server goes, of which the browser would complain
    # A browser tells of each connection that is refused; there must be nothing else.
    assert all("ERR_" in text for text in complaints), complaints
    complaints.clear()
