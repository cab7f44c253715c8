"""
Where the two secret keys come from, and the check that the pseudonym key is still the same one.

Another pseudonym key would give every client another pseudonym and silently double everyone, so
the state remembers the key's fingerprint and a start with another key is refused. The fingerprint
of the rounding key is kept by the database whose figures depend on it (`target.py`).
"""

import os
from pathlib import Path

from zorgstroom.aggregations.policy import PublicFigures
from zorgstroom.aggregations.rounding import RoundingKey, RoundingKeyError
from zorgstroom.codecs.errors import PseudonymKeyError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.stream.errors import KeyMismatchError, OperatorError
from zorgstroom.stream.settings import Settings

_ROTATE = (
    "Een andere sleutel gebruiken is opnieuw beginnen: zie docs/operating.md, 'Sleutel wisselen'."
)


def key_path(settings: Settings, data: Path) -> Path:
    """Return the file that holds the key, unless the settings give the key itself."""
    return settings.key_file or data / "sleutel"


def obtain(
    settings: Settings, data: Path, known: str | None, *, may_make_key: bool = True
) -> PseudonymKey:
    """
    Return the key, made new only where no state depends on one yet.

    Args:
        settings: May give the key or name its file.
        data: Folder of the data, where the key lives otherwise.
        known: Fingerprint of the key that the state was made with; None for a new state.
        may_make_key: False where others share the state: a new key would be one of its own.

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
    elif not may_make_key:
        raise KeyMismatchError(
            f"Er is een pseudoniemsleutel nodig, en {path} is er niet. Alles wat met dezelfde "
            "topics werkt, gebruikt dezelfde: zet ZORGSTROOM_KEY_FILE, of wijs met --data de map "
            f"aan waar hij staat. Een eerste maakt u met: zorgstroom keys --data {data}"
        )
    else:
        return PseudonymKey.from_text(_write_new(path, PseudonymKey.new_text()))
    if known is not None and key.fingerprint != known:
        raise KeyMismatchError(
            f"De pseudoniemsleutel in {where} is een andere dan waarmee deze dossiers zijn "
            f"gemaakt: iedereen zou dubbel tellen. Zet de oude terug. {_ROTATE}"
        )
    return key


def rounding_key_path(settings: Settings, data: Path) -> Path:
    """Return the file that holds the rounding key, unless the settings give the key itself."""
    return settings.rounding.key_file or data / "afrondsleutel"


def public_figures(settings: Settings, data: Path, *, may_make_key: bool) -> PublicFigures:
    """
    Return what makes counts public under the settings, with the rounding key where one is needed.

    Args:
        settings: Policy, and where the key is.
        data: Folder of the data, where the key lives otherwise.
        may_make_key: Whether a key may be made in `data` when there is none.

    Raises:
        OperatorError: The key is needed, and missing or useless.

    """
    if settings.protection.policy != "afronden":
        return PublicFigures(settings.protection)
    try:
        key = _rounding_key(settings, data, may_make=may_make_key)
    except RoundingKeyError as error:
        raise OperatorError(f"De afrondsleutel is onbruikbaar. {error} {_KEEP}") from None
    return PublicFigures(settings.protection, key)


_KEEP = (
    "Zet hem terug uit de reservekopie: met een andere sleutel zijn kleine aantallen te herleiden. "
    "Zie docs/operating.md, 'Afrondsleutel'."
)


def _rounding_key(settings: Settings, data: Path, *, may_make: bool) -> RoundingKey:
    rounding = settings.rounding
    if rounding.key is not None:
        return RoundingKey.from_text(rounding.key.get_secret_value())
    path = rounding_key_path(settings, data)
    if path.exists():
        try:
            return RoundingKey.from_text(path.read_text("ascii"))
        except UnicodeDecodeError:
            raise RoundingKeyError(f"{path} is geen tekst.") from None
    if rounding.key_file is not None:
        raise OperatorError(f"De afrondsleutel {path} ontbreekt. {_KEEP}")
    if not may_make:
        raise OperatorError(
            f"Er is een afrondsleutel nodig, en {path} is er niet. Elk proces dat dezelfde "
            "berichten publiceert, gebruikt dezelfde: zet ZORGSTROOM_ROUNDING__KEY_FILE. Een "
            f"eerste maakt u met: zorgstroom keys --data {data}"
        )
    return RoundingKey.from_text(_write_new(path, RoundingKey.new_text()))


def _write_new(path: Path, text: str) -> str:
    """Write a new secret to `path`, readable by its owner only; return `text`."""
    # Made under another name first: a crash leaves no half key behind.
    draft = path.with_name(path.name + ".nieuw")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return text
