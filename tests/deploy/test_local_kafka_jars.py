"""Fetching Kafka's jars, from a repository of two small ones on loopback."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.local import kafka
from deploy.local.kafka import BrokerError, fetch, is_fetched

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
JARS = {"een-1.0.jar": b"eerste jar" * 1000, "twee-2.0.jar": b"tweede jar" * 1000}


@dataclass
class Maven:
    """A repository, and what goes wrong in it."""

    url: str = ""
    content: dict[str, bytes] = field(default_factory=lambda: dict(JARS))
    asked: list[str] = field(default_factory=list)
    cut_off: bool = False
    together: threading.Barrier | None = None
    """Answers wait here for each other."""


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maven]:
    state = Maven()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            state.asked.append(self.path)
            content = state.content.get(Path(self.path).name)
            if state.together:
                state.together.wait(30)
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content or b"") + 9 * state.cut_off))
            self.end_headers()
            self.wfile.write(content or b"")

    lines = ["# a remark"]
    for name, content in JARS.items():
        artifact, version = name.removesuffix(".jar").split("-")
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f"nl.voorbeeld:{artifact}:{version} {digest}")
    listed = tmp_path / "kafka.jars"
    listed.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(kafka, "JARS", listed)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}/maven2"
        yield state
        server.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_jars_come_once(maven: Maven, tmp_path: Path) -> None:
    folder = tmp_path / "een" / "cache"
    assert not is_fetched(folder)
    assert fetch(folder, maven.url) == 2
    assert is_fetched(folder) and contents(folder) == JARS
    assert sorted(maven.asked) == [
        "/maven2/nl/voorbeeld/een/1.0/een-1.0.jar",
        "/maven2/nl/voorbeeld/twee/2.0/twee-2.0.jar",
    ]
    assert fetch(folder, maven.url) == 0
    assert len(maven.asked) == 2


def test_a_damaged_jar_comes_again(maven: Maven, tmp_path: Path) -> None:
    fetch(tmp_path / "cache", maven.url)
    (tmp_path / "cache" / "een-1.0.jar").write_bytes(b"half")
    assert fetch(tmp_path / "cache", maven.url) == 1
    assert contents(tmp_path / "cache") == JARS


def test_the_mirror_can_be_named(
    maven: Maven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_TEST_MAVEN", maven.url + "/")
    assert fetch(tmp_path / "cache") == 2


def test_a_jar_with_another_content_is_refused_and_not_kept(maven: Maven, tmp_path: Path) -> None:
    maven.content["een-1.0.jar"] = JARS["een-1.0.jar"] + b"!"
    with pytest.raises(BrokerError, match=r"een-1\.0\.jar .*controlegetal"):
        fetch(tmp_path / "cache", maven.url)
    assert "een-1.0.jar" not in contents(tmp_path / "cache")
    assert not is_fetched(tmp_path / "cache")


def test_what_cannot_be_had_is_an_error_that_names_the_mirror(maven: Maven, tmp_path: Path) -> None:
    del maven.content["twee-2.0.jar"]
    with pytest.raises(BrokerError, match=r"twee-2\.0\.jar .*404.*ZORGSTROOM_TEST_MAVEN"):
        fetch(tmp_path / "cache", maven.url)
    maven.content, maven.cut_off = dict(JARS), True
    with pytest.raises(BrokerError, match=r"twee.*Is er netwerk"):
        fetch(tmp_path / "cache", maven.url)
    maven.cut_off = False
    assert fetch(tmp_path / "cache", maven.url) == 1  # the other one came the first time


def test_without_network_it_says_so(maven: Maven, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="Is er netwerk"):
        fetch(tmp_path / "cache", "http://127.0.0.1:1/maven2")
    with pytest.raises(BrokerError, match="kan niet worden opgehaald"):
        fetch(tmp_path / "cache", "geen adres")


def test_two_processes_may_fetch_at_once(maven: Maven, tmp_path: Path) -> None:
    # Each answer waits for three others: both jars are under way in both processes at once.
    maven.together = threading.Barrier(4)
    code = (
        "import pathlib, sys; from deploy.local import kafka; "
        "kafka.JARS = pathlib.Path(sys.argv[1]); "
        "print(kafka.fetch(pathlib.Path(sys.argv[2]), sys.argv[3]))"
    )
    given = [str(tmp_path / "kafka.jars"), str(tmp_path / "cache"), maven.url]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *given], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in processes] == ["2", "2"]
    assert [process.returncode for process in processes] == [0, 0]
    assert contents(tmp_path / "cache") == JARS
