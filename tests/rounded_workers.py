"""Workers under the default policy, and what one process publishes of the same messages."""

from pathlib import Path

from tests.cluster import Cluster, wait_until
from zorgstroom.sinks.contract import Filter, Publication
from zorgstroom.stream.clock import SystemClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.ingest import ingest
from zorgstroom.stream.settings import ClickHouse

ROUNDED = {
    "ZORGSTROOM_PROTECTION__POLICY": "afronden",
    "ZORGSTROOM_ROUNDING__KEY": "c3" * 32,
}


Told = set[tuple[object, ...]]
"""Figures without when they were published, and under which number."""
_TOTALS = Filter(product_niveau=("totaal",))


def told(publication: Publication, wanted: Filter | None = None) -> Told:
    """Return what is published, of all cells or those `wanted`."""
    return {
        (one.series, one.periode, one.waarde, one.tot_en_met, one.status)
        for one in publication.figures(wanted or Filter())
    }


def check_same(running: Cluster, want: Told) -> None:
    """Wait until the workers have published exactly `want`; a failure tells what differs."""
    totals = {figure for figure in want if getattr(figure[0], "product_niveau", "") == "totaal"}
    differ: Told = set()

    def same(figures: Told, wanted: Filter | None) -> bool:
        nonlocal differ
        differ = told(running.publication, wanted) ^ figures
        return not differ

    try:
        # The whole is read seldom: it takes seconds.
        wait_until("the totals are published", lambda: same(totals, _TOTALS), pause=1)
        wait_until("all is published", lambda: same(want, None), pause=1)
    except AssertionError as error:
        statuses = [worker.status() for worker in running.workers]
        raise AssertionError(
            f"{error}: {len(differ)}, {sorted(differ, key=repr)[:4]}; {statuses}"
        ) from None


def embedded(running: Cluster, data: Path) -> Told:
    """Return what the embedded process publishes of the same messages under the same key."""
    apart = {"clickhouse": ClickHouse(), "exact_database": ""}
    own = running.settings.model_copy(update=apart)
    with Engine(own, data, SystemClock(running.truth.today)) as engine:
        ingest(engine, [running.stream / "berichten"], lambda _: None)
        engine.publish()
        return told(engine.publication)
