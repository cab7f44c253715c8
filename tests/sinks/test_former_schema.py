"""A database of suppressed figures is refused with what to do; an empty one is made new."""

import pytest

from tests.emissions import emission, values
from tests.sinks.cutoff import CutOffConnection, CutOffError
from tests.sinks.former_schema import FIGURE, TIMELINESS, make_former
from zorgstroom.sinks import schema
from zorgstroom.sinks.clickhouse import ClickHousePublication
from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkRefusedError
from zorgstroom.sinks.migrations import MIGRATIONS

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
LATEST = MIGRATIONS[-1].number


@pytest.mark.parametrize(
    ("number", "rows", "table"),
    [
        (1, [FIGURE], "historie_rijen"),
        (2, [FIGURE], "historie_rijen"),
        (2, [TIMELINESS], "tijdigheid_rijen"),
    ],
)
def test_figures_of_a_former_version_are_refused_and_left_as_they_are(
    connection: Connection, number: int, rows: list[str], table: str
) -> None:
    make_former(connection, "publicatie", number, *rows)
    before = connection.rows(f"SELECT * FROM publicatie.{table}")
    for _ in range(2):
        with pytest.raises(SinkRefusedError, match="vorige versie") as refusal:
            ClickHousePublication(connection, "publicatie")
    told = str(refusal.value)
    assert "nieuwe database" in told and "verplaats de map chdb" in told
    assert "ZORGSTROOM_PUBLICATION__VANAF" in told and "docs/operating.md" in told
    assert schema.version(connection, "publicatie") == number
    assert connection.rows(f"SELECT * FROM publicatie.{table}") == before


@pytest.mark.parametrize("number", [1, 2])
def test_an_empty_database_of_a_former_version_is_made_new(
    connection: Connection, number: int
) -> None:
    make_former(connection, "publicatie", number)
    publication = ClickHousePublication(connection, "publicatie")
    assert schema.version(connection, "publicatie") == LATEST
    publication.write(emission(1, values()))
    assert [figure.waarde for figure in publication.figures(Filter())] == [7]
    assert [one.beleid for one in publication.emissions(1)] == ["afronden 5 10"]
    schema.migrate(connection, "anders")
    shapes = [
        connection.rows(
            f"SELECT table, name, type FROM system.columns WHERE database = '{database}' "
            "ORDER BY table, position"
        )
        for database in ("publicatie", "anders")
    ]
    assert shapes[0] == shapes[1]


def test_making_it_new_may_be_cut_off_anywhere(connection: Connection) -> None:
    for cut in range(2 + sum(len(step.statements) + 1 for step in MIGRATIONS)):
        database = f"cut_{cut}"
        make_former(connection, database, 2)
        with pytest.raises(CutOffError):
            schema.migrate(CutOffConnection(connection, cut), database)
        publication = ClickHousePublication(connection, database)
        publication.write(emission(1, values()))
        assert len(publication.figures(Filter())) == 1
