"""
From bytes to a parsed tree, safely: hostile or damaged input is refused before it costs anything.

Upholds the rules of the exchange (OP192): UTF-8, at most 25 MB, no DOCTYPE.
"""

import re
from typing import Final

from lxml import etree

from zorgstroom.codecs.errors import DecodeError, NotXmlError, TruncatedError, UnsafeInputError

MAX_BYTES: Final = 25_000_000
"""Largest message of the exchange (OP192)."""

_DECLARATION = re.compile(r"<\?xml[ \t\r\n]([^>]*)\?>")
_ENCODING = re.compile(r"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._-]*)[\"']")
_ROOT = re.compile(r"<([^\s<>/?!]+)")
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def text_of(data: bytes, *, max_bytes: int = MAX_BYTES) -> str:
    """Return `data` as text without byte order mark; raise when too large or not UTF-8."""
    if len(data) > max_bytes:
        raise UnsafeInputError(
            f"het bestand is groter dan {max_bytes:,} bytes".replace(",", "."),
            regel="OP192",
            oplossing="Laat de afzender het bericht opsplitsen.",
        )
    if data.startswith(_WIDE_BOMS) or b"\x00" in data[:64]:
        raise _encoding_error()
    try:
        # A byte order mark is cut off here: Python's codec for that is not written in C.
        text = (data[3:] if data.startswith(b"\xef\xbb\xbf") else data).decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise _truncated(data.count(b"\n") + 1) from None
        raise _encoding_error(data.count(b"\n", 0, error.start) + 1) from None
    if text.startswith("\ufeff"):  # libxml2 would skip this one too; the DOCTYPE check does not
        raise _not_xml(1)
    return text


def parse(text: str, *, large_text: bool = False) -> etree._Element:
    """
    Return the root element of `text`; raise an `UnsafeInputError` or a `NotXmlError`.

    Args:
        text: The document, as `text_of` gives it.
        large_text: Allow one text of over 10 MB (the payload of an envelope).

    """
    declaration = _DECLARATION.match(text)
    label = _ENCODING.search(declaration[1]) if declaration else None
    if label and label[1].upper() != "UTF-8":
        raise _encoding_error(1)
    _refuse_doctype(text)
    try:
        return etree.fromstring(text.encode(), _ENVELOPE_PARSER if large_text else _MESSAGE_PARSER)
    except etree.XMLSyntaxError as error:
        raise _syntax_error(text, error) from None


def line_of(element: etree._Element) -> int | None:
    """Return the 1-based line on which `element` begins."""
    line: object = element.sourceline
    return line if isinstance(line, int) else None


def _code(error: etree.XMLSyntaxError) -> object:
    return getattr(error, "code", None)


def _parser(*, large_text: bool) -> etree.XMLParser:
    # No network, no DTD, no entities; huge_tree stays off for messages, so that libxml2's own
    # limits on depth (256) and amplification hold.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=large_text,
    )


# Making a parser costs as much as parsing a message with it; lxml guards their use by threads.
_MESSAGE_PARSER: Final = _parser(large_text=False)
_ENVELOPE_PARSER: Final = _parser(large_text=True)


def _refuse_doctype(text: str) -> None:
    """Walk the prolog, in which alone a DOCTYPE can stand: white space, comments, instructions."""
    at = 0
    while True:
        at += len(text[at : at + 4096]) - len(text[at : at + 4096].lstrip(" \t\r\n"))
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            at = end + 3
        elif text.startswith("<?", at):
            end = text.find("?>", at + 2)
            at = end + 2
        elif at < len(text) and text[at] in " \t\r\n":
            continue
        else:
            break
        if end < 0:
            return
    if text.startswith("<!", at):
        raise UnsafeInputError(
            "het bestand bevat een DOCTYPE",
            regel="veiligheid",
            lijn=text.count("\n", 0, at) + 1,
            oplossing="Berichten hebben geen DOCTYPE: controleer de herkomst van dit bestand.",
        )


def _encoding_error(line: int | None = None) -> UnsafeInputError:
    return UnsafeInputError(
        "het bestand is geen UTF-8",
        regel="OP192",
        lijn=line,
        oplossing="Laat de afzender het bericht in UTF-8 aanleveren.",
    )


def _syntax_error(text: str, error: etree.XMLSyntaxError) -> DecodeError:
    """Say what is wrong without the parser's own words, which may quote the document."""
    codes = etree.ErrorTypes
    if _code(error) in (codes.ERR_INTERNAL_ERROR, getattr(codes, "ERR_RESOURCE_LIMIT", -1)):
        return UnsafeInputError(
            "het bestand is te diep genest of heeft te lange delen",
            regel="veiligheid",
            lijn=error.lineno,
            oplossing="Dit is geen bericht van de standaard: controleer de herkomst.",
        )
    root = _ROOT.search(text)
    tail = text[-400:].rstrip()
    begun = root is not None or text.lstrip()[:2] in ("", "<", "<?")
    closed = root is not None and tail[-1:] == ">" and tail[:-1].rstrip().endswith(f"</{root[1]}")
    if _code(error) != codes.ERR_DOCUMENT_END and begun and not closed:
        return _truncated(text.count("\n") + 1)
    return _not_xml(error.lineno)


def _truncated(line: int) -> TruncatedError:
    return TruncatedError(
        "het bestand is leeg of breekt af voor het einde van het bericht",
        regel="XML",
        lijn=line,
        oplossing="Lever het volledige bestand opnieuw aan.",
    )


def _not_xml(line: int | None) -> NotXmlError:
    return NotXmlError(
        "het bestand is geen welgevormde XML",
        regel="XML",
        lijn=line,
        oplossing="Laat de afzender het bericht opnieuw aanleveren.",
    )
