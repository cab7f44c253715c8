"""
One message, one identity: whatever spelling the schema allows of any field is a repeat.

Held for generated messages on the way of the embedded process, of the worker, and for what a
former version stored under digests of raw text. `tests.spelling` writes the variants and shares
nothing with the decoder; the published schemas judge whether they are allowed.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.spelling import Letter, Product, plain, spelled
from tests.stream.bench import open_bench
from tests.stream.former_state import former_dossiers, stored, write_former_state
from tests.stream.messages import bsn
from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.dossier import load
from zorgstroom.aggregations.update import changes, key_of
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.kafka.wire import Bericht, pack, unpack
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import Store
from zorgstroom.stream.worker.partition import Partition, Tables

KEY = PseudonymKey(b"sleutel van de spellingtests, lang genoeg")
TODAY = date(2026, 3, 15)
NAMES = ("Zwaluw", "d'Hondt & Zn", "<Jansen>", "Ünal\u0107", "a]]b", "  van  Aa ")
DAYS = st.dates(date(2023, 1, 1), date(2024, 12, 31))


@st.composite
def letters(draw: st.DrawFn) -> Letter:
    """Draw a message of level 2 with any of the optional fields."""
    wet = draw(st.sampled_from(("wmo", "jw")))
    stop = draw(st.booleans())
    dag = draw(st.dates(date(2024, 12, 31), date(2025, 12, 31)))
    numbers = st.none() | st.sampled_from((0, 1, 301, 999_999_999))
    products: dict[object, Product] = {}
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(DAYS)
        categorie = draw(
            st.sampled_from((None, "02", "15") if wet == "wmo" else (None, "45", "31"))
        )
        product = Product(
            begin,
            draw(st.sampled_from((1, 1, 3))),
            draw(numbers),
            categorie,
            draw(st.none() | st.sampled_from(("02A11", " 7", "a&<b"))) if categorie else None,
            draw(st.none() | DAYS),
            draw(st.sampled_from(("20", "36", "31"))) if stop else None,
            draw(st.dates(begin, date(2024, 12, 31))) if stop else None,
        )
        products.setdefault(
            (product.nummer, categorie, product.code, begin, product.einde), product
        )
    geboren, gebruik = draw(
        st.sampled_from(
            (
                (date(1950, 3, 12), None),
                (date(2010, 1, 1), "2"),
                (date(1960, 4, 1), "1"),
                (date(1900, 1, 1), "3"),
            )
        )
    )
    optional = st.none() | st.sampled_from(NAMES[:1])
    return Letter(
        wet,
        dag,
        draw(st.sampled_from(("1", "0001", "BER & 1", " x ", "a\tb", "123456789012"))),
        bsn(draw(st.integers(0, 5))),
        tuple(products.values()),
        release=draw(st.sampled_from(("3.0", "3.1", "3.2", "3.2"))),
        geboren=geboren,
        gebruik=gebruik,
        geslacht=draw(st.sampled_from("012")),
        achternaam=draw(st.sampled_from(NAMES)),
        voorvoegsel=draw(st.none() | st.sampled_from(("op 't", "d'"))),
        voornamen=draw(optional),
        voorletters=draw(st.none() | st.sampled_from(("QZ", "é"))),
    )


CHANCE = st.integers(0, 2**32).map(random.Random)
LAW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def read(data: bytes, decoder: Decoder | None = None) -> tuple[Start | Stop, ...]:
    return (decoder or Decoder(KEY)).decode(data, today=TODAY)


@LAW
@given(letters(), CHANCE)
def test_every_spelling_is_read_as_the_same_events(letter: Letter, chance: random.Random) -> None:
    decoder = Decoder(KEY)
    expected = read(plain(letter), decoder)
    for _ in range(5):
        # A decoder of its own, and one that has learnt the markup of others.
        other = spelled(letter, chance)
        assert read(other) == read(other, decoder) == read(other, decoder) == expected


@pytest.fixture(scope="module")
def is_valid(shared_dir: Path) -> Callable[[bytes], bool]:
    schemas = {
        (standard, name): etree.XMLSchema(
            etree.parse(str(shared_dir / "domain" / "xsd" / "3.2" / standard / f"{name}.xsd"))
        )
        for standard, name in (
            ("iwmo", "wmo305"),
            ("iwmo", "wmo307"),
            ("ijw", "jw305"),
            ("ijw", "jw307"),
        )
    }

    def check(data: bytes) -> bool:
        root = etree.fromstring(data)
        parts = (etree.QName(root).namespace or "").split("/")
        return schemas[parts[3], parts[5]].validate(root)

    return check


@LAW
@given(letters(), CHANCE)
def test_every_spelling_is_valid_by_the_published_schema(
    is_valid: Callable[[bytes], bool], letter: Letter, chance: random.Random
) -> None:
    letter = replace(letter, release="3.2")
    assert is_valid(plain(letter))
    assert is_valid(spelled(letter, chance))


@pytest.mark.slow
@LAW
@given(st.lists(letters(), min_size=1, max_size=3), CHANCE)
def test_embedded_a_spelling_of_what_is_known_changes_nothing(
    said: list[Letter], chance: random.Random
) -> None:
    dossiers: dict[str, bytes] = {}
    first = changes(dossiers, [read(plain(letter)) for letter in said], Definitions())
    dossiers.update(first.stored)
    again = [read(spelled(letter, chance)) for letter in said * 2]
    result = changes(dossiers, again, Definitions())
    assert result.repeated == [True] * len(again)
    assert result.stored == {} and result.derived == []


@pytest.mark.slow
@LAW
@given(st.lists(letters(), min_size=1, max_size=3), CHANCE)
def test_worker_a_spelling_of_what_is_known_changes_nothing(
    said: list[Letter], chance: random.Random
) -> None:
    def record(data: bytes) -> Bericht:
        unpacked = unpack(pack(read(data), KEY.fingerprint, 1)[1])
        assert isinstance(unpacked, Bericht)
        return unpacked

    partition = Partition(0, Definitions(), Tables({}, {}))
    partition.take(partition.step([record(plain(one)) for one in said], KEY.fingerprint))
    again = [record(spelled(one, chance)) for one in said * 2]
    step = partition.step(again, KEY.fingerprint)
    assert (step.repeated, step.accepted) == (len(again), 0)
    assert step.dossiers == {} and step.tellingen == {}


@pytest.mark.slow
@LAW
@given(st.lists(letters(), min_size=1, max_size=3), CHANCE)
def test_what_was_stored_under_digests_of_raw_text_is_a_repeat_in_any_spelling(
    said: list[Letter], chance: random.Random
) -> None:
    # In form 1 each spelling was a message of its own.
    arrived = [plain(letter) for letter in said] + [spelled(letter, chance) for letter in said * 2]
    former, _ = former_dossiers(arrived, KEY, TODAY)
    anew = changes({}, [read(plain(letter)) for letter in said], Definitions()).stored
    dossiers = {key: stored(messages) for key, messages in former.items()}
    assert {key: load(value) for key, value in dossiers.items()} == {
        key: load(value) for key, value in anew.items()
    }
    again = [read(spelled(letter, chance)) for letter in said]
    result = changes(dossiers, again, Definitions())
    assert result.repeated == [True] * len(again) and result.stored == {}


@LAW
@given(letters(), CHANCE)
def test_a_record_of_the_former_form_on_the_topic_is_a_repeat(
    letter: Letter, chance: random.Random
) -> None:
    events = read(plain(letter))
    spelling = read(spelled(letter, chance))
    former = [event.model_copy(update={"digest": "ab" * 16}) for event in spelling]
    value = pack(former, KEY.fingerprint, 1)[1].replace(b'{"schema":2', b'{"schema":1', 1)
    assert b'"schema":1' in value
    partition = Partition(0, Definitions(), Tables({}, {}))
    known = Bericht(schema=2, sleutel="a", ontvangen_ms=None, gebeurtenissen=events)
    partition.take(partition.step([known], "a"))
    step = partition.step([unpack(value)], "a")
    assert step.repeated == 1 and step.dossiers == {}


@settings(deadline=None, max_examples=40)
@given(letters(), st.data())
def test_another_value_is_another_message(letter: Letter, data: st.DataObject) -> None:
    product = letter.products[0]
    others = [
        replace(letter, nr="ander"),
        replace(letter, van="76543210"),
        replace(letter, dag=date(2026, 1, 1)),
        replace(letter, geslacht="1" if letter.geslacht == "2" else "2"),
        replace(letter, geboren=date(1951, 7, 1), gebruik=None),
        *(
            replace(letter, products=(replace(product, **change), *letter.products[1:]))
            for change in (
                {"status": 4 - product.status},
                {"nummer": 302},
                {"ingang": date(2022, 1, 1)},
                {"begin": date(2022, 12, 31)},
            )
        ),
    ]
    other = data.draw(st.sampled_from(others))
    assert read(plain(other))[0].digest != read(plain(letter))[0].digest


def history(chance: random.Random, clients: int) -> list[Letter]:
    """Return one start and sometimes a stop and a removal of each of some clients."""
    said = []
    for number in range(clients):
        product = Product(date(2025, 1, 1 + number % 28), nummer=number, categorie="02")
        first = Letter("wmo", date(2025, 3, 1), f"S{number}", bsn(number), (product,))
        said.append(first)
        if chance.random() < 0.5:
            ended = replace(product, reden="36", einde=date(2025, 6, 1))
            said.append(replace(first, nr=f"D{number}", dag=date(2025, 7, 1), products=(ended,)))
        elif chance.random() < 0.5:
            removed = replace(product, status=3)
            said.append(replace(first, nr=f"R{number}", products=(removed,)))
    return said


def inputs(contents: Sequence[bytes]) -> list[Input]:
    return [Input(str(number), "", data) for number, data in enumerate(contents)]


def test_a_removal_on_the_day_of_a_start_that_came_in_two_spellings_removes_it(
    tmp_path: Path,
) -> None:
    start = Letter("wmo", date(2025, 3, 1), "S1", bsn(1), (Product(date(2025, 1, 1), nummer=301),))
    removal = replace(start, nr="R1", products=(replace(start.products[0], status=3),))
    respelled = plain(start).replace(b">301<", b">0301<")
    with open_bench(tmp_path) as bench:
        tally, _ = bench.processor.process(inputs([plain(start), respelled, plain(removal)]))
        assert (tally.accepted, tally.repeated, tally.conflicts) == (2, 1, 0)
        assert not any(any(days) for days in bench.processor.ledger.cells.values())


def test_the_state_that_a_former_version_left_takes_any_spelling_for_a_repeat(
    tmp_path: Path,
) -> None:
    chance = random.Random(7)
    said = history(chance, 60)
    arrived = [plain(one) for one in said] + [spelled(one, chance) for one in said]
    from tests.stream.bench import KEY as BENCH_KEY

    dossiers, known = former_dossiers(arrived, BENCH_KEY, TODAY)
    write_former_state(tmp_path / "data", dossiers, known, {"sleutel": BENCH_KEY.fingerprint})
    with open_bench(tmp_path) as bench:
        before = list(bench.store.dossiers.stored())
        again = [spelled(one, chance) for one in said]
        tally, _ = bench.processor.process(inputs([plain(one) for one in said] + again))
        assert (tally.accepted, tally.repeated, tally.conflicts) == (0, 2 * len(said), 0)
        assert list(bench.store.dossiers.stored()) == before
    Store(tmp_path / "data").close()


def test_the_key_of_a_dossier_does_not_follow_the_spelling() -> None:
    letter = history(random.Random(1), 1)[0]
    events = [read(spelled(letter, random.Random(seed))) for seed in range(20)]
    assert {key_of(of[0]) for of in events} == {key_of(read(plain(letter))[0])}
