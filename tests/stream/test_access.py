"""Who gets an answer when pages are protected, and who never needs a secret."""

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from zorgstroom.stream.access import Access
from zorgstroom.stream.security import HttpAccess, SecretFileError

TOKEN = "prometheus-leest-mee-27"
PASSWORD = "een lang wachtwoord: é"
BOTH = HttpAccess(token=SecretStr(TOKEN), user="beheer", password=SecretStr(PASSWORD))


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def ask(access: Access, path: str, header: str | None, host: str = "worker:8305") -> web.Response:
    async def run() -> web.Response:
        async def page(_: web.Request) -> web.Response:
            return web.json_response({"pagina": True})

        app = web.Application(middlewares=[access.middleware()])
        app.add_routes([web.get(one, page) for one in ("/", "/metrics", "/health/ready")])
        app.add_routes([web.get("/health/live", page), web.get("/api/status", page)])
        headers = {"Host": host} | ({} if header is None else {"Authorization": header})
        async with TestClient(TestServer(app)) as client:
            answer = await client.get(path, headers=headers)
            return web.Response(
                status=answer.status, body=await answer.read(), headers=answer.headers
            )

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/status", "/niets"])
def test_without_a_secret_nothing_is_answered(path: str) -> None:
    answer = ask(Access(BOTH), path, None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert b"pagina" not in bytes(str(answer.body), "utf-8")


@pytest.mark.parametrize(
    "header",
    [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("beheer", PASSWORD)],
)
def test_the_token_and_the_password_open(header: str) -> None:
    assert ask(Access(BOTH), "/metrics", header).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        basic("beheer", ""),
        basic("beheer", TOKEN),
        basic("iemand", PASSWORD),
        basic("", f"beheer:{PASSWORD}"),
        "Basic ===",
        "Basic é",
        f"Bearer {PASSWORD}",
    ],
)
def test_anything_else_does_not(header: str) -> None:
    assert ask(Access(BOTH), "/metrics", header).status == 401


def test_only_a_token_lets_no_empty_password_in() -> None:
    access = Access(HttpAccess(token=SecretStr(TOKEN)))
    assert ask(access, "/", basic("", "")).status == 401
    assert ask(access, "/", f"Bearer {TOKEN}").status == 200


def test_the_process_itself_knows_a_token() -> None:
    access = Access(BOTH)
    assert ask(access, "/", f"Bearer {access.own_token}").status == 200
    assert Access(BOTH).own_token != access.own_token


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@pytest.mark.parametrize("http", [BOTH, HttpAccess()])
def test_health_is_for_anyone(http: HttpAccess, path: str) -> None:
    answer = ask(Access(http), path, None, host="10.1.2.3:8305")
    assert answer.status == 200
    assert not answer.body, "reasons are for who may see them"
    told = ask(Access(BOTH), path, f"Bearer {TOKEN}")
    assert (told.status, bool(told.body)) == (200, True)


def test_without_protection_other_names_are_refused() -> None:
    assert ask(Access(HttpAccess()), "/metrics", None).status == 403
    assert ask(Access(HttpAccess()), "/metrics", None, host="127.0.0.1:8305").status == 200


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "wachtwoord").write_text(PASSWORD)
    http = HttpAccess(
        token_file=tmp_path / "token", user="beheer", password_file=tmp_path / "wachtwoord"
    )
    assert ask(Access(http), "/", f"Bearer {TOKEN}").status == 200
    assert ask(Access(http), "/", basic("beheer", PASSWORD)).status == 200
    (tmp_path / "token").unlink()
    with pytest.raises(SecretFileError, match="niet te lezen"):
        Access(http)
