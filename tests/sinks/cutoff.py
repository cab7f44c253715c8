"""A connection that breaks off after a number of statements, as a crash would."""

from collections.abc import Sequence

from zorgstroom.sinks.connection import Connection, Parameters, Row


class CutOffError(Exception):
    """Stands for the end of the process."""


class CutOffConnection(Connection):
    """Passes on `statements` statements to `whole`, and raises `CutOffError` at the next."""

    def __init__(self, whole: Connection, statements: int) -> None:
        self.place = whole.place
        self.exclusive = whole.exclusive
        self.longest_insert = whole.longest_insert
        self._whole = whole
        self._left = statements

    def run(self, statement: str) -> None:
        if self._left == 0:
            raise CutOffError
        self._left -= 1
        self._whole.run(statement)

    def rows(self, query: str, parameters: Parameters | None = None) -> Sequence[Row]:
        return self._whole.rows(query, parameters)

    def close(self) -> None:
        self._whole.close()
