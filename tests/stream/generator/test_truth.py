from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from zorgstroom.codecs.catalog import Soort, Wet
from zorgstroom.codecs.encode import Person
from zorgstroom.stream.generator.model import (
    Aanbieder,
    Claim,
    Client,
    Gemeente,
    Params,
    Product,
    Region,
)
from zorgstroom.stream.generator.truth import Cell, Indicatie, count, indicaties, told_by
from zorgstroom.stream.generator.truthfile import load_truth, save_truth

TODAY = date(2025, 5, 20)
VANAF = date(2025, 1, 1)
REGIONS = (
    Region("oost", (Gemeente("6001", "Aa", 1000), Gemeente("6002", "Bee", 2000))),
    Region("west", (Gemeente("6003", "Cee", 3000),)),
)
ANN = Client(1, "6001", Person("990000001", "A", date(1950, 1, 1)), "2")
ANN_MOVED = Client(2, "6002", ANN.person, "2")


def claim(
    begin: str,
    told: str,
    *,
    soort: Soort = "start",
    client: Client = ANN,
    wet: Wet = "Wmo",
    nr: int | None = 1,
    categorie: str | None = "02",
    code: str | None = "02A03",
    einde: str = "",
    reden: str = "",
    retracted: str = "",
) -> Claim:
    return Claim(
        soort="stop" if einde else soort,
        client=client,
        wet=wet,
        aanbieder=Aanbieder("03000001", wet),
        product=Product(nr, categorie, code, None),
        begin=date.fromisoformat(begin),
        told=date.fromisoformat(told),
        release=None,
        retracted=date.fromisoformat(retracted) if retracted else None,
        einde=date.fromisoformat(einde) if einde else None,
        reden=reden or ("19" if einde else ""),
    )


def spans(claims: Iterable[Claim]) -> list[tuple[str, str | None]]:
    return [
        (one.begin.isoformat(), one.einde.isoformat() if one.einde else None)
        for one in indicaties(told_by(claims, TODAY))
    ]


START = claim("2025-01-10", "2025-01-12")


def test_a_stop_ends_the_start_with_the_same_key() -> None:
    stop = claim("2025-01-10", "2025-03-02", einde="2025-03-01")
    assert spans([START]) == [("2025-01-10", None)]
    assert spans([stop, START]) == [("2025-01-10", "2025-03-01")]
    for other in (
        claim("2025-01-11", "2025-03-02", einde="2025-03-01"),
        claim("2025-01-10", "2025-03-02", einde="2025-03-01", nr=2),
        claim("2025-01-10", "2025-03-02", einde="2025-03-01", nr=None),
        claim("2025-01-10", "2025-03-02", einde="2025-03-01", code=None),
        claim("2025-01-10", "2025-03-02", einde="2025-03-01", client=ANN_MOVED),
    ):
        assert spans([START, other]) == [("2025-01-10", None)]


def test_what_is_told_or_withdrawn_after_today_does_not_count_yet() -> None:
    assert spans([claim("2025-05-01", "2025-05-21")]) == []
    assert spans([claim("2025-05-01", "2025-05-20")]) == [("2025-05-01", None)]
    assert spans([claim("2025-05-01", "2025-05-02", retracted="2025-05-21")]) != []
    assert spans([claim("2025-05-01", "2025-05-02", retracted="2025-05-20")]) == []


def test_a_stop_without_its_start_counts_nowhere() -> None:
    assert spans([claim("2025-01-10", "2025-03-02", einde="2025-03-01")]) == []


def test_a_definitive_stop_wins_from_a_later_temporary_one() -> None:
    temporary = claim("2025-01-10", "2025-04-02", einde="2025-04-01", reden="20")
    definitive = claim("2025-01-10", "2025-03-02", einde="2025-03-01")
    later = claim("2025-01-10", "2025-03-12", einde="2025-03-11", reden="21")
    assert spans([START, temporary]) == [("2025-01-10", "2025-04-01")]
    assert spans([START, temporary, definitive]) == [("2025-01-10", "2025-03-01")]
    assert spans([START, later, temporary, definitive]) == [("2025-01-10", "2025-03-11")]


def test_two_toewijzingen_of_one_product_are_one_indicatie_until_both_have_ended() -> None:
    second = claim("2025-01-10", "2025-01-12", nr=2, code=None)
    first_stop = claim("2025-01-10", "2025-03-02", einde="2025-03-01")
    second_stop = claim("2025-01-10", "2025-02-02", einde="2025-02-01", nr=2, code=None)
    assert spans([START, second, first_stop]) == [("2025-01-10", None)]
    assert spans([START, second, first_stop, second_stop]) == [("2025-01-10", "2025-03-01")]


def test_categorie_wet_gemeente_and_begin_make_another_indicatie() -> None:
    others = [
        claim("2025-01-10", "2025-01-12", nr=2, categorie="07"),
        claim("2025-01-10", "2025-01-12", nr=3, categorie=None, code=None),
        claim("2025-01-10", "2025-01-12", nr=1, categorie="45", code=None, wet="Jw"),
        claim("2025-01-10", "2025-01-12", client=ANN_MOVED),
        claim("2025-01-11", "2025-01-12"),
    ]
    found = indicaties([START, *others])
    assert len(found) == 6
    assert {one.categorie for one in found} == {"02", "07", "45", "onbekend"}


def wmo(begin: str, einde: str | None, gemeente: str = "6001", categorie: str = "02") -> Indicatie:
    end = date.fromisoformat(einde) if einde else None
    return Indicatie(gemeente, "Wmo", "990000001", categorie, date.fromisoformat(begin), end)


# Worked out by hand; today is 20 May 2025.
#   a  02, 6001: 2024-11-05 - running        b  02, 6001: 2025-01-31 - 2025-01-31 (one day)
#   c  07, 6002: 2025-02-01 - 2025-03-31     d  onbekend, 6001: 2025-05-20 - running
#   e  02, 6003 (west): 2024-01-01 - 2024-12-31, over before the figures begin
MINIATURE = [
    wmo("2024-11-05", None),
    wmo("2025-01-31", "2025-01-31"),
    wmo("2025-02-01", "2025-03-31", "6002", "07"),
    wmo("2025-05-20", None, categorie="onbekend"),
    wmo("2024-01-01", "2024-12-31", "6003"),
]


@pytest.fixture(scope="module")
def cells() -> dict[Cell, int]:
    return count(MINIATURE, REGIONS, VANAF, TODAY)


def figures(cells: dict[Cell, int], *key: str) -> dict[str, int]:
    """Values by first day, for gebied_soort ... periode_soort and maat."""
    *series, maat = key
    return {
        c.periode.isoformat(): value
        for c, value in cells.items()
        if c[:6] == tuple(series) and c.maat == maat
    }


def test_monthly_figures_of_a_region(cells: dict[Cell, int]) -> None:
    month = ("regio", "oost", "Wmo", "totaal", "", "maand")
    assert figures(cells, *month, "instroom") == {
        "2025-01-01": 1,
        "2025-02-01": 1,
        "2025-05-01": 1,
    }
    assert figures(cells, *month, "uitstroom") == {"2025-01-01": 1, "2025-03-01": 1}
    # On 31 January a and b; on 28 February and 31 March a and c; on 20 May a and d.
    assert figures(cells, *month, "actief") == {
        "2025-01-01": 2,
        "2025-02-01": 2,
        "2025-03-01": 2,
        "2025-04-01": 1,
        "2025-05-01": 2,
    }


def test_longer_periods_and_the_running_one(cells: dict[Cell, int]) -> None:
    for soort, instroom, uitstroom, actief in (
        ("kwartaal", {"2025-01-01": 2, "2025-04-01": 1}, {"2025-01-01": 2}, (2, 2)),
        ("halfjaar", {"2025-01-01": 3}, {"2025-01-01": 2}, (2,)),
        ("jaar", {"2025-01-01": 3}, {"2025-01-01": 2}, (2,)),
    ):
        series = ("regio", "oost", "Wmo", "totaal", "", soort)
        assert figures(cells, *series, "instroom") == instroom
        assert figures(cells, *series, "uitstroom") == uitstroom
        assert tuple(figures(cells, *series, "actief").values()) == actief


def test_days_have_actief_of_few_levels(cells: dict[Cell, int]) -> None:
    day = ("regio", "oost", "Wmo", "hoofdgroep", "Ondersteuning thuis", "dag")
    actief = figures(cells, *day, "actief")
    # a all the time, b on one day, c in February and March.
    assert [actief[d] for d in ("2025-01-01", "2025-01-31", "2025-02-01", "2025-03-31")] == [
        *(1, 2, 2, 2)
    ]
    assert (len(actief), max(actief)) == (140, "2025-05-20")
    assert sum(actief.values()) == 140 + 1 + 59
    of_days = [c for c in cells if c.periode_soort == "dag"]
    assert {c.maat for c in of_days} == {"actief"}
    levels = {(c.gebied_soort, c.product_niveau) for c in of_days}
    assert levels == {("regio", "totaal"), ("regio", "hoofdgroep"), ("gemeente", "totaal")}
    assert figures(cells, "gemeente", "6002", "Wmo", "totaal", "", "dag", "actief").keys() == {
        day for day in actief if "2025-02-01" <= day <= "2025-03-31"
    }


def test_days_go_back_thirteen_calendar_months() -> None:
    cells = count([wmo("2022-05-01", None)], REGIONS, date(2023, 1, 1), TODAY)
    actief = figures(cells, "regio", "oost", "Wmo", "totaal", "", "dag", "actief")
    assert (min(actief), max(actief), len(actief)) == ("2024-05-01", "2025-05-20", 385)
    leap = count([wmo("2022-05-01", None)], REGIONS, date(2023, 1, 1), date(2024, 12, 31))
    days = figures(leap, "regio", "oost", "Wmo", "totaal", "", "dag", "actief")
    assert (min(days), len(days)) == ("2023-12-01", 31 + 366)


def test_figures_that_begin_amid_a_period_are_counted_from_that_day() -> None:
    begun = [wmo("2025-02-09", None), wmo("2025-02-10", "2025-04-02"), wmo("2025-03-01", None)]
    cells = count(begun, REGIONS, date(2025, 2, 10), TODAY)
    for soort, instroom, actief in (
        ("maand", {"2025-02-01": 1, "2025-03-01": 1}, [2, 3, 2, 2]),
        ("kwartaal", {"2025-01-01": 2}, [3, 2]),
        ("halfjaar", {"2025-01-01": 2}, [2]),
        ("jaar", {"2025-01-01": 2}, [2]),
    ):
        series = ("regio", "oost", "Wmo", "totaal", "", soort)
        assert figures(cells, *series, "instroom") == instroom
        assert list(figures(cells, *series, "actief").values()) == actief
    assert min(c.periode for c in cells if c.periode_soort == "dag") == date(2025, 2, 10)


def test_gemeenten_and_products(cells: dict[Cell, int]) -> None:
    jaar = {
        c[1:5]: value
        for c, value in cells.items()
        if c.periode_soort == "jaar" and c.maat == "actief" and c.gebied_soort == "gemeente"
    }
    assert jaar == {
        ("6001", "Wmo", "totaal", ""): 2,
        ("6001", "Wmo", "hoofdgroep", "Ondersteuning thuis"): 1,
        ("6001", "Wmo", "hoofdgroep", "Overig"): 1,
        ("6001", "Wmo", "categorie", "02"): 1,
        ("6001", "Wmo", "categorie", "onbekend"): 1,
    }


def test_what_was_over_before_the_figures_begin_is_nowhere(cells: dict[Cell, int]) -> None:
    assert not [cell for cell in cells if cell.gebied in ("west", "6003")]


def test_care_that_ended_on_the_first_day_was_active_on_it() -> None:
    cells = count([wmo("2024-12-01", "2025-01-01")], REGIONS, VANAF, TODAY)
    day = ("regio", "oost", "Wmo", "totaal", "", "dag")
    assert figures(cells, *day, "actief") == {"2025-01-01": 1}
    month = (*day[:-1], "maand")
    assert figures(cells, *month, "uitstroom") == {"2025-01-01": 1}
    assert figures(cells, *month, "instroom") == figures(cells, *month, "actief") == {}


def test_jeugd_has_no_hoofdgroepen() -> None:
    jw = Indicatie("6001", "Jw", "990000001", "45", date(2025, 1, 2), None)
    niveaus = {cell.product_niveau for cell in count([jw], REGIONS, VANAF, TODAY)}
    assert niveaus == {"totaal", "categorie"}


def test_the_file_gives_the_same_figures_back(cells: dict[Cell, int], tmp_path: Path) -> None:
    params = Params(today=date(2026, 5, 20), seed=7, messages=5)
    moved = {c._replace(periode=c.periode.replace(year=2026)): v for c, v in cells.items()}
    save_truth(tmp_path / "truth.json", moved, params, REGIONS, {"aanlevering": 5})
    truth = load_truth(tmp_path / "truth.json")
    assert truth.cells == moved
    assert (truth.today, truth.vanaf, truth.seed) == (params.today, date(2024, 1, 1), 7)
    assert truth.regios["oost"] == [("6001", "Aa"), ("6002", "Bee")]
    assert truth.kop["parameters"]["messages"] == 5
    assert truth.kop["parameters"]["rates"]["fout"] == params.rates.fout


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match=r"truth\.json"):
        load_truth(tmp_path / "x.json")
