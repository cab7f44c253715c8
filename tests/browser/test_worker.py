"""The page on a worker of Kafka: the same page, with refusals and lag of the topics."""

import os
import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from deploy.local.kafka import Broker
from tests.browser.conftest import OpenPage
from tests.cluster import KEY, WorkerProcess, wait_until
from tests.stream.messages import message, refused
from zorgstroom.stream.kafka import topics
from zorgstroom.stream.kafka.client import producer
from zorgstroom.stream.settings import Kafka

pytestmark = [pytest.mark.browser, pytest.mark.kafka, pytest.mark.embedded, pytest.mark.slow]


def test_a_worker_has_the_same_page(broker: Broker, tmp_path: Path, open_page: OpenPage) -> None:
    pytest.importorskip("chdb")
    name = f"pagina-{uuid4().hex[:8]}"
    kafka = Kafka(brokers=broker.address, group=name, prefix=f"{name}-", partitions=2)
    topics.carry_out(kafka, topics.look(kafka))
    with producer(kafka) as client:
        for number in range(12):
            client.send(kafka.berichten, message(number))
        client.send(kafka.berichten, refused(40))
    worker = WorkerProcess(
        os.environ
        | {
            "ZORGSTROOM_KAFKA__BROKERS": kafka.brokers,
            "ZORGSTROOM_KAFKA__GROUP": kafka.group,
            "ZORGSTROOM_KAFKA__PREFIX": kafka.prefix,
            "ZORGSTROOM_PROTECTION__POLICY": "geen",
            "ZORGSTROOM_TODAY": "2026-03-15",
            "ZORGSTROOM_HTTP__PORT": "0",
            "ZORGSTROOM_KEY": KEY,
        },
        tmp_path,
    )
    try:
        wait_until("12 messages are counted", lambda: worker.counted() == 12)
        (url,) = set(re.findall(r"stand op (http://[0-9.:]+)/", worker.log))
        page = open_page(url)
        expect(page.locator('[data-maat="actief"]')).to_have_attribute(
            "data-getal", "12", timeout=60_000
        )
        expect(page.locator('[data-veld="toestand"]')).to_have_text("Draait")
        expect(page.locator('[data-veld="achterstand"]')).to_have_text("0")
        expect(page.locator('[data-veld="afgekeurd"]')).to_have_text("1")
        (refusal,) = worker.status()["afgekeurd"]
        assert refusal["pad"].startswith(kafka.berichten)
        page.locator("#afkeuringen summary").click()
        for part in ("melding", "oplossing", "hash", "pad", "regel"):
            expect(page.locator("#afkeuringen details")).to_contain_text(refusal[part])
    finally:
        assert worker.end(15) == 0, worker.log
