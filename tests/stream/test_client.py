import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from zorgstroom.stream import address, client
from zorgstroom.stream.address import Address
from zorgstroom.stream.client import AnswerError
from zorgstroom.stream.questions import ParameterError


@contextmanager
def answering(status: int, body: bytes, asked: list[str] | None = None) -> Iterator[str]:
    """Something on a port that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def told(data: Path, url: str, pid: int) -> None:
    (data / "adres").write_text(json.dumps({"url": url, "pid": pid}))


def test_the_process_of_the_folder_is_found(tmp_path: Path) -> None:
    with answering(200, b'{"pid": 42}') as url:
        told(tmp_path, url, 42)
        assert client.running(tmp_path) == Address(url, 42)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"pid": 43}'),
        (200, b"<html>"),
        (200, b"[42]"),
        (404, b'{"pid": 42}'),
        (302, b'{"pid": 42}'),
    ],
)
def test_another_program_on_the_port_is_not_the_process(
    tmp_path: Path, status: int, body: bytes
) -> None:
    with answering(status, body) as url:
        told(tmp_path, url, 42)
        assert client.running(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"url": "http://127.0.0.1:1", "pid": 42}',
        '{"url": "http://127.0.0.1:99999999", "pid": 42}',
        '{"url": "file:///etc/passwd", "pid": 42}',
        '{"url": "http://[", "pid": 42}',
        '{"url": "http://127.0.0.1:1", "pid": null}',
    ],
)
def test_a_stale_or_broken_file_means_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "adres").write_text(content)
    assert client.running(tmp_path) is None


def test_no_file_means_nobody(tmp_path: Path) -> None:
    assert client.running(tmp_path) is None
    assert client.running(tmp_path / "niets") is None


def test_parameters_are_sent_and_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    asked: list[str] = []
    with answering(200, b'{"cijfers": []}', asked) as url:
        found = client.fetch_figures(
            Address(url, 42), {"gebied": ["0153", "a b&c"], "historie": "1"}
        )
    assert found == {"cijfers": []}
    assert asked == ["/api/cijfers?gebied=0153&gebied=a+b%26c&historie=1"]


def test_errors_of_the_process_are_passed_on() -> None:
    fault = json.dumps({"fout": "wet: 'x' bestaat niet."}).encode()
    with answering(400, fault) as url, pytest.raises(ParameterError, match="wet: 'x'"):
        client.fetch_figures(Address(url, 42), {"wet": "x"})
    with answering(503, fault) as url, pytest.raises(AnswerError, match="wet: 'x'"):
        client.fetch_figures(Address(url, 42), {})
    with answering(503, fault) as url, pytest.raises(AnswerError, match="503"):
        client.fetch_status(Address(url, 42))
    with pytest.raises(AnswerError, match="geen bruikbaar antwoord"):
        client.fetch_figures(Address("http://127.0.0.1:1", 42), {})


def test_the_address_is_kept_for_the_owner_and_for_as_long_as_it_holds(tmp_path: Path) -> None:
    (tmp_path / "adres.nieuw").write_text("left by a crash")
    (tmp_path / "adres").write_text("left by a crash")
    with address.announced(tmp_path, "http://127.0.0.1:8305", "kruid"):
        assert (tmp_path / "adres").stat().st_mode & 0o777 == 0o600
        found = address.read(tmp_path)
        assert found == Address("http://127.0.0.1:8305", os.getpid(), "kruid")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8305"),
        ("0.0.0.0", "http://127.0.0.1:8305"),
        ("::1", "http://[::1]:8305"),
        ("::", "http://[::1]:8305"),
        ("zorg.intern", "http://zorg.intern:8305"),
    ],
)
def test_the_address_can_be_asked_from_the_machine_itself(host: str, url: str) -> None:
    assert address.url_of(host, 8305) == url
