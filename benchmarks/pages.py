"""
What open pages cost: `serve` takes in a zip of messages with and without 50 of them looking on.

Each run is a process of its own on an empty folder, under policy `geen`, where figures change each
second. The pages are real connections from another process: each loads the page with its files and
its course, and then follows its area. With and without pages take turns in one run; what is
compared is the processor time of `serve` for the same messages, which other work on the machine
does not change much, and the time on the clock. Run `python -m benchmarks.pages`; medians go to
`benchmarks/results/pages.jsonl`.
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
TICK = os.sysconf("SC_CLK_TCK")


def asked(url: str, path: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{url}{path}", timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def taken(url: str) -> int:
    tellers = asked(url, "/api/status")["tellers"]
    assert isinstance(tellers, dict)
    return sum(n for name, n in tellers["sinds_start"].items() if name != "identiteit_dubbel")


def cpu(pid: int) -> float:
    """Return the processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
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


def run(archive: Path, total: int, pages: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "inbox").mkdir()
        environment = os.environ | {
            "ZORGSTROOM_DISCLOSURE__POLICY": "geen",
            "ZORGSTROOM_INBOX__SETTLE_SECONDS": "0",
            "ZORGSTROOM_TODAY": TODAY.isoformat(),
        }
        command = [sys.executable, "-m", "zorgstroom.stream.cli", "serve", "--port", "0"]
        command += ["--data", str(place / "data"), "--inbox", str(place / "inbox")]
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        lookers = None
        try:
            while not (place / "data" / "adres").exists():
                assert server.poll() is None
                time.sleep(0.1)
            url = json.loads((place / "data" / "adres").read_text("utf-8"))["url"]
            if pages:
                lookers = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "benchmarks.pages",
                        "--look",
                        url,
                        "--pages",
                        str(pages),
                    ],
                    stdout=subprocess.PIPE,
                )
                assert lookers.stdout is not None and lookers.stdout.readline() == b"open\n"
            before, begun = cpu(server.pid), time.perf_counter()
            (place / "inbox" / ".stroom.zip").write_bytes(archive.read_bytes())
            (place / "inbox" / ".stroom.zip").rename(place / "inbox" / "stroom.zip")
            while taken(url) < total:
                time.sleep(0.5)
            seconds, spent = time.perf_counter() - begun, cpu(server.pid) - before
            return {"seconds": seconds, "cpu": spent, "mb": memory(server.pid)}
        finally:
            if lookers is not None:
                lookers.kill()
                lookers.wait()
            server.terminate()
            server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--look", metavar="URL", help="be the pages of a run")
    given = parser.parse_args()
    if given.look:
        asyncio.run(look(given.look, given.pages))
        return
    found: dict[str, list[dict[str, float]]] = {"zonder": [], "met": []}
    with tempfile.TemporaryDirectory() as folder:
        simulation = generate(Params(today=TODAY, messages=given.messages))
        write(simulation, Path(folder) / "stroom", zipped=True)
        archive, total = Path(folder) / "stroom" / "berichten.zip", len(simulation.messages)
        for number in range(given.rounds):
            order = ("zonder", "met") if number % 2 == 0 else ("met", "zonder")
            for name in order:
                found[name].append(run(archive, total, given.pages if name == "met" else 0))
                print(number, name, found[name][-1], flush=True)
    middle = {
        name: {key: round(median(one[key] for one in runs), 2) for key in runs[0]}
        for name, runs in found.items()
    }
    result = {
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "messages": total,
        "pages": given.pages,
        "rounds": given.rounds,
        **middle,
        "cpu_ratio": round(middle["met"]["cpu"] / middle["zonder"]["cpu"], 3),
        "seconds_ratio": round(middle["met"]["seconds"] / middle["zonder"]["seconds"], 3),
    }
    print(json.dumps(result))
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
