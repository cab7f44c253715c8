"""What is half set is refused with a text; secrets come from files and show nowhere."""

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from pydantic import SecretStr, ValidationError

from zorgstroom.stream.cli import main
from zorgstroom.stream.security import SecretFileError, secret, tls_context
from zorgstroom.stream.settings import ClickHouse, Http, Kafka, Settings

SECRET = "kruidenthee-met-honing-81"
K, C, H = "ZORGSTROOM_KAFKA__", "ZORGSTROOM_CLICKHOUSE__", "ZORGSTROOM_HTTP__"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a CA, a certificate with its key, and a secret."""
    folder = tmp_path_factory.mktemp("pki")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    issued = ca.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "geheim").write_text(SECRET + "\n")
    return folder


SASL = {"security_protocol": "SASL_SSL", "user": "zorg", "password": SECRET}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"security_protocol": "SASL_SSL", "user": "zorg"}, "een van beide ontbreekt"),
        ({"security_protocol": "SASL_PLAINTEXT", "password": SECRET}, "een van beide ontbreekt"),
        ({"user": "zorg", "password": SECRET}, "doen niets bij PLAINTEXT"),
        ({"user": "zorg"}, "doen niets bij PLAINTEXT"),
        ({"sasl_mechanism": "PLAIN"}, "doen niets bij PLAINTEXT"),
        ({"security_protocol": "SSL", "password": SECRET}, "doen niets bij SSL"),
        ({"ca_file": "ca.pem"}, "doen niets bij PLAINTEXT"),
        ({**SASL, "security_protocol": "SASL_PLAINTEXT", "ca_file": "x"}, "doen niets bij"),
        ({**SASL, "cert_file": "cert.pem"}, "horen bij elkaar"),
        ({**SASL, "cert_key_file": "key.pem"}, "horen bij elkaar"),
        ({**SASL, "cert_key_password": SECRET}, "horen bij elkaar"),
        ({**SASL, "password_file": "geheim"}, "niet allebei"),
        ({**SASL, "password": "", "password_file": "weg"}, "niet te lezen"),
        ({**SASL, "password": "", "password_file": "leeg"}, "precies een regel"),
        ({**SASL, "password": "", "password_file": "ca.pem"}, "precies een regel"),
    ],
)
def test_a_half_set_broker_is_refused(
    pki: Path, given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pki)
    Path("leeg").write_text("\n")
    with pytest.raises(ValidationError, match=told) as caught:
        Kafka.model_validate(given)
    assert SECRET not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"password": SECRET}, "zonder ZORGSTROOM_CLICKHOUSE__URL"),
        ({"url": "http://clickhouse:8123", "ca_file": "ca.pem"}, "met https:// begint"),
        ({"url": "https://clickhouse:8443", "ca_file": "weg"}, "geen bruikbaar certificaat"),
        ({"url": "https://clickhouse:8443", "ca_file": "geheim"}, "is dit PEM"),
        ({"url": "http://c", "password": SECRET, "password_file": "geheim"}, "niet allebei"),
    ],
)
def test_a_half_set_database_is_refused(
    pki: Path, given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pki)
    with pytest.raises(ValidationError, match=told):
        ClickHouse.model_validate(given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"user": "beheer"}, "horen bij elkaar"),
        ({"password": SECRET}, "horen bij elkaar"),
        ({"token": "kort"}, "minstens 20 tekens"),
        ({"user": "beheer", "password": "kort"}, "minstens 12"),
        ({"user": "be:heer", "password": SECRET}, "pattern"),
        ({"host": "0.0.0.0"}, "kunnen anderen bij de pagina's"),
        ({"host": "zorg.intern"}, "kunnen anderen bij de pagina's"),
        ({"token": SECRET, "token_file": "geheim"}, "niet allebei"),
    ],
)
def test_half_protected_pages_are_refused(
    pki: Path, given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pki)
    with pytest.raises(ValidationError, match=told):
        Http.model_validate(given)


def test_a_secret_file_is_read_at_each_use(tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text(f"{SECRET}\r\n")
    kafka = Kafka.model_validate({**SASL, "password": "", "password_file": tmp_path / "geheim"})
    assert secret(kafka.password, kafka.password_file) == SECRET
    (tmp_path / "geheim").write_text("een ander")
    assert secret(kafka.password, kafka.password_file) == "een ander"
    (tmp_path / "geheim").write_bytes(b"\xff\xfe")
    with pytest.raises(SecretFileError, match="UTF-8"):
        secret(kafka.password, kafka.password_file)


def test_a_context_checks_certificate_and_name(pki: Path) -> None:
    made = tls_context(pki / "ca.pem", pki / "cert.pem", pki / "key.pem")
    assert made.verify_mode is ssl.CERT_REQUIRED and made.check_hostname
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(made.get_ca_certs()) == 1, "no other authority will do"
    with pytest.raises(SecretFileError, match="certificaat met sleutel"):
        tls_context(pki / "ca.pem", pki / "cert.pem", pki / "ca.pem")


def test_no_switch_turns_checking_off() -> None:
    names = [*Kafka.model_fields, *ClickHouse.model_fields]
    assert not [name for name in names if "verify" in name or "insecure" in name]


@pytest.mark.parametrize("as_json", [True, False])
def test_config_masks_every_secret(
    pki: Path, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        f"{K}SECURITY_PROTOCOL": "SASL_SSL",
        f"{K}USER": "zorg",
        f"{K}PASSWORD": SECRET,
        f"{K}CERT_FILE": str(pki / "cert.pem"),
        f"{K}CERT_KEY_FILE": str(pki / "key.pem"),
        f"{K}CERT_KEY_PASSWORD": SECRET,
        f"{C}URL": "https://clickhouse:8443",
        f"{C}PASSWORD": SECRET,
        f"{H}TOKEN": SECRET,
        f"{H}USER": "beheer",
        f"{H}PASSWORD_FILE": str(pki / "geheim"),
        "ZORGSTROOM_KEY": SECRET,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = CliRunner().invoke(main, ["config", *(["--json"] if as_json else [])])
    assert found.exit_code == 0, found.output
    assert SECRET not in found.output
    assert str(pki / "geheim") in found.output
    assert SECRET not in repr(Settings())
    if as_json:
        told = json.loads(found.output)
        assert told["kafka"]["password"] == told["http"]["token"] == "**********"


def test_every_secret_is_kept_as_one() -> None:
    hidden = {"password", "token", "cert_key_password"}
    for model in (Kafka, ClickHouse, Http):
        for name, field in model.model_fields.items():
            if name in hidden:
                assert field.annotation is SecretStr
                assert f"{name}_file" in model.model_fields


def test_half_set_settings_end_a_command_with_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{K}USER", "zorg")
    found = CliRunner().invoke(main, ["lag"])
    assert found.exit_code == 2
    assert "ZORGSTROOM_KAFKA" in found.output and "SASL_SSL" in found.output
