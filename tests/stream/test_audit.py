"""`zorgstroom audit` on what the real engine published, and on publications that leak."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.stream.audited_region import FIRST, LAST, OTHER_KEY, publish_region, settings
from zorgstroom.sinks.connection import Connection, connect_embedded
from zorgstroom.stream.audit import Report, UnknownRegionError, Wishes, audit
from zorgstroom.stream.audit_report import as_json
from zorgstroom.stream.cli import main
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.settings import Settings

pytest.importorskip("highspy")
pytestmark = [pytest.mark.embedded, pytest.mark.slow]

HISTORY = "publicatie.historie_rijen"
KEY = "gebied_soort, gebied, wet, product_niveau, product, maat, periode_soort, periode, versie"
FEW = Wishes(steekproef=40, momenten=2)
HISTORY_ONLY = replace(FEW, uren=0)
"""No time for linear programmes: what single rows tell is found all the same."""


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("chdb")
    folder = tmp_path_factory.mktemp("region")
    publish_region(folder, settings())
    return folder


@pytest.fixture
def touched(region: Path, tmp_path: Path) -> Iterator[tuple[Path, Connection]]:
    """A copy of the region's folder, with its database open."""
    folder = tmp_path / "data"
    shutil.copytree(region, folder, symlinks=True)
    connection = connect_embedded(folder / "chdb")
    yield folder, connection
    connection.close()


def audited(data: Path, asked: Settings | None = None, wishes: Wishes = FEW) -> Report:
    return audit(asked or settings(), data, wishes, data / "voortgang.json")


def kinds(report: Report) -> set[str]:
    return {leak.soort for _, leak in report.leaks}


def latest_row(connection: Connection, condition: str) -> str:
    """Return the condition that names the latest row of the history that meets `condition`."""
    names = KEY.split(", ")
    row = connection.rows(
        f"SELECT {', '.join(f'toString({name})' for name in names)} FROM {HISTORY} "
        f"WHERE {condition} ORDER BY versie DESC, {KEY} LIMIT 1"
    )[0]
    return " AND ".join(
        f"toString({name}) = '{value}'" for name, value in zip(names, row, strict=True)
    )


def write_again(connection: Connection, row: str, **columns: str) -> None:
    """Write a row of the history again with other values, as only its owner could."""
    changed = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    connection.run(
        f"INSERT INTO {HISTORY} SELECT * REPLACE ({changed}) FROM ({HISTORY_ROWS} WHERE {row})"
    )


HISTORY_ROWS = f"SELECT * FROM {HISTORY}"


def test_what_the_engine_published_is_safe(region: Path) -> None:
    report = audited(region)
    assert report.leaks == []
    assert report.exact == 0 and report.is_safe and report.is_complete
    assert [result.naam for result in report.results] == [
        "proef Wmo cijfers",
        "proef Wmo tijdigheid",
        "proef Jw cijfers",
        "proef Jw tijdigheid",
    ]
    for result in report.results:
        assert result.verborgen >= len(result.waarden) == result.steekproef > 0
        assert result.smalst == 5
    figures = report.results[0]
    assert figures.tellingen > 1500 and figures.verborgen > 500
    assert report.reach.publicaties >= 14 and report.reach.momenten == 2
    assert (report.reach.vanaf, report.reach.tot_en_met) == (FIRST, LAST)
    assert not (region / "voortgang.json").exists()


@pytest.mark.parametrize(
    ("where", "columns", "kind"),
    [
        ("waarde > 20", {"waarde": "toNullable(waarde + 1)"}, "geen veelvoud"),
        ("waarde > 20", {"waarde": "toNullable(toUInt32(5))"}, "geen veelvoud"),
        # A stock that is copied to a longer period, and is another there.
        (
            "maat = 'actief' AND periode_soort = 'kwartaal' AND waarde > 20",
            {"waarde": "toNullable(waarde + 5)"},
            "twee cijfers",
        ),
        (
            "maat = 'actief' AND periode_soort = 'dag' AND periode = '2026-01-31' AND waarde > 20",
            {"waarde": "toNullable(waarde + 5)"},
            "twee cijfers",
        ),
        # A hoofdgroep of one categorie under a name of its own.
        (
            "product = 'Hulp bij het huishouden' AND maat = 'instroom' "
            "AND periode_soort = 'maand' AND periode = '2026-01-01' AND waarde IS NOT NULL",
            {"waarde": "toNullable(waarde + 5)"},
            "twee cijfers",
        ),
        (
            "maat = 'instroom' AND periode_soort = 'jaar' AND tot_en_met IS NOT NULL",
            {"waarde": "toNullable(waarde + 5)"},
            "som klopt niet",
        ),
    ],
)
def test_a_figure_that_is_no_reading_of_its_count_is_found(
    touched: tuple[Path, Connection], where: str, columns: dict[str, str], kind: str
) -> None:
    data, connection = touched
    write_again(connection, latest_row(connection, where), **columns)
    connection.close()
    report = audited(data, wishes=HISTORY_ONLY)
    assert kind in kinds(report)
    assert not report.is_safe


def test_a_version_of_a_row_that_says_nothing_new_is_found(
    touched: tuple[Path, Connection],
) -> None:
    data, connection = touched
    (versie,) = connection.rows("SELECT max(versie) FROM publicatie.emissies_rijen")[0]
    row = latest_row(connection, f"periode_soort = 'maand' AND versie < {versie}")
    write_again(connection, row, versie=f"toUInt64({versie})")
    connection.close()
    report = audited(data, wishes=HISTORY_ONLY)
    assert [(leak.soort, leak.versie) for _, leak in report.leaks] == [("niets nieuws", versie)]


def test_an_emission_without_rows_is_found(touched: tuple[Path, Connection]) -> None:
    data, connection = touched
    connection.run(
        "INSERT INTO publicatie.emissies_rijen SELECT * REPLACE (versie - 1 AS versie) "
        "FROM publicatie.emissies_rijen ORDER BY versie LIMIT 1"
    )
    connection.close()
    assert kinds(audited(data, wishes=HISTORY_ONLY)) == {"niets nieuws"}


def test_rows_of_an_emission_that_was_cut_off_say_nothing(
    touched: tuple[Path, Connection],
) -> None:
    data, connection = touched
    last = "(SELECT max(versie) FROM publicatie.emissies_rijen)"
    connection.run(
        f"ALTER TABLE {HISTORY} DELETE WHERE versie = {last} AND gebied_soort = 'regio' "
        "SETTINGS mutations_sync = 2"
    )
    connection.run(
        f"ALTER TABLE publicatie.emissies_rijen DELETE WHERE versie = {last} "
        "SETTINGS mutations_sync = 2"
    )
    connection.close()
    assert audited(data, wishes=HISTORY_ONLY).is_safe


def test_a_second_rounding_key_is_found(tmp_path: Path) -> None:
    publish_region(tmp_path, settings(), date(2026, 2, 20))
    connection = connect_embedded(tmp_path / "chdb")
    connection.run("TRUNCATE TABLE publicatie.bescherming")
    connection.close()
    # Nobody refuses the other key now, and all figures are rounded anew.
    with Engine(settings(key=OTHER_KEY), tmp_path, SystemClock(date(2026, 2, 20))) as engine:
        engine.publish()
    report = audited(tmp_path, settings(key=OTHER_KEY), HISTORY_ONLY)
    assert "twee sleutels" in kinds(report)
    assert len([leak for _, leak in report.leaks if leak.soort == "twee sleutels"]) <= 2


def test_the_bare_threshold_is_undone_by_subtraction(tmp_path: Path) -> None:
    bare = settings(policy="kale_drempel")
    publish_region(tmp_path, bare, date(2026, 1, 21))
    report = audited(tmp_path, bare, replace(FEW, steekproef=400))
    assert kinds(report) == {"beleid"}
    assert report.exact > 3
    assert not report.is_safe
    assert as_json(report)["precies_bekend"] == report.exact


def test_exact_figures_are_reported_as_such(tmp_path: Path) -> None:
    exact = settings(policy="geen")
    publish_region(tmp_path, exact, FIRST)
    report = audited(tmp_path, exact)
    assert report.is_exact and not report.is_safe
    assert "exact gepubliceerd" in as_json(report)["reden"]


def test_who_does_not_know_from_when_figures_are_published_sees_it(region: Path) -> None:
    analyst = Settings.model_validate({"regios": settings().regios, "publication": {"jaren": 1}})
    report = audited(region, analyst, HISTORY_ONLY)
    assert report.leaks == []
    assert report.reach.vanaf == FIRST


def test_an_audit_without_time_tells_what_it_did_not_do(region: Path) -> None:
    report = audited(region, wishes=HISTORY_ONLY)
    assert report.is_safe and not report.is_complete
    assert all(not result.waarden for result in report.results)
    assert as_json(report)["volledig"] is False


def test_a_question_that_cannot_be_asked_is_refused(region: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="staan geen cijfers"):
        audited(tmp_path)
    with pytest.raises(UnknownRegionError, match=r"'twente'.*wel van: proef"):
        audited(region, wishes=replace(FEW, regios=("twente",)))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the region as a shell has them."""
    asked = settings()
    monkeypatch.setenv("ZORGSTROOM_REGIOS", json.dumps(asked.regios))
    monkeypatch.setenv("ZORGSTROOM_PUBLICATION__VANAF", FIRST.isoformat())
    monkeypatch.setenv("ZORGSTROOM_PUBLICATION__JAREN", "1")
    monkeypatch.setenv("ZORGSTROOM_PUBLICATION__NALOOP_DAGEN", "5")


def command(data: Path, *arguments: str) -> Result:
    fixed = ("audit", "--data", str(data), "--steekproef", "30", "--wet", "Wmo")
    return CliRunner().invoke(main, [*fixed, *arguments])


@pytest.mark.usefixtures("shell")
def test_the_command_prints_what_it_did(region: Path) -> None:
    result = command(region)
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "Van de 60 onderzochte aantallen is er geen precies te herleiden." in text
    assert "per dag, halfjaar, jaar, kwartaal, maand" in text
    assert "regio x totaal" in text and "…" not in text, "nothing is cut off"
    assert "n.b.-aantallen zijn niet onderzocht" in text
    assert "Buiten beschouwing: aandelen van de volledigheid" in text
    assert not list(region.glob("audit-voortgang*"))


@pytest.mark.usefixtures("shell")
def test_the_command_answers_in_json_and_nothing_else(region: Path) -> None:
    result = command(region, "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["veilig"] is True and answer["lekken"] == {}
    assert [each["naam"] for each in answer["programmas"]] == [
        "proef Wmo cijfers",
        "proef Wmo tijdigheid",
    ]
    assert all(each["onderzocht"] == each["steekproef"] for each in answer["programmas"])


@pytest.mark.usefixtures("shell")
def test_the_command_ends_with_1_when_something_leaks(touched: tuple[Path, Connection]) -> None:
    data, connection = touched
    row = latest_row(connection, "waarde > 20 AND wet = 'Wmo'")
    write_again(connection, row, waarde="toNullable(waarde + 1)")
    connection.close()
    result = command(data, "--uren", "0")
    assert result.exit_code == 1
    assert "LEK: geen afgerond cijfer" in result.output
    assert "De tijd was om na 0 van" in result.output
    assert "onderzochte aantallen" not in result.output


@pytest.mark.usefixtures("shell")
def test_what_was_not_examined_is_not_called_safe(region: Path, tmp_path: Path) -> None:
    result = command(region, "--uren", "0", "--voortgang", str(tmp_path / "voortgang.json"))
    text = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "Geen enkel klein aantal" not in text
    assert "Van de 0 onderzochte aantallen is er geen precies te herleiden." in text
    assert "n.b.-aantallen zijn niet onderzocht." in text


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("wrong", [("--regio", "twente"), ("--uren", "-1"), ("--wet", "Wlz")])
def test_the_command_ends_with_2_when_it_is_not_understood(
    region: Path, wrong: tuple[str, str]
) -> None:
    assert command(region, *wrong).exit_code == 2
