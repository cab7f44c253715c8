import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.emissions import emission, series, values
from zorgstroom.aggregations.policy import Protection
from zorgstroom.sinks.contract import Filter, PublishedEmission, PublishedFigure
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.sinks.memory import MemoryPublication
from zorgstroom.stream.access import Access
from zorgstroom.stream.security import HttpAccess
from zorgstroom.stream.web import application, as_json


class Fake:
    """A provider on a publication in memory."""

    protection = Protection()
    regios: Collection[str] = ("twente", "regio, met komma")

    def __init__(self) -> None:
        self.publication = MemoryPublication()
        self.failure: Exception | None = None

    def figures(self, wanted: Filter, *, historie: bool) -> list[PublishedFigure]:
        if self.failure:
            raise self.failure
        return self.publication.figures(wanted, historie=historie)

    def emissions(self, limit: int, regio: str) -> list[PublishedEmission]:
        return self.publication.emissions(limit, regio)

    def status(self) -> Mapping[str, object]:
        return {"pid": 1, "probleem": None}


@pytest.fixture
def provider() -> Fake:
    made = Fake()
    tijd = datetime(2026, 3, 15, 12, tzinfo=UTC)
    made.publication.write(emission(1, values(waarden=[7, None, 3]), tijd=tijd))
    made.publication.write(
        emission(
            2,
            values(waarden=[8]),
            values(series(gebied_soort="regio", gebied="twente", maat="actief"), [50]),
            values(series(wet="Jw", periode_soort="jaar", product_niveau="categorie"), [60]),
            tijd=tijd,
        )
    )
    return made


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: dict[str, object]) -> None:
        self.status, self.headers, self.body = status, headers, body


def get(
    provider: Fake,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    http: HttpAccess | None = None,
    method: str = "GET",
) -> Answer:
    async def ask() -> Answer:
        async def boom(_: web.Request) -> web.Response:
            raise KeyError("999000012 Zwaluwstaartje")

        async def page(_: web.Request) -> web.Response:
            return as_json({"pagina": True})

        extra = [web.get("/boem", boom), web.get("/", page)]
        async with TestClient(
            TestServer(application(provider, Access(http or HttpAccess()), extra))
        ) as client:
            answer = await client.request(method, path, headers=headers)
            return Answer(answer.status, answer.headers, await answer.json())

    return asyncio.run(ask())


def rows(answer: Answer) -> list[dict[str, object]]:
    found = answer.body["cijfers"]
    assert isinstance(found, list)
    return found


def test_figures_come_with_policy_and_warning(provider: Fake) -> None:
    answer = get(provider, "/api/cijfers?gebied=0153&wet=Wmo&periode=2024-02-01")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body["beleid"] == "afronden"
    assert answer.body["waarschuwing"] == Protection().warning
    assert answer.body["afgekapt"] is False
    assert rows(answer) == [
        {
            "gebied_soort": "gemeente",
            "gebied": "0153",
            "wet": "Wmo",
            "product_niveau": "totaal",
            "product": "",
            "periode_soort": "maand",
            "periode": "2024-02-01",
            "maat": "instroom",
            "waarde": None,
            "tot_en_met": None,
            "status": "voorlopig",
            "versie": 1,
            "bijgewerkt_op": "2026-03-15T12:00:00Z",
        }
    ]


def test_a_sum_tells_how_far_it_reaches(provider: Fake) -> None:
    year = series(gebied_soort="regio", gebied="twente", periode_soort="jaar")
    reached = values(year, [1205, None], tot_en_met=[date(2024, 3, 31), None])
    provider.publication.write(emission(3, reached))
    sums = rows(get(provider, "/api/cijfers?gebied=twente&periode_soort=jaar"))
    assert [(row["waarde"], row["tot_en_met"]) for row in sums] == [
        (1205, "2024-03-31"),
        (None, None),
    ]
    assert list(sums[0]).index("tot_en_met") == list(sums[0]).index("waarde") + 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", 5),
        ("gebied=twente", 1),
        ("gebied=0153,twente", 5),
        ("gebied=0153&gebied=twente", 5),
        ("gebied=regio, met komma", 0),
        ("gebied=9999", 0),
        ("wet=Jw", 1),
        ("wet=Jw,Wmo", 5),
        ("product=", 5),
        ("product=02", 0),
        ("product_niveau=categorie", 1),
        ("maat=actief", 1),
        ("periode_soort=maand", 4),
        ("periode_soort=maand,jaar", 5),
        ("periode_soort=maand&periode_soort=jaar", 5),
        ("periode=2024-02-01", 1),
        ("periode=2024-02-01..", 2),
        ("periode=..2024-01-31", 3),
        ("periode=2024-01-01..2024-02-01", 4),
        ("periode=0001-01-01..9999-12-31", 5),
        ("periode=0001-01-01", 0),
        ("limit=2", 2),
        ("limit=0", 0),
        ("historie=0", 5),
        ("historie=1", 6),
    ],
)
def test_parameters_choose(provider: Fake, query: str, expected: int) -> None:
    answer = get(provider, f"/api/cijfers?{query}")
    assert (answer.status, len(rows(answer))) == (200, expected)
    assert answer.body["afgekapt"] is query.startswith("limit")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("gebeid=0153", "'gebeid'"),
        ("gebied=Enschedé", "gebied: 'Enschedé'"),
        ("gebied=", "gebied: ''"),
        ("wet=wmo", "wet: 'wmo'"),
        ("maat=actief,", "maat: ''"),
        ("product_niveau=alles", "product_niveau"),
        ("periode_soort=week", "periode_soort: 'week'"),
        ("periode=2024-13-01", "periode: '2024-13-01'"),
        ("periode=20240101", "periode: '20240101'"),
        ("periode=2024-W01-1", "periode"),
        ("periode=", "periode"),
        ("periode=..", "periode"),
        ("periode=2024-01-01...2024-02-01", "periode"),
        ("periode=2024-02-01..2024-01-01", "periode"),
        ("periode=2024-01-01&periode=2024-02-01", "periode mag maar een keer"),
        ("historie=ja", "historie"),
        ("limit=-1", "limit"),
        ("limit=1e3", "limit"),
        ("limit=10000000", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=1&limit=2", "limit"),
        ("wet=%1B[31m%0Ax", "wet: '?[31m?x'"),
        ("wet=" + "x" * 500, "x…'"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(provider: Fake, query: str, told: str) -> None:
    answer = get(provider, f"/api/cijfers?{query}")
    assert answer.status == 400
    assert told in str(answer.body["fout"])
    assert "cijfers" not in answer.body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8305", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8305", 200),
        ("zorg.intern", 403),
        ("evil.example:8305", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("[::2]", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/api/cijfers", "/api/status", "/", "/boem", "/niets"])
def test_only_its_own_address_is_answered(
    provider: Fake, host: str, status: int, path: str
) -> None:
    answer = get(provider, path, {"Host": host})
    expected = {"/boem": 500, "/niets": 404}.get(path, 200) if status == 200 else status
    assert answer.status == expected
    if status == 403:
        assert list(answer.body) == ["fout"]


@pytest.mark.parametrize(
    ("site", "status"),
    [("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)],
)
def test_other_sites_get_nothing(provider: Fake, site: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
    answer = get(provider, "/api/cijfers", headers)
    assert answer.status == status
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert get(provider, "/", {"Sec-Fetch-Site": site}).status == 200, "a link to the page works"


@pytest.mark.parametrize("path", ["/api/status", "/api/cijfers?x=1", "/niets", "/boem"])
def test_no_answer_is_kept_or_embedded(provider: Fake, path: str) -> None:
    headers = get(provider, path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_emissions_come_newest_first(provider: Fake) -> None:
    answer = get(provider, "/api/emissies?limit=1")
    assert answer.status == 200
    assert answer.body == {
        "afgekapt": True,
        "emissies": [
            {
                "regio": "twente",
                "versie": 2,
                "tijd": "2026-03-15T12:00:00Z",
                "beleid": "afronden 5 10",
            }
        ],
    }
    assert get(provider, "/api/emissies?regio=elders").body == {"afgekapt": False, "emissies": []}
    assert get(provider, "/api/emissies?gebied=twente").status == 400
    assert get(provider, "/api/emissies?limit=-1").status == 400


def test_a_database_that_is_away_is_told(provider: Fake) -> None:
    provider.failure = SinkUnavailableError("ClickHouse is niet bereikbaar.")
    answer = get(provider, "/api/cijfers")
    assert (answer.status, answer.body) == (503, {"fout": "ClickHouse is niet bereikbaar."})


def test_an_unforeseen_error_tells_nothing(
    provider: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    answer = get(provider, "/boem")
    assert answer.status == 500
    assert "Zwaluw" not in str(answer.body) + caplog.text
    assert "KeyError" in caplog.text


def test_other_methods_and_paths_are_refused(provider: Fake) -> None:
    answer = get(provider, "/api/cijfers", method="POST")
    assert answer.status == 405 and "GET" in answer.headers["Allow"]
    assert get(provider, "/api/niets").status == 404
