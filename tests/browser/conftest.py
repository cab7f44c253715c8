from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import chromium

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"telefoon": (390, 844), "laptop": (1280, 800), "wand": (1920, 1080)}
OpenPage = Callable[..., Page]
# Patience costs nothing where all is well; on a busy machine everything takes long.
_PATIENCE_MS = 90_000
expect.set_options(timeout=_PATIENCE_MS)


# A module, not the session: while Playwright is open an event loop counts as running in this
# thread, and a later test that calls asyncio.run would fail.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        # The sandbox needs rights that a container does not give; only our own page is opened.
        made = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of; a test that cuts the connection clears it."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[OpenPage]:
    """Open a page; whatever it complains of on the console fails the test."""
    contexts = []

    def make(url: str, size: str = "laptop", scheme: str = "light") -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale="nl-NL",
            timezone_id="America/New_York",  # the page shows Dutch time wherever it is
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(f"{message.type}: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.goto(url)
        page.wait_for_selector('[data-maat="actief"][data-getal]')
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Folder of the screenshots: artefacts to look at."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
