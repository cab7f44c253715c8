"""How each client of Kafka is told where the broker is and who we are; and why it was refused."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from zorgstroom.sinks.tls import certificate_problem
from zorgstroom.stream.security import secret
from zorgstroom.stream.settings import Kafka

_ATTEMPT_MS: Final = 5_000
_NAME: Final = "ZORGSTROOM_KAFKA__"


def connection(kafka: Kafka) -> dict[str, Any]:
    """
    Return the options of kafka-python and aiokafka (they have the same names), with secrets.

    Secrets and certificates are read from disk at each call. Raises a `SecretFileError`.
    """
    return {"bootstrap_servers": kafka.brokers.split(","), **_security(kafka)}


def credentials(kafka: Kafka) -> Any:
    """Return what Faust wants to know beside the address; None for a broker in the clear."""
    from faust import SASLCredentials, SSLCredentials  # noqa: PLC0415 - an extra, slow to load

    if kafka.has_user:
        return SASLCredentials(
            username=kafka.user,
            password=secret(kafka.password, kafka.password_file),
            mechanism=kafka.sasl_mechanism,
            ssl_context=kafka.tls(),
        )
    return SSLCredentials(context=kafka.tls()) if kafka.has_tls else None


def refusal(kafka: Kafka) -> str | None:
    """
    Ask a broker why it does not let us in; None when it does, or when nobody answers.

    The clients try again and again and keep the reason to themselves, so one connection is made
    to hear it. Safe in any thread, takes at most some seconds. Quotes no secret.
    """
    with ThreadPoolExecutor(1) as apart:  # there may be a loop in this thread already
        return apart.submit(lambda: asyncio.run(find_refusal(kafka))).result()


async def find_refusal(kafka: Kafka) -> str | None:
    """Return what `refusal` does, in the loop that runs."""
    from aiokafka.conn import create_conn  # noqa: PLC0415 - part of an extra

    options = _security(kafka)
    for address in kafka.brokers.split(","):
        host, _, port = address.strip().rpartition(":")
        if not port.isdigit():
            return f"{address!r} is geen adres: schrijf naam:poort"
        try:
            made = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=_ATTEMPT_MS, **options
            )
        except Exception as error:  # of a dozen kinds; those that tell nothing are left out
            if told := _explained(kafka, error):
                return told
        else:
            made.close()
            return None
    return None


def _security(kafka: Kafka) -> dict[str, Any]:
    found: dict[str, Any] = {"security_protocol": kafka.security_protocol}
    if kafka.has_tls:
        found["ssl_context"] = kafka.tls()
    if kafka.has_user:
        found["sasl_mechanism"] = kafka.sasl_mechanism
        found["sasl_plain_username"] = kafka.user
        found["sasl_plain_password"] = secret(kafka.password, kafka.password_file)
    return found


def _explained(kafka: Kafka, error: BaseException) -> str | None:
    """Return what an error of one connection means, by its kind; never its text."""
    from aiokafka import errors  # noqa: PLC0415 - part of an extra

    if isinstance(error, errors.UnsupportedSaslMechanismError | errors.IllegalSaslStateError):
        return f"De broker kent {kafka.sasl_mechanism} niet; zet {_NAME}SASL_MECHANISM goed."
    if told := certificate_problem(error):  # first: some of its kinds are a ValueError too
        return f"{told} Zie {_NAME}CA_FILE en {_NAME}BROKERS."
    # A broker that does not know the user ends SCRAM in a way that aiokafka takes for bad values.
    refused = errors.SaslAuthenticationFailed | errors.AuthenticationFailedError
    if isinstance(error, refused) or (kafka.has_user and isinstance(error, ValueError)):
        return f"Gebruiker of wachtwoord klopt niet; zie {_NAME}USER en {_NAME}PASSWORD_FILE."
    if isinstance(error, errors.KafkaConnectionError | ConnectionResetError):
        # Somebody listens and hangs up, as a broker does that expects another protocol.
        return (
            f"De broker breekt de verbinding af; spreekt hij {kafka.security_protocol} op deze "
            f"poort? Zie {_NAME}SECURITY_PROTOCOL."
        )
    return None
