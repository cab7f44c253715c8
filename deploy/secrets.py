"""
Makes the secrets of docker-compose.yml: one file each in deploy/geheimen, those that are missing.

Run it again after deleting a file to get another secret, then `docker compose up -d`; the files
that are derived from others are always made anew. The two keys (`KEPT`) are no passwords: do not
replace them, see docs/operating.md. Only Python's own library is needed.
"""
# ruff: noqa: T201 - a command line program

import argparse
import hashlib
import secrets
import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("geheimen")
RANDOM: Final = (
    "pseudoniemsleutel",
    "afrondsleutel",
    "kafka_wachtwoord",
    "clickhouse_migratie",
    "clickhouse_schrijver",
    "clickhouse_analist",
    "clickhouse_grafana",
    "http_token",
    "http_wachtwoord",
    "grafana_wachtwoord",
)
DERIVED: Final = ("kafka_jaas", "clickhouse_gebruikers")
KEPT: Final = {
    "pseudoniemsleutel": "zonder hem moeten alle berichten opnieuw worden ingelezen",
    "afrondsleutel": "zonder hem is een nieuwe database nodig, en vervang hem nooit",
}
"""What cannot be made again without losing something, and what is lost; users read this."""
_JAAS: Final = """\
KafkaServer {{
  org.apache.kafka.common.security.plain.PlainLoginModule required
  user_zorgstroom="{password}";
}};
"""


def make(folder: Path) -> list[str]:
    """
    Make what is missing in `folder`; return the names of what was made at random.

    The folder is for its owner alone; the files in it can be read by anyone who is let in, because
    containers read them under users of their own.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for name in RANDOM:
        path = folder / name
        if not path.exists():
            _write(path, secrets.token_hex(32) + "\n")
            made.append(name)
    _write(folder / "kafka_jaas", _JAAS.format(password=_read(folder / "kafka_wachtwoord")))
    users = [name.removeprefix("clickhouse_") for name in RANDOM if name.startswith("clickhouse_")]
    hashes = {
        user: hashlib.sha256(_read(folder / f"clickhouse_{user}").encode()).hexdigest()
        for user in users
    }
    lines = [f"  <{user}>{found}</{user}>" for user, found in hashes.items()]
    _write(folder / "clickhouse_gebruikers", "\n".join(["<clickhouse>", *lines, "</clickhouse>\n"]))
    return made


def _read(path: Path) -> str:
    return path.read_text("ascii").strip()


def _write(path: Path, text: str) -> None:
    # In place: a container keeps hold of the file that was there when it started.
    path.touch(mode=0o600)
    path.write_text(text, "ascii")
    path.chmod(0o644)


def main() -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description="Maak de geheimen van docker-compose.yml.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="standaard deploy/geheimen")
    folder = parser.parse_args().folder
    made = make(folder)
    print(f"{len(made)} geheim(en) gemaakt in {folder}; {len(RANDOM) - len(made)} stonden er al.")
    for name, loss in KEPT.items():
        if name in made:
            print(f"Bewaar een kopie van {name} op een aparte plek: {loss}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
