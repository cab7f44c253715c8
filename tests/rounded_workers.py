"""Workers under the default policy, and what one process publishes of the same messages."""

from pathlib import Path

from tests.cluster import Cluster
from zorgstroom.sinks.contract import Filter, Publication
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.ingest import ingest
from zorgstroom.stream.settings import ClickHouse

ROUNDED = {
    "ZORGSTROOM_PROTECTION__POLICY": "afronden",
    "ZORGSTROOM_ROUNDING__KEY": "c3" * 32,
}


def told(publication: Publication) -> set[tuple[object, ...]]:
    """Return what is published, without when and under which number."""
    return {
        (one.series, one.periode, one.waarde, one.tot_en_met, one.status)
        for one in publication.figures(Filter())
    }


def embedded(running: Cluster, data: Path) -> set[tuple[object, ...]]:
    """Return what the embedded process publishes of the same messages under the same key."""
    apart = {"clickhouse": ClickHouse(), "exact_database": ""}
    own = running.settings.model_copy(update=apart)
    with Engine(own, data, SystemClock(running.truth.today)) as engine:
        ingest(engine, [running.stream / "berichten"], lambda _: None)
        engine.publish()
        return told(engine.publication)
