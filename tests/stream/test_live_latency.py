"""From the inbox to the published row under the default policy, on a small region."""

import json
from pathlib import Path

import pytest

from tests.serve_process import STARTS, serving
from zorgstroom.stream.settings import Settings

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
SMALL = {"ZORGSTROOM_REGIOS": json.dumps({"proef": ["0153", "0164"]})}
LONGEST = 15.0
"""A tick of 10 seconds, a second in which a file stands still, and the work."""


def test_five_starts_are_a_new_figure_within_fifteen_seconds(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    assert Settings().tick == 10
    with serving(tmp_path, SMALL) as process:
        for _ in range(3):
            process.drop("0153")
        first = process.seconds_until_shown("0153")
        shown = process.row("0153")
        assert shown is not None and shown.waarde is not None
        assert 0 <= abs(shown.waarde - 4 * STARTS) <= 4
        took = [process.seconds_until_shown("0153") for _ in range(4)]
        assert max(took) < LONGEST, (first, took)
        last = process.row("0153")
        assert last is not None and last.waarde == shown.waarde + 4 * STARTS
