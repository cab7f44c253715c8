"""What every place of publication must do; add a new one to `publication` below."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest

from tests.bridge import Bridge
from tests.emissions import FEBRUARI, JANUARI, emission, many, series, values
from zorgstroom.aggregations.results import SeriesValues
from zorgstroom.sinks.clickhouse import open_embedded, open_server
from zorgstroom.sinks.connection import connect_server
from zorgstroom.sinks.contract import Filter, Publication, PublishedFigure, Safeguard
from zorgstroom.sinks.errors import OwnershipLostError
from zorgstroom.sinks.memory import MemoryPublication

ALL = Filter()
SERVER_URL = os.environ.get("ZORGSTROOM_TEST_CLICKHOUSE_URL", "")
HOSTILE = (
    "x') OR 1=1 --",
    "'; DROP DATABASE publicatie; --",
    "\\",
    "\\'",
    "' OR '1'='1",
    '"`',
    "{gebied:String}",
    "%(gebied)s %s",
    "$1 ${x}",
    "a\nb\tc",
    "Súdwest-Fryslân ☂",
)

FILTERS = [
    (Filter(gebied=("0153",)), 3),
    (Filter(gebied=("0153", "twente")), 4),
    (Filter(gebied=("153",)), 0),
    (Filter(wet=("Jw",)), 1),
    (Filter(product_niveau=("categorie",)), 1),
    (Filter(product=("",)), 4),
    (Filter(product=("02",)), 1),
    (Filter(maat=("actief",)), 1),
    (Filter(periode_soort=("jaar",)), 1),
    (Filter(periode_vanaf=FEBRUARI), 1),
    (Filter(periode_tot_en_met=JANUARI), 4),
    (Filter(periode_vanaf=JANUARI, periode_tot_en_met=FEBRUARI), 5),
    (Filter(gebied=("0153",), maat=("instroom",), periode_vanaf=FEBRUARI), 1),
    (Filter(limit=2), 2),
    (Filter(limit=0), 0),
]


@pytest.fixture(
    params=[
        "memory",
        pytest.param("embedded", marks=pytest.mark.embedded),
        pytest.param("bridge", marks=[pytest.mark.embedded, pytest.mark.slow]),
        *([pytest.param("server", marks=pytest.mark.clickhouse)] if SERVER_URL else []),
    ]
)
def publication(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Publication]:
    database = f"zorgstroom_test_{uuid4().hex[:12]}"
    opened: Publication
    if request.param == "memory":
        opened = MemoryPublication()
    elif request.param == "embedded":
        pytest.importorskip("chdb")
        opened = open_embedded(tmp_path / "chdb")
    elif request.param == "bridge":
        bridge: Bridge = request.getfixturevalue("bridge")
        opened = open_server(bridge.url, bridge.user, bridge.password, database)
    else:
        user = os.environ.get("ZORGSTROOM_TEST_CLICKHOUSE_USER", "")
        password = os.environ.get("ZORGSTROOM_TEST_CLICKHOUSE_PASSWORD", "")
        opened = open_server(SERVER_URL, user, password, database)

        def drop() -> None:
            connection = connect_server(SERVER_URL, user, password)
            connection.run(f"DROP DATABASE IF EXISTS {database} SYNC")
            connection.close()

        request.addfinalizer(drop)
    yield opened
    opened.close()


@pytest.mark.clickhouse
@pytest.mark.skipif(
    not SERVER_URL, reason="set ZORGSTROOM_TEST_CLICKHOUSE_URL, _USER, _PASSWORD to run this suite"
)
def test_this_suite_runs_on_a_real_server() -> None:
    connect_server(
        SERVER_URL,
        os.environ.get("ZORGSTROOM_TEST_CLICKHOUSE_USER", ""),
        os.environ.get("ZORGSTROOM_TEST_CLICKHOUSE_PASSWORD", ""),
    ).close()


def shown(figures: list[PublishedFigure]) -> list[tuple[date, int | None, int]]:
    return [(figure.periode, figure.waarde, figure.versie) for figure in figures]


def as_lists(found: SeriesValues) -> tuple[list[date], list[int | None], list[str]]:
    return list(found.perioden), list(found.waarden), list(found.statussen)


def test_an_empty_place_answers(publication: Publication) -> None:
    assert publication.last_version("twente", ["0153"]) == 0
    assert publication.last_emission("twente") is None
    assert publication.gebieden() == frozenset()
    assert publication.safeguards() == []
    assert list(publication.published(["0153"])) == []
    assert publication.figures(ALL) == []
    assert publication.figures(ALL, historie=True) == []


def test_what_is_written_is_read(publication: Publication) -> None:
    publication.write(emission(5, values(waarden=[7, None, 0], status="definitief")))
    found = publication.figures(ALL)
    assert shown(found) == [(JANUARI, 7, 5), (FEBRUARI, None, 5), (date(2024, 3, 1), 0, 5)]
    assert {figure.series for figure in found} == {series()}
    assert {figure.status for figure in found} == {"definitief"}
    assert publication.last_version("twente", ["0153"]) == 5


def test_times_come_back_aware_in_utc_and_in_milliseconds(publication: Publication) -> None:
    zone = timezone(timedelta(hours=2))
    tijd = datetime(2024, 7, 1, 14, 30, 5, 123999, tzinfo=zone)
    publication.write(emission(1, values(), tijd=tijd))
    expected = datetime(2024, 7, 1, 12, 30, 5, 123000, tzinfo=UTC)
    stored = [publication.last_emission("twente"), publication.figures(ALL)[0].bijgewerkt_op]
    assert stored == [expected, expected]
    assert [time.utcoffset() for time in stored if time] == [timedelta(0)] * 2


NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


def test_a_new_owner_shuts_the_former_one_out_of_figures_history_and_emissions(
    publication: Publication,
) -> None:
    former = publication.claim("twente", "een", 1, NOW)
    publication.write(emission(1, values(waarden=[7])), former)
    latter = publication.claim("twente", "twee", 1, NOW)
    assert latter.epoch > former.epoch
    with pytest.raises(OwnershipLostError):
        publication.write(emission(2, values(waarden=[8])), former)
    assert shown(publication.figures(ALL, historie=True)) == [(JANUARI, 7, 1)]
    assert publication.last_version("twente", ["0153"]) == 1
    publication.write(emission(3, values(waarden=[9])), latter)
    publication.write(emission(3, values(waarden=[9])), latter)
    assert shown(publication.figures(ALL)) == [(JANUARI, 9, 3)]


def test_a_claim_holds_for_its_own_region_only(publication: Publication) -> None:
    one = publication.claim("twente", "een", 1, NOW)
    publication.claim("achterhoek", "twee", 1, NOW)
    publication.write(emission(1, values()), one)
    assert publication.last_version("twente", ["0153"]) == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_owners_and_regions_are_text_and_nothing_else(
    publication: Publication, name: str
) -> None:
    held = publication.claim(name, name, 1, NOW)
    publication.write(emission(1, values(), regio=name), held)
    publication.claim(name, name + "'", 1, NOW)
    with pytest.raises(OwnershipLostError):
        publication.write(emission(2, values(), regio=name), held)


def test_epochs_rise_and_are_at_least_what_is_asked(publication: Publication) -> None:
    epochs = [publication.claim("twente", "een", at_least, NOW).epoch for at_least in (5, 1, 9, 2)]
    assert epochs == [5, 6, 9, 10]


def test_of_two_that_claim_at_once_one_holds_the_region(publication: Publication) -> None:
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda n: publication.claim("twente", f"p{n}", 1, NOW), range(8)))
    assert len({claim.epoch for claim in claims}) == len(claims)
    stored = 0
    for number, held in enumerate(claims, 1):
        try:
            publication.write(emission(number, values()), held)
            stored += 1
        except OwnershipLostError:
            pass
    assert stored == 1


def test_writing_again_changes_nothing(publication: Publication) -> None:
    first, second = emission(1, values(waarden=[1, 2])), emission(2, values(waarden=[3, None]))
    for written in (first, first, second, second, first, second):
        publication.write(written)
    assert shown(publication.figures(ALL)) == [(JANUARI, 3, 2), (FEBRUARI, None, 2)]
    assert shown(publication.figures(ALL, historie=True)) == [
        (JANUARI, 1, 1),
        (JANUARI, 3, 2),
        (FEBRUARI, 2, 1),
        (FEBRUARI, None, 2),
    ]


def test_a_cell_that_becomes_suppressed_no_longer_shows_its_value(publication: Publication) -> None:
    publication.write(emission(1, values(waarden=[12])))
    publication.write(emission(2, values(waarden=[None])))
    assert shown(publication.figures(ALL)) == [(JANUARI, None, 2)]
    assert [as_lists(found)[1] for found in publication.published(["0153"])] == [[None]]
    publication.write(emission(3, values(waarden=[13])))
    assert shown(publication.figures(ALL)) == [(JANUARI, 13, 3)]


def test_the_highest_version_holds_whatever_the_order_of_writing(publication: Publication) -> None:
    high = (3 << 32) + 1
    publication.write(emission(high, values(waarden=[30])))
    publication.write(emission(2 << 32, values(waarden=[20])))
    assert shown(publication.figures(ALL)) == [(JANUARI, 30, high)]
    assert publication.last_version("twente", []) == high
    assert publication.last_emission("twente") == emission(high).tijd


def test_an_emission_leaves_other_cells_alone(publication: Publication) -> None:
    publication.write(emission(1, values(waarden=[1, 2])))
    publication.write(emission(2, values(waarden=[9], eerste=FEBRUARI, status="definitief")))
    assert shown(publication.figures(ALL)) == [(JANUARI, 1, 1), (FEBRUARI, 9, 2)]


def test_the_reach_of_a_sum_is_part_of_the_value(publication: Publication) -> None:
    june, july = date(2024, 6, 30), date(2024, 7, 31)
    publication.write(emission(1, values(waarden=[40, 50], tot_en_met=[june, None])))
    publication.write(emission(2, values(waarden=[40], tot_en_met=[july])))
    assert [f.tot_en_met for f in publication.figures(ALL)] == [july, None]
    assert [f.tot_en_met for f in publication.figures(ALL, historie=True)] == [june, july, None]
    (found,) = publication.published(["0153"])
    assert list(found.tot_en_met) == [july, None]


def test_how_figures_are_protected_is_kept_once(publication: Publication) -> None:
    kept = Safeguard("afronden", 5, 10, "0123456789abcdef")
    publication.keep_safeguard(kept, NOW)
    publication.keep_safeguard(replace(kept, sleutel="fedcba9876543210"), NOW)
    assert publication.safeguards() == [kept]


def test_the_areas_with_a_figure_are_known(publication: Publication) -> None:
    publication.write(emission(1, values(), values(series(gebied_soort="regio", gebied="twente"))))
    assert publication.gebieden() == {"0153", "twente"}


def test_the_status_is_part_of_the_value(publication: Publication) -> None:
    publication.write(emission(1, values(waarden=[4])))
    publication.write(emission(2, values(waarden=[4], status="definitief")))
    assert [figure.status for figure in publication.figures(ALL)] == ["definitief"]
    assert [as_lists(found)[2] for found in publication.published(["0153"])] == [["definitief"]]


def test_an_emission_without_cells_is_an_emission(publication: Publication) -> None:
    publication.write(emission(8))
    assert publication.last_version("twente", []) == 8
    assert publication.last_emission("twente") == emission(8).tijd
    assert publication.figures(ALL) == []


def test_regions_do_not_mix(publication: Publication) -> None:
    publication.write(emission(1, values()))
    publication.write(emission(9, values(series(gebied="0363")), regio="amsterdam"))
    assert publication.last_version("twente", ["0153"]) == 1
    assert publication.last_version("amsterdam", ["0363"]) == 9
    assert publication.last_version("nieuw", ["0363", "0153"]) == 9
    assert [found.series.gebied for found in publication.published(["0363"])] == ["0363"]
    assert list(publication.published([])) == []


def test_a_writer_can_go_on_from_what_is_published(publication: Publication) -> None:
    regio = series(gebied_soort="regio", gebied="twente", maat="actief")
    publication.write(emission(1, values(waarden=[1, None, 3]), values(regio, [5, 6])))
    publication.write(emission(2, values(waarden=[8], eerste=FEBRUARI, status="definitief")))
    found = {of.series: as_lists(of) for of in publication.published(["0153", "twente"])}
    months = [JANUARI, FEBRUARI, date(2024, 3, 1)]
    assert found == {
        series(): (months, [1, 8, 3], ["voorlopig", "definitief", "voorlopig"]),
        regio: (months[:2], [5, 6], ["voorlopig", "voorlopig"]),
    }


def test_a_filter_chooses(publication: Publication) -> None:
    publication.write(
        emission(
            1,
            values(waarden=[1, 2]),
            values(series(product_niveau="categorie", product="02", maat="actief")),
            values(series(gebied_soort="regio", gebied="twente", wet="Jw")),
            values(series(gebied="0141", periode_soort="jaar")),
        )
    )
    everything = publication.figures(ALL)
    for wanted, expected in FILTERS:
        found = publication.figures(wanted)
        assert len(found) == expected, wanted
        assert [figure for figure in everything if figure in found] == found, "in the same order"


def test_figures_come_ordered_by_cell(publication: Publication) -> None:
    cells = [
        values(series(gebied=gebied, wet=wet, maat=maat), [1, 2])
        for gebied in ("0200", "0153")
        for wet in ("Wmo", "Jw")
        for maat in ("uitstroom", "actief")
    ]
    publication.write(emission(1, *cells))
    publication.write(emission(2, *reversed(cells)))
    found = [
        (f.series.gebied, f.series.wet, f.series.maat, f.periode, f.versie)
        for f in publication.figures(ALL, historie=True)
    ]
    assert found == sorted(found)
    assert len(found) == 32


def test_a_text_is_never_taken_for_sql(publication: Publication) -> None:
    publication.write(emission(1, values()))
    for text in HOSTILE:
        check_hostile(publication, text)
    assert len(publication.figures(ALL)) == 1 + len(HOSTILE)


def check_hostile(publication: Publication, text: str) -> None:
    for wanted in (
        Filter(gebied=(text,)),
        Filter(wet=(text,)),
        Filter(product=(text, "x")),
        Filter(maat=(text,)),
        Filter(periode_soort=(text,)),
        Filter(product_niveau=(text,)),
    ):
        assert publication.figures(wanted) == []
    assert publication.last_version(text, [text]) == 0
    assert publication.last_emission(text) is None
    assert list(publication.published([text])) == []

    publication.write(emission(2, values(series(gebied=text, product=text)), regio=text))
    assert [f.series.product for f in publication.figures(Filter(gebied=(text,)))] == [text]
    assert [found.series.gebied for found in publication.published([text])] == [text]
    assert publication.last_version(text, []) == 2


@pytest.mark.parametrize("versie", [0, -1, 1 << 64])
def test_a_version_that_does_not_fit_is_refused(publication: Publication, versie: int) -> None:
    with pytest.raises(ValueError, match="versie"):
        publication.write(emission(versie, tijd=datetime(2024, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("waarde", [-1, 1 << 32])
def test_a_count_that_does_not_fit_is_refused(publication: Publication, waarde: int) -> None:
    with pytest.raises(ValueError, match="count"):
        publication.write(emission(1, values(waarden=[1, None, waarde])))
    assert publication.last_version("twente", ["0153"]) == 0


def test_ragged_and_naive_emissions_are_refused(publication: Publication) -> None:
    ragged = SeriesValues(series(), [JANUARI, FEBRUARI], [1], ["voorlopig", "voorlopig"])
    with pytest.raises(ValueError, match="number"):
        publication.write(emission(1, ragged))
    with pytest.raises(ValueError, match="time zone"):
        publication.write(replace(emission(1), tijd=datetime(2024, 1, 1)))  # noqa: DTZ001


def test_the_extremes_of_a_value_are_kept(publication: Publication) -> None:
    top = (1 << 64) - 1
    publication.write(emission(top, values(waarden=[0, (1 << 32) - 1], eerste=date(1901, 1, 1))))
    assert shown(publication.figures(ALL)) == [
        (date(1901, 1, 1), 0, top),
        (date(1901, 2, 1), (1 << 32) - 1, top),
    ]
    assert publication.last_version("twente", []) == top


def test_a_large_first_emission_is_stored_whole(publication: Publication) -> None:
    large = many(1, 1000, 100)
    publication.write(large)
    found = {
        of.series: as_lists(of) for of in publication.published([f"{n:04}" for n in range(14)])
    }
    assert found == {of.series: as_lists(of) for of in large.values}


def test_readers_never_see_a_cell_go_back_while_one_writes(publication: Publication) -> None:
    publication.write(emission(1, values(waarden=[1])))

    def read() -> list[int]:
        return [publication.figures(ALL)[0].versie for _ in range(15)]

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for versie in range(2, 12):
            publication.write(emission(versie, values(waarden=[versie])))
        for reader in readers:
            seen = reader.result()
            assert seen == sorted(seen)
    assert shown(publication.figures(ALL)) == [(JANUARI, 11, 11)]


def test_emissions_are_listed_newest_first(publication: Publication) -> None:
    for versie in (1, 2, 3):
        publication.write(emission(versie, values(waarden=[versie])))
    publication.write(emission(9, values(series(gebied="9999")), regio="9999", beleid="geen"))
    found = publication.emissions(2)
    assert [(one.regio, one.versie, one.beleid) for one in found] == [
        ("9999", 9, "geen"),
        ("twente", 3, "afronden 5 10"),
    ]
    assert found[1].tijd == datetime(2024, 3, 1, 0, 0, 3, tzinfo=UTC)
    assert [one.versie for one in publication.emissions(10, "twente")] == [3, 2, 1]
    assert publication.emissions(10, "elders") == []
