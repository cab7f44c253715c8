"""Reading files, folders and archives: bounded, in a fixed order, never stopped by a bad one."""

import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tests.stream.messages import archive
from zorgstroom.codecs.envelope import MAX_BYTES
from zorgstroom.stream.sources import Input, count, read


def listed(*paths: Path) -> list[tuple[str, str, bytes, str]]:
    return [
        (Path(i.pad).name, i.lid, i.data, i.problem.regel if i.problem else "") for i in read(paths)
    ]


def test_a_folder_is_walked_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.xml").write_bytes(b"b1")
    (tmp_path / "a.XML").write_bytes(b"a")
    (tmp_path / "c.zip").write_bytes(archive({"x.xml": b"cx", "map/y.xml": b"cy"}))
    (tmp_path / "lees.txt").write_bytes(b"niet")
    (tmp_path / ".verborgen.xml").write_bytes(b"niet")
    assert listed(tmp_path) == [
        ("a.XML", "", b"a", ""),
        ("1.xml", "", b"b1", ""),
        ("c.zip", "x.xml", b"cx", ""),
        ("c.zip", "map/y.xml", b"cy", ""),
    ]
    assert count([tmp_path]) == 4


def test_a_file_that_is_named_is_read_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "bericht.txt").write_bytes(b"x")
    assert listed(tmp_path / "bericht.txt") == [("bericht.txt", "", b"x", "")]


def test_what_cannot_be_read_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "1.zip").write_bytes(b"geen zip")
    broken = bytearray(archive({"x.xml": b"abc" * 100, "y.xml": b"goed"}))
    broken[40:60] = b"\x00" * 20
    (tmp_path / "2.zip").write_bytes(bytes(broken))
    os.mkfifo(tmp_path / "3.xml.zip.xml")
    (tmp_path / "4.xml").write_bytes(b"goed")
    found = listed(tmp_path / "1.zip", tmp_path / "2.zip", tmp_path / "4.xml", tmp_path / "weg")
    assert [(name, lid, rule) for name, lid, _, rule in found] == [
        ("1.zip", "", "bestand"),
        ("2.zip", "x.xml", "bestand"),
        ("2.zip", "y.xml", ""),
        ("4.xml", "", ""),
        ("weg", "", "bestand"),
    ]


def test_too_large_files_and_members_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "groot.xml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with zipfile.ZipFile(tmp_path / "bom.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bom.xml", b"0" * (MAX_BYTES + 1))
        made.writestr("goed.xml", b"x")
    found = listed(tmp_path)
    assert [(name, lid, len(data), rule) for name, lid, data, rule in found] == [
        ("bom.zip", "bom.xml", 0, "OP192"),
        ("bom.zip", "goed.xml", 1, ""),
        ("groot.xml", "", 0, "OP192"),
    ]


def test_an_input_without_problem_has_none() -> None:
    assert Input("a", "", b"").problem is None


def test_an_archive_is_read_by_the_same_names_as_a_folder(tmp_path: Path) -> None:
    members = {
        "berichten/a.xml": b"a",
        "__MACOSX/berichten/._a.xml": b"\x00\x05\x16\x07",
        "berichten/.DS_Store": b"\x00",
        "Thumbs.db": b"",
        "LEESMIJ.txt": b"lees",
        "overzicht.pdf": b"%PDF",
    }
    (tmp_path / "mac.zip").write_bytes(archive(members))
    (tmp_path / "los.txt").write_bytes(b"niet")
    skipped: list[None] = []
    inputs = list(read([tmp_path], lambda: skipped.append(None)))
    assert [(one.lid, one.data) for one in inputs] == [("berichten/a.xml", b"a")]
    assert len(skipped) == 6
    assert count([tmp_path]) == 1


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_unpacks_without_bound_is_refused_unread(tmp_path: Path, method: int) -> None:
    path = tmp_path / "bom.zip"
    with zipfile.ZipFile(path, "w", method) as bomb:
        bomb.writestr("bom.xml", b"0" * 30_000_000)
        bomb.writestr("goed.xml", b"x", zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    # The directory says that it is small.
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"goed.xml"))
    content[at + 24 : at + 28] = (2000).to_bytes(4, "little")
    first = content.index(b"PK\x01\x02")
    content[first + 24 : first + 28] = (2000).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    tracemalloc.start()
    inputs = list(read([path]))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    (bomb_input, good) = inputs
    assert bomb_input.problem is not None and "gecomprimeerd als" in bomb_input.problem.melding
    assert bomb_input.data == b"" and good.lid == "goed.xml"


def test_nested_and_encrypted_members_are_refused_with_their_true_cause(tmp_path: Path) -> None:
    content = bytearray(archive({"in.zip": archive({"x.xml": b"x"}), "dicht.xml": b"geheim"}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(content))
    problems = [one.problem.melding for one in read([tmp_path]) if one.problem]
    assert ["zip in een zip" in problems[0], "wachtwoord" in problems[1]] == [True, True]
