"""Archives in the inbox: their members, their names, and what is damaged."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stream.bench import Bench, open_bench
from tests.stream.messages import archive, message, refused, tree
from zorgstroom.stream import filing, processor


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as opened:
        yield opened


def names(bench: Bench) -> list[str]:
    return list(tree(bench.folder))


def test_only_the_refused_members_of_an_archive_go_to_afgekeurd(bench: Bench) -> None:
    content = archive(
        {"map/goed.xml": message(1), "map/fout.xml": refused(2), "lees.txt": b"hallo"}
    )
    bench.drop("lading.zip", content)
    taken = bench.settle()
    assert (taken.tally.accepted, len(taken.refusals)) == (1, 1)
    assert bench.inbox.status()["genegeerd"] == 1, "what is no message by its name"
    assert names(bench) == [
        "afgekeurd/lading.zip/map_fout.xml",
        "afgekeurd/lading.zip/map_fout.xml.reden.json",
        "verwerkt/lading.zip",
    ]
    assert (bench.folder / "afgekeurd/lading.zip/map_fout.xml").read_bytes() == refused(2)
    reason = json.loads((bench.folder / "afgekeurd/lading.zip/map_fout.xml.reden.json").read_text())
    assert reason["lid"] == "map/fout.xml"


def test_names_of_members_reach_no_other_folder_and_do_not_clash(bench: Bench) -> None:
    hostile = [
        "../../../boven.xml",
        "/etc/wortel.xml",
        "C:\\Windows\\schijf.xml",
        "map/../b.xml",
        "a/b.xml",
        "a_b.xml",
        "a_b.xml",
        "a_b.xml.reden.json.xml",
        "x" * 600 + ".xml",
        "x" * 601 + ".xml",
        "regel\neinde\x1b[31m.xml",
        "./a.xml",
    ]
    members = [(name, b"<kapot>%d" % number) for number, name in enumerate(hostile)]
    bench.drop("boos.zip", archive(members))
    before = set(tree(bench.folder.parent))
    taken = bench.settle()
    assert len(taken.refusals) == len(hostile)
    made = {name: data for name, data in tree(bench.folder.parent).items() if name not in before}
    kept = {n: d for n, d in made.items() if not (n.endswith(".reden.json") or "verwerkt" in n)}
    assert sorted(kept.values()) == sorted(data for _, data in members), "each one is there"
    assert all(name.startswith("inbox/afgekeurd/boos.zip/") for name in kept)
    assert all(f"{name}.reden.json" in made for name in kept)
    assert all(name.rpartition("/")[2].isprintable() for name in kept)


def test_an_archive_and_a_file_of_one_name_live_together_in_afgekeurd(bench: Bench) -> None:
    bench.rules = bench.rules.model_copy(update={"patience_seconds": 0})
    bench.restart()
    bench.drop("x.zip", b"geen archief")
    bench.settle()
    bench.drop("x.zip", archive({"fout.xml": refused(1)}))
    bench.settle()
    bench.drop("y.zip", archive({"fout.xml": refused(1)}))
    bench.settle()
    bench.drop("y.zip", b"geen archief")
    bench.settle()
    kept = tree(bench.folder / "afgekeurd")
    assert kept["x.zip"] == b"geen archief" and kept["x.zip.leden/fout.xml"] == refused(1)
    assert kept["y.zip/fout.xml"] == refused(1)
    assert [name for name, data in kept.items() if data == b"geen archief"] != ["x.zip"]
    assert len(names(bench)) == len(kept) + 2


def test_a_broken_off_member_of_a_whole_archive_is_refused_at_once(bench: Bench) -> None:
    bench.drop("lading.zip", archive({"half.xml": message(1)[:-30]}))
    assert [refusal.reason.reden for refusal in bench.settle().refusals] == ["afgebroken_xml"]
    assert "verwerkt/lading.zip" in names(bench)


@pytest.mark.parametrize("seed", range(60))
def test_no_damaged_archive_stops_the_inbox(bench: Bench, seed: int) -> None:
    content = bytearray(archive({f"{n}é.xml": message(n) for n in range(3)}))
    for step in range(3):
        content[(seed * 7919 + step * 104729) % len(content)] ^= 1 + seed * 37 % 255
    if seed % 2:  # the list of members at the end, where every byte counts
        content[len(content) - 1 - seed * 3] ^= 0xFF
    bench.rules = bench.rules.model_copy(update={"patience_seconds": 0})
    bench.restart()
    bench.drop("beschadigd.zip", bytes(content))
    bench.settle()
    assert not (bench.folder / "beschadigd.zip").exists()


def test_a_large_archive_takes_several_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "BATCH", 4)
    bench.drop("groot.zip", archive({f"{n}.xml": message(n) for n in range(10)}))
    taken = bench.settle()
    counts = [taken.tally.accepted]
    while taken.more:
        assert "groot.zip" in names(bench)
        taken = bench.step()
        counts.append(taken.tally.accepted)
    assert counts == [4, 4, 2]
    assert names(bench) == ["verwerkt/groot.zip"]


def test_an_empty_archive_is_done(bench: Bench) -> None:
    bench.drop("leeg.zip", archive({}))
    assert bench.settle().tally.inputs == 0
    assert names(bench) == ["verwerkt/leeg.zip"]


@pytest.mark.parametrize(
    ("lid", "expected"),
    [
        ("map/a.xml", "map_a.xml"),
        ("../../a.xml", "a.xml"),
        ("C:\\a.xml", "C__a.xml"),
        ("..", "naamloos"),
        ("", "naamloos"),
        (".a.xml", "a.xml"),
        ("é ü.xml", "é ü.xml"),
        ("a\0\r\nb", "a___b"),
    ],
)
def test_a_member_gets_one_safe_name(lid: str, expected: str) -> None:
    assert filing.member_name(lid) == expected
