"""A server that fails, refuses or is not there: who is told what, and how often we try."""

import socket
from uuid import uuid4

import pytest

from tests.bridge import Bridge
from tests.emissions import emission, values
from zorgstroom.sinks.clickhouse import ClickHousePublication, open_server
from zorgstroom.sinks.connection import connect_server
from zorgstroom.sinks.contract import Filter
from zorgstroom.sinks.errors import SinkError, SinkRefusedError, SinkUnavailableError

pytestmark = pytest.mark.embedded
PAUSES = (1.0, 2.0, 4.0)


def opened(bridge: Bridge, waited: list[float]) -> ClickHousePublication:
    return open_server(
        bridge.url,
        bridge.user,
        bridge.password,
        f"test_{uuid4().hex[:12]}",
        sleep=waited.append,
        pauses=PAUSES,
    )


def texts(error: BaseException | None) -> str:
    """Return all that a user or a log could get to see of an error and its causes."""
    found = ""
    while error is not None:
        found += f"{error} {error!r} {error.args} "
        error = error.__cause__ or error.__context__
    return found


@pytest.mark.parametrize("how", ["503", "502", "429", "drop", "drop-after", "code252", "code241"])
def test_a_passing_failure_is_tried_again_with_growing_pauses(bridge: Bridge, how: str) -> None:
    waited: list[float] = []
    publication = opened(bridge, waited)
    bridge.fail(2, how)
    publication.write(emission(1, values(waarden=[5])))
    assert waited == [1.0, 2.0]
    assert [figure.waarde for figure in publication.figures(Filter(), historie=True)] == [5]


@pytest.mark.parametrize("how", ["503", "drop", "code252"])
def test_trying_again_ends(bridge: Bridge, how: str) -> None:
    waited: list[float] = []
    publication = opened(bridge, waited)
    bridge.fail(len(PAUSES) + 1, how)
    with pytest.raises(SinkUnavailableError, match="niet bereikbaar of overbelast"):
        publication.write(emission(1, values()))
    assert waited == list(PAUSES)
    publication.write(emission(1, values()))


def test_a_read_is_tried_again(bridge: Bridge) -> None:
    waited: list[float] = []
    publication = opened(bridge, waited)
    bridge.fail(1, "503")
    assert publication.figures(Filter()) == []
    assert waited == [1.0]


@pytest.mark.parametrize("how", ["code497", "code60", "code62"])
def test_a_refusal_is_not_tried_again(bridge: Bridge, how: str) -> None:
    waited: list[float] = []
    publication = opened(bridge, waited)
    bridge.fail(1, how)
    with pytest.raises(SinkRefusedError, match=how.removeprefix("code")):
        publication.write(emission(1, values()))
    assert waited == []


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        waited: list[float] = []
        with pytest.raises(SinkUnavailableError) as caught:
            open_server(url, "zorg", "lindebloesem-42", sleep=waited.append, pauses=PAUSES)
    assert waited == list(PAUSES)
    assert "lindebloesem-42" not in texts(caught.value)


def test_a_wrong_password_is_refused_at_once_and_never_shown(bridge: Bridge) -> None:
    waited: list[float] = []
    with pytest.raises(SinkRefusedError, match="wachtwoord") as caught:
        open_server(bridge.url, bridge.user, "lindebloesem-42", sleep=waited.append)
    assert waited == []
    assert "lindebloesem-42" not in texts(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://zorg:lindebloesem-42@localhost:8123",
        "",
        "localhost:8123",
        "ftp://localhost",
        "http://",
        "http://localhost:poort",
        "clickhouse://zorg@localhost",
    ],
)
def test_an_unusable_url_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(SinkRefusedError) as caught:
        connect_server(url)
    assert "lindebloesem-42" not in texts(caught.value)


def test_a_user_may_stand_in_the_url(bridge: Bridge) -> None:
    url = bridge.url.replace("http://", f"http://{bridge.user}@")
    connect_server(url, password=bridge.password).close()


def test_all_errors_are_sink_errors(bridge: Bridge) -> None:
    publication = opened(bridge, [])
    bridge.fail(1, "code1002")
    with pytest.raises(SinkError):
        publication.last_version("twente", [])


def test_an_emission_is_two_requests_and_no_more(bridge: Bridge) -> None:
    publication = opened(bridge, [])
    before = bridge.statements()
    publication.write(emission(1, values(waarden=list(range(500)))))
    assert bridge.statements() - before == 2
