"""The contract of `tijdigheid`, for every place of publication."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.contracts.test_publication import HOSTILE, publication
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.sinks.contract import Publication
from zorgstroom.sinks.errors import OwnershipLostError

__all__ = ["publication"]  # a fixture

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ROW = TimelinessRow(
    "twente", "Wmo", "start", "gemeente", "0153", date(2026, 1, 1), 120, None, None, 3, None
)
ROWS = [
    replace(ROW, label_soort="aanbieder", label="01234567"),
    ROW,
    replace(ROW, label_soort="regio", label="twente", te_laat=0, p90=(1 << 32) - 1),
]


def test_what_is_written_is_read_in_order(publication: Publication) -> None:
    assert publication.timeliness("twente") == []
    publication.write_timeliness([ROWS[1], ROWS[2], ROWS[0]], 1, NOW)
    assert publication.timeliness("twente") == ROWS
    assert publication.timeliness("achterhoek") == []


def test_writing_again_changes_nothing_and_the_highest_version_holds(
    publication: Publication,
) -> None:
    new = replace(ROW, op_tijd=None, mediaan=None)
    for versie, row in ((1, ROW), (5, new), (1, ROW), (5, new)):
        publication.write_timeliness([row], versie, NOW)
    assert publication.timeliness("twente") == [new]


def test_who_no_longer_owns_the_region_writes_nothing(publication: Publication) -> None:
    former = publication.claim("twente", "een", 1, NOW)
    publication.write_timeliness([ROW], 1, NOW, former)
    latter = publication.claim("twente", "twee", 1, NOW)
    with pytest.raises(OwnershipLostError):
        publication.write_timeliness([replace(ROW, op_tijd=7)], 2, NOW, former)
    assert publication.timeliness("twente") == [ROW]
    publication.write_timeliness([replace(ROW, op_tijd=8)], 3, NOW, latter)
    assert publication.timeliness("twente") == [replace(ROW, op_tijd=8)]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_text_and_nothing_else(publication: Publication, text: str) -> None:
    row = replace(ROW, regio=text, label=text)
    held = publication.claim(text, text, 1, NOW)
    publication.write_timeliness([row], 1, NOW, held)
    assert publication.timeliness(text) == [row]
