"""
A stand-in for a ClickHouse server: answers the driver's HTTP requests with the embedded engine.

For tests only. `Bridge` starts this file as a process of its own (a process has one engine) and
can tell it to fail; it ends when its standard input does.
"""

import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

USER, PASSWORD = "zorg", "kruidenthee-81"
CODE = re.compile(r"Code: (\d+)")
ENGINE_SETTINGS = {"max_query_size"}


@dataclass(frozen=True)
class Bridge:
    """A running bridge, and what can be asked of it beside SQL."""

    url: str
    user: str = USER
    password: str = PASSWORD

    def fail(self, times: int, how: str) -> None:
        """
        Make the next requests fail: a status (`503`), `code252`, `drop` or `drop-after`.

        `slow2.5` answers them well, after that many seconds.
        """
        urlopen(f"{self.url}/fail?n={times}&how={how}").read()

    def statements(self) -> int:
        """Return how many statements have reached the engine."""
        return int(json.load(urlopen(f"{self.url}/count")))


@contextmanager
def running_bridge(certificate: Path | None = None, engine: str = ":memory:") -> Iterator[Bridge]:
    """Start a bridge on a free port, with an engine in memory; over TLS with a `certificate`."""
    command = [sys.executable, __file__, engine, *([str(certificate)] if certificate else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        port = process.stdout.readline().strip()
        assert port, "the bridge did not start"
        yield Bridge(f"{'https' if certificate else 'http'}://127.0.0.1:{port}")
        process.stdin.close()


class Engine:
    """The engine, one statement at a time."""

    def __init__(self, place: str) -> None:
        import chdb

        self.connection = chdb.connect(place)
        self.lock = threading.Lock()
        self.statements = 0

    def answer(self, sql: str, settings: dict[str, str], params: dict[str, str]) -> bytes:
        with self.lock:
            self.statements += 1
            for name, value in settings.items():
                self.connection.query(f"SET {name} = {int(value)}", "TabSeparated")
            found = self.connection.query(sql, "TabSeparated", params=params).bytes()
            return found or b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every call costs 40 ms
    engine: Engine
    failures: list[str]
    authorization = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, text: str) -> None:
        code = CODE.search(text)
        number = code.group(1) if code else "1002"
        self.reply(status, text.encode(), {"X-ClickHouse-Exception-Code": number})

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return data

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        given = dict(parse_qsl(url.query, keep_blank_values=True))
        body = self.body().decode()
        if url.path == "/fail":
            self.failures[:] = [given["how"]] * int(given["n"])
            self.reply(200, b"")
        elif url.path == "/count":
            self.reply(200, str(self.engine.statements).encode())
        elif url.path == "/ping":
            self.reply(200, b"Ok.\n")
        elif self.headers.get("Authorization") != self.authorization:
            self.refuse(403, "Code: 516. DB::Exception: no (AUTHENTICATION_FAILED)")
        else:
            self.answer(given, body, self.failures.pop() if self.failures else "")

    def answer(self, given: dict[str, str], body: str, failure: str) -> None:
        if failure.isdigit():
            return self.reply(int(failure), b"no server behind this proxy")
        if failure.startswith("code"):
            return self.refuse(500, f"Code: {failure[4:]}. DB::Exception: as told (AS_TOLD)")
        if failure.startswith("slow"):
            time.sleep(float(failure[4:]))
        found = b""
        if failure != "drop":
            sql = "\n".join(part for part in (given.get("query"), body) if part)
            params = {k.removeprefix("param_"): v for k, v in given.items() if k[:6] == "param_"}
            settings = {k: v for k, v in given.items() if k in ENGINE_SETTINGS}
            try:
                found = self.engine.answer(sql, settings, params)
            except RuntimeError as error:
                return self.refuse(500, str(error))
        if failure.startswith("drop"):
            self.close_connection = True
            return None
        return self.reply(200, found, {"X-ClickHouse-Format": "TabSeparated"} if found else {})


def main() -> None:
    Handler.engine, Handler.failures = Engine(sys.argv[1]), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    for certificate in sys.argv[2:]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201
    sys.stdin.read()
    os._exit(0)  # an ordinary exit took five minutes: the engine waits for its threads


if __name__ == "__main__":
    main()
