"""A new owner waits for what a former one may have under way, unless that one gave it back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bridge import Bridge
from zorgstroom.sinks.cells import LONGEST_INSERT
from zorgstroom.sinks.clickhouse import open_embedded, open_server

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
pytestmark = pytest.mark.embedded


def test_the_first_owner_need_not_wait_and_the_next_one_must(bridge: Bridge) -> None:
    place = open_server(bridge.url, bridge.user, bridge.password, "eigendom")
    assert place.claim("twente", "een", 1, NOW).wait_seconds == 0
    assert place.claim("twente", "twee", 1, NOW).wait_seconds > LONGEST_INSERT
    place.close()


def test_after_a_release_nobody_waits_and_the_released_claim_is_void(bridge: Bridge) -> None:
    place = open_server(bridge.url, bridge.user, bridge.password, "teruggave")
    held = place.claim("twente", "een", 1, NOW)
    place.release(held, NOW)
    following = place.claim("twente", "twee", 1, NOW)
    assert following.wait_seconds == 0 and following.epoch > held.epoch
    place.release(held, NOW)
    assert place.claim("twente", "drie", 1, NOW).wait_seconds > 0, "a void claim gave it back"
    place.close()


def test_in_a_folder_of_its_own_nobody_waits(tmp_path: Path) -> None:
    place = open_embedded(tmp_path / "chdb")
    place.claim("twente", "een", 1, NOW)
    assert place.claim("twente", "twee", 1, NOW).wait_seconds == 0
    place.close()
