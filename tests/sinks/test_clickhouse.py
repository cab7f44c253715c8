"""What only the ClickHouse publication has: crashes half-way, two databases, raw rows below."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.emissions import JANUARI, emission, many, series, values
from tests.sinks.cutoff import CutOffConnection, CutOffError
from zorgstroom.sinks import cells
from zorgstroom.sinks.clickhouse import ClickHousePublication, open_embedded
from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.memory import MemoryPublication

pytestmark = pytest.mark.embedded
ALL = Filter()


def test_a_crash_between_statements_is_repaired_by_writing_again(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "CHUNK_CHARACTERS", 400)
    publication, twin = ClickHousePublication(connection), MemoryPublication()
    first = emission(1, values(waarden=[1] * 12))
    publication.write(first)
    twin.write(first)
    second = many(2, 12, 12)
    count = len(list(cells.statements(second, "x")))
    assert count > 4
    for cut in range(count):
        with pytest.raises(CutOffError):
            ClickHousePublication(CutOffConnection(connection, cut)).write(second)
        assert publication.last_emission("twente") == first.tijd, "not complete yet"
    gebieden = [found.series.gebied for found in second.values]
    assert publication.last_version("twente", gebieden) == 2, "the number is not free"
    publication.write(second)
    twin.write(second)
    assert publication.last_emission("twente") == second.tijd
    assert publication.figures(ALL) == twin.figures(ALL)
    assert publication.figures(ALL, historie=True) == twin.figures(ALL, historie=True)


def test_a_crash_between_history_and_latest_is_repaired_by_writing_again(
    connection: Connection,
) -> None:
    publication = ClickHousePublication(connection)
    publication.write(emission(1, values(waarden=[1])))
    connection.run("DETACH TABLE publicatie.laatste_vuller")
    publication.write(emission(2, values(waarden=[2])))
    connection.run("ATTACH TABLE publicatie.laatste_vuller")
    assert publication.figures(ALL)[0].waarde == 1
    publication.write(emission(2, values(waarden=[2])))
    assert publication.figures(ALL)[0].waarde == 2


def test_other_figures_under_the_same_version_are_not_dropped(connection: Connection) -> None:
    publication = ClickHousePublication(connection)
    publication.write(emission(1, values(waarden=[1])))
    publication.write(emission(1, values(waarden=[2])))
    assert publication.figures(ALL)[0].waarde == 2


def test_a_repeated_statement_adds_no_rows(connection: Connection) -> None:
    publication = ClickHousePublication(connection)
    for _ in range(3):
        publication.write(many(1, 50, 30))
    for table, rows in (("historie_rijen", 1500), ("laatste_rijen", 1500), ("emissies_rijen", 1)):
        assert connection.rows(f"SELECT count() FROM publicatie.{table}")[0][0] == rows


def test_a_statement_is_one_block(connection: Connection) -> None:
    publication = ClickHousePublication(connection)
    connection.run("SYSTEM STOP MERGES")
    large = many(1, 1000, 500)
    publication.write(large)
    statements = len(list(cells.chunks(large)))
    assert statements > 1
    for table in ("historie_rijen", "laatste_rijen"):
        parts = connection.rows(
            "SELECT count() FROM system.parts WHERE active AND table = {table:String}",
            {"table": table},
        )
        assert parts[0][0] == statements
    connection.run("SYSTEM START MERGES")


def test_a_condition_on_the_value_does_not_bring_back_an_old_one(connection: Connection) -> None:
    publication = ClickHousePublication(connection)
    connection.run("SYSTEM STOP MERGES")
    publication.write(emission(1, values(waarden=[12])))
    publication.write(emission(2, values(waarden=[None])))
    for condition in ("waarde > 10", "waarde IS NOT NULL", "versie = 1", "versie < 2"):
        assert connection.rows(f"SELECT * FROM publicatie.cijfers WHERE {condition}") == []
    connection.run("SYSTEM START MERGES")


def test_two_databases_share_one_connection(connection: Connection) -> None:
    safe, exact = ClickHousePublication(connection), ClickHousePublication(connection, "exact")
    safe.write(emission(1, values(waarden=[None])))
    exact.write(emission(1, values(waarden=[3])))
    safe.close()
    assert [figure.waarde for figure in exact.figures(ALL)] == [3]
    assert [figure.waarde for figure in ClickHousePublication(connection).figures(ALL)] == [None]


def test_a_folder_keeps_what_was_written(tmp_path: Path) -> None:
    for versie in range(1, 4):
        publication = open_embedded(tmp_path)
        assert publication.last_version("twente", ["0153"]) == versie - 1
        publication.write(emission(versie, values(waarden=[versie])))
        publication.close()
    publication = open_embedded(tmp_path)
    assert [figure.waarde for figure in publication.figures(ALL, historie=True)] == [1, 2, 3]
    publication.close()


def test_an_emission_can_be_made_conditional_on_the_server(connection: Connection) -> None:
    """The fence of a later version: the same statement with a WHERE writes nothing when false."""
    publication = ClickHousePublication(connection)
    publication.write(emission(1, values(waarden=[1])))
    connection.run("INSERT INTO publicatie.eigenaren SELECT 'twente', 2, 'b', now64(3, 'UTC')")
    owner = "(SELECT max((epoch, eigenaar)) FROM publicatie.eigenaren WHERE gebied = 'twente')"
    written = emission(2, values(series(), [5]))
    for me, expected in (("(1, 'a')", 1), ("(2, 'a')", 1), ("(2, 'b')", 5)):
        for statement in cells.statements(written, "publicatie"):
            connection.run(f"{statement} WHERE {owner} = {me}")
        found = publication.figures(ALL)
        assert [(figure.periode, figure.waarde) for figure in found] == [(JANUARI, expected)]


def test_writing_and_reading_do_not_load_pandas() -> None:
    """It takes more than a second to import, which is felt at the first emission."""
    program = """
import sys
from tests.emissions import emission, values
from zorgstroom.sinks.clickhouse import open_embedded
from zorgstroom.sinks.contract import Filter
publication = open_embedded(None)
publication.write(emission(1, values()))
assert publication.figures(Filter()) and list(publication.published(["0153"]))
assert "pandas" not in sys.modules
publication.close()
"""
    subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=True)


def test_an_emission_without_a_row_is_known(connection: Connection) -> None:
    publication = ClickHousePublication(connection)
    publication.write(emission(1, values(waarden=[12])))
    publication.write(emission(2))
    assert publication.last_emission("twente") == emission(2).tijd
    assert publication.last_version("twente", ["0153"]) == 2
    assert [figure.versie for figure in publication.figures(ALL)] == [1]
