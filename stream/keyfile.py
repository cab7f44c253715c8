"""
Where the pseudonym key comes from, and the check that it is still the same one.

Another key would give every client another pseudonym and silently double everyone, so the state
remembers the key's fingerprint and a start with another key is refused.
"""

import os
from pathlib import Path

from zorgstroom.codecs.errors import PseudonymKeyError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.errors import KeyMismatchError
from zorgstroom.stream.settings import Settings

_ROTATE = (
    "Een andere sleutel gebruiken is opnieuw beginnen: zie docs/operating.md, 'Sleutel wisselen'."
)


def key_path(settings: Settings, data: Path) -> Path:
    """Return the file that holds the key, unless the settings give the key itself."""
    return settings.key_file or data / "sleutel"


def obtain(settings: Settings, data: Path, known: str | None) -> PseudonymKey:
    """
    Return the key, made new only where no state depends on one yet.

    Args:
        settings: May give the key or name its file.
        data: Folder of the data, where the key lives otherwise.
        known: Fingerprint of the key that the state was made with; None for a new state.

    Raises:
        KeyMismatchError: The key is gone or is another one than before.
        PseudonymKeyError: The key is too short or no hexadecimal text.

    """
    path = key_path(settings, data)
    if settings.key is not None:
        key = PseudonymKey.from_text(settings.key.get_secret_value())
        where = "ZORGSTROOM_KEY"
    elif path.exists():
        where = str(path)
        try:
            key = PseudonymKey.from_text(path.read_text("ascii"))
        except (UnicodeDecodeError, PseudonymKeyError) as error:
            raise KeyMismatchError(f"De sleutel in {path} is onbruikbaar. {error}") from None
    elif known is not None or settings.key_file is not None:
        raise KeyMismatchError(
            f"De pseudoniemsleutel {path} ontbreekt, terwijl er al dossiers zijn of het bestand is "
            f"ingesteld. Zet hem terug uit de reservekopie. {_ROTATE}"
        )
    else:
        return _make(path)
    if known is not None and key.fingerprint != known:
        raise KeyMismatchError(
            f"De pseudoniemsleutel in {where} is een andere dan waarmee deze dossiers zijn "
            f"gemaakt: iedereen zou dubbel tellen. Zet de oude terug. {_ROTATE}"
        )
    return key


def _make(path: Path) -> PseudonymKey:
    text = PseudonymKey.new_text()
    # Made under another name first: a crash leaves no half key behind.
    made = path.with_name(path.name + ".nieuw")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    made.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return PseudonymKey.from_text(text)
