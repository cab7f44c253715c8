"""
Which errors of the driver pass by themselves, and how often we try again before we give up.

The decision rests on the class and the numeric code of an error, never on its text; no text of the
driver is copied, so that no address or password can leak into ours.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from clickhouse_connect.driver import exceptions

from zorgstroom.sinks.errors import SinkError, SinkRefusedError, SinkUnavailableError
from zorgstroom.sinks.tls import certificate_problem

T = TypeVar("T")
Sleep = Callable[[float], None]
"""How to wait some seconds; tests give one that does not."""

PAUSES: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 5.0)
"""Seconds to wait before each further attempt; after the last one the error goes up."""

PASSING_CODES = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        999,  # KEEPER_EXCEPTION
    }
)

ADVICE = {
    192: "De gebruiker bestaat niet.",
    193: "Het wachtwoord klopt niet.",
    194: "Er is een wachtwoord nodig.",
    497: "De gebruiker heeft het recht hiertoe niet.",
    516: "Gebruiker of wachtwoord klopt niet.",
}


def passes(error: Exception) -> bool:
    """
    Return whether trying again may help.

    Without a code the answer did not come from ClickHouse: a broken connection, or a proxy (502,
    503) that has no server behind it. The driver gives those its two general classes. A server with
    a wrong certificate is not spoken to at all.
    """
    code = getattr(error, "code", None)
    if code is not None:
        return code in PASSING_CODES
    if certificate_problem(error):
        return False
    return isinstance(error, exceptions.OperationalError) or type(error) is exceptions.DatabaseError


def explained(error: exceptions.ClickHouseError, place: str) -> SinkError:
    """Return our error for one of the driver; `place` is what the user calls the database."""
    code = getattr(error, "code", None)
    name = getattr(error, "name", None) or type(error).__name__
    what = f"code {code}, {name}" if code is not None else type(error).__name__
    if passes(error):
        return SinkUnavailableError(
            f"ClickHouse op {place} is niet bereikbaar of overbelast ({what}). "
            "Er is niets verloren; het wordt later opnieuw geprobeerd."
        )
    if code is None and (told := certificate_problem(error)):
        return SinkRefusedError(
            f"ClickHouse op {place} wordt niet vertrouwd. {told} Het CA-bestand is de instelling "
            "ZORGSTROOM_CLICKHOUSE__CA_FILE."
        )
    advice = ADVICE.get(code or 0, "Controleer rechten, adres en schema.")
    return SinkRefusedError(f"ClickHouse op {place} weigert de opdracht ({what}). {advice}")


def attempt(
    action: Callable[[], T],
    *,
    place: str,
    sleep: Sleep,
    pauses: Sequence[float] = PAUSES,
) -> T:
    """
    Run `action` until it succeeds, at most one time more than there are `pauses`.

    Raises:
        SinkUnavailableError: every attempt failed with an error that passes by itself.
        SinkRefusedError: the database refused; trying again would not help.

    """
    for pause in pauses:
        try:
            return action()
        except exceptions.ClickHouseError as error:
            if not passes(error):
                raise explained(error, place) from error
        sleep(pause)
    try:
        return action()
    except exceptions.ClickHouseError as error:
        raise explained(error, place) from error
