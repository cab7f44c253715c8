"""Hostile, damaged and oddly written input."""

from collections.abc import Callable

import pytest

from zorgstroom.codecs.catalog import MESSAGE_TYPES
from zorgstroom.codecs.errors import (
    DecodeError,
    NotXmlError,
    Reason,
    StructureError,
    TruncatedError,
    UnknownMessageError,
    UnsafeInputError,
)
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import MAX_BYTES, Decoder, decode
from zorgstroom.codecs.xmlread import parse

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
WMO305 = MESSAGE_TYPES[-4]
BOM = b"\xef\xbb\xbf"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

LAUGHS = b'<!DOCTYPE a [<!ENTITY l0 "lol">%s]>' % b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
)


@pytest.mark.parametrize(
    "doctype",
    [
        b"<!DOCTYPE a>",
        b'<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]>',
        LAUGHS,
        b"<!-- <a> --><?p <a> ?>\n<!-- - --> \t\r\n<!DOCTYPE a>",
        b" " * 10_000 + b"<!DOCTYPE a>",
        b"<!-- " + b"x" * 100_000 + b" --><!DOCTYPE a>",
        b"<!DOCTYP",
        b"<!doctype a>",
    ],
    ids=range(10),
)
def test_a_doctype_is_refused_before_anything_is_parsed(
    make: Make, refusal: Refusal, doctype: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(WMO305)
    assert data.startswith(DECLARATION)
    monkeypatch.setattr("zorgstroom.codecs.xmlread._parser", None)
    for text in (
        DECLARATION + doctype + data[len(DECLARATION) :],
        doctype + data[len(DECLARATION) :],
        DECLARATION + doctype + b"<a>&e;&l9;</a>",
        BOM + doctype + b"<ggk0210/>",
    ):
        reason = refusal(text, kind=UnsafeInputError)
        assert reason.regel == "veiligheid" and "DOCTYPE" in reason.melding


def test_behind_that_check_the_parser_still_expands_no_entity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zorgstroom.codecs.xmlread._refuse_doctype", lambda text: None)
    for body in ('"Wit"', 'SYSTEM "file:///etc/passwd"'):
        root = parse(f"<!DOCTYPE a [<!ENTITY e {body}>]><a>&e;</a>")
        assert not root.text and not root.tail


def test_the_line_of_a_doctype_is_told(refusal: Refusal) -> None:
    assert refusal(DECLARATION + b"<!--\n\n-->\n<!DOCTYPE a><a/>").lijn == 5


def test_a_second_byte_order_mark_hides_no_doctype(make: Make, refusal: Refusal) -> None:
    body = make(WMO305)[len(DECLARATION) :]
    hidden = b'<!DOCTYPE a [<!ENTITY e "Wit">]>' + body.replace(b">Zwaluwstaart<", b">&e;<")
    for marks in (2, 3):
        for text in (hidden, body, make(WMO305)):
            assert refusal(BOM * marks + text, kind=NotXmlError).lijn == 1


def test_one_byte_order_mark_and_either_line_end_are_read(make: Make, key: PseudonymKey) -> None:
    data = make(WMO305)
    windows = data.replace(b"\n", b"\r\n")
    assert decode(BOM + data, key) == decode(windows, key) == decode(BOM + windows, key)
    assert decode(data.replace(b"\n", b"\r"), key) == decode(data, key)


def test_an_entity_without_a_doctype_is_no_xml(make: Make, refusal: Refusal) -> None:
    data = make(WMO305, Achternaam="x&y")
    assert refusal(data.replace(b"&amp;", b"&eacute;"), kind=NotXmlError).lijn == 26
    assert refusal(data.replace(b"&amp;", b"&"), kind=NotXmlError).lijn == 26


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_wide_encoding_is_refused_by_name(make: Make, refusal: Refusal, encoding: str) -> None:
    text = make(WMO305).decode()
    for written in (text, text.replace("UTF-8", encoding.upper())):
        reason = refusal(written.encode(encoding), kind=UnsafeInputError)
        assert (reason.regel, reason.melding) == ("OP192", "het bestand is geen UTF-8")


def test_latin_1_is_refused_declared_or_not(make: Make, refusal: Refusal) -> None:
    text = make(WMO305, Achternaam="Daniël").decode()
    reason = refusal(text.encode("latin-1"), kind=UnsafeInputError)
    assert (reason.regel, reason.lijn) == ("OP192", 26)
    for label in ("ISO-8859-1", "windows-1252", "UTF-16", "utf8", ""):
        declared = text.replace("UTF-8", label)
        assert refusal(declared.encode(), kind=UnsafeInputError).lijn == 1
    with pytest.raises(UnsafeInputError):
        decode(text.replace("UTF-8", "ISO-8859-1").encode("latin-1"), PseudonymKey(b"x" * 32))


@pytest.mark.parametrize(
    "declaration",
    [b"", b"<?xml version='1.0' encoding='utf-8'?>", b'<?xml version="1.0"?>'],
)
def test_utf_8_may_be_declared_in_other_ways(
    make: Make, key: PseudonymKey, declaration: bytes
) -> None:
    data = make(WMO305, Achternaam="Daniël")
    assert decode(data.replace(DECLARATION, declaration), key) == decode(data, key)


@pytest.mark.parametrize("character", [b"\x00", b"\x01", b"\x1f", b"\xef\xbf\xbe", b"\x0b"])
def test_characters_that_xml_forbids_are_refused_wherever_they_stand(
    make: Make, key: PseudonymKey, character: bytes
) -> None:
    data = make(WMO305)
    decoder = Decoder(key)
    decoder.decode(data)
    for place in range(0, len(data), 7):
        with pytest.raises((NotXmlError, UnsafeInputError)):
            decoder.decode(data[:place] + character + data[place:])


def test_a_message_cut_off_anywhere_is_truncated(make: Make, key: PseudonymKey) -> None:
    data = make(WMO305, Achternaam="Daniël €😀", Voorletters="É").rstrip()
    decoder = Decoder(key)
    assert decoder.decode(data)
    for text in (data, BOM + data):
        for end in range(len(text)):
            with pytest.raises(TruncatedError) as caught:
                decoder.decode(text[:end])
            assert caught.value.reason.lijn == text[:end].count(b"\n") + 1
            assert "Zwaluwstaart" not in str(caught.value)


def test_something_behind_the_message_is_not_called_cut_off(make: Make, refusal: Refusal) -> None:
    for tail in (b"x", make(WMO305), b"<a/>", b"\x00", b"</wmo305:Bericht>"):
        reason = refusal(make(WMO305) + tail, kind=NotXmlError)
        assert reason.reden == "geen_xml"


def test_nothing_at_all_is_truncated(refusal: Refusal) -> None:
    for data in (b"", BOM, b"\n", b" \t\r\n" * 1000, b"<?xml version='1.0'?>"):
        assert refusal(data, kind=TruncatedError).reden == "afgebroken_xml"
    for data in (b"text", b"{}", b"PK\x03\x04", b"%PDF-1.7"):
        assert refusal(data, kind=NotXmlError).reden == "geen_xml"


def test_more_than_25_mb_is_refused_and_25_mb_is_not(refusal: Refusal) -> None:
    assert MAX_BYTES == 25_000_000
    reason = refusal(b"<" * (MAX_BYTES + 1), kind=UnsafeInputError)
    assert (reason.regel, reason.melding) == ("OP192", "het bestand is groter dan 25.000.000 bytes")
    assert refusal(b"<a>" + b" " * (MAX_BYTES - 7) + b"</a>").reden in ("ander_bericht", "onveilig")


@pytest.mark.parametrize("depth", [300, 100_000])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_nesting_is_refused(refusal: Refusal, depth: int, closed: bool) -> None:
    data = b"<a>" * depth + b"</a>" * (depth if closed else 0)
    assert refusal(data, kind=UnsafeInputError).regel == "veiligheid"
    with pytest.raises(DecodeError):
        decode(b"<ggk0210>" + data, PseudonymKey(b"x" * 32))


def test_very_long_parts_are_refused_without_harm(make: Make, refusal: Refusal) -> None:
    header = b"<wmo305:Header>"
    data = make(WMO305)
    many = b" ".join(b'a%d="999996770"' % n for n in range(50_000))
    assert refusal(data.replace(header, header[:-1] + b" " + many + b">")).lijn == 3
    twice = b' a="1" a="2">'
    assert refusal(data.replace(header, header[:-1] + twice), kind=NotXmlError).lijn == 3
    for size in (10_000, 60_000, 1_000_000):
        with pytest.raises(DecodeError):
            decode(data.replace(header, b"<" + b"a" * size + b">"), PseudonymKey(b"x" * 32))
    assert refusal(make(WMO305, Achternaam="W" * 11_000_000), kind=UnsafeInputError)
    assert refusal(make(WMO305, Achternaam="W" * 9_000_000), kind=StructureError)


def test_strange_namespaces_do_no_harm(make: Make, refusal: Refusal) -> None:
    for name in ("a}b", "{", "}", "{}", "%", "é", "x" * 100_000, "999996770", " ", "urn:{0}"):
        with pytest.raises((NotXmlError, UnknownMessageError)):
            decode(f'<x xmlns="{name}"></x>'.encode(), PseudonymKey(b"x" * 32))
        inner = make(WMO305).replace(b"<wmo305:Bsn>", f'<x xmlns="{name}"/><wmo305:Bsn>'.encode())
        assert refusal(inner).reden in ("structuur", "geen_xml")


def test_lines_are_right_beyond_65535(make: Make, refusal: Refusal) -> None:
    data = make(WMO305, Bsn="999996771").replace(
        b"<wmo305:Client>", b"\n" * 70_000 + b"<wmo305:Client>"
    )
    assert refusal(data).lijn == 70_019
