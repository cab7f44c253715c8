"""What is wrong with a certificate, in words for who must set it right (Dutch)."""

import ssl
from typing import Final

_REASONS: Final = {
    9: "is nog niet geldig; klopt de klok van deze machine?",
    10: "is verlopen; vernieuw het op de server",
    18: "is door de server zelf ondertekend en staat niet in het CA-bestand",
    19: "komt van een uitgever die niet in het CA-bestand staat",
    20: "komt van een uitgever die niet in het CA-bestand staat",
    21: "komt van een uitgever die niet in het CA-bestand staat",
    62: "is voor een andere naam dan die in het adres",
    64: "is voor een ander IP-adres dan dat in het adres",
}
"""By the number that OpenSSL gives (`X509_V_ERR_*`)."""


def certificate_problem(error: BaseException | None) -> str | None:
    """
    Return what the cause of `error` tells of a certificate or of TLS; None when it tells nothing.

    Looks through causes, contexts and what an error was made of: the driver wraps several times.
    """
    seen: set[int] = set()
    waiting: list[object] = [error]
    other = None
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, ssl.SSLCertVerificationError):
            reason = _REASONS.get(found.verify_code, f"is afgekeurd (nummer {found.verify_code})")
            return f"Het certificaat {reason}."
        if isinstance(found, ssl.SSLError):
            name = found.reason or type(found).__name__
            other = f"TLS komt niet tot stand ({name}); spreekt de server op deze poort TLS?"
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
    return other
