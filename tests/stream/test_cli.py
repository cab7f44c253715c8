"""The command line as a user meets it: output, exit codes, and no secrets."""

import errno
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.stream.messages import ACHTERNAAM, TODAY, archive, bsn, message, refused
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream import sources
from zorgstroom.stream.cli import main

KEY = PseudonymKey.new_text()


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZORGSTROOM_TODAY", TODAY.isoformat())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("ZORGSTROOM_PUBLICATION__JAREN", "1")


@pytest.fixture
def geen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact figures."""
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__POLICY", "geen")


def run(*arguments: str, text: str | None = None) -> Result:
    result = CliRunner().invoke(main, arguments, input=text)
    assert ACHTERNAAM not in result.output
    return result


def messages(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.xml").write_bytes(message(number))
    (folder / "fout.xml").write_bytes(refused(99))
    (folder / "meer.zip").write_bytes(archive({"0.xml": message(0), "nieuw.xml": message(50)}))
    return folder


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_ingest_sums_up_and_figures_shows_what_it_published(tmp_path: Path) -> None:
    folder = messages(tmp_path / "in")
    done = run("ingest", str(folder), "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert (summary["aanvaard"], summary["herhaald"], summary["emissies"]) == (13, 1, 1)
    (refusal,) = summary["afkeuringen"]
    assert refusal["pad"].endswith("fout.xml") and refusal["regel"].startswith("XSD")
    assert bsn(99) not in done.output
    assert (folder / "fout.xml").exists(), "files stay where they are"

    shown = run("figures", "--gebied", "Enschede", "--periode", "2026", "--json")
    rows = json.loads(shown.stdout)["cijfers"]
    actief = {(r["wet"], r["product"]): r["waarde"] for r in rows if r["maat"] == "actief"}
    assert actief["Wmo", ""] == actief["Wmo", "Ondersteuning thuis"] == 13
    assert actief["Wmo", "Overig"] == 0
    table = run("figures", "--gebied", "0153", "--product", "02", "--periode", "2026-K1")
    assert "02 Begeleiding" in table.output and "13" in table.output
    csv = run("figures", "--product", "categorie", "--csv").stdout.splitlines()
    assert csv[0].startswith("gebied_soort,gebied,wet")
    assert any(",02,maand,2026-03-01,actief,13," in line for line in csv)
    assert any(",05,maand,2026-03-01,actief,0,,voorlopig" in line for line in csv)

    again = json.loads(run("ingest", str(folder), "--json").stdout)
    assert (again["aanvaard"], again["herhaald"], again["emissies"]) == (0, 14, 0)


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_a_disk_that_does_not_answer_ends_ingest_and_a_second_run_has_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = messages(tmp_path / "in")
    usual = sources._file

    def broken(path: str) -> sources.Input:
        if path.endswith("fout.xml"):
            raise OSError(errno.ESTALE, "Stale file handle")
        return usual(path)

    with monkeypatch.context() as patched:
        patched.setattr(sources, "_file", broken)
        done = run("ingest", str(folder))
    assert done.exit_code == 1 and "schijf of share antwoordt" in " ".join(done.output.split())
    assert run("ingest", str(folder), "--json").exit_code == 0
    rows = json.loads(run("figures", "--gebied", "Enschede", "--json").stdout)["cijfers"]
    assert max(row["waarde"] for row in rows if row["maat"] == "actief") == 13


@pytest.mark.embedded
def test_unless_asked_otherwise_figures_are_rounded_and_small_ones_not_shown(
    tmp_path: Path,
) -> None:
    folder = messages(tmp_path / "in", 26)
    summary = json.loads(run("ingest", str(folder), "--json").stdout)
    assert (summary["aanvaard"], summary["emissies"]) == (27, 1)
    rows = json.loads(run("figures", "--periode", "2026", "--json").stdout)["cijfers"]
    shown = {(r["gebied"], r["wet"], r["product"], r["maat"]): r["waarde"] for r in rows}
    for where in ("", "Ondersteuning thuis"):
        assert shown["twente", "Wmo", where, "actief"] in (25, 30)
    assert shown["twente", "Wmo", "Overig", "actief"] is None
    assert shown["twente", "Jw", "", "actief"] is None
    assert all(r["waarde"] is None or r["waarde"] % 5 == 0 for r in rows)
    # Everyone began in January, and nobody in February: a sum reaches to the last month shown.
    assert {r["tot_en_met"] for r in rows if r["maat"] == "instroom"} == {"2026-01-31", None}
    assert "veelvoud van 5" in run("figures", "--periode", "2026").output
    again = json.loads(run("ingest", str(folder), "--json").stdout)
    assert (again["herhaald"], again["emissies"]) == (28, 0)


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_policy_geen_is_shown_as_a_warning(tmp_path: Path) -> None:
    done = run("ingest", str(messages(tmp_path / "in", 2)))
    assert done.exit_code == 0, done.output
    assert "exacte aantallen" in done.output
    assert "exacte aantallen" in run("figures").output


@pytest.mark.slow
@pytest.mark.embedded
def test_an_exact_database_can_be_written_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zorgstroom.sinks.clickhouse import open_embedded
    from zorgstroom.sinks.contract import Filter

    monkeypatch.setenv("ZORGSTROOM_EXACT_DATABASE", "exact")
    assert run("ingest", str(messages(tmp_path / "in", 2))).exit_code == 0
    wanted = Filter(gebied=("0153",), product=("02",), maat=("actief",), periode_soort=("jaar",))
    for database, expected in (("publicatie", [None]), ("exact", [3])):
        place = open_embedded(tmp_path / "zorgstroom-data" / "chdb", database)
        try:
            assert [figure.waarde for figure in place.figures(wanted)][-1:] == expected
        finally:
            place.close()


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_erase_forgets_a_client_and_its_count(tmp_path: Path) -> None:
    assert run("ingest", str(messages(tmp_path / "in"))).exit_code == 0
    gone = run("erase", text=bsn(3) + "\n")
    assert gone.exit_code == 0 and "1 dossier" in gone.output
    assert bsn(3) not in gone.output
    rows = json.loads(run("figures", "--gebied", "0153", "--json").stdout)["cijfers"]
    assert {r["waarde"] for r in rows if r["maat"] == "actief" and r["product"] == ""} == {12, 0}
    assert run("erase", text=bsn(3)).exit_code == 1, "nobody to forget"
    assert run("erase", text="123456789").exit_code == 2


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_expire_forgets_on_command_and_needs_a_folder_with_dossiers(tmp_path: Path) -> None:
    missing = run("expire", "--data", "elders")
    assert missing.exit_code == 1 and "geen dossiers" in missing.output
    assert run("ingest", str(messages(tmp_path / "in", 2))).exit_code == 0
    kept = run("expire")
    assert kept.exit_code == 0 and "0 dossier(s) vergeten" in kept.output


@pytest.mark.embedded
def test_another_key_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = messages(tmp_path / "in", 1)
    assert run("ingest", str(folder)).exit_code == 0
    monkeypatch.setenv("ZORGSTROOM_KEY", KEY)
    refused_run = run("ingest", str(folder))
    assert refused_run.exit_code == 1 and "dubbel tellen" in refused_run.output


def test_decode_shows_events_or_the_rule_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "goed.xml").write_bytes(message(1))
    (tmp_path / "fout.xml").write_bytes(message(1).replace(b">2026-02-01<", b">2026-12-01<"))
    good = run("decode", "goed.xml", "--json")
    assert good.exit_code == 0
    (event,) = json.loads(good.stdout)
    assert event["begindatum"] == "2026-01-05" and event["categorie"] == "02"
    assert bsn(1) not in good.output
    assert "begindatum: 2026-01-05" in run("decode", "goed.xml").output
    bad = run("decode", "fout.xml")
    assert bad.exit_code == 1 and "TR135" in bad.output and "Dagtekening" in bad.output
    assert json.loads(run("decode", "fout.xml", "--json").stdout)["regel"] == "TR135"


def test_generate_makes_a_stream_and_says_how_to_set_its_regions(tmp_path: Path) -> None:
    made = run("generate", "--out", "s", "--messages", "300", "--regios", "2", "--rate", "fout=0.1")
    assert made.exit_code == 0, made.output
    assert (tmp_path / "s" / "truth.json").exists() and "ZORGSTROOM_REGIOS=" in made.output
    assert run("generate", "--out", "s").exit_code == 1, "a stream is never overwritten"
    assert run("generate", "--out", "t", "--rate", "onzin=1").exit_code == 2


def test_config_masks_secrets_and_names_variables_that_do_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZORGSTROOM_KEY", KEY)
    monkeypatch.setenv("ZORGSTROOM_CLICKHOUSE__URL", "http://127.0.0.1:8123")
    monkeypatch.setenv("ZORGSTROOM_CLICKHOUSE__PASSWORD", "geheim123")
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__THRESHOLD", "15")
    monkeypatch.setenv("ZORGSTROOM_TRESHOLD", "15")
    for arguments in (("config",), ("config", "--json")):
        shown = run(*arguments)
        assert shown.exit_code == 0
        assert KEY not in shown.output and "geheim123" not in shown.output
        assert "15" in shown.output and "ZORGSTROOM_TRESHOLD" in shown.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ZORGSTROOM_PROTECTION__POLICY", "drempl"),
        ("ZORGSTROOM_REGIOS", '{"a": ["0153"], "b": ["0153"]}'),
        ("ZORGSTROOM_EXACT_DATABASE", "publicatie"),
        ("ZORGSTROOM_RETENTION_YEARS", "1"),
        ("ZORGSTROOM_PUBLICATION__NALOOP_DAGEN", "800"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_with_code_2(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ended = run("config")
    assert ended.exit_code == 2 and "ZORGSTROOM_" in ended.output


def test_settings_come_from_a_file_below_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zorgstroom.toml").write_text(
        'tick_seconds = 5\n[protection]\nthreshold = 7\n[regios]\nproef = ["0153"]\n'
    )
    monkeypatch.setenv("ZORGSTROOM_PROTECTION__THRESHOLD", "8")
    shown = json.loads(run("config", "--json").stdout)
    assert shown["tick_seconds"] == 5 and shown["protection"]["threshold"] == 8
    assert shown["regios"] == {"proef": ["0153"]}


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help(name: str) -> None:
    assert run(name, "--help").exit_code == 0


def test_questions_without_figures_say_what_to_do() -> None:
    answer = run("figures")
    assert answer.exit_code == 1 and "zorgstroom ingest" in answer.output
    assert run("figures", "--periode", "2026-13").exit_code == 2
    assert run("ingest").exit_code == 2


@pytest.mark.slow
@pytest.mark.embedded
def test_the_demo_makes_its_own_folder_anew_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_CLICKHOUSE__URL", "http://127.0.0.1:1")
    for _ in range(2):
        shown = run("demo", "--once", "--messages", "300")
        assert shown.exit_code == 0, shown.output
        assert "Regio Twente · Wmo" in shown.output and "veelvoud van 5" in shown.output
    monkeypatch.delenv("ZORGSTROOM_CLICKHOUSE__URL")
    # Once real messages may be in it, the folder is the user's.
    assert run("ingest", str(messages(tmp_path / "in", 1)), "--data", "demo-data").exit_code == 0
    refused_run = run("demo", "--once", "--messages", "300")
    assert refused_run.exit_code == 1 and "niet (meer) van de demo" in refused_run.output
    assert (tmp_path / "demo-data" / "dossiers.sqlite").exists()


def test_settings_that_cannot_be_read_are_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZORGSTROOM_REGIOS", "{bad")
    assert run("config").exit_code == 2
    monkeypatch.delenv("ZORGSTROOM_REGIOS")
    (tmp_path / "zorgstroom.toml").write_text("[protection\n")
    ended = run("config")
    assert ended.exit_code == 2 and "niet te lezen" in ended.output
    (tmp_path / "zorgstroom.toml").unlink()
    monkeypatch.setenv("ZORGSTROOM_CLICKHOUSE__URL", "http://iemand:geheim123@server:8123")
    ended = run("config")
    assert ended.exit_code == 2 and "geheim123" not in ended.output


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_names_that_lead_nowhere_are_said_to(tmp_path: Path) -> None:
    assert run("ingest", str(messages(tmp_path / "in", 1))).exit_code == 0
    for question in (("--gebied", "0999"), ("--product", "99"), ("--periode", "1999")):
        assert "Geen cijfers voor deze keuze" in run("figures", *question).output
    assert "Regio Twente" in run("figures", "--gebied", "Regio Twente").output
    gone = run("erase", "--data", "elders", text=bsn(1))
    assert gone.exit_code == 1 and "geen dossiers" in gone.output
    assert not (tmp_path / "elders").exists()


def test_wrong_wishes_for_a_stream_are_usage_errors(tmp_path: Path) -> None:
    assert run("generate", "--out", "s", "--scale", "0").exit_code == 2
    assert run("generate", "--out", "s", "--start", "2030-01-01").exit_code == 2
    (tmp_path / "bestand").write_text("x")
    assert run("ingest", "--data", "bestand/x", "bestand").exit_code == 1


def test_a_settings_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZORGSTROOM_CONFIG", "weg.toml")
    ended = run("config")
    assert ended.exit_code == 2 and "weg.toml" in ended.output


@pytest.mark.embedded
@pytest.mark.usefixtures("geen")
def test_the_analysts_page_can_be_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("ingest", str(messages(tmp_path / "in"))).exit_code == 0
    page = Path(__file__).resolve().parents[2] / "docs" / "analysts.md"
    code = page.read_text("utf-8").split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(code, names)
    client = names["client"]
    assert "('0153', datetime.date(2026, 1, 1), 13)" in capsys.readouterr().out
    readme = (page.parents[1] / "README.md").read_text("utf-8").split("```sql\n")[1]
    query = client.query  # type: ignore[attr-defined]
    assert len(query(readme.split("```")[0]).result_rows) > 100
    assert len(query("DESCRIBE publicatie.cijfers").result_rows) == 13
    client.close()  # type: ignore[attr-defined]
