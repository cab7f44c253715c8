"""
A broker with SASL_SSL, a database behind TLS and protected pages; every secret in a file.

Whatever is wrong with a password or a certificate is said in words, the worker is not ready and
goes on by itself when it is put right, every figure is exact, and no secret is told to anyone.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from deploy.local.kafka import Broker
from tests.bridge import PASSWORD as DATABASE_PASSWORD
from tests.bridge import USER as DATABASE_USER
from tests.bridge import running_bridge
from tests.broker import need_kafka
from tests.cluster import PATIENCE, Cluster, WorkerProcess, wait_until
from tests.secured import PASSWORD, USER, Pki, broker_properties
from zorgstroom.stream.cli import main
from zorgstroom.stream.kafka.access import refusal
from zorgstroom.stream.kafka.client import BrokerError, admin
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.embedded, pytest.mark.kafka, pytest.mark.slow]
TOKEN = "lindebloesem-lindebloesem-42"
SECRETS = (PASSWORD, DATABASE_PASSWORD, TOKEN)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def guarded(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    need_kafka()
    extra = broker_properties(pki.issue("broker.pem"))
    with Broker(tmp_path_factory.mktemp("broker"), extra=extra) as running:
        with admin(settings(running, pki, sasl_mechanism="PLAIN")) as client:
            from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

            mechanism = ScramMechanism.SCRAM_SHA_512
            client.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(USER, mechanism, PASSWORD)]
            )
        yield running


def settings(broker: Broker, pki: Pki, **more: object) -> Kafka:
    return Kafka.model_validate(
        {
            "brokers": broker.address,
            "security_protocol": "SASL_SSL",
            "user": USER,
            "password_file": pki.secret("kafka", PASSWORD),
            "ca_file": pki.ca,
            **more,
        }
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_both_mechanisms_are_let_in(guarded: Broker, pki: Pki, mechanism: str) -> None:
    kafka = settings(guarded, pki, sasl_mechanism=mechanism)
    assert refusal(kafka) is None
    with admin(kafka) as client:
        assert client.list_topics() is not None


def test_what_is_wrong_is_said(guarded: Broker, pki: Pki, tmp_path: Path) -> None:
    other = Pki(tmp_path / "andere")
    wrong: dict[str, dict[str, object]] = {
        "wachtwoord klopt niet": {"password_file": pki.secret("mis", "mis-81")},
        "Gebruiker of wachtwoord": {"user": "niemand", "sasl_mechanism": "PLAIN"},
        "SASL_MECHANISM": {"sasl_mechanism": "SCRAM-SHA-256"},
        "niet in het CA-bestand staat": {"ca_file": other.ca},
        "andere naam": {"brokers": guarded.address.replace("127.0.0.1", "localhost")},
        "spreekt hij PLAINTEXT": {
            **{"security_protocol": "PLAINTEXT", "user": "", "password_file": None},
            "ca_file": None,
        },
        "spreekt hij SASL_PLAINTEXT": {"security_protocol": "SASL_PLAINTEXT", "ca_file": None},
    }
    for told, given in wrong.items():
        assert told in (refusal(settings(guarded, pki, **given)) or ""), given
    nobody = settings(guarded, pki, brokers="127.0.0.1:1")
    assert refusal(nobody) is None, "that is no refusal"


def test_a_broker_without_tls_is_named(broker: Broker, pki: Pki) -> None:
    assert "spreekt hij SASL_SSL" in (refusal(settings(broker, pki)) or "")


def test_a_command_says_what_is_wrong(
    guarded: Broker, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(guarded, pki).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ZORGSTROOM_KAFKA__PASSWORD_FILE", str(pki.secret("mis", "mis-4711-mis")))
    found = CliRunner().invoke(main, ["topics", "--check"])
    assert found.exit_code == 1 and "wachtwoord klopt niet" in found.output
    assert "mis-4711-mis" not in found.output


def environment(broker: Broker, pki: Pki) -> dict[str, str]:
    return {
        "ZORGSTROOM_KAFKA__BROKERS": broker.address,
        "ZORGSTROOM_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "ZORGSTROOM_KAFKA__USER": USER,
        "ZORGSTROOM_KAFKA__PASSWORD_FILE": str(pki.secret("kafka", PASSWORD)),
        "ZORGSTROOM_KAFKA__CA_FILE": str(pki.ca),
    }


def test_a_worker_goes_through_it_all_and_loses_nothing(
    guarded: Broker, pki: Pki, stream_dir: Path, tmp_path: Path
) -> None:
    files = sorted((stream_dir / "berichten").iterdir())
    more = environment(guarded, pki) | {
        "ZORGSTROOM_KAFKA__SESSION_SECONDS": "10",
        "ZORGSTROOM_CLICKHOUSE__PASSWORD": "",
        "ZORGSTROOM_CLICKHOUSE__PASSWORD_FILE": str(pki.secret("database", DATABASE_PASSWORD)),
        "ZORGSTROOM_CLICKHOUSE__CA_FILE": str(pki.ca),
        "ZORGSTROOM_HTTP__TOKEN_FILE": str(pki.secret("token", TOKEN)),
    }
    logs = []
    with running_bridge(pki.issue("database.pem")) as bridge:
        running = Cluster(guarded.address, bridge, stream_dir, tmp_path, "beveiligd", **more)
        try:
            ca, password = tmp_path / "ca.pem", tmp_path / "wachtwoord"
            ca.write_bytes(Pki(tmp_path / "vreemd").ca.read_bytes())
            password.write_text("mis-81\n")
            running.environment["ZORGSTROOM_KAFKA__CA_FILE"] = str(ca)
            running.environment["ZORGSTROOM_KAFKA__PASSWORD_FILE"] = str(password)
            worker = running.start()
            wait_until("a wrong CA is told", lambda: says(worker, "niet in het CA-bestand"))
            ca.write_bytes(pki.ca.read_bytes())
            wait_until("a wrong password is told", lambda: says(worker, "wachtwoord klopt niet"))
            password.write_text(f"{PASSWORD}\n")
            wait_until("the right one is taken", lambda: bool(worker.partitions()))
            half = len(files) // 2
            running.produce(files[:half])
            wait_until("half is counted", lambda: worker.counted() > half / 2)

            with pytest.raises(HTTPError, match="401"):
                urlopen(f"{address(worker)}/api/status", timeout=5)

            pki.issue("broker.pem", expired=True)
            guarded.stop()
            guarded.start()
            # Only after the worker has given up on the connections that it had.
            expired = "an expired certificate is told"
            wait_until(expired, lambda: says(worker, "is verlopen"), 3 * PATIENCE)
            with pytest.raises(BrokerError, match="is verlopen"), admin(running.settings.kafka):
                pass

            pki.issue("broker.pem")
            guarded.stop()
            guarded.start()
            wait_until("it goes on by itself", lambda: bool(worker.partitions()), 2 * PATIENCE)
            running.produce(files[half:])
            running.check()
            logs.append(worker.log + str(worker.status()))
            assert worker.end(signal.SIGTERM) == 0, worker.log
        finally:
            running.close()
    assert not [one for one in SECRETS if one in "".join(logs)]


def says(worker: WorkerProcess, text: str) -> bool:
    told = worker.status()
    return bool(told) and text in str(told["probleem"]) and told["gereed"] is False


def address(worker: WorkerProcess) -> str:
    return worker.log.rpartition("stand op ")[2].partition("/api/status")[0]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("expired", "is verlopen"),
        ("stranger", "niet in het CA-bestand"),
        ("password", "wachtwoord klopt niet"),
        ("name", "ander IP-adres"),
    ],
)
def test_what_is_wrong_with_the_database_is_said(
    pki: Pki, tmp_path: Path, fault: str, told: str
) -> None:
    good = pki.issue("goed.pem")
    made = {
        "expired": lambda: pki.issue("verlopen.pem", expired=True),
        "stranger": lambda: Pki(tmp_path / "vreemd").issue("database.pem"),
        "name": lambda: pki.issue("naam.pem", host="clickhouse"),
    }
    password = "mis-4711-mis" if fault == "password" else DATABASE_PASSWORD
    with running_bridge(made.get(fault, lambda: good)()) as bridge:
        found = CliRunner().invoke(
            main,
            ["figures", "--data", str(tmp_path)],
            env=os.environ
            | {
                "ZORGSTROOM_CLICKHOUSE__URL": bridge.url,
                "ZORGSTROOM_CLICKHOUSE__USER": DATABASE_USER,
                "ZORGSTROOM_CLICKHOUSE__PASSWORD_FILE": str(pki.secret("database", password)),
                "ZORGSTROOM_CLICKHOUSE__CA_FILE": str(pki.ca),
            },
        )
    assert found.exit_code == 1, found.output
    assert told in " ".join(found.output.split())
    assert password not in found.output
