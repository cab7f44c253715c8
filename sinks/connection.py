"""
One way to talk to ClickHouse, whether the engine runs in this process or on a server.

Everything above this file sends SQL and gets rows; only here is known which of the two it is.
A connection may be used by several threads and shared by several publications.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver import exceptions
from clickhouse_connect.driver.client import Client

from zorgstroom.sinks.cells import LONGEST_INSERT
from zorgstroom.sinks.errors import SinkRefusedError
from zorgstroom.sinks.folder import held_by_another, private_folder, refuse_followed_links
from zorgstroom.sinks.retry import PAUSES, Sleep, attempt

Parameters = Mapping[str, object]
Row = Sequence[object]

MAX_QUERY_BYTES = 8 << 20
"""Longest statement we send; an emission travels inside its statement (`cells.py`)."""


_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 60
"""A server that is silent for so long counts as away; what it was told is safe to tell again."""


class Connection:
    """
    A client of ClickHouse with our errors, our retries and nothing else.

    The driver itself is safe for threads here: no session over HTTP, one lock per client in the
    embedded engine, held for one statement.
    """

    def __init__(
        self,
        client: Client,
        place: str,
        sleep: Sleep = time.sleep,
        pauses: Sequence[float] = PAUSES,
        *,
        exclusive: bool = False,
        longest_insert: float = LONGEST_INSERT,
    ) -> None:
        self.place = place
        self.longest_insert = longest_insert
        """Seconds after which the server ends an insert; a new owner of a region waits as long."""
        self.exclusive = exclusive
        """Whether no other process can have a statement under way here."""
        self.retried: Callable[[], None] = lambda: None
        """Told of each statement that is tried again."""
        self._client = client
        self._sleep = sleep
        self._pauses = pauses

    def run(self, statement: str) -> None:
        """Run one statement that returns nothing; it must be safe to run twice."""
        attempt(
            lambda: self._client.command(statement),
            place=self.place,
            sleep=self._pause,
            pauses=self._pauses,
        )

    def rows(self, query: str, parameters: Parameters | None = None) -> Sequence[Row]:
        """Return the rows of `query`; `parameters` fill its ``{name:Type}`` on the server."""
        bound = dict(parameters or {})
        return attempt(
            lambda: self._client.query(query, parameters=bound).result_rows,
            place=self.place,
            sleep=self._pause,
            pauses=self._pauses,
        )

    def _pause(self, seconds: float) -> None:
        self.retried()
        self._sleep(seconds)

    def close(self) -> None:
        """Close the client; the embedded folder is free when the last one of it is closed."""
        self._client.close()


def connect_embedded(path: Path | None) -> Connection:
    """
    Open the engine inside this process on the folder `path`, made with rights for the owner only.

    Without a path everything is kept in memory. One process has one folder at a time; in that
    process the same folder may be opened more than once.

    Raises:
        FolderInUseError: another process holds the folder.
        SinkRefusedError: the folder cannot be used or was copied badly, or the extra `embedded` is
            not installed.

    """
    if path is not None:
        private_folder(path)
        refuse_followed_links(path)
    try:
        client = clickhouse_connect.get_client(
            interface="chdb", path=None if path is None else str(path), tz_mode="aware"
        )
        client.command(f"SET max_query_size = {MAX_QUERY_BYTES}")
    except ImportError as error:
        raise SinkRefusedError(
            "De ingebouwde database ontbreekt. Installeer haar met "
            "`pip install 'zorgstroom[embedded]'`, of geef de URL van een ClickHouse-server."
        ) from error
    except exceptions.ClickHouseError as error:
        if path is not None:
            held_by_another(path, error)
        raise SinkRefusedError(
            f"De ingebouwde database in {path} kan niet worden geopend. Controleer de rechten op "
            "de map; staat er een andere map open in dit proces, sluit die dan eerst."
        ) from error
    place = "de ingebouwde database" if path is None else str(path)
    return Connection(client, place, exclusive=True)


def connect_server(
    url: str,
    user: str = "",
    password: str = "",
    *,
    sleep: Sleep = time.sleep,
    pauses: Sequence[float] = PAUSES,
    longest_insert: float = LONGEST_INSERT,
    ca_file: Path | None = None,
) -> Connection:
    """
    Connect to a server at `url`, such as ``http://clickhouse:8123``.

    A user may stand in the URL; a password may not, because URLs end up in logs. Over https the
    certificate must come from `ca_file` (PEM), or without one from an authority known to all.

    Raises:
        SinkRefusedError: the URL is no URL of a server, or user and password are refused.
        SinkUnavailableError: nobody answers, also after the last retry.

    """
    parts = urlsplit(url)
    if parts.password:
        raise SinkRefusedError(
            "Zet het wachtwoord van ClickHouse niet in de URL maar in de aparte instelling."
        )
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in {"http", "https"} or not host:
        raise SinkRefusedError(
            "De URL van ClickHouse moet er uitzien als http://server:8123 of https://server:8443."
        )
    secure = parts.scheme == "https"
    place = f"{parts.scheme}://{host}:{port or (8443 if secure else 8123)}"
    client = attempt(
        lambda: clickhouse_connect.get_client(
            interface=parts.scheme,
            host=host,
            port=port or 0,
            username=user or unquote(parts.username or "") or None,
            password=password,
            ca_cert=None if ca_file is None else str(ca_file),
            proxy_path=parts.path.strip("/"),
            settings={"max_query_size": MAX_QUERY_BYTES},
            autogenerate_session_id=False,
            query_retries=0,
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=_ANSWER_SECONDS,
            tz_mode="aware",
        ),
        place=place,
        sleep=sleep,
        pauses=pauses,
    )
    return Connection(client, place, sleep, pauses, longest_insert=longest_insert)
