"""State that does not belong together, or is not what was written, is refused with its cause."""

import random
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.stream.messages import bsn, message
from zorgstroom.aggregations.dossier import Dossier, DossierError, add, dump, load
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkRefusedError
from zorgstroom.stream.cli import main
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import StateError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.store import Store

pytestmark = pytest.mark.embedded
KEY = PseudonymKey(b"sleutel van deze tests, lang genoeg ..")
CLOCK = ManualClock(datetime(2026, 2, 15, 12, tzinfo=UTC))
SETTINGS = Settings.model_validate(
    {
        "protection": {"policy": "geen"},
        "regios": {"proef": ["0153", "0164"]},
        "publication": {"jaren": 1},
    }
)


def inputs(*numbers: int) -> list[Input]:
    return [Input(str(number), "", message(number)) for number in numbers]


def total(engine: Engine) -> int | None:
    wanted = Filter(("proef",), ("Wmo",), ("totaal",), (), ("actief",), ("jaar",))
    return engine.publication.figures(wanted)[-1].waarde


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with the dossiers and figures of twenty clients."""
    folder = tmp_path / "data"
    with Engine(SETTINGS, folder, CLOCK) as engine:
        engine.process(inputs(*range(20)))
        assert engine.publish() == 1 and total(engine) == 20
    return folder


def lose_dossiers(data: Path) -> None:
    for path in data.glob("dossiers.sqlite*"):
        path.unlink()


def test_lost_dossiers_beside_a_full_database_are_refused_every_time(data: Path) -> None:
    lose_dossiers(data)
    for _ in range(2):
        with pytest.raises(StateError, match=r"dossiers.sqlite is kwijt.*--overnemen"):
            Engine(SETTINGS, data, CLOCK)


def test_an_older_copy_of_the_dossiers_is_refused_and_may_take_over(data: Path) -> None:
    former = (data / "dossiers.sqlite").read_bytes()
    with Engine(SETTINGS, data, CLOCK) as engine:
        engine.process(inputs(20))
        assert engine.publish() == 1 and total(engine) == 21
    lose_dossiers(data)
    (data / "dossiers.sqlite").write_bytes(former)
    for _ in range(2):
        with pytest.raises(StateError, match=r"oudere kopie.*--overnemen"):
            Engine(SETTINGS, data, CLOCK)
    with Engine(SETTINGS, data, CLOCK, takes_over=True) as engine:
        engine.process(inputs(20))
        assert engine.publish() == 0 and total(engine) == 21, "nothing differs"
    with Engine(SETTINGS, data, CLOCK) as engine:
        assert total(engine) == 21


def test_a_run_that_dies_before_it_publishes_is_no_older_copy(data: Path) -> None:
    for _ in range(3):
        Engine(SETTINGS, data, CLOCK).close()
    with Engine(SETTINGS, data, CLOCK) as engine:
        engine.process(inputs(20))
        engine.publish()
    Engine(SETTINGS, data, CLOCK).close()


def test_who_claimed_a_region_and_published_nothing_makes_no_copy_older(data: Path) -> None:
    with Engine(SETTINGS, data, CLOCK) as engine:
        engine.publication.claim("proef", "vreemd", 50, CLOCK.now())
    with Engine(SETTINGS, data, CLOCK) as engine:
        engine.process(inputs(20))
        assert engine.publish() == 1
    with Engine(SETTINGS, data, CLOCK) as engine:
        assert total(engine) == 21


def test_a_state_that_takes_over_goes_on_once_it_has_published(data: Path) -> None:
    lose_dossiers(data)
    # It dies before everything is read: what is there is not everything.
    with Engine(SETTINGS, data, CLOCK, takes_over=True) as engine:
        engine.process(inputs(*range(5)))
    with pytest.raises(StateError, match="niet tot het einde"):
        Engine(SETTINGS, data, CLOCK)
    with Engine(SETTINGS, data, CLOCK, takes_over=True) as engine:
        engine.process(inputs(*range(20)))
        assert engine.publish() == 0, "nothing differs"
    with Engine(SETTINGS, data, CLOCK) as engine:
        engine.process(inputs(20))
        assert engine.publish() == 1 and total(engine) == 21


def test_a_state_that_lost_its_last_client_by_erasure_is_its_own(tmp_path: Path) -> None:
    with Engine(SETTINGS, tmp_path, CLOCK) as engine:
        engine.process(inputs(1))
        engine.publish()
        assert engine.erase(bsn(1)) == 1
    with Engine(SETTINGS, tmp_path, CLOCK) as engine:
        engine.publish()
        assert total(engine) == 0


def test_a_state_of_a_former_version_does_not_know_and_goes_on(data: Path) -> None:
    with sqlite3.connect(data / "dossiers.sqlite") as db:
        db.execute("DELETE FROM eigenschappen WHERE naam = 'vult_database'")
    db.close()
    Engine(SETTINGS, data, CLOCK).close()


@pytest.mark.slow
def test_the_command_says_it_and_takes_over_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", "geen")
    monkeypatch.setenv("ZORGSTROOM_TODAY", "2026-02-15")
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.xml").write_bytes(message(number))

    def ingest(*more: str) -> Result:
        command = ["ingest", str(folder), "--data", str(tmp_path / "data"), *more]
        return CliRunner().invoke(main, command)

    assert ingest().exit_code == 0
    lose_dossiers(tmp_path / "data")
    refused = ingest()
    assert refused.exit_code == 1 and "--overnemen" in refused.output
    taken = ingest("--overnemen")
    assert taken.exit_code == 0 and "niets nieuws gepubliceerd" in taken.output
    assert ingest().exit_code == 0


def test_a_folder_whose_links_were_followed_is_refused_and_a_true_copy_is_not(
    data: Path, tmp_path: Path
) -> None:
    shutil.copytree(data, tmp_path / "followed", symlinks=False)
    with pytest.raises(SinkRefusedError, match=r"koppelingen.*cp -a"):
        Engine(SETTINGS, tmp_path / "followed", CLOCK)
    shutil.copytree(data, tmp_path / "true", symlinks=True)
    with Engine(SETTINGS, tmp_path / "true", CLOCK) as engine:
        assert total(engine) == 20


def test_any_flipped_bit_of_a_stored_dossier_is_damage_and_no_newer_form() -> None:
    stored = dump(add(Dossier(), Decoder(KEY).decode(message(1))).dossier)
    for at in range(len(stored) * 8):
        flipped = bytearray(stored)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(DossierError, match=r"beschadigd|onleesbaar"):
            load(bytes(flipped))


def test_a_flipped_bit_in_the_file_is_told_or_harmless(data: Path, tmp_path: Path) -> None:
    # Whatever bit it is: the text says which file it is and what to do, and nothing is published.
    store = Store(data)
    kept = dict(store.dossiers.stored())
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    content = (data / "dossiers.sqlite").read_bytes()
    chance = random.Random(5)
    told = 0
    for number in range(150):
        folder = tmp_path / str(number)
        folder.mkdir()
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (folder / "dossiers.sqlite").write_bytes(flipped)
        try:
            store = Store(folder)
        except StateError as error:
            assert str(folder) in str(error) or "vorm" in str(error)
            told += 1
            continue
        try:
            with store.read_whole():
                read = {key: load(value) for key, value in store.dossiers.stored()}
        except StateError as error:
            assert "reservekopie" in str(error)
            told += 1
        else:
            lost = [key for key, value in kept.items() if read.get(key) != load(value)]
            assert not lost or len(read) == len(kept), "only its key may be another one"
        finally:
            store.close()
    assert told > 10, "this proves nothing"


def test_a_newer_form_is_refused_for_what_it_is(data: Path) -> None:
    with sqlite3.connect(data / "dossiers.sqlite") as db:
        (where,) = db.execute("SELECT min(sleutel) FROM dossiers").fetchone()
        newer = dump(Dossier(7, ()))
        db.execute("UPDATE dossiers SET inhoud = ? WHERE sleutel = ?", (newer, where))
    db.close()
    with pytest.raises(StateError, match=r"vorm 7.*nieuwere versie") as refused:
        Engine(SETTINGS, data, CLOCK)
    assert "beschadigd" not in str(refused.value)
