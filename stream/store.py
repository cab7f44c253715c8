"""
The state of the embedded process in one SQLite file: dossiers, refusals and counters.

Everything a batch changes is committed in one transaction, so that a crash at any moment leaves
either all of it or nothing. The file holds pseudonyms and no BSN; it is still personal data.
"""

import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, TypeVar

from zorgstroom.aggregations.dossier import DamagedDossierError, DossierError
from zorgstroom.stream.errors import DataInUseError, StateError
from zorgstroom.stream.results import Refusal
from zorgstroom.stream.state_upgrade import unpacked, upgrade_dossiers

SCHEMA: Final = 2
_TABLES: Final = """
CREATE TABLE dossiers (sleutel BLOB PRIMARY KEY, inhoud BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE berichten (identiteit INTEGER PRIMARY KEY, inhoud INTEGER NOT NULL);
CREATE TABLE afgekeurd (
    pad TEXT NOT NULL, lid TEXT NOT NULL, hash TEXT NOT NULL, reden TEXT NOT NULL,
    regel TEXT NOT NULL, element TEXT NOT NULL, lijn INTEGER, melding TEXT NOT NULL,
    oplossing TEXT NOT NULL, tijd TEXT NOT NULL, PRIMARY KEY (pad, lid, hash)
) WITHOUT ROWID;
CREATE TABLE tellers (naam TEXT PRIMARY KEY, aantal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE eigenschappen (naam TEXT PRIMARY KEY, waarde TEXT NOT NULL) WITHOUT ROWID;
"""
_CHUNK: Final = 500

T = TypeVar("T")


class Store:
    """
    The open state of one folder; only one process at a time.

    Raises:
        DataInUseError: Another process has the folder open.
        StateError: The file is damaged or was made by a newer version.

    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self._lock = _lock(folder / "slot")
        self._path = path = folder / "dossiers.sqlite"
        # Private before there is anything in it, whatever the umask.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            # WAL with a full sync: an acknowledged commit survives a crash of the machine, too.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA cache_size = -65536")
            self._db.execute("PRAGMA secure_delete = ON")
            self._migrate()
        except sqlite3.OperationalError:
            self.close()
            raise  # no room, no rights: nothing is damaged
        except sqlite3.DatabaseError as error:
            self.close()
            raise damaged(path, f"Hij is onleesbaar ({error}).") from None
        except StateError:
            self.close()
            raise
        self.dossiers = DossierTable(self._db)

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StateError(
                f"De toestand heeft vorm {version}; deze versie van zorgstroom kent vorm {SCHEMA}. "
                "Gebruik een nieuwere versie."
            )
        if version == 0:
            self._db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif version < SCHEMA:
            self._upgrade()

    def _upgrade(self) -> None:
        """Convert the state of a former version; after a crash it is as it was before."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            upgrade_dossiers(self._db)
            self._db.execute(f"PRAGMA user_version = {SCHEMA}")
            self._db.execute("COMMIT")
        except DossierError as error:
            self._rollback()
            raise state_error(self._path, error) from None
        except BaseException:
            self._rollback()
            raise

    @contextmanager
    def read_whole(self) -> Iterator[None]:
        """While everything is read, tell what is damaged as a `StateError`."""
        try:
            yield
        except DossierError as error:
            raise state_error(self._path, error) from None
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise damaged(self._path, f"Hij is onleesbaar ({error}).") from None

    def property(self, name: str) -> str | None:
        """Return a property of the state, such as the fingerprint of its key."""
        found = self._db.execute(
            "SELECT waarde FROM eigenschappen WHERE naam = ?", (name,)
        ).fetchone()
        return None if found is None else str(found[0])

    def set_property(self, name: str, value: str) -> None:
        """Remember a property at once."""
        self._db.execute("INSERT OR REPLACE INTO eigenschappen VALUES (?, ?)", (name, value))

    def commit(
        self,
        dossiers: Mapping[str, bytes],
        identities: Iterable[tuple[int, int]],
        refusals: Sequence[Refusal],
        counters: Mapping[str, int],
    ) -> None:
        """Make everything that a batch changed safe, in one transaction."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany(
                "INSERT OR REPLACE INTO dossiers VALUES (?, ?)",
                [(_pack(key), stored) for key, stored in sorted(dossiers.items())],
            )
            db.executemany("INSERT OR IGNORE INTO berichten VALUES (?, ?)", sorted(identities))
            db.executemany(
                "INSERT OR IGNORE INTO afgekeurd VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [refusal.row() for refusal in refusals],
            )
            db.executemany(
                "INSERT INTO tellers VALUES (?, ?)"
                " ON CONFLICT (naam) DO UPDATE SET aantal = aantal + excluded.aantal",
                counters.items(),
            )
            db.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise

    def forget(self, keys: Iterable[str], properties: Mapping[str, str]) -> None:
        """Delete dossiers for good (retention, erasure), and remember what goes with that."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                "DELETE FROM dossiers WHERE sleutel = ?", [(_pack(key),) for key in keys]
            )
            for name, value in properties.items():
                self.set_property(name, value)
            self._db.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        self.dossiers.fetch(())  # what a batch had read is gone as well
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rollback(self) -> None:
        # A full disk may have rolled back by itself; its own error is the one to show.
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")

    def known_contents(self, identities: Iterable[int]) -> dict[int, int]:
        """Return the content hash that each known message identity first came with."""
        found: dict[int, int] = {}
        for part in _chunks(list(identities)):
            marks = ",".join("?" * len(part))
            sql = f"SELECT identiteit, inhoud FROM berichten WHERE identiteit IN ({marks})"  # noqa: S608
            found.update(self._db.execute(sql, part))
        return found

    def is_refused(self, refusal: Refusal) -> bool:
        """Return whether this content of this file or member was refused before."""
        found = self._db.execute(
            "SELECT 1 FROM afgekeurd WHERE pad = ? AND lid = ? AND hash = ?",
            (refusal.pad, refusal.lid, refusal.hash),
        )
        return found.fetchone() is not None

    def counters(self) -> Counter[str]:
        """Return what was counted since the state was made."""
        return Counter(dict(self._db.execute("SELECT naam, aantal FROM tellers")))

    def refusals(self, limit: int = 100) -> list[Refusal]:
        """Return the latest refusals, the newest first."""
        rows = self._db.execute("SELECT * FROM afgekeurd ORDER BY tijd DESC LIMIT ?", (limit,))
        return [Refusal.from_row(row) for row in rows]

    def close(self) -> None:
        """Give back the file and the folder."""
        self._db.close()
        self._lock.close()


class DossierTable(MutableMapping[str, bytes]):
    """
    The dossiers as a table from key to stored form.

    Assignment keeps nothing: a batch is made safe by `Store.commit` first, after which the table
    already reads the new values.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._fetched: dict[str, bytes | None] = {}

    def fetch(self, keys: Iterable[str]) -> None:
        """Read the dossiers of a batch in few statements; forgets those of the batch before."""
        wanted = dict.fromkeys(keys)
        self._fetched = dict(wanted)
        for part in _chunks([_pack(key) for key in wanted]):
            marks = ",".join("?" * len(part))
            sql = f"SELECT sleutel, inhoud FROM dossiers WHERE sleutel IN ({marks})"  # noqa: S608
            for packed, stored in self._db.execute(sql, part):
                self._fetched[unpacked(packed)] = stored

    def __getitem__(self, key: str) -> bytes:
        if key in self._fetched:
            stored = self._fetched[key]
        else:
            found = self._db.execute(
                "SELECT inhoud FROM dossiers WHERE sleutel = ?", (_pack(key),)
            ).fetchone()
            stored = None if found is None else found[0]
        if stored is None:
            raise KeyError(key)
        return stored

    def __setitem__(self, key: str, stored: bytes) -> None:
        if key in self._fetched:
            self._fetched[key] = stored

    def __delitem__(self, key: str) -> None:
        raise TypeError("use Store.forget")

    def __len__(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM dossiers").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[str]:
        for (packed,) in self._db.execute("SELECT sleutel FROM dossiers"):
            yield unpacked(packed)

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Yield every dossier, for a rebuild."""
        for packed, stored in self._db.execute("SELECT sleutel, inhoud FROM dossiers"):
            yield unpacked(packed), stored


def state_error(path: Path, error: DossierError) -> StateError:
    """Return what to do about a dossier in the state `path` that cannot be read."""
    if isinstance(error, DamagedDossierError):
        return damaged(path, str(error))
    return StateError(str(error))


def damaged(path: Path, why: str) -> StateError:
    """Return what to do about a state that is not what was written."""
    return StateError(
        f"De toestand in {path} is beschadigd. {why} Er is niets verwerkt of gepubliceerd. Zet de "
        "reservekopie van de map terug en lees daarna de berichten van sindsdien opnieuw in; of "
        "begin een nieuwe map met dezelfde sleutel en afrondsleutel, en lees alle berichten en de "
        "beginstand opnieuw in. Controleer ook de schijf."
    )


def _pack(key: str) -> bytes:
    return key[:4].encode() + bytes.fromhex(key[4:])


def _chunks(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Keep other processes out of `folder` for a while; gives the file that does so."""
    lock = _lock(folder / "slot")
    try:
        yield folder / "slot"
    finally:
        lock.close()


def _lock(path: Path) -> IO[str]:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataInUseError(
            f"Een ander zorgstroom-proces werkt al in {path.parent}. Stop dat eerst, of vraag het "
            "om de cijfers (zorgstroom figures doet dat zelf)."
        ) from None
    return file
