"""What disclosure control did reaches whoever runs the process, without a cell."""

from types import SimpleNamespace
from typing import cast

import pytest

from zorgstroom.aggregations.disclosure.outcome import Outcome
from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream import protection
from zorgstroom.stream.publisher import Publisher


def test_what_was_not_made_and_what_failed_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    outcome = Outcome(vetoed=2)
    outcome.failed("1 cells cannot be protected")
    publisher = cast(Publisher, SimpleNamespace(outcomes={"twente": outcome}))
    metrics = Metrics(process=False)
    protection.tell(publisher, metrics)
    vetoed, failed = (record.getMessage() for record in caplog.records)
    assert vetoed.startswith("Van twente zijn 2 tabellen niet vernieuwd")
    assert failed.startswith("Cijfers van twente konden niet veilig worden vernieuwd")
    protection.tell(publisher, metrics)
    assert len(caplog.records) == 2
