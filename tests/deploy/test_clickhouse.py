"""
The rights of ClickHouse, on the engine: who migrates, who writes and who reads may do that alone.

The engine (chDB) has one user, `default`, without a password; it is given the grants and the
profile that deploy/clickhouse gives a user of the server. What it does not read from a file
(`access_control_improvements`, and with it the one constraint) is not tried here.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import clickhouse_connect
import pytest

from deploy.secrets import make
from tests.bridge import Bridge, running_bridge
from tests.deploy.documents import ROOT
from tests.emissions import emission, values
from zorgstroom.sinks.clickhouse import open_server
from zorgstroom.sinks.connection import Connection
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkRefusedError
from zorgstroom.sinks.schema import migrate

pytestmark = pytest.mark.embedded
USERS = ROOT / "deploy/clickhouse/users.d/zorgstroom.xml"
As = Callable[[str], str]


@pytest.fixture
def engine_as(tmp_path: Path) -> As:
    """Return what gives the engine's address, on one folder of data, with the rights of a user."""
    pytest.importorskip("chdb")
    make(tmp_path / "geheimen")

    def prepared(name: str) -> str:
        folder = tmp_path / name
        (folder / "users.d").mkdir(parents=True, exist_ok=True)
        (folder / "users.xml").write_text(
            "<clickhouse><profiles><default/></profiles><quotas><default/></quotas>"
            "<users><default><password/></default></users></clickhouse>"
        )
        tree = ET.parse(USERS)
        top = tree.getroot()
        include = top.find("include_from")
        assert include is not None and include.text == "/run/secrets/clickhouse_gebruikers"
        include.text = str(tmp_path / "geheimen" / "clickhouse_gebruikers")
        for profile in top.findall("profiles/*"):
            for constraint in profile.findall("constraints"):
                profile.remove(constraint)
        users = top.find("users")
        chosen = top.find(f"users/{name}")
        assert users is not None and chosen is not None
        default = users.find("default")
        assert default is not None
        users.remove(default)
        given = ET.SubElement(users, "default", replace="replace")
        ET.SubElement(given, "password")
        given.extend(part for part in chosen if part.tag != "password_sha256_hex")
        tree.write(folder / "users.d" / "zorgstroom.xml")
        (folder / "config.xml").write_text(
            f"<clickhouse><users_config>{folder}/users.xml</users_config></clickhouse>"
        )
        return f"{tmp_path}/data?config-file={folder}/config.xml"

    return prepared


def connected(bridge: Bridge) -> Connection:
    """Connect as a tool of an analyst does: our own client changes a setting, which needs more."""
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=int(bridge.url.rpartition(":")[2]),
        username=bridge.user,
        password=bridge.password,
        autogenerate_session_id=False,
    )
    return Connection(client, bridge.url, pauses=())


def refused(connection: Connection, statement: str) -> None:
    with pytest.raises(SinkRefusedError, match=r"code (497|164|514)\b"):
        connection.run(statement)
        pytest.fail(f"this was allowed: {statement}")


@pytest.mark.slow
def test_each_user_may_do_its_own_work_and_no_more(engine_as: As) -> None:
    with (
        running_bridge(engine=engine_as("schrijver")) as bridge,
        pytest.raises(SinkRefusedError, match="497"),
    ):
        open_server(bridge.url, bridge.user, bridge.password)

    with running_bridge(engine=engine_as("migratie")) as bridge:
        connection = connected(bridge)
        migrate(connection, "publicatie")
        migrate(connection, "publicatie")
        refused(connection, "CREATE DATABASE ander")
        refused(connection, "DROP DATABASE publicatie")
        refused(connection, "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)")
        connection.close()

    with running_bridge(engine=engine_as("schrijver")) as bridge:
        publication = open_server(bridge.url, bridge.user, bridge.password)
        publication.write(emission(1, values(waarden=[7, None, 3])))
        assert len(publication.figures(Filter(), historie=True)) == 3
        connection = connected(bridge)
        refused(connection, "ALTER TABLE publicatie.historie_rijen DELETE WHERE 1")
        refused(connection, "TRUNCATE TABLE publicatie.historie_rijen")
        refused(connection, "TRUNCATE TABLE publicatie.bescherming")
        refused(connection, "DROP TABLE publicatie.historie_rijen")
        refused(connection, "CREATE TABLE publicatie.x (a UInt8) ENGINE = Memory")
        refused(connection, "SELECT * FROM file('/etc/passwd', LineAsString)")
        publication.close()

    for reader in ("analist", "grafana"):
        with running_bridge(engine=engine_as(reader)) as bridge:
            reads_and_no_more(connected(bridge))


@pytest.mark.slow
def test_the_user_that_migrates_may_renew_an_empty_database_of_a_former_version(
    engine_as: As, tmp_path: Path
) -> None:
    with running_bridge(engine=f"{tmp_path}/data") as bridge:
        connection = connected(bridge)
        connection.run("CREATE DATABASE publicatie")
        for table in ("historie_rijen", "laatste_rijen", "emissies_rijen"):
            connection.run(
                f"CREATE TABLE publicatie.{table} (certificaat String) "
                "ENGINE = ReplacingMergeTree ORDER BY certificaat"
            )
        connection.run("CREATE VIEW publicatie.cijfers AS SELECT * FROM publicatie.laatste_rijen")
        connection.run(
            "CREATE TABLE publicatie.schema_versies (nummer UInt32, naam String) "
            "ENGINE = ReplacingMergeTree ORDER BY nummer"
        )
        connection.run("INSERT INTO publicatie.schema_versies VALUES (2, 'tijdigheid')")
        connection.close()

    with running_bridge(engine=engine_as("migratie")) as bridge:
        connection = connected(bridge)
        migrate(connection, "publicatie")
        assert connection.rows("SELECT * FROM publicatie.cijfers") == []
        assert connection.rows("SELECT beleid FROM publicatie.emissies") == []
        connection.close()


def reads_and_no_more(connection: Connection) -> None:
    for view in ("cijfers", "cijfers_historie", "emissies", "eigenaren", "bescherming"):
        connection.rows(f"SELECT * FROM publicatie.{view}")
    assert connection.rows("SELECT count(), sum(waarde) FROM publicatie.cijfers")[0] == (3, 10)
    for statement in (
        "INSERT INTO publicatie.historie_rijen SELECT * FROM publicatie.historie_rijen",
        "INSERT INTO publicatie.eigenaren VALUES ('twente', 9, 'ik', now())",
        "INSERT INTO publicatie.bescherming SELECT * FROM publicatie.bescherming",
        "ALTER TABLE publicatie.historie_rijen DELETE WHERE 1",
        "OPTIMIZE TABLE publicatie.historie_rijen FINAL",
        "TRUNCATE TABLE publicatie.historie_rijen",
        "DROP VIEW publicatie.cijfers",
        "DROP DATABASE publicatie",
        "CREATE DATABASE ander",
        "CREATE TABLE publicatie.x (a UInt8) ENGINE = Memory",
        "CREATE VIEW publicatie.x AS SELECT 1",
        "CREATE TEMPORARY TABLE x (a UInt8)",
        "CREATE USER x",
        "GRANT SELECT ON *.* TO analist",
        "SET max_execution_time = 0",
        "SET readonly = 0",
        "SELECT * FROM system.users",
        "SELECT * FROM file('/etc/passwd', LineAsString)",
        "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SYSTEM FLUSH LOGS",
    ):
        refused(connection, statement)
    connection.close()


def test_no_user_has_more_than_the_roles() -> None:
    top = ET.parse(USERS).getroot()
    roles = {role.tag for role in top.findall("roles/*")}
    for user in top.findall("users/*"):
        if user.tag == "default":
            assert user.attrib == {"remove": "remove"}
            continue
        (grant,) = user.findall("grants/query")
        assert grant.text and grant.text.removeprefix("GRANT ") in roles
        hashes = user.find("password_sha256_hex")
        assert hashes is not None and hashes.attrib == {"incl": user.tag} and not hashes.text
    readers = {"analist", "grafana"}
    for name in readers:
        assert top.findtext(f"users/{name}/profile") == "zorgstroom_lezen"
        assert top.findtext(f"users/{name}/grants/query") == "GRANT zorgstroom_analist"
    assert top.findtext("profiles/zorgstroom_lezen/readonly") == "1"
