"""
Who may see the pages, the API and the metrics.

With a token or a password in the settings, everything asks for it: a bearer token (programs) or
basic authentication (browsers). Whether the process lives and is ready is told to anyone, the
reasons only to who may see them. Commands on the same machine, of the same user, find a token of
the process itself in the file `adres`. Without either, only requests to a loopback name are
answered: a page of another site that points its name here (DNS rebinding) gets nothing. With
protection that check is not needed: a browser sends a password only to the site that asked for it.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Collection
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from zorgstroom.stream.security import LOOPBACK, HttpAccess, secret

OPEN: Final = frozenset({"/health/live", "/health/ready"})
"""Told to anyone: who starts and stops the process must not need its secrets."""

_CHALLENGE: Final = 'Basic realm="Zorgstroom", charset="UTF-8"'


class Access:
    """
    Decides for each request; secrets are read once, at the start of the process.

    Args:
        http: The settings.

    Raises:
        SecretFileError: A file with a secret cannot be used.

    """

    def __init__(self, http: HttpAccess) -> None:
        self._hosts = LOOPBACK | {http.host.lower()}
        self.own_token = secrets.token_urlsafe(32)
        """Of this process alone; for commands of the same user on this machine."""
        self._tokens = {_digest(self.own_token.encode())}
        self._user: bytes | None = None
        self.is_protected = http.is_protected
        if token := secret(http.token, http.token_file):
            self._tokens.add(_digest(token.encode()))
        if http.user:
            password = secret(http.password, http.password_file)
            self._user = _digest(f"{http.user}:{password}".encode())

    def middleware(self) -> Middleware:
        """Return what must stand before every route."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._may_see(request):
                if request.path in OPEN:
                    # Good or not, without the reasons: those name servers.
                    return web.Response(status=(await handler(request)).status)
                if not self.is_protected:
                    return refuse(403, "Dit adres wordt hier niet bediend.")
                answer = refuse(401, "Meld u aan: met een wachtwoord, of met een token.")
                answer.headers["WWW-Authenticate"] = _CHALLENGE
                return answer
            site = request.headers.get("Sec-Fetch-Site", "none")
            if request.path.startswith("/api/") and site not in ("none", "same-origin"):
                return refuse(403, "Een andere website mag dit niet opvragen.")
            return await handler(request)

        return guard

    def _may_see(self, request: web.Request) -> bool:
        if self.is_protected:
            return self._knows(request.headers.get("Authorization", ""))
        return _name_of(request.headers.get("Host", "")) in self._hosts

    def _knows(self, header: str) -> bool:
        """Return whether the header `Authorization` is right, in a time that tells nothing."""
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "bearer":
            return _is_among(value.strip().encode("utf-8", "surrogateescape"), self._tokens)
        if scheme.lower() == "basic" and self._user is not None:
            try:
                given = base64.b64decode(value.strip(), validate=True)
            except (binascii.Error, ValueError):
                return False
            return _is_among(given, {self._user})
        return False


def refuse(status: int, text: str) -> web.Response:
    """Return an answer of the API that tells what is wrong."""
    return web.json_response({"fout": text}, status=status)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _is_among(given: bytes, known: Collection[bytes]) -> bool:
    # Digests have one length, and a part of one is no part of a secret: time tells nothing.
    found = _digest(given)
    return any(hmac.compare_digest(found, one) for one in known)


def _name_of(host: str) -> str:
    """Return the name or address in a Host header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
