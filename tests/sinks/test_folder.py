"""The folder of the embedded engine: its rights, and one process at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from zorgstroom.sinks.clickhouse import open_embedded
from zorgstroom.sinks.errors import FolderInUseError, SinkRefusedError

pytestmark = pytest.mark.embedded
HOLDER = """
import sys
from pathlib import Path
from zorgstroom.sinks.clickhouse import open_embedded
publication = open_embedded(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
publication.close()
"""


def test_a_second_process_is_told_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "chdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(FolderInUseError, match=r"ander proces.*Stop dat proces.*--data"):
            open_embedded(folder)
        holder.communicate()
    open_embedded(folder).close()


def test_only_the_owner_may_look_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "chdb"
    open_embedded(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    open_embedded(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_may_be_opened_twice_in_one_process(tmp_path: Path) -> None:
    first, second = open_embedded(tmp_path), open_embedded(tmp_path, "exact")
    first.close()
    assert second.last_version("twente", []) == 0
    second.close()


def test_a_second_folder_in_one_process_is_refused_for_what_it_is(tmp_path: Path) -> None:
    first = open_embedded(tmp_path / "a")
    with pytest.raises(SinkRefusedError, match="dit proces"):
        open_embedded(tmp_path / "b")
    first.close()
    open_embedded(tmp_path / "b").close()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(SinkRefusedError, match="kan niet worden gemaakt"):
        open_embedded(tmp_path / "x")


def test_without_the_engine_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "chdb", None)
    monkeypatch.delitem(
        sys.modules, "clickhouse_connect.driver._backend.chdb_backend", raising=False
    )
    monkeypatch.delitem(sys.modules, "clickhouse_connect.driver._chdbclient", raising=False)
    with pytest.raises(SinkRefusedError, match=r"zorgstroom\[embedded\]"):
        open_embedded(tmp_path)
