import errno
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stream.bench import Bench, open_bench
from tests.stream.messages import archive, bsn, message, refused, traces, tree
from zorgstroom.stream import filing, inbox, processor, sources
from zorgstroom.stream.arrivals import Arrival
from zorgstroom.stream.filing import InboxError
from zorgstroom.stream.results import Refusal, Tally
from zorgstroom.stream.sources import Input


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as opened:
        yield opened


def names(bench: Bench) -> list[str]:
    return list(tree(bench.folder))


def test_accepted_and_repeated_files_go_to_verwerkt(bench: Bench) -> None:
    bench.drop("a.xml", message(1))
    bench.drop("b.XML", message(2))
    bench.drop("c.xml", message(1))
    taken = bench.settle()
    assert (taken.tally.accepted, taken.tally.repeated, taken.more) == (2, 1, False)
    assert names(bench) == ["verwerkt/a.xml", "verwerkt/b.XML", "verwerkt/c.xml"]
    assert (bench.folder / "verwerkt/a.xml").read_bytes() == message(1)
    assert bench.processor.dossiers == len(bench.store.dossiers) == 2
    assert bench.inbox.status()["wachtend"] == 0


def test_a_refused_file_goes_to_afgekeurd_with_its_reason_beside_it(bench: Bench) -> None:
    bench.drop("fout.xml", refused(1))
    taken = bench.settle()
    assert [refusal.reason.reden for refusal in taken.refusals] == ["structuur"]
    assert names(bench) == ["afgekeurd/fout.xml", "afgekeurd/fout.xml.reden.json"]
    assert (bench.folder / "afgekeurd/fout.xml").read_bytes() == refused(1)
    reason = json.loads((bench.folder / "afgekeurd/fout.xml.reden.json").read_text())
    assert reason == taken.refusals[0].as_json()
    assert reason["melding"] and reason["lijn"] and reason["pad"].endswith("inbox/fout.xml")


def test_a_clash_in_the_target_overwrites_nothing(bench: Bench) -> None:
    for data in (message(1), message(2), message(2), message(1), message(3)):
        bench.drop("bericht.xml", data)
        bench.settle()
    kept = tree(bench.folder / "verwerkt")
    assert sorted(kept.values()) == sorted([message(1), message(2), message(3)])
    assert "bericht.xml" in kept and all(name.endswith(".xml") for name in kept)
    for data in (refused(1), refused(2), refused(1)):
        bench.drop("fout.xml", data)
        bench.settle()
    kept = tree(bench.folder / "afgekeurd")
    files = {name: data for name, data in kept.items() if name.endswith(".xml")}
    assert sorted(files.values()) == sorted([refused(1), refused(2)])
    assert set(kept) == set(files) | {f"{name}.reden.json" for name in files}


def test_long_names_have_room_for_a_suffix(bench: Bench) -> None:
    long = "n" * 251 + ".xml"
    for data in (refused(1), refused(2)):
        bench.drop(long, data)
        bench.settle()
    kept = [name for name in tree(bench.folder / "afgekeurd") if name.endswith(".xml")]
    assert len(kept) == 2 and not (bench.folder / long).exists()


def test_a_name_that_is_no_text_is_handled(bench: Bench) -> None:
    for data in (message(1), refused(1)):
        path = os.fsencode(bench.folder) + b"/\xff\xfe.xml"
        Path(os.fsdecode(path)).write_bytes(data)
        bench.settle()
    assert len(list((bench.folder / "afgekeurd").iterdir())) == 2
    assert bench.store.refusals()[0].pad.isascii()


def test_files_under_a_working_name_are_left_alone(bench: Bench) -> None:
    working = ["a.xml.tmp", "a.xml.part", "a.xml.filepart", "a.zip.partial", "a.xml~", ".a.xml"]
    for name in working:
        bench.drop(name, message(1))
    bench.drop("notitie.txt", b"")
    assert bench.settle().tally.inputs == 0
    assert sorted(names(bench)) == sorted([*working, "notitie.txt"])
    assert bench.inbox.status()["genegeerd"] == len(working) + 1


def test_links_folders_and_pipes_are_left_alone(bench: Bench) -> None:
    outside = bench.folder.parent / "buiten.xml"
    outside.write_bytes(message(1))
    (bench.folder / "link.xml").symlink_to(outside)
    (bench.folder / "weg.xml").symlink_to(bench.folder / "bestaat-niet")
    (bench.folder / "map.xml").mkdir()
    (bench.folder / "map.xml" / "in.xml").write_bytes(message(2))
    os.mkfifo(bench.folder / "pijp.xml")
    assert bench.settle().tally.inputs == 0
    assert bench.inbox.status() == {"map": str(bench.folder), "wachtend": 0, "genegeerd": 4}
    assert outside.exists()


def test_a_file_is_read_only_after_it_stood_still(bench: Bench) -> None:
    path = bench.drop("groeit.xml", message(1)[:100])
    bench.step()
    for size in (200, 300, 400):
        bench.seconds += 0.9
        path.write_bytes(message(1)[:size])
        assert bench.step().tally.inputs == 0
    path.write_bytes(message(1))
    bench.seconds += 5
    assert bench.step().tally.inputs == 0, "it is seen like this for the first time"
    assert bench.inbox.status()["wachtend"] == 1
    bench.seconds += 1
    assert bench.step().tally.accepted == 1


def test_a_file_with_an_old_time_must_stand_still_as_well(bench: Bench) -> None:
    path = bench.drop("kopie.xml", message(1))
    os.utime(path, (1, 1))
    assert bench.step().tally.inputs == 0
    os.utime(path, (2_000_000_000, 2_000_000_000))
    assert bench.settle().tally.accepted == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("half.xml", message(1)), ("half.zip", archive({"a.xml": message(1)}))],
)
def test_what_breaks_off_is_waited_for_and_not_counted(
    bench: Bench, name: str, content: bytes
) -> None:
    path = bench.drop(name, content[:-30])
    for _ in range(5):
        taken = bench.settle()
        assert (taken.tally.inputs, taken.refusals) == (0, [])
    assert names(bench) == [name]
    assert bench.counters() == {} and bench.store.refusals() == []
    path.write_bytes(content)
    assert bench.settle().tally.accepted == 1
    assert names(bench) == [f"verwerkt/{name}"]


@pytest.mark.parametrize("name", ["half.xml", "half.zip"])
def test_what_stays_broken_off_is_refused_in_the_end(bench: Bench, name: str) -> None:
    bench.drop(name, archive({"a.xml": message(1)})[:-30] if "zip" in name else message(1)[:-30])
    bench.settle()
    bench.seconds += 58.5
    assert bench.step().tally.inputs == 0
    bench.seconds += 0.5
    assert sum(bench.step().tally.rejected.values()) == 1
    assert names(bench) == [f"afgekeurd/{name}", f"afgekeurd/{name}.reden.json"]
    assert len(bench.store.refusals()) == 1


def test_a_file_that_breaks_off_is_not_read_again_before_its_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("half.xml", message(1)[:-30])
    bench.settle()
    monkeypatch.setattr(inbox, "read_file", lambda path, skip: pytest.fail("it was read"))
    for _ in range(5):
        bench.seconds += 10
        bench.step()


def test_a_file_that_vanishes_stops_nothing(bench: Bench) -> None:
    bench.drop("a.xml", message(1))
    bench.drop("b.xml", message(2))
    bench.step()
    (bench.folder / "a.xml").unlink()
    bench.seconds += 1
    assert bench.step().tally.accepted == 1


def test_a_file_that_vanishes_while_it_is_read_is_no_refusal(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.drop("a.xml", message(1))
    read = sources.read_file

    def vanish(name: str, skip: sources.Skip) -> object:
        path.unlink()
        return read(name, skip)

    monkeypatch.setattr(inbox, "read_file", vanish)
    assert bench.settle().tally.inputs == 0
    assert bench.counters() == {} and names(bench) == []


def test_a_new_file_under_the_same_name_is_not_moved_unread(bench: Bench) -> None:
    path = bench.drop("a.xml", message(1))
    bench.step()
    bench.seconds += 1

    def replaced(inputs: list[Input]) -> tuple[Tally, list[Refusal | None]]:
        path.unlink()
        path.write_bytes(message(2))
        return bench.processor.process(inputs)

    assert bench.inbox.step(replaced).tally.accepted == 1  # type: ignore[arg-type]
    assert names(bench) == ["a.xml"], "what came meanwhile is still to be read"
    assert bench.settle().tally.accepted == 1
    assert names(bench) == ["verwerkt/a.xml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused_after_a_while(bench: Bench) -> None:
    bench.drop("dicht.xml", message(1)).chmod(0)
    assert bench.settle().refusals == []
    bench.seconds += 60
    assert [refusal.reason.reden for refusal in bench.step().refusals] == ["onleesbaar"]


@pytest.mark.parametrize("name", ["a.xml", "a.zip"])
def test_a_disk_that_does_not_answer_refuses_nothing_however_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise OSError(errno.EIO, "Input/output error")

    content = archive({"een.xml": message(1)}) if name.endswith(".zip") else message(1)
    bench.drop(name, content)
    bench.drop("b.xml", message(2))
    with monkeypatch.context() as patched:
        patched.setattr(os, "read", broken)
        patched.setattr(zipfile, "ZipFile", broken)
        for _ in range(5):
            assert bench.settle().refusals == []
            bench.seconds += 100
        assert "schijf of share antwoordt niet" in (bench.inbox.problem or "")
        assert names(bench) == sorted([name, "b.xml"])
    bench.seconds += 100
    assert bench.step().tally.accepted == 2
    assert bench.inbox.problem is None


def test_killed_before_the_move_a_file_is_a_repeat(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("a.xml", message(1))
    bench.drop("b.xml", refused(2))
    bench.drop("c.zip", archive({"fout.xml": refused(3), "goed.xml": message(4)}))
    with monkeypatch.context() as patched:
        patched.setattr(inbox.Inbox, "_finish", lambda *_: None)
        bench.settle()
    assert {"a.xml", "b.xml", "c.zip"} <= set(names(bench))
    before = bench.counters()
    bench.restart()
    assert bench.settle().tally.repeated == 2
    after = bench.counters()
    assert after == before | {"herhaald": 2, "afgekeurd_herhaald": 2}
    assert len(bench.store.refusals()) == 2
    assert not any("/" not in name for name in names(bench))
    assert not any(name.endswith(".tmp") for name in names(bench))


def test_a_half_written_reason_does_not_last(bench: Bench) -> None:
    bench.drop("afgekeurd/.bezig.tmp", b'{"pad": ')
    bench.restart()
    assert names(bench) == []


def test_what_cannot_be_moved_stays_and_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("a.xml", message(1))
    bench.drop("b.zip", archive({"fout.xml": refused(2)}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", full)
        patched.setattr(Path, "replace", full)
        assert bench.settle().tally.accepted == 1
        assert bench.inbox.problem and "No space" in bench.inbox.problem
        bench.seconds += 30
        assert bench.step().tally.inputs == 0, "not again and again"
    assert {"a.xml", "b.zip"} <= set(names(bench))
    bench.seconds += 60
    assert bench.step().tally.repeated == 1
    assert bench.inbox.problem is None
    assert {"verwerkt/a.xml", "verwerkt/b.zip", "afgekeurd/b.zip/fout.xml"} <= set(names(bench))


def test_an_inbox_that_goes_away_is_told_and_comes_back(bench: Bench) -> None:
    away = bench.folder.rename(bench.folder.with_name("weg"))
    assert bench.step().tally.inputs == 0
    assert bench.inbox.problem and str(bench.folder) in bench.inbox.problem
    away.rename(bench.folder)
    bench.drop("a.xml", message(1))
    assert bench.settle().tally.accepted == 1
    assert bench.inbox.problem is None


def test_a_failed_commit_moves_nothing(bench: Bench) -> None:
    bench.drop("a.xml", message(1))
    bench.step()
    bench.seconds += 1

    def fail(_: object) -> tuple[Tally, list[Refusal | None]]:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError):
        bench.inbox.step(fail)
    assert names(bench) == ["a.xml"]


def test_large_files_make_small_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_MOST_BYTES", 3000)
    for number in range(4):
        bench.drop(f"{number}.xml", message(number))
    assert bench.settle().tally.accepted == 2


def test_a_backlog_is_listed_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "BATCH", 10)
    for number in range(95):
        bench.drop(f"{number:03}.xml", message(number))
    bench.step()
    bench.seconds += 1
    listed = []
    scandir = os.scandir

    def scan(path: str) -> object:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    steps = [bench.step()]
    while steps[-1].more:
        assert bench.inbox.status()["wachtend"] == 95 - 10 * len(steps)
        steps.append(bench.step())
    assert [taken.tally.accepted for taken in steps] == [10] * 9 + [5]
    assert len(listed) == 1


def test_the_folders_are_for_the_owner_only(bench: Bench) -> None:
    bench.drop("x.zip", archive({"fout.xml": refused(1)}))
    bench.settle()
    for name in (".", "verwerkt", "afgekeurd", "afgekeurd/x.zip"):
        assert (bench.folder / name).stat().st_mode & 0o777 == 0o700
    for path in (bench.folder / "afgekeurd/x.zip").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_an_inbox_that_cannot_be_used_is_refused(bench: Bench) -> None:
    (bench.folder / "verwerkt").rmdir()
    (bench.folder / "verwerkt").symlink_to(bench.folder / "afgekeurd")
    with pytest.raises(InboxError, match="koppeling"):
        bench.restart()
    (bench.folder / "verwerkt").unlink()
    (bench.folder / "verwerkt").write_text("")
    with pytest.raises(InboxError, match="verwerkt"):
        bench.restart()


def test_reasons_and_state_hold_no_bsn_and_no_name(bench: Bench) -> None:
    bench.drop("a.xml", message(1))
    bench.drop("b.xml", refused(2))
    bench.drop("c.zip", archive({"fout.xml": refused(3), bsn(9) + ".xml": b"x"}))
    bench.settle()
    state = tree(bench.folder.parent / "data")
    assert traces(state.values(), range(4)) == []
    reasons = [data for name, data in tree(bench.folder).items() if name.endswith(".reden.json")]
    assert len(reasons) == 3 and traces(reasons, range(4)) == []


def test_a_file_replaced_in_the_last_moment_is_read_and_not_filed_unread(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop("a.xml", message(1))
    unchanged = bench.inbox._arrivals.unchanged
    seen = 0

    def replaced(arrival: Arrival) -> bool:
        nonlocal seen
        seen += 1
        result = unchanged(arrival)
        if seen == 2:  # after the last look, before the move
            (bench.folder / "new.tmp").write_bytes(message(2))
            (bench.folder / "new.tmp").replace(bench.folder / "a.xml")
        return result

    monkeypatch.setattr(bench.inbox._arrivals, "unchanged", replaced)
    bench.settle()
    assert names(bench) == ["a.xml"], "it waits for its turn"
    assert (bench.folder / "a.xml").read_bytes() == message(2)
    for _ in range(3):
        bench.settle()
    assert bench.counters() == {"aanvaard": 2}
    assert (bench.folder / "verwerkt" / "a.xml").read_bytes() == message(2)


def test_two_processes_cannot_share_an_inbox_and_no_file_is_left_of_it(bench: Bench) -> None:
    with (
        filing.claimed(bench.folder),
        pytest.raises(InboxError, match="ander zorgstroom-proces"),
        filing.claimed(bench.folder),
    ):
        pass
    with filing.claimed(bench.folder):
        assert names(bench) == []
