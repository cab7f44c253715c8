"""
Messages written by hand from the published schemas, plainly or in any spelling that they allow.

Nothing of the package is used: a `Letter` is the truth of what a message says, and `spelled` is
another way to write the same. Which variants a field allows follows from its simple type.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

CODES = {"wmo305": "418", "wmo307": "420", "jw305": "438", "jw307": "440"}
TEXT, NUMBER, DATE, FIXED_NUMBER = "text", "number", "date", "fixed number"
_PREFIXES = ("wmo305", "iwmo", "ns20", "_a", "b.c", "Bericht", "xs")
_NOTHING = ("", "", "", "\n", "\t", "  ", "\r\n", "<!-- 301 -->", "<?opmerking 0301?>")


@dataclass(frozen=True)
class Product:
    """One StartProduct, or one StopProduct when it has an Einddatum."""

    begin: date
    status: int = 1
    nummer: int | None = None
    categorie: str | None = None
    code: str | None = None
    ingang: date | None = None
    reden: str | None = None
    einde: date | None = None


@dataclass(frozen=True)
class Letter:
    """What one message says."""

    wet: str
    """`wmo` or `jw`."""
    dag: date
    nr: str
    bsn: str
    products: tuple[Product, ...]
    release: str = "3.2"
    van: str = "01234567"
    aan: str = "0153"
    geboren: date = date(1950, 3, 12)
    gebruik: str | None = None
    geslacht: str = "2"
    achternaam: str = "Zwaluw"
    voorvoegsel: str | None = None
    voornamen: str | None = None
    voorletters: str | None = None

    @property
    def soort(self) -> str:
        """Return `Start` or `Stop`."""
        return "Start" if self.products[0].einde is None else "Stop"


class Node(NamedTuple):
    """An element of the message's namespace (`m`) or the basisschema (`b`); None is left out."""

    space: str
    name: str
    inside: "str | Sequence[Node] | None"
    kind: str = TEXT


def tree(letter: Letter) -> Node:
    """Return the elements of `letter` in the order of the schema."""
    stop = letter.soort == "Stop"
    products = [
        Node(
            "m",
            f"{letter.soort}Product",
            [
                Node("m", "ToewijzingNummer", _text(p.nummer), NUMBER),
                Node(
                    "m",
                    "Product",
                    None
                    if p.categorie is None
                    else [Node("b", "Categorie", p.categorie), Node("b", "Code", p.code)],
                ),
                Node("m", "ToewijzingIngangsdatum", _text(p.ingang), DATE),
                Node("m", "Begindatum", _text(p.begin), DATE),
                Node("m", "RedenBeeindiging", p.reden if stop else None),
                Node("m", "Einddatum", _text(p.einde), DATE),
                Node("m", "StatusAanlevering", str(p.status)),
            ],
        )
        for p in letter.products
    ]
    name = f"{letter.wet}{'307' if stop else '305'}"
    header = [
        Node("m", "BerichtCode", CODES[name]),
        Node("m", "BerichtVersie", letter.release[0], FIXED_NUMBER),
        Node("m", "BerichtSubversie", letter.release[2], FIXED_NUMBER),
        Node("m", "Afzender", letter.van),
        Node("m", "Ontvanger", letter.aan),
        Node(
            "m",
            "BerichtIdentificatie",
            [
                Node("b", "Identificatie", letter.nr),
                Node("b", "Dagtekening", _text(letter.dag), DATE),
            ],
        ),
        Node(
            "m",
            "XsdVersie",
            [
                Node("b", "BasisschemaXsdVersie", "1.0.0"),
                Node("b", "BerichtXsdVersie", "1.0.0"),
            ],
        ),
    ]
    naam = [
        Node(
            "b",
            "Geslachtsnaam",
            [
                Node("b", "Achternaam", letter.achternaam),
                Node("b", "Voorvoegsel", letter.voorvoegsel),
            ],
        ),
        Node("b", "Voornamen", letter.voornamen),
        Node("b", "Voorletters", letter.voorletters),
    ]
    geboren = [
        Node("b", "Datum", _text(letter.geboren), DATE),
        Node("b", "DatumGebruik", letter.gebruik),
    ]
    client = [
        Node("m", "Bsn", letter.bsn),
        Node("m", "Geboortedatum", geboren),
        Node("m", "Geslacht", letter.geslacht),
        Node("m", "Naam", naam),
        Node("m", f"{letter.soort}Producten", products),
    ]
    return Node("m", "Bericht", [Node("m", "Header", header), Node("m", "Client", client)])


def namespaces(letter: Letter) -> dict[str, str]:
    """Return the namespaces of `letter` by the letters that nodes name them by."""
    base = f"http://www.istandaarden.nl/i{letter.wet}/{letter.release.replace('.', '_')}"
    number = "307" if letter.soort == "Stop" else "305"
    return {"m": f"{base}/{letter.wet}{number}/schema", "b": f"{base}/basisschema/schema"}


def plain(letter: Letter) -> bytes:
    """Return `letter` as most senders write it."""
    return _Writer(letter, None).document()


def spelled(letter: Letter, chance: random.Random) -> bytes:
    """Return `letter` in a spelling of its own that the schema allows."""
    return _Writer(letter, chance).document()


class _Writer:
    def __init__(self, letter: Letter, chance: random.Random | None) -> None:
        self._letter = letter
        self._chance = chance
        spaces = namespaces(letter)
        names = ["m", "b"] if chance is None else chance.sample(_PREFIXES, 2)
        if chance is not None and chance.random() < 0.3:
            names[chance.randrange(2)] = ""
        self._prefixes = dict(zip(spaces, names, strict=True))
        self._declared = {
            f"xmlns:{self._prefixes[space]}" if self._prefixes[space] else "xmlns": uri
            for space, uri in spaces.items()
        }

    def document(self) -> bytes:
        attributes = list(self._declared.items())
        chance = self._chance
        if chance is None:
            start = '<?xml version="1.0" encoding="UTF-8"?>\n'
            return (start + self._element(tree(self._letter), attributes) + "\n").encode()
        chance.shuffle(attributes)
        if chance.random() < 0.2:
            attributes.append(("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"))
            kind = chance.choice(("noNamespaceSchemaLocation", "schemaLocation"))
            where = "a.xsd" if kind[0] == "n" else f"{namespaces(self._letter)['m']} a.xsd"
            attributes.append((f"xsi:{kind}", where))
        start = chance.choice(
            (
                "",
                "<?xml version='1.0'?>",
                '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n',
                "<?xml  version = '1.0' encoding='UTF-8' ?><!-- <a> -->\n",
            )
        )
        text = start + self._element(tree(self._letter), attributes) + self._between()
        return (b"\xef\xbb\xbf" if chance.random() < 0.2 else b"") + text.encode()

    def _element(self, node: Node, attributes: Sequence[tuple[str, str]] = ()) -> str:
        prefix = self._prefixes[node.space]
        name = f"{prefix}:{node.name}" if prefix else node.name
        if isinstance(node.inside, str):
            inside = self._value(node.inside, node.kind)
        else:
            inside = self._between()
            for child in node.inside or ():
                if child.inside is not None:
                    inside += self._element(child) + self._between()
        given = "".join(
            f"{self._gap()}{name}{self._equals()}{self._quoted(uri)}" for name, uri in attributes
        )
        return f"<{name}{given}{self._space()}>{inside}</{name}{self._space()}>"

    def _value(self, text: str, kind: str) -> str:
        chance = self._chance
        if chance is None:
            return _escaped(text)
        if kind == NUMBER:
            text = chance.choice(("", "", "+")) + "0" * chance.choice((0, 0, 1, 2, 12)) + text
            if int(text) == 0 and chance.random() < 0.5:
                text = "-0"
        if kind != TEXT:
            text = self._blanks() + text + self._blanks()
        pieces = []
        while text:
            size = chance.randint(1, len(text))
            pieces.append(self._piece(text[:size]))
            if chance.random() < 0.15:
                pieces.append(chance.choice(("<!-- 7 -->", "<!---->", "<?x 1?>", "<![CDATA[]]>")))
            text = text[size:]
        return "".join(pieces)

    def _piece(self, text: str) -> str:
        assert self._chance is not None
        match self._chance.randrange(6):
            case 0 if "\r" not in text:
                return f"<![CDATA[{text}]]>"
            case 1:
                return "".join(f"&#{ord(letter)};" for letter in text)
            case 2:
                return "".join(f"&#x{ord(letter):x};" for letter in text)
            case _:
                return _escaped(text)

    def _between(self) -> str:
        if self._chance is None:
            return "\n"
        return "".join(self._chance.choices(_NOTHING, k=self._chance.choice((0, 1, 1, 3))))

    def _blanks(self) -> str:
        assert self._chance is not None
        return "".join(self._chance.choices(" \t\n\r", k=self._chance.choice((0, 0, 1, 4))))

    def _gap(self) -> str:
        return " " if self._chance is None else self._chance.choice((" ", "\n", "  \t"))

    def _space(self) -> str:
        return "" if self._chance is None else self._chance.choice(("", "", " ", "\n"))

    def _equals(self) -> str:
        return "=" if self._chance is None else self._chance.choice(("=", "=", " = "))

    def _quoted(self, text: str) -> str:
        quote = '"' if self._chance is None else self._chance.choice("\"'")
        return f"{quote}{text}{quote}"


def _text(value: date | int | None) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
