"""
Brings a database up to the schema this version knows, and refuses one that is ahead of it.

Applied steps are recorded in the table `schema_versies`; a database that is up to date is only
read, so that a user without the right to create tables can open it.
"""

# ruff: noqa: S608 - the SQL is made of our own constants and a checked name; values are bound

import re

from clickhouse_connect.driver.binding import quote_identifier

from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.errors import SinkRefusedError
from zorgstroom.sinks.migrations import FIRST_READABLE, MIGRATIONS

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def quoted(database: str) -> str:
    """Return `database` as it may stand in SQL; raises `SinkRefusedError` for a strange name."""
    if not NAME.fullmatch(database):
        raise SinkRefusedError(
            f"{database!r} is geen bruikbare naam voor een database: gebruik letters, cijfers en _."
        )
    return quote_identifier(database)


def version(connection: Connection, database: str) -> int:
    """Return the number of the last step applied to `database`; 0 when there is none."""
    known = connection.rows(
        "SELECT count() FROM system.tables WHERE database = {database:String} "
        "AND name = 'schema_versies'",
        {"database": database},
    )
    if known[0][0] == 0:
        return 0
    number = connection.rows(f"SELECT max(nummer) FROM {quoted(database)}.schema_versies")[0][0]
    return int(str(number))


def migrate(connection: Connection, database: str) -> None:
    """
    Apply to `database` the steps it has not had, in order; make it when it is not there.

    Safe to run again after being cut off anywhere, and by two processes at once.

    Raises:
        SinkRefusedError: the database is ahead of this program, or we may not change it.

    """
    present, latest = version(connection, database), MIGRATIONS[-1].number
    if present > latest:
        raise SinkRefusedError(
            f"De database {database} heeft schemaversie {present}; deze versie van Zorgstroom kent "
            f"er {latest}. Werk Zorgstroom bij, of gebruik een andere database."
        )
    if present == latest:
        return
    db = quoted(database)
    if 0 < present < FIRST_READABLE and _has_figures(connection, database):
        raise SinkRefusedError(
            f"De database {database} bevat cijfers van een vorige versie, die anders beschermd "
            "zijn. Publiceer in een nieuwe database (ingebed: verplaats de map chdb), en zet "
            "ZORGSTROOM_PUBLICATION__VANAF op een dag na de periodes die ooit exact zijn "
            "gepubliceerd. De cijfers worden uit de dossiers opnieuw gemaakt: zie "
            "docs/operating.md, 'Upgrade'."
        )
    connection.run(f"CREATE DATABASE IF NOT EXISTS {db}")
    connection.run(
        f"CREATE TABLE IF NOT EXISTS {db}.schema_versies (nummer UInt32, naam String) "
        "ENGINE = ReplacingMergeTree ORDER BY nummer "
        "COMMENT 'Stappen die deze database heeft gehad'"
    )
    for step in MIGRATIONS:
        if step.number <= present:
            continue
        for statement in step.statements:
            connection.run(statement.replace("{db}", db))
        connection.run(
            f"INSERT INTO {db}.schema_versies SETTINGS async_insert = 0 "
            f"SELECT {step.number}, '{step.name}'"
        )


def _has_figures(connection: Connection, database: str) -> bool:
    """Return whether there are figures in `database`, also when a step was cut off in it."""
    return bool(
        connection.rows(
            "SELECT 1 FROM system.tables WHERE database = {database:String} "
            "AND name IN ('historie_rijen', 'tijdigheid_rijen') AND total_rows > 0 LIMIT 1",
            {"database": database},
        )
    )
