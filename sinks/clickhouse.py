"""
The publication in ClickHouse: on a server, or in a folder with the engine inside this process.

Both are the same class on another connection. An emission is stored when its row in `emissies` is;
cells without that row are the remains of a crash, and writing the emission again completes them.
"""

# ruff: noqa: S608 - the SQL is made of our own constants and a checked name; values are bound

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from zorgstroom.aggregations.results import Emission, SeriesValues
from zorgstroom.aggregations.timeliness_rows import TimelinessRow
from zorgstroom.sinks import cells, reading, schema, timeliness
from zorgstroom.sinks.connection import Connection, connect_embedded, connect_server
from zorgstroom.sinks.contract import (
    Claim,
    Filter,
    PublishedEmission,
    PublishedFigure,
    Safeguard,
    check_emission,
)
from zorgstroom.sinks.errors import OwnershipLostError
from zorgstroom.sinks.ownership import Ownership
from zorgstroom.sinks.retry import PAUSES, Sleep

DATABASE = "publicatie"


class ClickHousePublication:
    """
    One database with published figures; opening it brings its schema up to date.

    Safe to use from several threads: writes wait for each other, reads wait for nobody on a server
    and for one statement in the embedded engine. Every method may raise a `SinkError`.
    """

    def __init__(
        self, connection: Connection, database: str = DATABASE, *, close_connection: bool = False
    ) -> None:
        self._connection = connection
        self._close_connection = close_connection
        self._db = schema.quoted(database)
        self._owners = Ownership(connection, self._db)
        self._writing = threading.Lock()
        schema.migrate(connection, database)

    def last_version(self, regio: str, gebieden: Sequence[str]) -> int:
        """
        Return the highest version stored for `regio` (areas: `gebieden`); 0 when none.

        Cells of an emission that was cut off count too: their number is not free.
        """
        rows = self._connection.rows(
            "SELECT greatest("
            f"(SELECT max(versie) FROM {self._db}.emissies_rijen WHERE regio = {{regio:String}}), "
            f"(SELECT max(versie) FROM {self._db}.historie_rijen "
            "WHERE gebied IN {gebieden:Array(String)}))",
            {"regio": regio, "gebieden": list(gebieden)},
        )
        return cast(int, rows[0][0])

    def last_emission(self, regio: str) -> datetime | None:
        """Return when `regio` was last written in full (UTC), None when never."""
        rows = self._connection.rows(
            f"SELECT tijd FROM {self._db}.emissies_rijen WHERE regio = {{regio:String}} "
            "ORDER BY versie DESC LIMIT 1",
            {"regio": regio},
        )
        return cast(datetime, rows[0][0]) if rows else None

    def gebieden(self) -> frozenset[str]:
        """Return the names of the areas with a figure, also of an emission that was cut off."""
        rows = self._connection.rows(f"SELECT DISTINCT gebied FROM {self._db}.historie_rijen")
        return frozenset(str(gebied) for (gebied,) in rows)

    def safeguards(self) -> list[Safeguard]:
        """Return how the figures here are protected."""
        rows = self._connection.rows(
            f"SELECT beleid, basis, drempel, sleutel FROM {self._db}.bescherming FINAL "
            "ORDER BY sinds, beleid, basis, drempel, sleutel"
        )
        return [
            Safeguard(str(beleid), cast(int, basis), cast(int, drempel), str(sleutel))
            for beleid, basis, drempel, sleutel in rows
        ]

    def keep_safeguard(self, safeguard: Safeguard, now: datetime) -> None:
        """Store how the figures here are protected, unless something is stored already."""
        one = safeguard
        with self._writing:
            self._connection.run(
                f"INSERT INTO {self._db}.bescherming (beleid, basis, drempel, sleutel, sinds) "
                "SETTINGS async_insert = 0 "
                f"SELECT {cells.literal(one.beleid)}, {one.basis}, {one.drempel}, "
                f"{cells.literal(one.sleutel)}, {cells.moment(now)} "
                f"WHERE (SELECT count() FROM {self._db}.bescherming) = 0"
            )

    def published(self, gebieden: Sequence[str]) -> Iterable[SeriesValues]:
        """Yield the latest value of every cell of `gebieden`, periods in order."""
        rows = self._connection.rows(
            reading.published_query(self._db), {"gebieden": list(gebieden)}
        )
        return reading.published(rows)

    def claim(self, regio: str, eigenaar: str, at_least: int, now: datetime) -> Claim:
        """Become the one writer of `regio`; see `Ownership.claim`."""
        with self._writing:
            return self._owners.claim(regio, eigenaar, at_least, now)

    def release(self, claim: Claim, now: datetime) -> None:
        """Say that nothing of `claim` is under way any more."""
        if not self._connection.exclusive:  # there nobody waits
            with self._writing:
                self._owners.release(claim, now)

    def write(self, emission: Emission, claim: Claim | None = None) -> None:
        """
        Store `emission`; return only when it is safe. Writing it again changes nothing.

        Raises:
            ValueError: the emission breaks its contract (`check_emission`).
            OwnershipLostError: another process owns the region; the statements stored nothing.
            SinkUnavailableError: try again later; part of the cells may be stored already.
            SinkRefusedError: the database does not take it; our set-up must change.

        """
        check_emission(emission)
        with self._writing:
            fence = self._owners.fence(claim) if claim else ""
            for statement in cells.statements(
                emission, self._db, fence, self._connection.longest_insert
            ):
                self._connection.run(statement)
            if claim and not self._is_stored(emission):
                raise OwnershipLostError(
                    f"Een ander proces publiceert nu de cijfers van {emission.regio}. Dit proces "
                    "schrijft er niets meer voor."
                )

    def _is_stored(self, emission: Emission) -> bool:
        return bool(
            self._connection.rows(
                f"SELECT 1 FROM {self._db}.emissies_rijen "
                "WHERE regio = {regio:String} AND versie = {versie:UInt64} LIMIT 1",
                {"regio": emission.regio, "versie": emission.versie},
            )
        )

    def figures(self, wanted: Filter, *, historie: bool = False) -> list[PublishedFigure]:
        """Return the latest figures, or every version ever published, ordered by cell."""
        query, parameters = reading.figures_query(wanted, self._db, historie=historie)
        return reading.figures(self._connection.rows(query, parameters))

    def emissions(self, limit: int, regio: str = "") -> list[PublishedEmission]:
        """Return the last `limit` emissions, of `regio` or of all regions, the newest first."""
        query, parameters = reading.emissions_query(limit, regio, self._db)
        return reading.emissions(self._connection.rows(query, parameters))

    def write_timeliness(
        self, rows: Sequence[TimelinessRow], versie: int, tijd: datetime, claim: Claim | None = None
    ) -> None:
        """Store `rows` of one region in one statement; see `write` for what it may raise."""
        with self._writing:
            fence = self._owners.fence(claim) if claim else ""
            longest = self._connection.longest_insert
            self._connection.run(
                timeliness.statement(rows, versie, tijd, self._db, fence=fence, longest=longest)
            )
            if claim and not self._connection.rows(
                f"SELECT 1 FROM {self._db}.tijdigheid_rijen WHERE regio = {{regio:String}} "
                "AND versie = {versie:UInt64} AND maand = {maand:Date32} LIMIT 1",
                {"regio": rows[0].regio, "versie": versie, "maand": rows[0].maand},
            ):
                raise OwnershipLostError(
                    f"Een ander proces publiceert nu de tijdigheid van {rows[0].regio}."
                )

    def timeliness(self, regio: str) -> list[TimelinessRow]:
        """Return the rows that `regio` published, in the order of their key."""
        return timeliness.rows(
            self._connection.rows(timeliness.rows_query(self._db), {"regio": regio})
        )

    def close(self) -> None:
        """Close the connection, if this publication opened it."""
        if self._close_connection:
            self._connection.close()


def owning(connection: Connection, database: str) -> ClickHousePublication:
    """Return a publication that closes `connection`, also when it cannot be opened itself."""
    try:
        return ClickHousePublication(connection, database, close_connection=True)
    except BaseException:
        connection.close()
        raise


def open_embedded(path: Path | None, database: str = DATABASE) -> ClickHousePublication:
    """
    Open the publication in the folder `path`, made with mode 0700; None keeps it in memory.

    Raises:
        FolderInUseError: another process holds the folder; the text says what to do.
        SinkRefusedError: no engine, no rights on the folder, or a schema newer than ours.

    """
    return owning(connect_embedded(path), database)


def open_server(
    url: str,
    user: str = "",
    password: str = "",
    database: str = DATABASE,
    *,
    sleep: Sleep = time.sleep,
    pauses: Sequence[float] = PAUSES,
    ca_file: Path | None = None,
) -> ClickHousePublication:
    """
    Open the publication on the server at `url`; temporary failures are retried after `pauses`.

    Raises:
        SinkUnavailableError: nobody answers, also after the last pause.
        SinkRefusedError: wrong URL, user, password, rights, or a schema newer than ours.

    """
    connection = connect_server(url, user, password, sleep=sleep, pauses=pauses, ca_file=ca_file)
    return owning(connection, database)
