import hashlib
import hmac

import pytest

from zorgstroom.codecs.errors import PseudonymKeyError
from zorgstroom.codecs.pseudonym import KEY_BYTES, PseudonymKey

SECRET = bytes(range(32))
BSN = "999996770"


def test_a_client_has_one_pseudonym_per_gemeente_and_key() -> None:
    key, other = PseudonymKey(SECRET), PseudonymKey(SECRET[::-1])
    found = {
        k.client(gemeente, bsn)
        for k in (key, other)
        for gemeente in ("0141", "0153")
        for bsn in (BSN, "999900006")
    }
    assert len(found) == 8
    assert key.client("0141", BSN) == PseudonymKey(SECRET).client("0141", BSN)
    assert all(len(name) == 32 and BSN not in name for name in found)


def test_the_pseudonym_is_a_keyed_hash_and_not_a_plain_one() -> None:
    derived = hmac.new(SECRET, b"zorgstroom client 1", hashlib.sha256).digest()
    expected = hmac.new(derived, f"0141{BSN}".encode(), hashlib.sha256).hexdigest()[:32]
    assert PseudonymKey(SECRET).client("0141", BSN) == expected
    for name in ("sha256", "md5", "blake2b"):
        assert expected not in hashlib.new(name, f"0141{BSN}".encode()).hexdigest()


def test_the_three_uses_of_a_key_do_not_share_their_results() -> None:
    key = PseudonymKey(SECRET)
    text = f"0141{BSN}"
    assert len({key.client("0141", BSN), key.digest(text), key.fingerprint}) == 3
    assert key.digest(text) != PseudonymKey(SECRET[::-1]).digest(text)
    assert key.fingerprint != PseudonymKey(SECRET[::-1]).fingerprint


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused_without_being_shown(length: int) -> None:
    with pytest.raises(PseudonymKeyError, match=f"{length} bytes; minstens {KEY_BYTES}"):
        PseudonymKey(b"q" * length)


@pytest.mark.parametrize("text", ["", "geheim", "0" * 63, "é" * 64, "0x" + "0" * 62])
def test_a_key_that_is_no_hexadecimal_text_is_refused(text: str) -> None:
    with pytest.raises(PseudonymKeyError) as caught:
        PseudonymKey.from_text(text)
    assert not text or text not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_new_key_reads_back_from_its_text() -> None:
    text = PseudonymKey.new_text()
    assert text != PseudonymKey.new_text() and len(text) == 2 * KEY_BYTES
    read = PseudonymKey.from_text(f" {text}\n")
    assert read.fingerprint == PseudonymKey(bytes.fromhex(text)).fingerprint


def test_a_key_shows_nothing_of_its_secret() -> None:
    key = PseudonymKey(SECRET)
    shown = f"{key!r} {key} {key.fingerprint}"
    assert SECRET.hex() not in shown and str(SECRET) not in shown
    assert repr(key) == f"PseudonymKey({key.fingerprint})"
    assert not hasattr(key, "__dict__")
