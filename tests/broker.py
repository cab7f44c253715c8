"""
The Kafka broker of the tests: a real one, started when the first test asks for it.

`ZORGSTROOM_TEST_KAFKA=host:port` takes one that runs already. A test that stops or kills its broker
makes a `Broker` of its own, after `need_kafka()`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.local.kafka import Broker, BrokerError, cache, is_fetched, java


@dataclass(frozen=True)
class ExternalBroker:
    """A broker of somebody else: it has an address, and cannot be stopped from here."""

    address: str


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker | ExternalBroker]:
    """Kafka, one for the session; tests use topics and groups of their own."""
    if external := os.environ.get("ZORGSTROOM_TEST_KAFKA"):
        yield ExternalBroker(external)
    else:
        need_kafka()
        with Broker(tmp_path_factory.mktemp("kafka")) as running:
            yield running


def need_kafka() -> None:
    """Skip when this machine cannot run Kafka, saying what to do; under CI that is a failure."""
    missing = ""
    try:
        java()
    except BrokerError as error:
        missing = str(error)
    if not missing and not is_fetched(cache()):
        missing = "the jars of Kafka are not in the cache: deploy/local/install kafka"
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing} (CI must have Kafka)")
    if missing:
        pytest.skip(missing)
