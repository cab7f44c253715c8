"""
Every place where worker and embedded process wait for the outside, and what can go wrong there.

`test_points.py` finds those places in the source and fails when one of them is not in this list.
"""

from typing import Final, NamedTuple

WAYS: Final = ("once", "half", "hangs", "always")
"""Fails once; does it, and the answer does not come; never answers; fails until it is mended."""


class Point(NamedTuple):
    """A method of an outside client, and the calls in the source that end there."""

    owner: str
    """Module and class (or only module) whose attribute is replaced, as ``module:Class``."""
    method: str
    role: str
    """Only of clients whose `client_id` this expression matches; empty: of all."""
    error: str
    """Kind of error that stands for a failure, as ``module:Class``."""
    calls: tuple[str, ...]
    """As they stand in the source: ``file: expression``."""


_TIMEOUT: Final = "aiokafka.errors:KafkaTimeoutError"
_GONE: Final = "aiokafka.errors:KafkaConnectionError"
_DATABASE: Final = "clickhouse_connect.driver.exceptions:OperationalError"
_PRODUCER: Final = "aiokafka.producer.producer:AIOKafkaProducer"
_CONSUMER: Final = "aiokafka.consumer.consumer:AIOKafkaConsumer"
_ADMIN: Final = "aiokafka.admin.client:AIOKafkaAdminClient"
_THREAD: Final = "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread"
_GROUP: Final = "aiokafka.consumer.group_coordinator:GroupCoordinator"
_CLIENT: Final = "clickhouse_connect.driver.httpclient:HttpClient"
_INTAKE, _WRITER, _READER, _BOARD = r"-inname$", r"-\d+$", r"-herstel$", r"-beheer$"


def _producer(method: str, role: str, *calls: str, error: str = _TIMEOUT) -> Point:
    return Point(_PRODUCER, method, role, error, calls)


WORKER: Final[dict[str, Point]] = {
    "intake start": _producer("start", _INTAKE, "intake.py: self._producer.start", error=_GONE),
    "intake send": _producer("send_batch", _INTAKE, "intake.py: self._producer.send_batch"),
    "intake delivered": _producer("send_batch", _INTAKE, "intake.py: delivered"),
    "intake refuse": _producer("send_and_wait", _INTAKE, "intake.py: self._producer.send_and_wait"),
    "intake flush": _producer("stop", _INTAKE, "intake.py: self._producer.stop"),
    "intake offsets": Point(_CONSUMER, "commit", "", _TIMEOUT, ("seam.py: consumer._commit",)),
    "group join": Point(_GROUP, "_do_rejoin_group", "", _GONE, ("life.py: self.app.start",)),
    "fetch": Point(_THREAD, "getmany", "", _TIMEOUT, ("consumer.py: self._thread.getmany",)),
    "committed": Point(
        _THREAD, "seek_to_committed", "", _TIMEOUT, ("consumer.py: self.seek_to_committed",)
    ),
    "earliest": Point(
        _THREAD, "earliest_offsets", "", _TIMEOUT, ("consumer.py: self.earliest_offsets",)
    ),
    "highwaters": Point(
        _THREAD,
        "highwaters",
        "",
        _TIMEOUT,
        ("consumer.py: self.highwaters", "backlog.py: consumer.highwaters"),
    ),
    "position": Point(
        _THREAD,
        "position",
        "",
        _TIMEOUT,
        ("consumer.py: self.position", "backlog.py: consumer.position"),
    ),
    "writer start": _producer("start", _WRITER, "writer.py: self._producer.start", error=_GONE),
    "writer begin": _producer(
        "begin_transaction", _WRITER, "writer.py: self._producer.begin_transaction"
    ),
    "writer send": _producer("send_batch", _WRITER, "writer.py: self._producer.send_batch"),
    "writer delivered": _producer("send_batch", _WRITER, "writer.py: delivered"),
    "writer offsets": _producer(
        "send_offsets_to_transaction",
        _WRITER,
        "writer.py: self._producer.send_offsets_to_transaction",
    ),
    "writer commit": _producer(
        "commit_transaction", _WRITER, "writer.py: self._producer.commit_transaction"
    ),
    "writer stop": _producer("stop", _WRITER, "writer.py: self._producer.stop"),
    "changelog start": Point(_CONSUMER, "start", _READER, _GONE, ("asking.py: consumer.start",)),
    "changelog seek": Point(
        _CONSUMER,
        "seek_to_beginning",
        _READER,
        _TIMEOUT,
        ("asking.py: consumer.seek_to_beginning",),
    ),
    "changelog ends": Point(
        _CONSUMER,
        "end_offsets",
        _READER,
        _TIMEOUT,
        ("asking.py: bare.end_offsets", "asking.py: consumer.end_offsets"),
    ),
    "changelog read": Point(_CONSUMER, "getmany", _READER, _TIMEOUT, ("asking.py: question",)),
    "changelog position": Point(
        _CONSUMER, "position", _READER, _TIMEOUT, ("asking.py: consumer.position",)
    ),
    "changelog stop": Point(_CONSUMER, "stop", _READER, _TIMEOUT, ("asking.py: consumer.stop",)),
    "settings start": _producer("start", _BOARD, "board.py: producer.start", error=_GONE),
    "settings begin": _producer(
        "begin_transaction", _BOARD, "board.py: producer.begin_transaction"
    ),
    "settings send": _producer("send", _BOARD, "board.py: producer.send"),
    "settings delivered": _producer("send", _BOARD, "board.py: delivered"),
    "settings commit": _producer(
        "commit_transaction", _BOARD, "board.py: producer.commit_transaction"
    ),
    "settings stop": _producer("stop", _BOARD, "board.py: producer.stop"),
    "topics start": Point(_ADMIN, "start", "", _GONE, ("asking.py: admin.start",)),
    "topics look": Point(
        _ADMIN, "describe_topics", "", _TIMEOUT, ("asking.py: admin.describe_topics",)
    ),
    "topics stop": Point(_ADMIN, "close", "", _GONE, ("asking.py: admin.close",)),
    "database open": Point(
        "clickhouse_connect",
        "get_client",
        "",
        _DATABASE,
        ("publishing.py: self._open_places",),
    ),
    "database write": Point(
        _CLIENT,
        "command",
        "",
        _DATABASE,
        (
            "publishing.py: publisher.write",
            "publishing.py: publisher.release",
            "care.py: publication.publish",
        ),
    ),
    "database read": Point(
        _CLIENT,
        "query",
        "",
        _DATABASE,
        ("publishing.py: publisher.connect", "publishing.py: made.learn"),
    ),
}
"""Of `zorgstroom worker`."""

_DISK: Final = "builtins:OSError"
_SQLITE: Final = "sqlite3:OperationalError"
_STORE: Final = "zorgstroom.stream.store:Store"

EMBEDDED: Final[dict[str, Point]] = {
    "sqlite commit": Point(
        "sqlite3:Connection",
        "execute",
        "^COMMIT",
        _SQLITE,
        ("store.py: self._db.execute",),
    ),
    "sqlite begin": Point("sqlite3:Connection", "execute", "^BEGIN", _SQLITE, ()),
    "sqlite read": Point("sqlite3:Connection", "execute", "^SELECT", _SQLITE, ()),
    "sqlite property": Point("sqlite3:Connection", "execute", "^INSERT", _SQLITE, ()),
    "sqlite write": Point(
        "sqlite3:Connection",
        "executemany",
        "",
        _SQLITE,
        ("store.py: self._db.executemany",),
    ),
    "database write": Point(
        _CLIENT, "command", "", _DATABASE, ("connection.py: self._client.command",)
    ),
    "database read": Point(_CLIENT, "query", "", _DATABASE, ("connection.py: self._client.query",)),
    "file move": Point("pathlib:Path", "rename", "", _DISK, ("filing.py: source.rename",)),
    "file list": Point("os", "scandir", r"/inbox$", _DISK, ("arrivals.py: os.scandir",)),
    "file open": Point("os", "open", r"/inbox/[^/]*\.xml$", _DISK, ("sources.py: os.open",)),
    "file read": Point("os", "read", "", _DISK, ("sources.py: os.read",)),
    "reason write": Point("os", "open", r"\.bezig\.tmp$", _DISK, ("filing.py: os.open",)),
}
"""Of `zorgstroom serve`."""

_OURS: Final = "our own, whose outside calls stand in the list"
_CLOSES: Final = "gives back what is held; the end of the process does that too"
_ASKS: Final = "asks the file system how a file is; whatever it answers or raises is a file unread"
INSIDE: Final[dict[str, str]] = {
    "consumer.py: self._filled.wait": _OURS,
    "consumer.py: self._on_gaps": _OURS,
    "consumer.py: self.sleep": _OURS,
    "consumer.py: self.wait_first": _OURS,
    "intake.py: self._decoder.decode": _OURS,
    "life.py: action": _OURS,
    "life.py: measured": _OURS,
    "life.py: self._guarded(self.owned.load)": _OURS,
    "life.py: self._guarded(self.owned.own)": _OURS,
    "life.py: self._guarded(self.owned.pause)": _OURS,
    "life.py: self._guarded(work)": _OURS,
    "life.py: self.app.commit_offsets": _OURS,
    "life.py: self.app.is_behind": _OURS,
    "life.py: self.app.wait_until_crashed": "waits for a failure of Faust",
    "publishing.py: self._ending.wait": _OURS,
    "publishing.py: question": "what `_ask` was given",
    "run.py: listen": "the pages; without an address the process does not start",
    "run.py: runner.cleanup": _CLOSES,
    "run.py: runner.setup": "the pages; without an address the process does not start",
    "seam.py: consumer.is_behind": _OURS,
    "seam.py: self._crashed.wait": "waits for a failure of Faust",
    "seam.py: self.app.on_load": _OURS,
    "seam.py: self.app.on_owned": _OURS,
    "startcheck.py: find_refusal": "asks why after a failure; has limits of its own",
    "arrivals.py: os.lstat": _ASKS,
    "connection.py: self._client.close": _CLOSES,
    "filing.py: os.close": _CLOSES,
    "filing.py: os.access": _ASKS,
    "filing.py: os.path.lexists": _ASKS,
    "filing.py: folder.exists": _ASKS,
    "filing.py: folder.is_dir": _ASKS,
    "filing.py: folder.is_symlink": _ASKS,
    "filing.py: path.is_file": _ASKS,
    "filing.py: path.read_bytes": _ASKS,
    "filing.py: source.lstat": _ASKS,
    "filing.py: source.open": _ASKS,
    "filing.py: folder.chmod": "before the start is over",
    "filing.py: folder.mkdir": "before the start is over, or as `os.open` below it",
    "filing.py: os.fdopen": "of what `os.open` gave",
    "filing.py: os.link": "when a sender put another file in place of one that was read",
    "filing.py: target.unlink": "when a sender put another file in place of one that was read",
    "filing.py: target.with_name(target.name + REASON).unlink": "the same",
    "filing.py: os.fsencode": "computes",
    "filing.py: folder.with_name": "computes",
    "filing.py: source.with_name": "computes",
    "filing.py: target.with_name": "computes",
    "sources.py: os.close": _CLOSES,
    "sources.py: os.fstat": _ASKS,
    "sources.py: os.scandir": "of folders that are named to `ingest`",
    "sources.py: path.is_dir": _ASKS,
    "sources.py: path.lower": "computes",
    "sources.py: path.lower().endswith": "computes",
    "store.py: self._db.close": _CLOSES,
    "store.py: self._db.executescript": "makes the tables, before there is anything to lose",
}
"""What looks like a call to the outside and needs no fault of its own, and why."""
