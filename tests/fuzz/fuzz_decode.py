"""
Fuzz the decoder: damaged messages and envelopes give events or a reason, and nothing else.

Run it with ``python tests/fuzz/fuzz_decode.py --inputs 200000 --seed 1``. It stops with exit code 1
at the first finding and writes the input to the file that it names.
"""

import argparse
import random
import re
import signal
import sys
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import FrameType

from zorgstroom.codecs.catalog import CATEGORIE, MESSAGE_TYPES, MessageType, redenen
from zorgstroom.codecs.encode import STYLES, Person, Style, encode
from zorgstroom.codecs.encode_envelope import envelope
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import EVENT, Start, Stop
from zorgstroom.codecs.message import Shape
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.codecs.skeleton import Skeletons

SECONDS_PER_INPUT = 5
BSNS = ("999900006", "999996770", "999999990", "123456782")
NAMES = ("Zwaluwstaart", "Vlierbloesem", "Kwikstaartje", "Ĳsbrandtsz-Çelik", "O'Quigley & Zn")
STYLES_USED = (*STYLES, Style(indent="", newline="\n"), Style(bericht="a", basis="b", indent=" "))
TOKENS = (
    b"<", b">", b"><", b"<>", b"</", b"/>", b"&", b"&lt;", b"&#60;", b"&#x0;", b"&eacute;", b"]]>",
    b"<![CDATA[", b"<!--", b"-->", b"<?x?>", b"<?", b"?>", b"<!DOCTYPE a>", b"<a/>", b"\r", b"\r\n",
    b"\n", b" ", b"\xc2\xa0", b"\x00", b"\x1f", b"\xef\xbb\xbf", b"\xef\xbf\xbf", b"\xff", b"{}",
    b"%s", b"'", b'"', b' xmlns="a}b"', b' a=">"', b"ggk0210", b"0" * 5000, b"99999999999", b"-",
    b"+", b":", b"Z", b"\xf0\x9f\x98\x80", b"1" * 4301, b"2025-02-30", b"0000-00-00",
)  # fmt: skip
_PRIVATE = re.compile("[0-9]{8}")


class _Parsing(Skeletons[Shape]):
    """Learns nothing: the decoder with these parses everything."""

    def learn(self, text: str, values: object, about: Shape) -> None:
        return


def valid(rng: random.Random) -> bytes:
    """A message that is right, or an envelope around one."""
    kind = rng.choice(MESSAGE_TYPES)
    sent = date(2025, 1, 1) + timedelta(rng.randrange(300))
    birth = date(1930 + rng.randrange(80), rng.randint(1, 12), rng.choice((1, 13, 28)))
    person = Person(
        bsn=rng.choice(BSNS),
        achternaam=rng.choice(NAMES),
        geboortedatum=birth,
        datumgebruik="1" if birth.day == 1 and rng.random() < 0.5 else None,
        voorvoegsel=rng.choice((None, "van der Xx")),
        voornamen=rng.choice((None, *NAMES)),
        voorletters=rng.choice((None, "QZX")),
    )
    events: list[Start | Stop] = []
    for positie in range(1, rng.choice((1, 1, 1, 2, 3)) + 1):
        begin = sent - timedelta(rng.randrange(1, 200))
        values: dict[str, object] = {
            "wet": kind.wet,
            "release": kind.release,
            "afzender": "01234567",
            "gemeente": rng.choice(("0141", "0153")),
            "identificatie": f"B{rng.randrange(10**6)}",
            "dagtekening": sent,
            "digest": "0" * 32,
            "client": "0" * 32,
            "positie": positie,
            "geboortemaand": None,
            "geslacht": rng.choice("012"),
            "toewijzing": rng.choice((None, positie * 1000)),
            "categorie": (category := rng.choice((None, *CATEGORIE[kind.wet]))),
            "code": None if category is None else rng.choice((None, "02A11", "x<y", "é€")),
            "toewijzing_ingangsdatum": rng.choice((None, begin)),
            "begindatum": begin + timedelta(0 if positie == 1 else -positie),
            "status": rng.choice((1, 3)),
        }
        if positie > 1:
            values |= {name: getattr(events[0], name) for name in ("gemeente", "identificatie")}
            values["geslacht"] = events[0].geslacht
        if kind.soort == "start":
            events.append(Start.model_validate(values))
        else:
            ending = {"reden": rng.choice(redenen(kind.wet, kind.release)), "einddatum": sent}
            events.append(Stop.model_validate(values | ending))
    style = rng.choice(STYLES_USED)
    if rng.random() < 0.1:
        style = replace(style, bom=True)
    data = encode(events, person, style)
    return wrapped(data, kind, rng) if rng.random() < 0.15 else data


def wrapped(data: bytes, kind: MessageType, rng: random.Random) -> bytes:
    """`data` in an envelope."""
    return envelope(
        data,
        message=kind,
        zender="01234567",
        ontvanger="0141",
        referentie="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip=datetime(2025, 4, 5, 12, 0, rng.randrange(60), tzinfo=UTC),
    )


def _flip(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    text[at] ^= 1 << rng.randrange(8)


def _byte(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    text[at] = rng.randrange(256)


def _token(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    text[at : at + rng.randrange(4)] = rng.choice(TOKENS)


def _value(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    """Put something in the place of a value."""
    begin = text.find(b">", at) + 1
    end = text.find(b"<", begin)
    if 0 < begin <= end:
        text[begin:end] = rng.choice((*TOKENS, *(n.encode() for n in NAMES), BSNS[0].encode()))


def _swap(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    text[at], text[to] = text[to], text[at]


def _turn(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    """Turn a bracket round."""
    other = {60: 62, 62: 60}
    place = next((i for i in range(at, len(text)) if text[i] in other), at)
    text[place] = other.get(text[place], 60)


def _cut(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    del text[at : at + rng.choice((1, 2, 10, 100, 10**6))]


def _copy(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    text[to:to] = text[at : at + rng.choice((1, 10, 100, 1000))]


def _element(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    """Drop or double a leaf."""
    found = re.compile(rb"<([^<>/\s]+)>[^<>]*</\1>").search(text, at)
    if found:
        text[found.start() : found.end()] = found[0] * rng.choice((0, 2))


def _rule(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    """Put a right value of its kind in the place of a date, a number or a code."""
    found = re.compile(rb">([0-9-]{1,10})<").search(text, at)
    if found:
        value = found[1]
        if b"-" in value:
            other = (date(1900, 1, 1) + timedelta(rng.randrange(47_000))).isoformat().encode()
        elif len(value) == 9:
            other = rng.choice((b"999996771", b"000000000", BSNS[0].encode()))
        else:
            other = b"%0*d" % (len(value), rng.randrange(10 ** len(value)))
        text[found.start() + 1 : found.end() - 1] = other


def _other_wrap(text: bytearray, at: int, to: int, rng: random.Random) -> None:
    """Make an envelope of what there is, with a base64 text that may be damaged."""
    shell = wrapped(b"", MESSAGE_TYPES[0], rng)
    text[:] = shell.replace(b"</GGK:xmlBestand>", b64encode(text) + b"</GGK:xmlBestand>")


CHANGES: tuple[Callable[[bytearray, int, int, random.Random], None], ...] = (
    _flip, _byte, _token, _value, _value, _rule, _rule, _rule, _swap, _turn, _cut,
    _copy, _element, _other_wrap,
)  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    """`data` after none to four changes."""
    text = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        if text:
            rng.choice(CHANGES)(text, rng.randrange(len(text)), rng.randrange(len(text)), rng)
    return bytes(text)


class Fuzzer:
    """Holds a decoder that learns against one that always parses, input after input."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        key = PseudonymKey(b"fuzz" * 8)
        self.learning, self.parsing = Decoder(key), Decoder(key)
        self.parsing._skeletons = _Parsing()
        self.seen: Counter[str] = Counter()

    def step(self) -> tuple[bytes, str | None]:
        """Try one input; return it, and what is wrong about its outcome."""
        data = damaged(valid(self.rng), self.rng)
        try:
            expected, found = self._judge(self.parsing, data), self._judge(self.learning, data)
        except Exception as error:
            return data, f"{type(error).__name__}: {error}"
        if expected != found:
            return data, "a decoder that learned decides otherwise"
        return data, found if found.startswith("tells") else None

    def _judge(self, decoder: Decoder, data: bytes) -> str:
        try:
            events = decoder.decode(data, today=date(2025, 12, 31))
        except DecodeError as error:
            self.seen[error.code] += 1
            told = f"{error} {error.reason.model_dump_json()}"
            place = error.reason.lijn
            if place is not None and place < 1:
                return "tells an impossible line"
            result = told
        else:
            self.seen["events"] += 1
            if not events or any(
                EVENT.validate_json(event.model_dump_json()) != event for event in events
            ):
                return "tells events that are no events"
            result = repr(events)
            told = " ".join(re.sub("(afzender|digest|client|identificatie|code)='[^']*'", "",
                                   repr(event)) for event in events)  # fmt: skip
            told = re.sub("toewijzing=[0-9]+", "", told)
        if _PRIVATE.search(told.replace("999999999", "")):
            return "tells a number that may be a BSN"
        if any(name in told for name in (*NAMES, "van der Xx", "QZX")):
            return "tells a name"
        return result


def _hang(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"no answer within {SECONDS_PER_INPUT} seconds")


def run(inputs: int, seed: int, *, progress: bool = False) -> tuple[Counter[str], str | None]:
    """Try `inputs` inputs; return the outcomes and the first finding."""
    fuzzer = Fuzzer(seed)
    former = signal.signal(signal.SIGALRM, _hang)
    began = time.perf_counter()
    try:
        for number in range(1, inputs + 1):
            signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_INPUT)
            data, wrong = fuzzer.step()
            signal.setitimer(signal.ITIMER_REAL, 0)
            if wrong:
                with tempfile.NamedTemporaryFile(
                    prefix="fuzz-", suffix=".xml", delete=False
                ) as file:
                    file.write(data)
                return fuzzer.seen, f"input {number} of seed {seed}: {wrong}; see {file.name}"
            if progress and number % 20_000 == 0:
                print(f"{number} in {time.perf_counter() - began:.0f} s", flush=True)  # noqa: T201
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    return fuzzer.seen, None


def main() -> int:
    """Read the options and fuzz; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    seen, wrong = run(options.inputs, options.seed, progress=True)
    for code, count in seen.most_common():
        print(f"{count:>9} {code}")  # noqa: T201
    print(f"{time.perf_counter() - began:.0f} s; {wrong or 'no findings'}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
