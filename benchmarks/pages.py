"""
What open pages cost: `serve` takes in messages with and without 50 of them looking on.

Each run is a process of its own on an empty folder, under policy `geen`, where figures change each
second. The pages are real connections from another process: each loads the page with its files and
its course, and then follows its area. Three things are measured apart:

- `openen`: the processor time of opening all pages at once, before any message;
- `vol`: messages as fast as they can be taken in, while the pages are open already;
- `rustig`: a number of messages each second, as in a region on a busy day.

With and without pages take turns in one run. What is compared is the processor time of `serve` for
the same messages, which other work on the machine changes less than the time on the clock; the
time of its first thread, that of HTTP, is noted too. Run `python -m benchmarks.pages`; medians go
to `benchmarks/results/pages.jsonl`.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import aiohttp

from zorgstroom.aggregations.regions import TWENTE
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate
from zorgstroom.stream.generator.write import write
from zorgstroom.stream.page.routes import FILES

RESULTS = Path(__file__).parent / "results" / "pages.jsonl"
TODAY = date(2026, 6, 30)
AREAS = ("twente", *TWENTE)
SETTLED_SECONDS = 3.0
"""After this the pages that opened have what they look at."""
TICK = os.sysconf("SC_CLK_TCK")


def asked(url: str, path: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}{path}", timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def taken(url: str) -> int:
    tellers = asked(url, "/api/status")["tellers"]
    assert isinstance(tellers, dict)
    return sum(n for name, n in tellers["sinds_start"].items() if name != "identiteit_dubbel")


def cpu(pid: int, thread: str = "") -> float:
    """Return the processor seconds of a process, or of one of its threads."""
    place = Path(f"/proc/{pid}") / thread / "stat"
    fields = place.read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int) -> int:
    """Return the most memory it had, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


async def look(url: str, count: int) -> None:
    """Be `count` pages until killed; say when all of them are open."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def page(number: int) -> None:
            area = AREAS[number % len(AREAS)]
            course = f"gebied={area}&wet=Wmo&maat=actief&product_niveau=totaal&periode_soort=maand"
            for path in ("/", *(f"/static/{name}" for name in FILES), f"/api/cijfers?{course}"):
                async with session.get(f"{url}{path}") as answer:
                    await answer.read()
            forever = aiohttp.ClientTimeout(total=None)
            async with session.get(f"{url}/api/stream?gebied={area}", timeout=forever) as stream:
                opened.release()
                async for _ in stream.content.iter_any():
                    pass

        opened = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(page(number)) for number in range(count)]
        for _ in range(count):
            await opened.acquire()
        print("open", flush=True)
        await asyncio.gather(*tasks)


class Server:
    """`serve` on a folder of its own, with or without pages that look on."""

    def __init__(self, place: Path) -> None:
        self.inbox, data = place / "inbox", place / "data"
        self.inbox.mkdir()
        environment = os.environ | {
            "ZORGSTROOM_PROTECTION__POLICY": "geen",
            "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0",
            "ZORGSTROOM_TODAY": TODAY.isoformat(),
        }
        command = [sys.executable, "-m", "zorgstroom.stream.cli", "serve", "--port", "0"]
        command += ["--data", str(data), "--inbox", str(self.inbox)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        self.lookers: subprocess.Popen[bytes] | None = None
        while not (data / "adres").exists():
            assert self.process.poll() is None
            time.sleep(0.1)
        self.url = json.loads((data / "adres").read_text("utf-8"))["url"]

    def open(self, pages: int) -> float:
        """Open the pages and let them come to rest; return the processor seconds it took."""
        before = cpu(self.process.pid)
        command = [sys.executable, "-m", "benchmarks.pages", "--look", self.url]
        self.lookers = subprocess.Popen([*command, "--pages", str(pages)], stdout=subprocess.PIPE)
        assert self.lookers.stdout is not None and self.lookers.stdout.readline() == b"open\n"
        spent = cpu(self.process.pid) - before
        time.sleep(SETTLED_SECONDS)
        return spent

    def put(self, archive: Path) -> None:
        hidden = self.inbox / f".{archive.name}"
        hidden.write_bytes(archive.read_bytes())
        hidden.rename(self.inbox / archive.name)

    def close(self) -> None:
        for process in (self.lookers, self.process):
            if process is not None:
                process.terminate()
                process.wait()


def run(archives: list[Path], total: int, pages: int) -> dict[str, float]:
    """Put in an archive a second (the one that there is at once), and wait until all are taken."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            opened = server.open(pages) if pages else 0.0
            pid = server.process.pid
            before, http, begun = cpu(pid), cpu(pid, f"task/{pid}"), time.perf_counter()
            for number, archive in enumerate(archives):
                time.sleep(max(0.0, begun + number - time.perf_counter()))
                server.put(archive)
            while taken(server.url) < total:
                time.sleep(0.1)
            return {
                "seconds": time.perf_counter() - begun,
                "cpu": cpu(pid) - before,
                "cpu_http": cpu(pid, f"task/{pid}") - http,
                "cpu_openen": opened,
                "mb": memory(pid),
            }
        finally:
            server.close()


def in_turns(archives: list[Path], total: int, pages: int, rounds: int) -> dict[str, object]:
    """Run with and without pages in turn; return the medians, and the medians of the pairs."""
    found: dict[str, list[dict[str, float]]] = {"zonder": [], "met": []}
    for number in range(rounds):
        for name in ("zonder", "met") if number % 2 == 0 else ("met", "zonder"):
            found[name].append(run(archives, total, pages if name == "met" else 0))
            print(number, name, found[name][-1], flush=True)
    result: dict[str, object] = {"messages": total}
    for name, runs in found.items():
        result[name] = {key: round(median(one[key] for one in runs), 2) for key in runs[0]}
    pairs = list(zip(found["met"], found["zonder"], strict=True))
    for key in ("cpu", "seconds"):
        ratios = sorted(on[key] / off[key] for on, off in pairs)
        result[f"{key}_ratio"] = round(median(ratios), 3)
        result[f"{key}_ratios"] = [round(ratio, 3) for ratio in ratios]
    return result


def stream(folder: Path, messages: int, parts: int) -> tuple[list[Path], int]:
    """Write a stream of about `messages` in so many archives; return them and how many it has."""
    simulation = generate(Params(today=TODAY, messages=messages))
    write(simulation, folder, zipped=True)
    whole, total = folder / "berichten.zip", len(simulation.messages)
    if parts == 1:
        return [whole], total
    archives = []
    with zipfile.ZipFile(whole) as source:
        names = sorted(source.namelist())
        for number in range(parts):
            archives.append(folder / f"deel-{number:04}.zip")
            with zipfile.ZipFile(archives[-1], "w") as part:
                for name in names[
                    number * len(names) // parts : (number + 1) * len(names) // parts
                ]:
                    part.writestr(name, source.read(name))
    return archives, total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=30_000, help="of a run at full speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--rate", type=int, default=200, help="messages a second of a quiet run")
    parser.add_argument("--seconds", type=int, default=30, help="of a quiet run; 0: none")
    parser.add_argument("--look", metavar="URL", help="be the pages of a run")
    given = parser.parse_args()
    if given.look:
        asyncio.run(look(given.look, given.pages))
        return
    result: dict[str, object] = {
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "pages": given.pages,
        "rounds": given.rounds,
    }
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        archives, total = stream(place / "vol", given.messages, 1)
        result["vol"] = in_turns(archives, total, given.pages, given.rounds)
        if given.seconds:
            messages = given.rate * given.seconds
            archives, total = stream(place / "rustig", messages, given.seconds)
            result["rustig"] = in_turns(archives, total, given.pages, given.rounds)
    print(json.dumps(result))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
