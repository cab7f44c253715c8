"""
A real Kafka broker on this machine without Docker: one KRaft node on loopback, on Java 17 or later.

`fetch` gets the jars once from Maven Central into a cache; `run` keeps a broker in the foreground.
Tests use the class `Broker`. Only Python's own library is needed.
"""
# ruff: noqa: S603, T201 - a command line program that starts Java

import argparse
import ctypes
import hashlib
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

VERSION = "4.4.0"
JARS = Path(__file__).with_name("kafka.jars")
CENTRAL = "https://repo1.maven.org/maven2"
CLUSTER = "em9yZ3N0cm9vbS1sb2thYQ"
HEAP = "-Xmx512m"
PROTOCOLS = "CLIENTS:PLAINTEXT,INTERN:PLAINTEXT,CONTROLLER:PLAINTEXT"
START_SECONDS = 60.0
STOP_SECONDS = 30.0

LOGGING = """\
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""
STARTED = b"Kafka Server started"
"""Said by the logger above once the broker is registered and answers clients."""


class BrokerError(Exception):
    """The broker cannot be had; the text says what to do."""


def cache() -> Path:
    """Return the folder of the jars; `ZORGSTROOM_TEST_KAFKA_JARS` names another one."""
    named = os.environ.get("ZORGSTROOM_TEST_KAFKA_JARS")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named).absolute() if named else home / "zorgstroom" / f"kafka-{VERSION}"


def is_fetched(folder: Path) -> bool:
    """Return whether all jars of the list are in `folder`; only `fetch` looks into them."""
    return all((folder / name).is_file() for name, _, _ in _listed())


def fetch(folder: Path, central: str | None = None) -> int:
    """
    Bring the jars that are missing or damaged into `folder`; return how many came.

    A jar gets its name only when it is whole and checked, so that processes may fetch at once.

    Args:
        folder: Made when needed.
        central: The repository; `ZORGSTROOM_TEST_MAVEN` or else Maven Central when not given.

    Raises:
        BrokerError: A jar cannot be had, or is another one than the list says.

    """
    source = (central or os.environ.get("ZORGSTROOM_TEST_MAVEN") or CENTRAL).rstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in _listed() if not _is_good(folder / jar[0], jar[2])]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda jar: _fetch_one(source, folder, *jar), missing))
    return len(missing)


def _listed() -> list[tuple[str, str, str]]:
    """Return file name, path below the repository and SHA-256 of each jar."""
    made = []
    for line in JARS.read_text("ascii").splitlines():
        if line and not line.startswith("#"):
            coordinates, digest = line.split()
            group, artifact, version = coordinates.split(":")
            name = f"{artifact}-{version}.jar"
            made.append((name, f"{group.replace('.', '/')}/{artifact}/{version}/{name}", digest))
    return made


def _is_good(jar: Path, digest: str) -> bool:
    return jar.is_file() and hashlib.sha256(jar.read_bytes()).hexdigest() == digest


def _fetch_one(source: str, folder: Path, name: str, path: str, digest: str) -> None:
    try:
        with urllib.request.urlopen(f"{source}/{path}", timeout=60) as answer:  # noqa: S310
            content = answer.read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise BrokerError(
            f"{name} kan niet worden opgehaald van {source} ({error}). Is er netwerk? Een andere "
            "spiegel van Maven Central geeft u op met ZORGSTROOM_TEST_MAVEN."
        ) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BrokerError(
            f"{name} van {source} is niet het bestand dat {JARS.name} noemt (controlegetal); het "
            "is niet bewaard."
        )
    part = folder / f"{name}.{secrets.token_hex(6)}"
    try:
        part.write_bytes(content)
        part.replace(folder / name)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise BrokerError(f"{name} kan niet worden bewaard in {folder} ({error}).") from error


def java() -> str:
    """Return the program to use, `JAVA_HOME` first; a `BrokerError` says that none will do."""
    home = os.environ.get("JAVA_HOME")
    found = (shutil.which("java", path=f"{home}/bin") if home else None) or shutil.which("java")
    told = ""
    if found:
        run = subprocess.run([found, "-version"], check=False, capture_output=True, text=True)
        told = run.stderr + run.stdout
    version = re.search(r'version "(\d+)', told)
    if not found or not version or int(version[1]) < 17:
        raise BrokerError(
            f"Kafka {VERSION} heeft Java 17 of later nodig"
            + (f"; {found} is versie {version[1]}" if version else "")
            + ". Op Debian en Ubuntu: deploy/local/install kafka"
        )
    return found


class Broker:
    """
    A broker with its data in one folder; it does not outlive the process that made it.

    Args:
        folder: Of data, settings and `kafka.log`; made when needed.
        port: 0 takes a free one. It stays the same when the broker is started again.
        extra: More properties of Kafka. Its one listener for clients is called CLIENTS; it speaks
            with itself on INTERN, where certificates and passwords of CLIENTS do not matter.

    """

    def __init__(self, folder: Path, port: int = 0, extra: Mapping[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self._port = port or _free_port()
        self._intern, self._controller = _free_port(), _free_port()
        self._extra = dict(extra or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._running().pid

    def start(self) -> Self:
        """Start on the data that are there; return once clients are answered."""
        if self._process is not None and self._process.poll() is None:
            raise BrokerError(f"Kafka draait al op {self.address}")
        jars, program = cache(), java()
        if not is_fetched(jars):
            raise BrokerError(
                f"De jars van Kafka {VERSION} zijn niet (alle) in {jars}. Haal ze op met: "
                "python deploy/local/kafka.py fetch"
            )
        _check_free(self._port)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Relative paths inside: a properties file is Latin-1, the name of a folder may be more.
        (self.folder / "log4j2.properties").write_text(LOGGING, "ascii")
        (self.folder / "server.properties").write_text(
            "".join(f"{name}={value}\n" for name, value in self._properties().items())
        )
        common = [program, HEAP, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        common += ["-Dlog4j2.configurationFile=log4j2.properties", "-cp", f"{jars}/*"]
        if not (self.folder / "data" / "meta.properties").exists():
            formatting = ["-t", CLUSTER, "-c", "server.properties"]
            made = subprocess.run(
                [*common, "kafka.tools.StorageTool", "format", *formatting],
                cwd=self.folder,
                check=False,
                capture_output=True,
                text=True,
            )
            if made.returncode:
                raise BrokerError(
                    f"Kafka kan geen opslag maken in {self.folder}:\n"
                    f"{(made.stdout + made.stderr)[-1500:]}"
                )
        with (self.folder / "kafka.log").open("ab") as log:
            begun = log.tell()
            command = [*common, "kafka.Kafka", "server.properties"]
            self._process = _spawn(command, self.folder, log.fileno())
        self._wait(begun)
        return self

    def stop(self) -> None:
        """End in good order, if it runs."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End at once, as a crash does, if it runs."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Hold it: clients stay connected and hear nothing. Return when it stands still."""
        process = self._running()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._running().send_signal(signal.SIGCONT)

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        return self._running().wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise BrokerError("Kafka draait niet")
        return self._process

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)  # or a paused one would never hear it
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self, begun: int) -> None:
        """Wait until the log says, after its first `begun` bytes, that the server has started."""
        process, log = self._running(), self.folder / "kafka.log"
        until = time.monotonic() + START_SECONDS
        while True:
            ended = process.poll() is not None or time.monotonic() > until
            said = log.read_bytes()[begun:]
            if STARTED in said:
                return
            if ended:
                break
            time.sleep(0.05)
        how = "is gestopt" if process.poll() is not None else f"deed niets in {START_SECONDS:.0f} s"
        self.kill()
        tail = said.decode(errors="replace")[-2000:]
        raise BrokerError(f"Kafka startte niet: het {how}. Het eind van {log}:\n{tail}")

    def _properties(self) -> dict[str, str]:
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "INTERN",
            "listeners": f"CLIENTS://{self.address},INTERN://127.0.0.1:{self._intern},"
            f"CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"CLIENTS://{self.address},INTERN://127.0.0.1:{self._intern}",
            "listener.security.protocol.map": PROTOCOLS,
            "log.dirs": "data",
            "auto.create.topics.enable": "false",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "offsets.topic.num.partitions": "8",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "8",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            # What a dead producer left open holds up readers: look every second, not every ten.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            # After a crash a start waits for the end of the former session: 9 s by default. Much
            # shorter, and a busy machine makes the broker think that it is gone.
            "broker.session.timeout.ms": "4000",
            "broker.heartbeat.interval.ms": "500",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "message.max.bytes": "40000000",  # messages of the standard go up to 25 MB
            "log.cleaner.dedupe.buffer.size": "33554432",  # by default a quarter of the heap
            **self._extra,
        }


def _free_port() -> int:
    """
    Return a port of loopback that nobody uses.

    Below the range from which connections get theirs: a client that keeps trying while the broker
    is down could otherwise be given the broker's own port.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        try:
            _check_free(port)
        except BrokerError:
            continue
        return port


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise BrokerError(f"Poort {port} is al in gebruik of niet toegestaan.") from error


_libc = ctypes.CDLL(None)
_spawner = ThreadPoolExecutor(1)
"""
The kernel ends a broker with the *thread* that started it. This one lasts as long as the process.
"""


def _spawn(command: list[str], folder: Path, log: int) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def die_with_parent() -> None:
        _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; the broker is stopped in good order
            preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )

    return _spawner.submit(start).result()


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description="Kafka op deze machine, zonder Docker.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="haal de jars eenmalig op")
    run = commands.add_parser("run", help="draai een broker op de voorgrond")
    run.add_argument("--port", type=int, default=9092, help="standaard 9092; 0 is een vrije poort")
    run.add_argument("--data", type=Path, default=Path(".cache/kafka"), help="map van de gegevens")
    chosen = parser.parse_args()
    try:
        if chosen.command == "fetch":
            came = fetch(cache())
            print(f"Kafka {VERSION} staat in {cache()} ({came} jars opgehaald).")
            return 0
        return _run(Broker(chosen.data, chosen.port))
    except BrokerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(broker: Broker) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    java()
    if not is_fetched(cache()):
        print(f"Kafka {VERSION} wordt eenmalig opgehaald (44 MB) ...", flush=True)
        fetch(cache())
    with broker:
        print(
            f"Kafka {VERSION} luistert op {broker.address}; gegevens en kafka.log staan in "
            f"{broker.folder}.\nStop met Ctrl-C. Ga in een ander venster verder met:\n"
            f"  export ZORGSTROOM_KAFKA__BROKERS={broker.address}\n"
            "  zorgstroom topics\n"
            "  zorgstroom worker",
            flush=True,
        )
        try:
            broker.wait()
        except KeyboardInterrupt:
            print("Kafka wordt gestopt ...", flush=True)
            return 0
    print(f"Kafka is uit zichzelf gestopt; zie {broker.folder / 'kafka.log'}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
