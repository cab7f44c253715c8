"""
From the values of a message to its events: types, the rules of level 2, identity.

A `Shape` is made once for every combination of optional elements and knows where each value
stands; `build` then works on values alone, whether a parser or a template found them.
"""

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Final

from zorgstroom.codecs import rules
from zorgstroom.codecs.catalog import MessageType
from zorgstroom.codecs.events import Start, Stop, events_digest
from zorgstroom.codecs.fieldtypes import XML_SPACE, FieldType
from zorgstroom.codecs.layout import Slot
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.rules import Broken

_SEPARATOR: Final = "\x1f"
"""Joins values; no pattern lets it through, as XML forbids it."""
_HEADER: Final = 11
"""Leaves that every message starts with: nine of the header, Bsn, Geboortedatum."""
_START_FIELDS = set(Start.model_fields)
_STOP_FIELDS = set(Stop.model_fields)
_set = object.__setattr__


class Violation(Exception):  # noqa: N818 - it does not leave the package
    """A value that breaks its type (`broken` is None) or a rule; `slot` tells where."""

    def __init__(self, slot: int, broken: Broken | None = None) -> None:
        super().__init__(slot, broken)
        self.slot = slot
        self.broken = broken


@dataclass(frozen=True, slots=True)
class _Product:
    toewijzing: int | None
    categorie: int | None
    code: int | None
    ingangsdatum: int | None
    begin: int
    reden: int | None
    einde: int | None
    status: int


class Shape:
    """Where the values of a message stand, and the patterns they have to match."""

    def __init__(self, message: MessageType, slots: Sequence[Slot]) -> None:
        self.message = message
        self.slots = tuple(slots)
        self._parts = _parts(self.slots)
        self._usage = _HEADER if slots[_HEADER].name == "DatumGebruik" else None
        self._geslacht = _HEADER if self._usage is None else _HEADER + 1
        places: dict[int, dict[str, int]] = {}
        for index, slot in enumerate(slots):
            if slot.product:
                places.setdefault(slot.product, {})[slot.name] = index
        self._products = [
            (
                number,
                _Product(
                    place.get("ToewijzingNummer"),
                    place.get("Categorie"),
                    place.get("Code"),
                    place.get("ToewijzingIngangsdatum"),
                    place["Begindatum"],
                    place.get("RedenBeeindiging"),
                    place.get("Einddatum"),
                    place["StatusAanlevering"],
                ),
            )
            for number, place in places.items()
        ]

    def build(
        self, v: Sequence[str], key: PseudonymKey, today: date | None, ontvangen: datetime | None
    ) -> tuple[Start | Stop, ...]:
        """Return the events of the message with values `v`; raises the first `Violation`."""
        for matches, start, end in self._parts:
            if matches(_SEPARATOR.join(v[start:end])) is None:
                self._match_each(v)
        dagtekening = _date(v, 6)
        if today is not None and dagtekening > today:
            raise Violation(6, rules.TR135)
        if broken := rules.check_bsn(v[9]):
            raise Violation(9, broken)
        usage = None if self._usage is None else v[self._usage]
        birth = _date(v, 10)
        if broken := rules.check_birth(birth, usage, dagtekening):
            raise Violation(10, broken)
        message = self.message
        common: dict[str, object] = {
            "wet": message.wet,
            "release": message.release,
            "afzender": v[3],
            "gemeente": v[4],
            "identificatie": v[5],
            "dagtekening": dagtekening,
            "digest": "",
            "positie": 0,  # this and the Nones below keep the order of the model's fields
            "client": key.client(v[4], v[9]),
            "geboortemaand": None if usage == "3" else v[10].strip(XML_SPACE)[:7],
            "geslacht": v[self._geslacht],
            "toewijzing": None,
            "categorie": None,
            "code": None,
            "toewijzing_ingangsdatum": None,
            "begindatum": None,
            "status": 0,
            "ontvangen": ontvangen,
            "soort": message.soort,
        }
        read = self._start if message.soort == "start" else self._stop
        if len(self._products) == 1:
            place, product = self._products[0]
            events: tuple[Start | Stop, ...] = (read(v, product, place, common, dagtekening),)
        else:
            events = tuple(
                [read(v, p, place, common.copy(), dagtekening) for place, p in self._products]
            )
            self._refuse_duplicates(events)
        digest = events_digest(events)
        for event in events:
            event.__dict__["digest"] = digest
        return events

    def _start(
        self, v: Sequence[str], p: _Product, place: int, values: dict[str, object], day: date
    ) -> Start | Stop:
        begin = _date(v, p.begin)
        if broken := rules.check_start(begin, day):
            raise Violation(p.begin, broken)
        self._record(v, p, place, begin, values)
        event = Start.__new__(Start)
        _fill(event, values, _START_FIELDS)
        return event

    def _stop(
        self, v: Sequence[str], p: _Product, place: int, values: dict[str, object], day: date
    ) -> Start | Stop:
        assert p.einde is not None and p.reden is not None
        begin, einde = _date(v, p.begin), _date(v, p.einde)
        if broken := rules.check_stop(begin, einde, day):
            raise Violation(p.einde, broken)
        self._record(v, p, place, begin, values)
        values["reden"] = v[p.reden]
        values["einddatum"] = einde
        event = Stop.__new__(Stop)
        _fill(event, values, _STOP_FIELDS)
        return event

    @staticmethod
    def _record(
        v: Sequence[str], p: _Product, place: int, begin: date, values: dict[str, object]
    ) -> None:
        status = v[p.status]
        if status not in ("1", "3"):
            raise Violation(p.status, rules.CS058)
        values["positie"] = place
        values["toewijzing"] = None if p.toewijzing is None else _number(v[p.toewijzing])
        values["categorie"] = None if p.categorie is None else v[p.categorie]
        values["code"] = None if p.code is None else v[p.code]
        values["toewijzing_ingangsdatum"] = (
            None if p.ingangsdatum is None else _date(v, p.ingangsdatum)
        )
        values["begindatum"] = begin
        values["status"] = 1 if status == "1" else 3

    def _refuse_duplicates(self, events: tuple[Start | Stop, ...]) -> None:
        """TR101: a key may occur once in a message, whatever the status."""
        seen: set[tuple[object, ...]] = set()
        for event, (_, product) in zip(events, self._products, strict=True):
            key: tuple[object, ...] = (
                event.toewijzing,
                event.categorie,
                event.code,
                event.begindatum,
            )
            if isinstance(event, Stop):
                key += (event.einddatum,)
                if event.release == "3.2":
                    key += (event.reden,)
            if key in seen:
                raise Violation(product.begin, rules.TR101)
            seen.add(key)

    def _match_each(self, v: Sequence[str]) -> None:
        for index, (slot, value) in enumerate(zip(self.slots, v, strict=True)):
            if re.fullmatch(slot.type.pattern, value) is None:
                raise Violation(index)


@cache
def _matcher(types: tuple[FieldType, ...]) -> Callable[[str], re.Match[str] | None]:
    return re.compile(_SEPARATOR.join(kind.pattern for kind in types)).fullmatch


def _parts(
    slots: tuple[Slot, ...],
) -> list[tuple[Callable[[str], re.Match[str] | None], int, int]]:
    """
    Return the patterns of header, client and each product, with the slots that they cover.

    Apart, they are few enough to be compiled once; all combinations together are not.
    """
    borders = [0, _HEADER - 2]
    for index in range(_HEADER, len(slots)):
        if slots[index].product != slots[index - 1].product:
            borders.append(index)
    return [
        (_matcher(tuple(slot.type for slot in slots[start:end])), start, end)
        for start, end in itertools.pairwise([*borders, len(slots)])
    ]


def _fill(event: Start | Stop, values: dict[str, object], fields: set[str]) -> None:
    """
    Make `event` hold `values` without validating them a second time.

    Every value matched its type's pattern just now; this is what `model_construct` does, several
    times quicker. A test holds the result against a validated event.
    """
    _set(event, "__dict__", values)
    _set(event, "__pydantic_fields_set__", set(fields))
    _set(event, "__pydantic_extra__", None)
    _set(event, "__pydantic_private__", None)


def _number(text: str) -> int:
    """Return the number that `text` writes; leading zeros may be more than `int` takes."""
    return int(text if len(text) < 10 else text.strip(XML_SPACE)[-9:])


def _date(v: Sequence[str], slot: int) -> date:
    value = _read_date(v[slot])
    if value is None:
        raise Violation(slot)
    return value


@lru_cache(maxsize=65536)
def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip(XML_SPACE))
    except ValueError:
        return None
