"""Migrations: applied once, in order, safe to cut off, and never backwards."""

import pytest

from tests.emissions import emission, values
from tests.sinks.cutoff import CutOffConnection, CutOffError
from zorgstroom.sinks import migrations, schema
from zorgstroom.sinks.clickhouse import ClickHousePublication
from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkRefusedError

pytestmark = pytest.mark.embedded
LATEST = migrations.MIGRATIONS[-1].number


def statements_to_migrate() -> int:
    return 2 + sum(len(step.statements) + 1 for step in migrations.MIGRATIONS)


@pytest.mark.slow
def test_a_migration_may_be_cut_off_anywhere(connection: Connection) -> None:
    for cut in range(statements_to_migrate()):
        database = f"cut_{cut}"
        with pytest.raises(CutOffError):
            schema.migrate(CutOffConnection(connection, cut), database)
        publication = ClickHousePublication(connection, database)
        publication.write(emission(1, values()))
        assert len(publication.figures(Filter())) == 1
        assert schema.version(connection, database) == LATEST


def test_a_database_that_is_up_to_date_is_only_read(connection: Connection) -> None:
    schema.migrate(connection, "publicatie")
    schema.migrate(CutOffConnection(connection, 0), "publicatie")


def test_a_database_from_a_later_program_is_refused(connection: Connection) -> None:
    schema.migrate(connection, "publicatie")
    connection.run(f"INSERT INTO publicatie.schema_versies SELECT {LATEST + 1}, 'later'")
    with pytest.raises(SinkRefusedError, match="Werk Zorgstroom bij"):
        ClickHousePublication(connection, "publicatie")


def test_migrations_are_numbered_without_holes_from_the_first_that_is_read() -> None:
    numbers = [step.number for step in migrations.MIGRATIONS]
    assert numbers == list(range(migrations.FIRST_READABLE, LATEST + 1))


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a`b", "1a", "a;", "x" * 64, "ü"])
def test_a_strange_name_for_a_database_is_refused(connection: Connection, name: str) -> None:
    with pytest.raises(SinkRefusedError, match="geen bruikbare naam"):
        ClickHousePublication(connection, name)


def test_every_column_that_analysts_read_is_explained(connection: Connection) -> None:
    schema.migrate(connection, "publicatie")
    found = connection.rows(
        "SELECT table, name, comment FROM system.columns WHERE database = 'publicatie' "
        "AND table IN ('cijfers', 'cijfers_historie', 'emissies', 'eigenaren', "
        "'bescherming', 'tijdigheid')"
    )
    assert len(found) == 13 + 13 + 4 + 4 + 5 + 13
    assert [row for row in found if not row[2]] == []
