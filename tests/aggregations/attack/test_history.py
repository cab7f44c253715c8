"""Somebody who watches a publication sees every leak, and none where there is none."""

from copy import deepcopy
from datetime import date, timedelta

import pytest

from tests.aggregations.attack.watched_region import KEY, OTHER_KEY, Row, WatchedRegion
from zorgstroom.aggregations.attack.leaks import Leak

LONG_AGO = date(2025, 3, 1)


pytestmark = pytest.mark.slow


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


@pytest.fixture(scope="module")
def published() -> WatchedRegion:
    """Seven weeks over the turn of a year, with care that ran before."""
    region = WatchedRegion()
    for _ in range(400):
        region.start(LONG_AGO)
    region.live(days(date(2025, 12, 20), 50))
    return region


@pytest.fixture
def region(published: WatchedRegion) -> WatchedRegion:
    return deepcopy(published)


def rows(region: WatchedRegion) -> list[tuple[int, Row]]:
    return [(versie, row) for versie, of in region.history.items() for row in of]


def latest(region: WatchedRegion, **wanted: object) -> tuple[int, Row]:
    """Return the last row that was written of a series with these properties and a figure."""
    return next(
        (versie, row)
        for versie, row in reversed(rows(region))
        if row.waarde is not None
        and all(getattr(row.series, name) == value for name, value in wanted.items())
    )


def kinds(leaks: list[Leak]) -> set[str]:
    return {leak.soort for leak in leaks}


def test_an_honest_publication_shows_no_leak(region: WatchedRegion) -> None:
    assert len(region.history) > 90
    for wet in ("Wmo", "Jw"):
        history, leaks = region.watched(wet)
        assert leaks == []
        assert history.today == date(2026, 2, 7)
        shown = [figure for figure in history.values().values() if figure is not None]
        assert len(shown) > 20
    sums = [row for _, row in rows(region) if row.tot_en_met is not None]
    assert {row.series.periode_soort for row in sums} == {"kwartaal", "halfjaar", "jaar"}


def test_neither_a_restart_nor_a_backlog_is_taken_for_a_leak(region: WatchedRegion) -> None:
    region.restart(KEY)
    assert region.publish(date(2026, 2, 7)) is None
    for number in range(300):
        region.start(date(2026, 1, 1) + timedelta(days=number % 30))
    for _ in range(150):
        region.stop(date(2026, 1, 20))
    region.publish(date(2026, 2, 8))
    assert region.watched()[1] == []


def test_a_second_key_is_seen_when_it_is_first_used(region: WatchedRegion) -> None:
    region.restart(OTHER_KEY)
    versie = region.publish(date(2026, 2, 7))
    _, leaks = region.watched()
    assert [(leak.soort, leak.versie) for leak in leaks] == [("twee sleutels", versie)]
    region.live(days(date(2026, 2, 8), 10))
    assert region.watched()[1] == leaks, "afterwards it is quiet"


@pytest.mark.parametrize(
    "wanted",
    [
        {"maat": "actief", "periode_soort": "maand"},
        {"maat": "actief", "periode_soort": "jaar"},
        {"maat": "actief", "periode_soort": "dag", "product_niveau": "totaal"},
        # A hoofdgroep of one categorie, and that categorie.
        {"maat": "actief", "periode_soort": "maand", "product": "Hulp bij het huishouden"},
        {"maat": "actief", "periode_soort": "maand", "product": "01"},
    ],
)
def test_one_count_with_two_figures_is_seen(
    region: WatchedRegion, wanted: dict[str, object]
) -> None:
    versie, row = latest(region, wet="Wmo", **wanted)
    assert row.waarde is not None
    region.change(versie, row, waarde=row.waarde + 5)
    assert "twee cijfers" in kinds(region.watched()[1])


def test_a_period_that_begins_before_the_first_day_is_the_month_in_it(
    region: WatchedRegion,
) -> None:
    # Published from December on: the last quarter of 2025 is December, under the same name.
    quarters = [
        (versie, row)
        for versie, row in rows(region)
        if row.periode == date(2025, 10, 1)
        and row.series.maat == "instroom"
        and row.waarde is not None
        and row.tot_en_met is None
        and row.series.wet == "Wmo"
    ]
    versie, row = quarters[-1]
    assert row.waarde is not None
    region.change(versie, row, waarde=row.waarde + 5)
    assert "twee cijfers" in kinds(region.watched()[1])


def test_a_running_sum_that_was_counted_anew_is_seen(region: WatchedRegion) -> None:
    versie, row = next(
        (v, r) for v, r in reversed(rows(region)) if r.tot_en_met and r.series.wet == "Wmo"
    )
    assert row.waarde is not None
    region.change(versie, row, waarde=row.waarde + 5)
    assert "som klopt niet" in kinds(region.watched()[1])


def test_a_sum_that_was_not_renewed_with_its_parts_is_seen(region: WatchedRegion) -> None:
    written = region.history[max(v for v, r in rows(region) if r.tot_en_met)]
    written[:] = [row for row in written if not row.tot_en_met]
    assert kinds(region.watched()[1]) == {"som klopt niet"}


@pytest.mark.parametrize("wrong", [5, 10, 17, 21])
def test_a_figure_that_rounding_cannot_give_is_seen(region: WatchedRegion, wrong: int) -> None:
    versie, row = latest(region, wet="Wmo", maat="instroom", periode_soort="maand")
    region.change(versie, row, waarde=wrong)
    assert "geen veelvoud" in kinds(region.watched()[1])


def test_a_row_that_repeats_what_was_known_is_seen(region: WatchedRegion) -> None:
    versie, row = latest(region, wet="Wmo", maat="instroom", periode_soort="maand")
    assert region.publish(date(2026, 2, 8)) is not None, "there are days after it"
    last = max(region.history)
    places = {(each.series, each.periode) for each in region.history[last]}
    assert (row.series, row.periode) not in places
    repeated = Row(
        row.series, row.periode, row.waarde, row.tot_en_met, row.status, last, row.bijgewerkt_op
    )
    region.history[last].append(repeated)
    _, leaks = region.watched()
    assert [(leak.soort, leak.versie) for leak in leaks] == [("niets nieuws", last)]
    # Of an emission that was cut off nobody knows what was stored: writing it again is no news.
    assert region.watched(cut=[versie])[1] == []
