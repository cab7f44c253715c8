"""`zorgstroom audit` on a publication of the real engine, and on one that somebody touched."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stream.messages import message
from tests.stream.published_town import publish_town, settings
from zorgstroom.sinks.connection import Connection, connect_embedded
from zorgstroom.stream.audit import audit_data
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

HISTORY = "publicatie.historie_rijen"
KEY = "gebied_soort, gebied, wet, product_niveau, product, maat, periode_soort, periode"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("chdb")
    folder = tmp_path_factory.mktemp("town")
    publish_town(folder, settings())
    return folder


@pytest.fixture
def touched(town: Path, tmp_path: Path) -> Iterator[tuple[Path, Connection]]:
    folder = tmp_path / "data"
    shutil.copytree(town, folder, symlinks=True)
    connection = connect_embedded(folder / "chdb")
    yield folder, connection
    connection.close()


def kinds(data: Path, asked: Settings, capfd: pytest.CaptureFixture[str]) -> set[str]:
    """Return what the audit of `data` finds, by kind; checks the exit code."""
    capfd.readouterr()
    code = audit_data(asked, data, thorough=False, as_json=True)
    said = json.loads(capfd.readouterr().out)
    assert code == (0 if said["veilig"] else 1)
    assert said["veilig"] == (not said["onthullingen"])
    return {found["soort"] for found in said["onthullingen"]}


def test_what_the_engine_published_is_safe(town: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert audit_data(settings(), town, thorough=False, as_json=True) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["onthullingen"] == said["opmerkingen"] == []
    assert said["emissies"] > 20 and said["tabellen"] > 100
    assert said["gemaakt"] > 100 and said["afgeleid"] > 100
    assert said["bewezen"] > 0.9 * said["onderdrukt"] > 1000
    assert said["niet_aangevallen"]
    assert audit_data(settings(), town, thorough=False, as_json=False) == 0
    text = capfd.readouterr().out
    assert "Geen onthulling gevonden." in text and "Niet aangevallen" in text


def one(connection: Connection, condition: str, order: str = "versie DESC") -> str:
    """Return the condition that names one row of the history."""
    names = [*KEY.split(", "), "versie"]
    row = connection.rows(
        f"SELECT {', '.join(f'toString({name})' for name in names)} FROM {HISTORY} "
        f"WHERE {condition} ORDER BY {order} LIMIT 1"
    )[0]
    return " AND ".join(
        f"toString({name}) = '{value}'" for name, value in zip(names, row, strict=True)
    )


def change(connection: Connection, row: str, **columns: str) -> None:
    """Write a row of the history again with other values, as only its owner could."""
    changed = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    chosen = f"SELECT * FROM {HISTORY} WHERE {row}"
    connection.run(f"INSERT INTO {HISTORY} SELECT * REPLACE ({changed}) FROM ({chosen})")


LIVE = "status = 'voorlopig' AND periode_soort = 'maand' AND gebied_soort = 'gemeente'"


@pytest.mark.parametrize(
    ("where", "columns", "found"),
    [
        # A value of one moment is another one.
        (f"{LIVE} AND waarde > 20", {"waarde": "toNullable(waarde + 1)"}, "certificaat"),
        # A small count.
        (f"{LIVE} AND waarde > 20", {"waarde": "toNullable(7)"}, "getoond"),
        # What was suppressed at a close is put back.
        (
            "status = 'definitief' AND waarde IS NULL AND product_niveau = 'categorie' "
            "AND maat = 'actief' AND periode_soort = 'maand' AND periode = '2026-01-01'",
            {"waarde": "toNullable(12)"},
            "certificaat",
        ),
        # A sum that is not the sum.
        (
            "status = 'voorlopig' AND periode_soort = 'jaar' AND maat = 'instroom' AND waarde > 10",
            {"waarde": "toNullable(waarde + 1)"},
            "niet afgeleid",
        ),
        # A figure that goes for one of another time.
        (f"{LIVE} AND waarde > 20", {"bijgewerkt_op": "bijgewerkt_op - 1"}, "teruggezet"),
    ],
)
def test_a_row_that_was_changed_is_found(
    touched: tuple[Path, Connection],
    where: str,
    columns: dict[str, str],
    found: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data, connection = touched
    change(connection, one(connection, where), **columns)
    connection.close()
    assert found in kinds(data, settings(), capfd)


def test_a_closed_figure_that_was_renewed_is_found(
    touched: tuple[Path, Connection], capfd: pytest.CaptureFixture[str]
) -> None:
    data, connection = touched
    row = one(connection, "status = 'definitief' AND waarde > 20 AND periode_soort = 'maand'")
    (versie, tijd), *_ = connection.rows(
        "SELECT versie, toString(tijd) FROM publicatie.emissies_rijen ORDER BY versie DESC LIMIT 1"
    )
    change(
        connection,
        row,
        versie=f"toUInt64({versie})",
        bijgewerkt_op=f"toDateTime64('{tijd}', 3, 'UTC')",
        waarde="toNullable(waarde + 3)",
    )
    connection.close()
    assert "teruggezet" in kinds(data, settings(), capfd)


@pytest.mark.parametrize(
    "changed",
    [
        "splitByChar(';', certificaat)[1] || ';{}'",
        "replaceRegexpOne(certificaat, '(\":\".{20})(.)', '\\\\1A\\\\1')",
        "(SELECT certificaat FROM publicatie.emissies_rijen ORDER BY versie LIMIT 1)",
        "'geen'",
    ],
)
def test_a_certificate_that_was_changed_is_found(
    touched: tuple[Path, Connection], changed: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data, connection = touched
    last = "(SELECT max(versie) FROM publicatie.emissies_rijen)"
    connection.run(
        f"INSERT INTO publicatie.emissies_rijen SELECT * REPLACE ({changed} AS certificaat) "
        f"FROM publicatie.emissies_rijen WHERE versie = {last}"
    )
    connection.close()
    assert kinds(data, settings(), capfd) & {"certificaat", "onbeschermd"}


def test_rows_without_an_emission_are_found_unless_a_crash_explains_them(
    touched: tuple[Path, Connection], capfd: pytest.CaptureFixture[str]
) -> None:
    data, connection = touched
    # Of emissions with rows: a moment without news leaves nothing that could stand alone.
    versions = [
        row[0]
        for row in connection.rows(
            "SELECT versie FROM publicatie.emissies_rijen WHERE versie IN "
            "(SELECT versie FROM publicatie.historie_rijen) ORDER BY versie"
        )
    ]
    for versie, is_found in ((versions[-1], False), (versions[len(versions) // 2], True)):
        connection.run(
            f"ALTER TABLE publicatie.emissies_rijen DELETE WHERE versie = {versie} "
            "SETTINGS mutations_sync = 2"
        )
        connection.close()
        assert ("zonder emissie" in kinds(data, settings(), capfd)) == is_found
        connection = connect_embedded(data / "chdb")
    connection.close()


def test_exact_figures_are_reported_as_unprotected(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = settings(policy="geen")
    with Engine(asked, tmp_path, SystemClock()) as engine:
        engine.process([Input("a", "", message(1))])
        engine.publish()
    assert kinds(tmp_path, asked, capfd) == {"onbeschermd"}


def test_a_folder_without_figures_or_in_use_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="staan geen cijfers"):
        audit_data(settings(), tmp_path, thorough=False, as_json=False)
