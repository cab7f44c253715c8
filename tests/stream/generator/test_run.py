import csv
import re
import zipfile
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from zorgstroom.codecs.beginstand import read_rows
from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.stream.generator.bad import KINDS
from zorgstroom.stream.generator.model import Params, Rates
from zorgstroom.stream.generator.run import Simulation, generate
from zorgstroom.stream.generator.truth import Cell, Indicatie, count, indicaties, told_by
from zorgstroom.stream.generator.truthfile import load_truth
from zorgstroom.stream.generator.write import write

pytestmark = pytest.mark.slow

StartKey = tuple[str, str, str, int | None, str | None, str | None, date]
StopKey = tuple[date, bool, str, bool]

KEY = PseudonymKey(b"sleutel van de generatortest, lang genoeg")
MUCH = Rates(
    correctie_start=0.1,
    correctie_stop=0.1,
    intrekking_start=0.05,
    intrekking_stop=0.05,
    dubbel=0.03,
    wees_verwijdering=0.02,
    identiteit_hergebruikt=0.01,
    herhaling=0.03,
    herhaling_envelop=0.02,
    fout=0.1,
    twee_toewijzingen=0.2,
    zelfde_dag=0.05,
    tijdelijk=0.2,
)
PLAIN = Params(today=date(2026, 3, 15), scale=0.01)
RUNS = {
    "3.2": replace(PLAIN, seed=3, rates=MUCH),
    "beginstand": replace(PLAIN, seed=4, rates=MUCH, beginstand=True),
    "over 3.0, 3.1 and 3.2": Params(
        today=date(2023, 9, 1), start=date(2021, 6, 1), seed=5, scale=0.008, rates=MUCH
    ),
    "a mix": replace(PLAIN, seed=6, rates=MUCH, releases=("3.0", "3.1", "3.2"), regios=2),
}


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Simulation:
    return generate(RUNS[request.param])


def test_the_same_parameters_give_the_same_bytes() -> None:
    first, again = (list(generate(PLAIN).deliveries()) for _ in range(2))
    assert first == again
    assert len(first) > 1000
    other = list(generate(replace(PLAIN, seed=2)).deliveries())
    assert first[:50] != other[:50]


def test_everything_is_dated_and_sent_by_today_and_in_order(run: Simulation) -> None:
    moments = [delivery.moment for delivery in run.deliveries()]
    assert moments == sorted(moments)
    assert all(moment.tzinfo for moment in moments)
    assert moments[-1].date() <= run.params.today
    assert moments[0].date() >= run.params.first_day
    assert all(m.dagtekening <= m.moment.date() for m in run.messages)
    names = [delivery.naam for delivery in run.deliveries()]
    assert names == sorted(set(names))


def test_every_good_message_is_valid(run: Simulation, valid_xml: Callable[[bytes], None]) -> None:
    releases = set()
    for message, delivery in zip(run.messages, run.deliveries(), strict=True):
        if not message.bad:
            valid_xml(payload(delivery.inhoud))
            releases.add(message.type.release)
    if run.params == RUNS["over 3.0, 3.1 and 3.2"] or run.params == RUNS["a mix"]:
        assert releases == {"3.0", "3.1", "3.2"}
    else:
        assert releases == {"3.2"}


def payload(data: bytes) -> bytes:
    found = re.search(rb"<GGK:xmlBestand>(.*)</GGK:xmlBestand>", data)
    return b64decode(found[1]) if found else data


def test_good_messages_decode_and_bad_ones_are_refused(run: Simulation) -> None:
    decoder = Decoder(KEY)
    refused: Counter[str] = Counter()
    for message, delivery in zip(run.messages, run.deliveries(), strict=True):
        if message.bad:
            with pytest.raises(DecodeError):
                decoder.decode(delivery.inhoud, today=run.params.today)
            refused[message.kind] += 1
            continue
        events = decoder.decode(delivery.inhoud, today=run.params.today)
        assert len(events) == len(message.records)
        for event, record in zip(events, message.records, strict=True):
            claim = record.claim
            assert (event.toewijzing, event.categorie, event.code, event.begindatum) == (
                claim.product.toewijzing,
                claim.product.categorie,
                claim.product.code,
                claim.begin,
            )
            assert (event.gemeente, event.wet, event.status) == (
                claim.client.gemeente,
                claim.wet,
                record.status,
            )
            assert (event.ontvangen is not None) == (message.referentie is not None)
    assert set(refused) == set(KINDS)


def start_key(event: Start | Stop) -> StartKey:
    return (
        event.gemeente,
        event.wet,
        event.client,
        event.toewijzing,
        event.categorie,
        event.code,
        event.begindatum,
    )


def told_before(run: Simulation) -> list[tuple[StartKey, date]]:
    """The beginstand as a receiver would know it."""
    return [
        (
            (
                claim.client.gemeente,
                claim.wet,
                KEY.client(claim.client.gemeente, claim.client.person.bsn),
                claim.product.toewijzing,
                claim.product.categorie,
                claim.product.code,
                claim.begin,
            ),
            claim.begin,
        )
        for claim in run.beginstand
    ]


def present(days: dict[date, int]) -> bool:
    now = 0
    for _, change in sorted(days.items()):
        now = min(max(now + change, 0), 1)
    return bool(now)


def indicaties_of(run: Simulation, sent: int) -> list[Indicatie]:
    """Return what the first messages say, by the rule of presence walked over decoded ones."""
    decoder = Decoder(KEY)
    seen: set[tuple[str, str, str, str, int]] = set()
    starts: dict[StartKey, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    stops: dict[StartKey, dict[StopKey, dict[date, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for key, day in told_before(run):
        starts[key][day] += 1
    for message, delivery in islice(zip(run.messages, run.deliveries(), strict=True), sent):
        for event in () if message.bad else decoder.decode(delivery.inhoud):
            record = (
                *(event.afzender, event.berichtcode, event.identificatie, event.digest),
                event.positie,
            )
            if record in seen:
                continue
            seen.add(record)
            change = 1 if event.status == 1 else -1
            if isinstance(event, Stop):
                # Of the older form the reden is no key field; whether it is definitive decides.
                reden = event.reden if event.release == "3.2" else ""
                stop_key = (event.einddatum, event.release == "3.2", reden, event.reden != "20")
                if not reden:
                    stop_key = (event.einddatum, False, "", True)
                stops[start_key(event)][stop_key][event.dagtekening] += change
            else:
                starts[start_key(event)][event.dagtekening] += change
    spans: dict[tuple[str, str, str, str, date], list[date | None]] = defaultdict(list)
    for key, days in starts.items():
        if present(days):
            found = [(k[3], k[0]) for k, told in stops.get(key, {}).items() if present(told)]
            gemeente, wet, client, _, categorie, _, begin = key
            spans[gemeente, wet, client, categorie or "onbekend", begin].append(
                max(found)[1] if found else None
            )
    return [
        Indicatie(*key, None if None in ends else max(end for end in ends if end))
        for key, ends in spans.items()
    ]


def test_the_truth_is_what_the_set_of_messages_says(run: Simulation) -> None:
    said = indicaties_of(run, len(run.messages))
    assert count(said, run.regions, run.params.vanaf, run.params.today) == run.truth
    assert len(run.truth) > 5000


@pytest.mark.parametrize("share", [0.0, 0.31, 0.75, 1.0])
def test_there_is_a_truth_at_every_moment_of_the_stream(run: Simulation, share: float) -> None:
    sent = int(len(run.messages) * share)
    params = run.params
    last = run.messages[sent - 1].moment.date() if sent else params.first_day
    vanaf = max(params.vanaf, date(last.year - 1, 1, 1))
    truth = run.truth_after(sent, last, vanaf)
    assert truth == count(indicaties_of(run, sent), run.regions, vanaf, last)
    if share == 1.0:
        assert run.truth_after(sent, params.today, params.vanaf) == run.truth
    elif sent:
        assert len(truth) > 1000 and truth.items() != run.truth.items()


def test_what_is_still_under_way_is_not_in_the_truth_yet(run: Simulation) -> None:
    differ = 0
    for share in (0.3, 0.5, 0.7, 0.9):
        sent = int(len(run.messages) * share)
        last = run.messages[sent - 1].moment.date()
        vanaf = max(run.params.vanaf, date(last.year - 1, 1, 1))
        told = count(indicaties(told_by(run.claims, last)), run.regions, vanaf, last)
        differ += run.truth_after(sent, last, vanaf) != told
    assert differ, "every message was sent on the day that it tells of"


def test_a_number_of_messages_can_be_asked_for() -> None:
    for wanted in (300, 2000):
        found = generate(replace(PLAIN, messages=wanted))
        assert wanted <= found.good <= wanted * 1.1 + 30
        assert found.good == sum(
            not m.bad and not m.kind.startswith("herhaling") for m in found.messages
        )


def test_without_beginstand_older_care_is_never_mentioned() -> None:
    plain = generate(replace(PLAIN, seed=4, rates=MUCH))
    assert plain.beginstand == []
    first = plain.params.first_day
    delivered = [r.claim.begin for m in plain.messages if not m.bad for r in m.records]
    assert sum(begin < first for begin in delivered) < len(delivered) * 0.02  # wrong dates only
    told = generate(replace(PLAIN, seed=4, rates=MUCH, beginstand=True))
    before = {(c.client.nr, c.product, c.begin) for c in told.beginstand}
    assert all(begin < first for _, _, begin in before)
    stops = [r.claim for m in told.messages if not m.bad for r in m.records]
    assert sum((c.client.nr, c.product, c.begin) in before for c in stops) > 50
    assert not any(c.vooraf for c in stops)


def test_regions_can_be_made_up() -> None:
    run = generate(replace(PLAIN, regios=3, scale=0.002))
    codes = [g.code for region in run.regions for g in region.gemeenten]
    assert len(run.regions) == 3
    assert len(set(codes)) == len(codes)
    assert {m.records[0].claim.client.gemeente for m in run.messages} <= set(codes)
    sizes = {sum(g.inwoners for g in region.gemeenten) for region in run.regions}
    assert len(sizes) == 3


def test_a_folder_and_a_zip_hold_the_same(tmp_path: Path) -> None:
    run = generate(replace(PLAIN, scale=0.02, beginstand=True))
    steps: list[tuple[int, int]] = []
    write(run, tmp_path / "a", progress=lambda done, total: steps.append((done, total)))
    write(run, tmp_path / "b", zipped=True)
    wanted = {d.naam: d.inhoud for d in run.deliveries()}
    root = tmp_path / "a" / "berichten"
    files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert files == wanted
    with zipfile.ZipFile(tmp_path / "b" / "berichten.zip") as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == wanted
    assert steps[-1] == (len(wanted), len(wanted))
    for name in ("truth.json", "verzonden.csv", "beginstand.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    truth = load_truth(tmp_path / "a" / "truth.json")
    assert truth.cells == run.truth
    assert all(isinstance(cell, Cell) for cell in truth.cells)
    with (tmp_path / "a" / "verzonden.csv").open(newline="") as handle:
        sent = list(csv.DictReader(handle))
    assert [row["naam"] for row in sent] == list(wanted)
    assert Counter(row["kind"] for row in sent) == truth.kop["berichten"]
    with (tmp_path / "a" / "beginstand.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(run.beginstand) > 20
    assert all(row["begindatum"] < run.params.first_day.isoformat() for row in rows)
    events = [row for _, row in read_rows((tmp_path / "a" / "beginstand.csv").read_bytes(), KEY)]
    assert sum(isinstance(event, Start) for event in events) == len(rows)
    with pytest.raises(FileExistsError):
        write(run, tmp_path / "a")


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="scale"):
        Params(today=date(2026, 1, 1), scale=0)
    with pytest.raises(ValueError, match="today"):
        Params(today=date(2026, 1, 1), start=date(2026, 1, 2))
    with pytest.raises(ValueError, match="release"):
        Params(today=date(2026, 1, 1), releases=())
