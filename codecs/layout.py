"""
The elements of a start- or stopbericht in their fixed order, as data (domain: xs:sequence).

`match` holds a parsed tree against that order and gives the texts of its leaves; it is the only
place that decides whether a message has the right structure (level 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

from zorgstroom.codecs import fieldtypes as t
from zorgstroom.codecs.catalog import MessageType
from zorgstroom.codecs.errors import StructureError
from zorgstroom.codecs.fieldtypes import XML_SPACE, FieldType
from zorgstroom.codecs.xmlread import line_of

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_HINTS: Final = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})
"""Attributes that any element may have: hints to a schema, which say nothing."""


_MOST_FORMS: Final = 2048
_MOST_ELEMENTS: Final = 400


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element that holds a value."""

    name: str
    tag: str
    type: FieldType
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """An element that holds elements, in this order; `many` means one or more of it."""

    name: str
    tag: str
    children: "tuple[Leaf | Group, ...]"
    optional: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A leaf that a message has: its path (``Client/Bsn``), field name and type."""

    path: str
    name: str
    type: FieldType
    product: int
    """1-based number of the Start/StopProduct it stands in; 0 outside."""


@cache
def layout(message: MessageType) -> Group:
    """Return the root element of `message` with everything it may hold."""
    own, basis = f"{{{message.namespace}}}", f"{{{message.basis}}}"

    def leaf(name: str, kind: FieldType, ns: str = own, *, optional: bool = False) -> Leaf:
        return Leaf(name, ns + name, kind, optional)

    def group(
        name: str,
        *children: Leaf | Group,
        ns: str = own,
        optional: bool = False,
        many: bool = False,
    ) -> Group:
        return Group(name, ns + name, children, optional, many)

    header = group(
        "Header",
        leaf("BerichtCode", t.berichtcode(message)),
        leaf("BerichtVersie", t.versie(message)),
        leaf("BerichtSubversie", t.subversie(message)),
        leaf("Afzender", t.AGB),
        leaf("Ontvanger", t.GEMEENTE),
        group(
            "BerichtIdentificatie",
            leaf("Identificatie", t.IDENTIFICATIE, basis),
            leaf("Dagtekening", t.DATUM, basis),
        ),
        group(
            "XsdVersie",
            leaf("BasisschemaXsdVersie", t.VERSIE, basis),
            leaf("BerichtXsdVersie", t.VERSIE, basis),
        ),
    )
    ending = (leaf("RedenBeeindiging", t.reden(message)), leaf("Einddatum", t.DATUM))
    word = "Start" if message.soort == "start" else "Stop"
    product = group(
        f"{word}Product",
        leaf("ToewijzingNummer", t.NUMMER, optional=True),
        group(
            "Product",
            leaf("Categorie", t.categorie(message), basis),
            leaf("Code", t.CODE, basis, optional=True),
            optional=True,
        ),
        leaf("ToewijzingIngangsdatum", t.DATUM, optional=True),
        leaf("Begindatum", t.DATUM),
        *(ending if message.soort == "stop" else ()),
        leaf("StatusAanlevering", t.STATUS),
        many=True,
    )
    client = group(
        "Client",
        leaf("Bsn", t.BSN),
        group(
            "Geboortedatum",
            leaf("Datum", t.DATUM, basis),
            leaf("DatumGebruik", t.DATUMGEBRUIK, basis, optional=True),
        ),
        leaf("Geslacht", t.GESLACHT),
        group(
            "Naam",
            group(
                "Geslachtsnaam",
                leaf("Achternaam", t.NAAM, basis),
                leaf("Voorvoegsel", t.VOORVOEGSEL, basis, optional=True),
                ns=basis,
            ),
            leaf("Voornamen", t.NAAM, basis, optional=True),
            leaf("Voorletters", t.VOORLETTERS, basis, optional=True),
        ),
        group(f"{word}Producten", product),
    )
    return group("Bericht", header, client)


@cache
def _known_names(message: MessageType) -> frozenset[str]:
    def walk(node: Leaf | Group) -> Iterator[str]:
        yield node.name
        if isinstance(node, Group):
            for child in node.children:
                yield from walk(child)

    return frozenset(walk(layout(message)))


@dataclass(slots=True)
class Matched:
    """What `match` found: the slots in document order, their texts and elements."""

    slots: list[Slot]
    values: list[str]
    elements: list[etree._Element]


_known_forms: dict[
    tuple[MessageType, tuple[object, ...], tuple[int, ...]], tuple[list[int], list[Slot]]
] = {}
"""Forms of trees that were found right, with the places of their leaves: a memo of `match`."""


def match(root: etree._Element, message: MessageType) -> Matched:
    """Return the leaves of `root`, or raise a `StructureError` at the first deviation."""
    elements = list(root.iter())
    # Tags in document order and numbers of children together say how a tree is built.
    form = (message, tuple([element.tag for element in elements]), tuple(map(len, elements)))
    known = _known_forms.get(form)
    if known is not None:
        leaves, slots = known
        found = [elements[at] for at in leaves]
        if _holds_nothing_else(elements, leaves):
            return Matched(slots, [element.text or "" for element in found], found)
    matched = Matched([], [], [])
    _Matcher(message, matched).group(root, layout(message), "", 0)
    if len(elements) <= _MOST_ELEMENTS:
        place = {id(element): at for at, element in enumerate(elements)}
        if len(_known_forms) >= _MOST_FORMS:
            _known_forms.clear()
        _known_forms[form] = ([place[id(element)] for element in matched.elements], matched.slots)
    return matched


def _holds_nothing_else(elements: list[etree._Element], leaves: list[int]) -> bool:
    """Return whether only leaves hold text, and no element has an attribute."""
    outside = [element.tail for element in elements]
    groups = set(range(len(elements))).difference(leaves)
    outside += [elements[at].text for at in groups]
    return not "".join(filter(None, outside)).strip(XML_SPACE) and not any(
        element.keys() for element in elements
    )


class _Matcher:
    def __init__(self, message: MessageType, found: Matched) -> None:
        self.message = message
        self.found = found

    def group(self, element: etree._Element, node: Group, path: str, product: int) -> None:
        self._plain(element, path or node.name)
        if (element.text or "").strip(XML_SPACE):
            raise self._error("tekst waar alleen elementen horen", path or node.name, element)
        children = iter(element)
        child = next(children, None)
        for part in node.children:
            many = isinstance(part, Group) and part.many
            count = 0
            while child is not None and child.tag == part.tag and (many or count == 0):
                count += 1
                where = f"{path}/{part.name}" if path else part.name
                if many:
                    where += f"[{count}]"
                if isinstance(part, Group):
                    self.group(child, part, where, count if many else product)
                else:
                    self._leaf(child, part, where, product)
                if (child.tail or "").strip(XML_SPACE):
                    raise self._error("tekst waar alleen elementen horen", where, child)
                child = next(children, None)
            if count == 0 and not part.optional:
                raise self._missing(element, child, part, path)
        if child is not None:
            raise self._error(
                f"na {node.children[-1].name} is hier geen element {self._name(child)} toegestaan",
                path or node.name,
                child,
            )

    def _leaf(self, element: etree._Element, leaf: Leaf, path: str, product: int) -> None:
        self._plain(element, path)
        if len(element):
            raise self._error("een element waar een waarde hoort", path, element)
        self.found.slots.append(Slot(path, leaf.name, leaf.type, product))
        self.found.values.append(element.text or "")
        self.found.elements.append(element)

    def _plain(self, element: etree._Element, path: str) -> None:
        if element.attrib and not _HINTS.issuperset(element.attrib):
            raise self._error("een attribuut dat de standaard niet kent", path, element)

    def _missing(
        self,
        parent: etree._Element,
        child: etree._Element | None,
        part: Leaf | Group,
        path: str,
    ) -> StructureError:
        if child is None:
            return self._error(f"element {part.name} ontbreekt", path, parent)
        return self._error(
            f"element {part.name} wordt hier verwacht, maar er staat {self._name(child)}",
            path,
            child,
        )

    def _name(self, element: etree._Element) -> str:
        # A name that the standard does not know could itself be personal data.
        name = etree.QName(element).localname
        return name if name in _known_names(self.message) else "een onbekend element"

    def _error(self, what: str, path: str, element: etree._Element) -> StructureError:
        return StructureError(
            f"{self.message.name} {self.message.release}: {what}",
            regel="XSD",
            element=path,
            lijn=line_of(element),
            oplossing=f"Laat de afzender het bericht volgens het schema van {self.message.name} "
            f"release {self.message.release} opnieuw aanleveren.",
        )
