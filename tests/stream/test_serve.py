import json
import logging
import os
import socket
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pydantic import SecretStr

from tests.stream.messages import ACHTERNAAM, message
from zorgstroom.aggregations.policy import Protection
from zorgstroom.stream import address, client, serve
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.serve import ListenError
from zorgstroom.stream.settings import Http, Settings
from zorgstroom.stream.settings import Inbox as Rules

pytestmark = pytest.mark.embedded
SETTINGS = Settings(
    protection=Protection(policy="geen"),
    inbox=Rules(settle_seconds=0, poll_seconds=0.01),
    http=Http(port=0),
    tick_seconds=0.01,
)


@pytest.fixture(autouse=True)
def _engine() -> None:
    pytest.importorskip("chdb")


def test_protected_pages_answer_the_commands_of_the_same_user(tmp_path: Path) -> None:
    data, inbox = tmp_path / "data", tmp_path / "inbox"
    inbox.mkdir()
    stop = threading.Event()
    seen: dict[str, object] = {}

    def ask(url: str) -> None:
        try:
            for path in ("/api/status", "/metrics", "/"):
                with pytest.raises(HTTPError, match="401"):
                    urlopen(url + path, timeout=10)
            process = client.running(data)
            assert process is not None
            seen["status"] = client.fetch_status(process)
        finally:
            stop.set()

    asking: list[threading.Thread] = []

    def ready(url: str) -> None:
        asking.append(threading.Thread(target=ask, args=(url,)))
        asking[0].start()

    http = Http(port=0, token=SecretStr("lindebloesem-lindebloesem"))
    settings = SETTINGS.model_copy(update={"http": http})
    assert serve.serve(settings, data, inbox, ready=ready, stop=stop) == 0
    asking[0].join()
    assert isinstance(seen.get("status"), dict)


@pytest.mark.slow
def test_it_answers_until_it_is_stopped(tmp_path: Path) -> None:
    data, inbox = tmp_path / "data", tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.xml").write_bytes(message(1))
    stop = threading.Event()
    seen: dict[str, object] = {}

    def ask(url: str) -> None:
        try:
            process = client.running(data)
            assert process is not None and process.url == url
            assert (data / "adres").stat().st_mode & 0o777 == 0o600
            wanted = {"gebied": "twente", "wet": "Wmo", "periode": "2026-01-01"}
            wanted |= {"periode_soort": "jaar", "maat": "instroom", "product_niveau": "totaal"}
            while not (found := client.fetch_figures(process, wanted)["cijfers"]):
                pass
            seen["cijfers"] = found
            seen["status"] = client.fetch_status(process)
        finally:
            stop.set()

    asking: list[threading.Thread] = []

    def ready(url: str) -> None:
        asking.append(threading.Thread(target=ask, args=(url,)))
        asking[0].start()

    assert serve.serve(SETTINGS, data, inbox, ready=ready, stop=stop) == 0
    asking[0].join()
    assert isinstance(seen["cijfers"], list)
    assert [row["waarde"] for row in seen["cijfers"]] == [1]
    assert isinstance(seen["status"], dict)
    assert seen["status"]["pid"] == os.getpid()
    assert not (data / "adres").exists()
    assert client.running(data) is None
    with Engine(SETTINGS, data, SystemClock()):
        pass  # state and database were given back


def test_an_unforeseen_error_ends_the_process_with_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = " ".join(("999000012", ACHTERNAAM))

    def fail(*_: object) -> None:
        raise KeyError(secret)

    monkeypatch.setattr(Engine, "process", fail)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.xml").write_bytes(message(1))
    assert serve.serve(SETTINGS, tmp_path / "data", inbox, stop=threading.Event()) == 1
    (record,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "KeyError" in record.getMessage() and "in step" in record.getMessage()
    assert "999000012" not in caplog.text and ACHTERNAAM not in caplog.text
    assert not (tmp_path / "data" / "adres").exists()
    assert (inbox / "a.xml").exists()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        http = Http(port=taken.getsockname()[1])
        settings = SETTINGS.model_copy(update={"http": http})
        with pytest.raises(ListenError, match="--port"):
            serve.serve(settings, tmp_path / "data", tmp_path / "inbox", stop=threading.Event())
    assert address.read(tmp_path / "data") is None


def test_the_log_quotes_known_errors_only() -> None:
    assert "weg" in serve.told(OSError(2, "weg"))
    assert "geheim" not in serve.told(ValueError(json.dumps("geheim")))
