"""
How fast the decoder is, as a share of bare lxml parsing on the same bytes, and its peers.

Run `python -m benchmarks.decode` with the dependency group `bench`; it takes a minute or two.
Compare the ratios, not the seconds: machines differ. Every repetition runs all contenders in turn
in one process, and the medians are printed and added to `benchmarks/results/decode.jsonl`.
"""

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from lxml import etree

from benchmarks.peers import pydantic_xml_models, xsdata_models
from zorgstroom.codecs import message as decoding
from zorgstroom.codecs.catalog import MESSAGE_TYPES, MessageType
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.message import Shape
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.codecs.skeleton import Skeletons
from zorgstroom.stream.generator.model import Params
from zorgstroom.stream.generator.run import generate

RESULTS = Path(__file__).parent / "results" / "decode.jsonl"
KEY = PseudonymKey(b"benchmark" * 4)
LATEST = [message for message in MESSAGE_TYPES if message.release == "3.2"]
Mail = list[tuple[bytes, MessageType]]


class Forgetful(Skeletons[Shape]):
    """Learns nothing, so that every message is parsed."""

    def learn(self, text: str, values: Sequence[str], about: Shape) -> None:
        return


def mail(count: int, seed: int) -> Mail:
    """Return `count` good messages without envelopes, of all the generator's senders' styles."""
    made = generate(Params(today=date(2025, 6, 30), seed=seed, messages=count, releases=("3.2",)))
    found: Mail = []
    for delivery in made.deliveries():
        data = delivery.inhoud
        if not delivery.kind.startswith("fout") and b"ggk0210" not in data[:2048]:
            kind = next(m for m in LATEST if m.namespace.encode() in data[:1000])
            found.append((data, kind))
    return found[:count]


def check(messages: Mail, peers: Sequence[Callable[[bytes, MessageType], Any]]) -> None:
    """See that all contenders read the same: the work compared is the same work."""
    decoder = Decoder(KEY)
    for data, kind in messages[:500]:
        events = decoder.decode(data)
        for read in peers:
            found = read(data, kind)
            assert found.header.afzender == events[0].afzender
            products = found.client.producten.product
            assert [told(p) for p in products] == [ours(e) for e in events]


def told(product: Any) -> tuple[object, ...]:
    kind = product.product
    return (
        product.toewijzing_nummer,
        kind.categorie if kind else None,
        kind.code if kind else None,
        str(product.begindatum),
        str(getattr(product, "einddatum", None)),
        product.status_aanlevering,
    )


def ours(event: Start | Stop) -> tuple[object, ...]:
    return (
        event.toewijzing,
        event.categorie,
        event.code,
        str(event.begindatum),
        str(event.einddatum if isinstance(event, Stop) else None),
        str(event.status),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--seen", type=int, default=20_000, help="other messages seen before")
    options = parser.parse_args()
    messages, others = mail(options.messages, 1), mail(options.seen, 2)
    xsdata, pydantic_xml = xsdata_models.reader(LATEST), pydantic_xml_models.reader(LATEST)
    check(messages, (xsdata, pydantic_xml))
    warm, parsing = Decoder(KEY), Decoder(KEY)
    parsing._skeletons = Forgetful()
    for data, _ in others:  # senders seen before, with other messages
        warm.decode(data)
        parsing.decode(data)

    def cold() -> None:
        decoding._read_date.cache_clear()
        decoding._matcher.cache_clear()
        decode = Decoder(KEY).decode
        for data, _ in messages:
            decode(data)

    def each(read: Callable[[bytes], object]) -> Callable[[], None]:
        def run() -> None:
            for data, _ in messages:
                read(data)

        return run

    def typed(read: Callable[[bytes, MessageType], object]) -> Callable[[], None]:
        def run() -> None:
            for data, kind in messages:
                read(data, kind)

        return run

    contenders: dict[str, Callable[[], None]] = {
        "lxml.etree.fromstring": each(etree.fromstring),
        "zorgstroom, senders seen before": each(warm.decode),
        "zorgstroom, nothing seen before": cold,
        "zorgstroom, always parsing": each(parsing.decode),
        "pydantic-xml": typed(pydantic_xml),
        "xsdata": typed(xsdata),
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(options.repeat):
        names = list(contenders)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            gc.collect()
            began = time.perf_counter()
            contenders[name]()
            times[name].append(time.perf_counter() - began)
    report(messages, times, options.repeat, options.seen)


def report(messages: Mail, times: dict[str, list[float]], repeat: int, seen: int) -> None:
    """Print the table and add it to the results."""
    base = "lxml.etree.fromstring"
    speed = {name: len(messages) / median(took) for name, took in times.items()}
    # Of each repetition its own ratio: what disturbs the machine disturbs both.
    share = {
        name: median(b / t for b, t in zip(times[base], took, strict=True))
        for name, took in times.items()
    }
    size = sum(len(data) for data, _ in messages) / len(messages)
    print(
        f"{len(messages)} messages of {size:.0f} bytes on average, {repeat} repetitions, "
        f"{seen} seen before"
    )
    print(f"{'':34}{'per second':>12}{'of lxml':>10}")
    for name in times:
        print(f"{name:34}{speed[name]:>12,.0f}{share[name]:>10.1%}")
    ours = "zorgstroom, senders seen before"
    for peer in ("xsdata", "pydantic-xml"):
        print(f"{share[ours] / share[peer]:.1f} times {peer}")
    RESULTS.parent.mkdir(exist_ok=True)
    row = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "messages": len(messages),
        "bytes": round(size),
        "repeat": repeat,
        "seen": seen,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "versions": {n: version(n) for n in ("lxml", "pydantic", "pydantic-xml", "xsdata")},
        "per_second": {name: round(value) for name, value in speed.items()},
        "of_lxml": {name: round(value, 4) for name, value in share.items()},
    }
    with RESULTS.open("a") as file:
        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
