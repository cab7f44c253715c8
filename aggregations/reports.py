"""
How quickly one client's starts and stops were reported: what counts, and how long it took.

The standard gives 5 werkdagen from the start or stop of care to the report (OP271, OP272). That
is a matter of a record, not of a message. What does not count, because no term runs for it:

* records that were removed (as if never sent, IV008), the removals themselves, and what was
  delivered in their place (OP033); a removal without effect removes nothing;
* a definitive stop told after a temporary one, or on the same day, whose term begins when it is
  known to be definitive;
* repeats of a record: the first delivery counts;
* care from before the stream (`beginstand`).

A toewijzing with effect from an earlier date gives its start 5 werkdagen after receipt of the 301,
which is not in the stream: a late start is therefore only *possibly* late.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, NamedTuple

from zorgstroom.aggregations.dossier import Dossier, Message, Record
from zorgstroom.aggregations.periods import AMSTERDAM
from zorgstroom.aggregations.presence import presence
from zorgstroom.aggregations.werkdagen import Werkkalender
from zorgstroom.codecs.beginstand import AFZENDER as GEMEENTE_ZELF
from zorgstroom.codecs.catalog import TIJDELIJK

TERM: Final = 5
"""Werkdagen in which a start or stop is reported (OP271, OP272)."""
_LONGEST: Final = 3653
"""Days: a delay of more than ten years is a mistake in a date, and counts as ten years."""


class Report(NamedTuple):
    """One record that a term runs for, as it was first delivered."""

    wet: str
    soort: str
    """`start` or `stop`."""
    afzender: str
    """AGB code of the aanbieder."""
    dag: int
    """Dagtekening, as an ordinal."""
    vertraging: int
    """Werkdagen from Begindatum (start) or Einddatum (stop) to Dagtekening; 0 on the day itself."""
    te_vroeg: bool
    """Whether the Dagtekening lies before that day. Our decoder refuses these (TR134)."""
    wachttijd: int | None
    """Days from ToewijzingIngangsdatum to Begindatum, of a first start; never below 0."""
    keten: float | None
    """Seconds from the beginning of the Dagtekening to receipt in the chain, where known."""

    @property
    def te_laat(self) -> bool:
        """Whether it took more than the term."""
        return self.vertraging > TERM


_Product = tuple[str, int | None, str | None, str | None]
_Key = tuple[object, ...]
_Said = tuple[Message, Record]


def reports(dossier: Dossier, kalender: Werkkalender) -> list[Report]:
    """Return what counts of `dossier`, in the order of first delivery; see the module."""
    first: dict[_Key, _Said] = {}
    removals: dict[_Key, list[_Said]] = {}
    for message, record in _records(dossier):
        if record.status == 1:
            first.setdefault(_key(message, record), (message, record))
        else:
            removals.setdefault(_key(message, record), []).append((message, record))
    effective: list[_Said] = []
    if removals:
        removed_on = _removed_on(dossier, removals)
        first = {key: said for key, said in first.items() if not removed_on.get(key)}
        effective = [
            said for key in removals for said in removals[key] if said[0].dag in removed_on[key]
        ]
    begins: dict[_Product, int] = {}
    temporary: dict[_Key, int] = {}
    """Dagtekening of the first temporary stop of a start."""
    for message, record in first.values():
        if record.einde is None:
            product = _product(message, record)
            begins[product] = min(record.begin, begins.get(product, record.begin))
        elif record.reden == TIJDELIJK:
            start = _start(message, record)
            temporary[start] = min(message.dag, temporary.get(start, message.dag))
    return [
        _report(message, record, begins, kalender)
        for message, record in first.values()
        if message.afzender != GEMEENTE_ZELF
        and not (effective and _replaces(message, record, effective))
        and not _confirms(message, record, temporary)
    ]


def _removed_on(dossier: Dossier, keys: Collection[_Key]) -> dict[_Key, tuple[int, ...]]:
    """Return for each of `keys` the days (Dagtekening) on which it was removed with effect."""
    moves: dict[_Key, list[tuple[int, int]]] = {key: [] for key in keys}
    for message, record in _records(dossier):
        key = _key(message, record)
        if key in moves:
            moves[key].append((message.dag, 1 if record.status == 1 else -1))
    return {key: presence(of).removed for key, of in moves.items()}


def _confirms(message: Message, record: Record, temporary: dict[_Key, int]) -> bool:
    """Return whether this is the definitive stop of care that stopped temporarily before."""
    if record.einde is None or record.reden == TIJDELIJK:
        return False
    told = temporary.get(_start(message, record))
    return told is not None and told <= message.dag


def _records(dossier: Dossier) -> Iterator[tuple[Message, Record]]:
    for message in dossier.messages:  # in the order of Dagtekening
        for record in message.records:
            yield message, record


def _report(
    message: Message, record: Record, begins: dict[_Product, int], kalender: Werkkalender
) -> Report:
    happened = record.begin if record.einde is None else record.einde
    wachttijd = None
    ingang = record.toewijzing_ingangsdatum
    if (
        record.einde is None
        and ingang is not None
        and begins[_product(message, record)] == record.begin
    ):
        wachttijd = min(max(0, record.begin - ingang), _LONGEST)
    keten = None
    if message.ontvangen is not None:
        keten = max(0.0, message.ontvangen / 1000 - _midnight(message.dag))
    return Report(
        message.wet,
        _soort(record),
        message.afzender,
        message.dag,
        kalender.tussen(
            date.fromordinal(max(happened, message.dag - _LONGEST)), date.fromordinal(message.dag)
        ),
        message.dag < happened,
        wachttijd,
        keten,
    )


def _replaces(message: Message, record: Record, removals: Collection[_Said]) -> bool:
    """
    Return whether this delivery stands in the place of one that was removed.

    That is: the same message removes something of its kind, or something of the same toewijzing (of
    the same product where there is none) was removed on an earlier or the same day.
    """
    return any(
        _soort(old) == _soort(record)
        and by.wet == message.wet
        and (
            by is message
            or (
                by.dag <= message.dag
                and old.toewijzing == record.toewijzing
                and (
                    old.toewijzing is not None
                    or (old.categorie, old.code) == (record.categorie, record.code)
                )
            )
        )
        for by, old in removals
    )


def _soort(record: Record) -> str:
    return "start" if record.einde is None else "stop"


def _product(message: Message, record: Record) -> _Product:
    return (message.wet, record.toewijzing, record.categorie, record.code)


def _start(message: Message, record: Record) -> _Key:
    return (*_product(message, record), record.begin)


def _key(message: Message, record: Record) -> _Key:
    """Return the key of a record (IV008); RedenBeeindiging is part of it from 3.2 on."""
    if record.einde is None:
        return _start(message, record)
    reden = record.reden if message.release == "3.2" else None
    return (*_start(message, record), record.einde, reden)


@lru_cache(maxsize=4096)
def _midnight(day: int) -> float:
    return datetime.combine(date.fromordinal(day), time.min, AMSTERDAM).timestamp()
