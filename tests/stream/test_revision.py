"""Closed figures that late messages change, through the embedded process."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.aggregations.disclosure.test_revision import (
    BEGAN,
    HALF,
    JAN,
    LIVE_IN,
    REVISED,
    half_year,
    late,
    late_of,
    month_of,
    near_the_end,
)
from tests.aggregations.disclosure.town import Town
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.sinks.contract import Filter
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.settings import Settings

pytestmark = [pytest.mark.embedded, pytest.mark.slow]
SETTINGS = Settings.model_validate(
    {
        "disclosure": {"policy": "drempel", "threshold": 3, "breadth": 2},
        "regios": {"proef": ["0141", "0153", "0164"]},
        "publication": {"jaren": 1, "naloop_dagen": 40, "vanaf": JAN},
    }
)


@dataclass
class Told(Town):
    """A town that only keeps what it is told."""

    events: list[Start | Stop] = field(default_factory=list)

    def _take(self, event: Start | Stop) -> None:
        self.events.append(event)


def test_late_messages_revise_what_is_closed_as_they_do_in_the_core(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2025, 1, 2, tzinfo=UTC))
    town = Told()
    for gemeente, clients in LIVE_IN:
        town.start(*range(9000, 9000 + clients), day=BEGAN, gemeente=gemeente)

    def publish(engine: Engine, now: datetime) -> None:
        engine.take_in([[event] for event in town.events])
        town.events.clear()
        clock.moment = now
        engine.publish()

    with Engine(SETTINGS, tmp_path, clock) as engine:
        for month in range(1, 8):
            month_of(town, month)
            if month > 2:
                late_of(town, month - 2)
            publish(engine, near_the_end(month))
        month_of(town, 8)
        late_of(town, 6)
        late_of(town, 7)
        publish(engine, HALF)
    # Another process: what was published and the dossiers are all that it has.
    late(town, 2)
    with Engine(SETTINGS, tmp_path, clock) as engine:
        publish(engine, datetime(2025, 8, 29, 15, tzinfo=UTC))
        late(town, 5)
        publish(engine, REVISED)
        january = Filter(("proef",), ("Wmo",), ("totaal",), (), ("instroom",), ("maand",), JAN, JAN)
        (figure,) = engine.publication.figures(january)
        assert (figure.waarde, figure.status) == (37, "definitief")
        assert figure.bijgewerkt_op == REVISED
        definitive = {(f.series, f.periode): f.waarde for f in engine.publication.figures(Filter())}
    core = half_year(SETTINGS.publication)
    late(core, 5)
    core.publish(REVISED)
    wanted = {(f.series, f.periode): f.waarde for f in core.figures() if f.status == "definitief"}
    assert {key: definitive[key] for key in wanted} == wanted
    assert date(2025, 3, 1) in {periode for _, periode in wanted}
