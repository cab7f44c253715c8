"""
The figures once more, naively: written from the definitions and not from the code, day by day.

Slow and simple. It shares nothing with the package but the events it reads.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.codecs.events import Start, Stop

Event = Start | Stop
Cell = tuple[str, str, str, str, date]
"""gemeente, wet, categorie, maat, day."""


def day_counts(
    events: Iterable[Event], definitions: Definitions, first: date, last: date
) -> Counter[Cell]:
    """Return every nonzero figure of every day from `first` through `last`."""
    dossiers: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        dossiers[event.gemeente, event.client].append(event)
    counts: Counter[Cell] = Counter()
    calendar = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for (gemeente, _), said in dossiers.items():
        once = _once(said)
        born = [event.geboortemaand for event in once if event.geboortemaand is not None][-1:]
        for wet, categorie, begin, einde, is_instroom, is_uitstroom in _indicaties(
            once, definitions
        ):
            for day in calendar:
                if definitions.bereik == "twents" and not _in_scope(wet, categorie, born, day):
                    continue
                gone = einde is not None and (
                    einde < day if definitions.einddatum_telt_mee else einde <= day
                )
                if begin <= day and not gone:
                    counts[gemeente, wet, categorie, "actief", day] += 1
                if begin == day and is_instroom:
                    counts[gemeente, wet, categorie, "instroom", day] += 1
                if einde == day and is_uitstroom:
                    counts[gemeente, wet, categorie, "uitstroom", day] += 1
    return counts


def _once(events: Sequence[Event]) -> list[Event]:
    """A record of a message counts once, however often it comes."""
    seen = {(e.afzender, e.berichtcode, e.identificatie, e.digest, e.positie): e for e in events}
    return sorted(
        seen.values(), key=lambda e: (e.dagtekening, e.afzender, e.identificatie, e.digest)
    )


def _start_key(event: Event) -> tuple[object, ...]:
    return (event.wet, event.toewijzing, event.categorie, event.code, event.begindatum)


def _stop_key(event: Stop) -> tuple[object, ...]:
    reden = event.reden if event.release == "3.2" else "not in the key"
    return (*_start_key(event), event.einddatum, reden)


def _present(said: Sequence[Event]) -> bool:
    """Walk the days of Dagtekening: present before + deliveries - removals, clipped."""
    present = 0
    for day in sorted({event.dagtekening for event in said}):
        for event in said:
            if event.dagtekening == day:
                present += 1 if event.status == 1 else -1
        present = max(0, min(1, present))
    return present == 1


def _indicaties(
    said: list[Event], definitions: Definitions
) -> list[tuple[str, str, date, date | None, bool, bool]]:
    starts: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    stops: dict[tuple[object, ...], list[Stop]] = defaultdict(list)
    for event in said:
        if isinstance(event, Stop):
            stops[_stop_key(event)].append(event)
        else:
            starts[_start_key(event)].append(event)

    # Which starts there are, and how each ended: (Einddatum, reden) or None.
    live: dict[tuple[object, ...], tuple[date, str] | None] = {}
    sample: dict[tuple[object, ...], Event] = {}
    for key, about in starts.items():
        if _present(about):
            live[key], sample[key] = None, about[0]
    endings: dict[tuple[object, ...], list[tuple[date, str]]] = defaultdict(list)
    for told in stops.values():
        if _present(told):
            last = [event for event in told if event.status == 1][-1]
            key = _start_key(last)
            if definitions.start_uit_stop and key not in starts:
                live[key], sample[key] = None, last
            endings[key].append((last.einddatum, last.reden))
    for key, found in endings.items():
        if key in live:
            definitive = [ending for ending in found if ending[1] != "20"]
            live[key] = max(definitive or found)

    # One indicatie for each wet, voorziening and Begindatum.
    groups: dict[tuple[object, ...], list[tuple[object, ...]]] = defaultdict(list)
    for key, event in sample.items():
        code = event.code if definitions.voorziening == "categorie_code" else None
        groups[event.wet, event.categorie or "onbekend", code, event.begindatum].append(key)

    result: list[tuple[str, str, date, date | None, bool, bool]] = []
    for members in groups.values():
        event = sample[members[0]]
        categorie = event.categorie or "onbekend"
        einde, reden = None, ""
        if all(live[key] is not None for key in members):
            einde, reden = max(
                (ending for key in members if (ending := live[key]) is not None),
                key=lambda ending: (ending[0], ending[1] != "20", ending[1]),
            )
        instroom = definitions.herstart_is_instroom or not all(
            _is_restart(key, live) for key in members
        )
        uitstroom = einde is not None and reden not in definitions.redenen_zonder_uitstroom
        result.append((event.wet, categorie, event.begindatum, einde, instroom, uitstroom))
    return result


def _is_restart(
    key: tuple[object, ...], live: dict[tuple[object, ...], tuple[date, str] | None]
) -> bool:
    """Whether the start before this one, of the same toewijzing and product, ended in reden 20."""
    before = [other for other in live if other[:4] == key[:4] and other[4] < key[4]]  # type: ignore[operator]
    if not before:
        return False
    ending = live[max(before, key=lambda other: other[4])]  # type: ignore[arg-type, return-value]
    return ending is not None and ending[1] == "20"


def _in_scope(wet: str, categorie: str, born: list[str], day: date) -> bool:
    """Whether it counts on `day`: whatever is counted on a day is judged by the age on it."""
    if categorie == "onbekend" or categorie in ("04", "15", "16", "17", "18"):
        return False
    if not born:
        return True
    # Only the month is kept: someone is 18 from the first day of the month of the birthday on.
    adult_from = date(int(born[0][:4]) + 18, int(born[0][5:]), 1)
    return (day >= adult_from) == (wet == "Wmo")
