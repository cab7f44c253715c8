from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest

from zorgstroom.codecs.catalog import redenen
from zorgstroom.stream.generator.calendar import add_weekdays, release_on
from zorgstroom.stream.generator.model import Claim, Params, Rates
from zorgstroom.stream.generator.population import World, bsn_of
from zorgstroom.stream.generator.run import Simulation, generate

MUCH = Rates(
    correctie_start=0.2,
    correctie_stop=0.2,
    intrekking_start=0.1,
    intrekking_stop=0.1,
    dubbel=0.1,
    wees_verwijdering=0.02,
)


@pytest.fixture(scope="module")
def plain() -> Simulation:
    return generate(Params(today=date(2026, 3, 15), scale=0.02))


@pytest.fixture(
    scope="module", params=[(date(2026, 3, 15), None), (date(2023, 9, 1), date(2021, 6, 1))]
)
def mended(request: pytest.FixtureRequest) -> Simulation:
    today, start = request.param
    return generate(Params(today=today, start=start, scale=0.02, rates=MUCH))


def weekdays(first: date, last: date) -> int:
    days = (first + timedelta(days=i + 1) for i in range((last - first).days))
    return sum(day.weekday() < 5 for day in days)


def test_most_is_told_within_five_werkdagen_and_some_much_later(plain: Simulation) -> None:
    delays = [
        weekdays(claim.einde or claim.begin, claim.told)
        for claim in plain.claims
        if claim.told < date.max and claim.begin < date(2025, 9, 1) and not claim.dubbel
    ]
    within = sum(delay <= 5 for delay in delays) / len(delays)
    assert 0.7 < within < 0.88
    assert 0.005 < sum(delay > 20 for delay in delays) / len(delays) < 0.06
    assert min(delays) >= 0


def test_nothing_is_told_before_it_happened(mended: Simulation) -> None:
    for message in mended.messages:
        for record in () if message.bad else message.records:
            assert record.claim.begin <= message.dagtekening
            if record.claim.einde:
                assert record.claim.begin <= record.claim.einde <= message.dagtekening


def key(claim: Claim, *, old: bool) -> tuple[object, ...]:
    reden = "" if old else claim.reden
    product = replace(claim.product, ingang=None)
    return claim.client.nr, claim.wet, product, claim.begin, claim.einde, reden, old


def test_a_key_is_told_and_withdrawn_on_different_days(mended: Simulation) -> None:
    told: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in mended.claims:
        if claim.told < date.max:
            old = bool(claim.einde) and release_on(claim.told) != "3.2"
            told[key(claim, old=old)].append(claim)
    withdrawn = 0
    for claims in told.values():
        claims.sort(key=lambda claim: claim.told)
        for claim in claims:
            if claim.retracted:
                withdrawn += 1
                assert claim.told < claim.retracted
                if claim.einde:
                    same = (release_on(claim.told) == "3.2") == (
                        release_on(claim.retracted) == "3.2"
                    )
                    assert same
        for one, following in pairwise(claims):
            if one.retracted:
                assert one.retracted < following.told
            else:
                assert following.dubbel
                assert following.told > one.told
                assert following.retracted is None
    assert withdrawn > 100


def test_a_message_never_has_one_key_twice(mended: Simulation) -> None:
    shared = 0
    for message in mended.messages:
        if message.kind != "fout_dubbele_sleutel":
            old = message.type.release != "3.2"
            keys = [key(record.claim, old=old) for record in message.records]
            assert len(set(keys)) == len(keys)
            shared += len(keys) > 1
    assert shared > 100


def test_corrections_come_in_one_message_and_in_two(mended: Simulation) -> None:
    kinds = mended.kinds
    assert kinds["correctie"] > 20
    assert kinds["verwijdering"] > kinds["correctie"]


def test_a_stop_is_removed_before_or_with_its_start(mended: Simulation) -> None:
    starts = {
        key(claim, old=False)[:4]: claim.retracted
        for claim in mended.claims
        if claim.soort == "start" and claim.retracted and claim.told < date.max
    }
    both = 0
    for claim in mended.claims:
        removed = starts.get(key(claim, old=False)[:4])
        if claim.soort == "stop" and removed and claim.retracted:
            both += 1
            assert claim.retracted <= removed or claim.told > removed
    assert both > 10


def test_redenen_belong_to_the_wet_and_the_release(mended: Simulation) -> None:
    for message in mended.messages:
        for record in () if message.bad else message.records:
            if record.claim.einde:
                assert record.claim.reden in redenen(message.type.wet, message.type.release)


def test_identities_are_unique_but_where_asked_for() -> None:
    def repeated(rates: Rates) -> int:
        run = generate(Params(today=date(2026, 3, 15), scale=0.01, rates=rates))
        ids = [
            (m.records[0].claim.aanbieder.agb, m.type.berichtcode, m.identificatie)
            for m in run.messages
            if not m.kind.startswith("herhaling")
        ]
        return len(ids) - len(set(ids))

    assert repeated(Rates(identiteit_hergebruikt=0)) == 0
    assert repeated(Rates(identiteit_hergebruikt=0.05)) > 10


@pytest.mark.parametrize(
    ("day", "days", "wanted"),
    [
        ("2025-06-06", 0, "2025-06-06"),  # Friday
        ("2025-06-06", 1, "2025-06-09"),
        ("2025-06-06", 6, "2025-06-16"),
        ("2025-06-07", 0, "2025-06-09"),  # Saturday
        ("2025-06-07", 1, "2025-06-09"),
        ("2025-06-08", 5, "2025-06-13"),
        ("2025-06-02", 4, "2025-06-06"),
    ],
)
def test_weekdays_are_added(day: str, days: int, wanted: str) -> None:
    assert add_weekdays(date.fromisoformat(day), days) == date.fromisoformat(wanted)


@pytest.mark.parametrize(
    ("day", "release"),
    [
        ("2022-03-31", "3.0"),
        ("2022-04-01", "3.1"),
        ("2023-03-31", "3.1"),
        ("2023-04-01", "3.2"),
    ],
)
def test_the_release_follows_the_calendar(day: str, release: str) -> None:
    assert release_on(date.fromisoformat(day)) == release


def test_bsns_pass_the_elfproef_and_are_handed_out_once() -> None:
    assert bsn_of(99_990_000) == "999900006"
    assert bsn_of(12_345_678) == "123456782"
    assert bsn_of(99_000_003) is None or bsn_of(99_000_003) != bsn_of(99_000_004)
    world = World.of(Params(today=date(2026, 1, 1)), Random(1))
    numbers = [world.bsn() for _ in range(20_000)]
    assert len(set(numbers)) == 20_000
    for number in numbers:
        assert "990000000" <= number <= "999999999"
        digits = [int(c) for c in number]
        total = sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True))
        assert total % 11 == 0


def test_the_synthetic_bsns_run_out_with_a_clear_error() -> None:
    world = World.of(Params(today=date(2026, 1, 1)), Random(1))
    world._persons = 1_000_000
    with pytest.raises(ValueError, match="lower the scale"):
        world.bsn()


def test_the_mix_holds_what_a_reader_must_cope_with(plain: Simulation) -> None:
    starts = [c for c in plain.claims if c.soort == "start"]
    assert any(c.product.toewijzing is None for c in starts)
    assert any(c.product.categorie is None for c in starts)
    assert any(c.product.categorie and c.product.code is None for c in starts)
    assert any(c.product.ingang is None for c in starts)
    twins = defaultdict(set)
    wetten = defaultdict(set)
    homes = defaultdict(set)
    for c in starts:
        twins[c.client.nr, c.product.categorie, c.begin].add(c.product.toewijzing)
        wetten[c.client.nr].add(c.wet)
        homes[c.client.person.bsn].add(c.client.gemeente)
    assert sum(len(numbers) > 1 for numbers in twins.values()) > 10
    assert sum(len(found) == 2 for found in wetten.values()) > 10
    assert sum(len(found) == 2 for found in homes.values()) > 0
    ended = {(c.client.nr, c.product): c for c in plain.claims if c.reden == "20"}
    assert any(
        (c.client.nr, c.product) in ended and c.begin > ended[c.client.nr, c.product].begin
        for c in starts
    )
    assert any(c.einde == c.begin for c in plain.claims)
