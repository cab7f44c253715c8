"""An emission as SQL: every text arrives as it was, and a token names exactly its rows."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emissions import emission, many, series, values
from zorgstroom.sinks import cells
from zorgstroom.sinks.connection import Connection

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.embedded
def test_any_text_survives_as_a_literal(connection: Connection) -> None:
    @given(TEXTS)
    @settings(max_examples=100, deadline=None, derandomize=True)
    def survives(text: str) -> None:
        size = len(text.encode())
        found = connection.rows(f"SELECT {cells.literal(text)}, length({cells.literal(text)})")
        assert list(found[0]) == [text, size]

    survives()


def test_chunks_keep_all_series_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CHUNK_CHARACTERS", 1000)
    large = many(1, 40, 20)
    found = list(cells.chunks(large))
    assert len(found) > 10
    assert all(len(chunk) < 1200 for chunk in found)
    assert "\n".join(found).split("\n") == [cells.encoded(of) for of in large.values]


def test_a_series_larger_than_a_chunk_is_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CHUNK_CHARACTERS", 10)
    assert len(list(cells.chunks(many(1, 3, 20)))) == 3


def token(statement: str) -> str:
    return statement.split("insert_deduplication_token = '")[1].split("'", maxsplit=1)[0]


def test_the_token_follows_region_version_and_rows() -> None:
    base = emission(1, values(waarden=[1]))
    others = [
        emission(1, values(waarden=[1]), regio="x", tijd=base.tijd),
        emission(2, values(waarden=[1]), tijd=base.tijd),
        emission(1, values(waarden=[2]), tijd=base.tijd),
        emission(1, values(waarden=[1], status="definitief"), tijd=base.tijd),
        emission(1, values(series(gebied="0141"), [1]), tijd=base.tijd),
        emission(1, values(waarden=[1]), tijd=datetime(2030, 1, 1, tzinfo=UTC)),
    ]
    tokens = {token(next(cells.statements(made, "x"))) for made in (base, *others)}
    assert len(tokens) == 1 + len(others)
    assert token(next(cells.statements(base, "x"))) in tokens
