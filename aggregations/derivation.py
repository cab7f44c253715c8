"""
From a dossier to its indicaties: which care began when, and when and why it ended.

An indicatie is a unique (gemeente, wet, person, voorziening, Begindatum); Twentse Monitor and GMSD.
The life cycle of the standard (OP072, OP377-379) is not enforced, as the input is all messages and
not only the accepted ones; what its level 3 rules would have caught is given back as signals.
"""

import itertools
from collections.abc import Iterable, Iterator
from datetime import MAXYEAR, date
from typing import Final, NamedTuple

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.dossier import Dossier, Message, conflicts
from zorgstroom.aggregations.presence import SINGLE, Presence, presence
from zorgstroom.codecs.beginstand import AFZENDER as GEMEENTE_ZELF
from zorgstroom.codecs.catalog import TIJDELIJK

ONBEKEND: Final = "onbekend"
"""Categorie of a generic toewijzing, which names no product."""
_VERBLIJF: Final = frozenset({"04", "15", "16", "17", "18"})
"""Wmo: kortdurend verblijf, and beschermd wonen and opvang (hoofdgroep Verblijf en opvang)."""
_ADULT: Final = 18
_SINGLES: Final = {1: SINGLE, -1: presence([(1, -1)])}


class Indicatie(NamedTuple):
    """One indicatie within a dossier. Days are ordinals; `einde` None while it runs."""

    wet: str
    categorie: str
    code: str | None
    """Part of the voorziening only when the definition says so; None otherwise."""
    begin: int
    einde: int | None
    instroom: bool
    uitstroom: bool
    """Whether its begin and end count as such; `uitstroom` is False while it runs."""
    actief_vanaf: int
    """Its first day as `actief`: `begin`, but for Wmo care that began before 18 (`twents`)."""


class Derived(NamedTuple):
    """What follows from a dossier: its indicaties, and a count of each level 3 rule (signals)."""

    indicaties: frozenset[Indicatie]
    signals: tuple[str, ...]
    """Return codes such as ``9069``, once for each record that breaks the rule, in order."""


NOTHING: Final = Derived(frozenset(), ())


# Plain tuples: a dossier is derived at every message about it, and named ones cost twice as much.
_StartKey = tuple[str, int | None, str | None, str | None, int]
"""wet, toewijzing, categorie, code, begin: a start within its dossier (IV008)."""
_BEGIN: Final = 4
_Ending = tuple[bool, int, str]
"""definitive, einde, reden of a live stop. The greatest ends the start: definitive, then latest."""
_Moves = list[tuple[int, int]]
_Starts = dict[_StartKey, _Moves]
_Stops = dict[tuple[_StartKey, int, str | None], tuple[_Moves, str]]


def derive(dossier: Dossier, definitions: Definitions) -> Derived:
    """Return what `dossier` says under `definitions`."""
    messages = dossier.messages
    if not messages:
        return NOTHING
    starts, stops = _collect(messages)
    signals: list[str] = []
    endings = _endings(stops, signals) if stops else {}
    live: list[_StartKey] = []
    for start, moves in starts.items():
        seen = _presence(moves)
        if seen is not SINGLE:
            _signal(seen, signals)
        if seen.present:
            live.append(start)
        elif start in endings:
            signals.extend(["9071"] if seen.removed else ["9069"] * len(endings[start]))
    ended: dict[_StartKey, _Ending] = {}
    if endings:
        ended = {start: max(found) for start, found in endings.items()}
        _signal_endings(endings, starts, signals)
    if len(live) > 1:
        _signal_overlap(live, ended, signals)
    if definitions.start_uit_stop:
        live.extend(start for start in ended if start not in starts)
    if len(messages) > 1:
        signals.extend(["9056"] * conflicts(dossier))
    indicaties = _indicaties(live, ended, definitions)
    if definitions.bereik == "twents":
        indicaties = list(_in_scope(indicaties, messages, definitions))
    return Derived(frozenset(indicaties), tuple(sorted(signals)))


def _collect(messages: tuple[Message, ...]) -> tuple[_Starts, _Stops]:
    """Gather what was said of each record, by its key."""
    starts: _Starts = {}
    stops: _Stops = {}
    opening: set[_StartKey] = set()
    for message in messages:
        wet, day = message.wet, message.dag
        is_message = message.afzender != GEMEENTE_ZELF
        for record in message.records:
            start = (wet, record.toewijzing, record.categorie, record.code, record.begin)
            move = (day, 1 if record.status == 1 else -1)
            if record.einde is None:
                if not is_message and record.status == 1:
                    opening.add(start)
                    continue
                moves = starts.get(start)
                if moves is None:
                    starts[start] = [move]
                else:
                    moves.append(move)
                continue
            reden = record.reden or ""
            # RedenBeeindiging is part of the key from 3.2 on (IV008); the forms are separate keys.
            key = (start, record.einde, reden if message.release == "3.2" else None)
            known = stops.get(key)
            if known is None:
                stops[key] = ([move], reden)
            else:
                # Before 3.2 one key may come with several redenen: the last delivery's holds.
                # Messages stand in the order of Dagtekening.
                stops[key] = ([*known[0], move], reden if record.status == 1 else known[1])
    for start in opening:
        _open(starts.setdefault(start, []))
    return starts, stops


def _open(moves: _Moves) -> None:
    """
    Add to `moves`, in the order of days, that the record stands in the beginstand.

    A row and the first start-bericht are one delivery. Before a removal that no start-bericht came
    before, the row is that delivery; of several rows one counts.
    """
    if not any(sign > 0 and day == moves[0][0] for day, sign in moves):
        moves.insert(0, (0, 1))


def _endings(stops: _Stops, signals: list[str]) -> dict[_StartKey, list[_Ending]]:
    """Return the live stops by the start that they end."""
    endings: dict[_StartKey, list[_Ending]] = {}
    for (start, einde, _), (moves, reden) in stops.items():
        seen = _presence(moves)
        if seen is not SINGLE:
            _signal(seen, signals)
        if seen.present:
            endings.setdefault(start, []).append((reden != TIJDELIJK, einde, reden))
    return endings


def _presence(moves: _Moves) -> Presence:
    return _SINGLES[moves[0][1]] if len(moves) == 1 else presence(moves)


def _signal(seen: Presence, signals: list[str]) -> None:
    if seen.removed_unknown:
        signals.append("9063")
    if seen.delivered_again:
        signals.append("9074")


def _signal_endings(
    endings: dict[_StartKey, list[_Ending]],
    starts: dict[_StartKey, _Moves],
    signals: list[str],
) -> None:
    """9069 (no start at all), 9413 (second temporary stop), 9415 (stop beside a definitive one)."""
    for start, found in endings.items():
        if start not in starts:
            signals.extend(["9069"] * len(found))
        if len(found) > 1:
            temporary = sum(not definitive for definitive, _, _ in found)
            definitive = len(found) - temporary
            signals.extend(["9413"] * max(0, temporary - 1))
            signals.extend(["9415"] * max(0, definitive - 1))
            is_definitive, latest, _ = max(found)
            if is_definitive and any(einde > latest for _, einde, _ in found):
                signals.append("9414")


def _signal_overlap(
    live: list[_StartKey], ended: dict[_StartKey, _Ending], signals: list[str]
) -> None:
    """9326: a start while an earlier start of the same toewijzing and product is still current."""
    ordered = sorted(live, key=_product_order)
    for earlier, later in itertools.pairwise(ordered):
        if earlier[:4] == later[:4]:
            ending = ended.get(earlier)
            if ending is None or ending[1] > later[_BEGIN]:
                signals.append("9326")


def _product_order(start: _StartKey) -> tuple[str, int, str, str, int]:
    wet, toewijzing, categorie, code, begin = start
    return (wet, -1 if toewijzing is None else toewijzing, categorie or "", code or "", begin)


def _indicaties(
    live: list[_StartKey], ended: dict[_StartKey, _Ending], definitions: Definitions
) -> list[Indicatie]:
    with_code = definitions.voorziening == "categorie_code"
    groups: dict[tuple[str, str, str | None, int], list[_StartKey]] = {}
    for start in live:
        wet, _, categorie, code, begin = start
        key = (wet, categorie or ONBEKEND, code if with_code else None, begin)
        groups.setdefault(key, []).append(start)
    restarts = frozenset[_StartKey]()
    if not definitions.herstart_is_instroom:
        restarts = _restarts(live, ended)
    result = []
    for (wet, categorie, code, begin), members in groups.items():
        einde: int | None = None
        uitstroom = False
        # It ends when all its start records have ended, on the latest Einddatum.
        last = _last([ended.get(start) for start in members]) if ended else None
        if last is not None:
            _, einde, reden = last
            uitstroom = reden not in definitions.redenen_zonder_uitstroom
        instroom = not restarts or any(start not in restarts for start in members)
        result.append(Indicatie(wet, categorie, code, begin, einde, instroom, uitstroom, begin))
    return result


def _last(endings: list[_Ending | None]) -> _Ending | None:
    last: _Ending | None = None
    for ending in endings:
        if ending is None:
            return None
        if last is None or (ending[1], ending) > (last[1], last):
            last = ending
    return last


def _restarts(live: Iterable[_StartKey], ended: dict[_StartKey, _Ending]) -> frozenset[_StartKey]:
    """Return the starts whose previous start of the same product ended temporarily (OP379)."""
    ordered = sorted(live, key=_product_order)
    return frozenset(
        later
        for earlier, later in itertools.pairwise(ordered)
        if earlier[:4] == later[:4] and (ending := ended.get(earlier)) is not None and not ending[0]
    )


def _in_scope(
    indicaties: list[Indicatie], messages: tuple[Message, ...], definitions: Definitions
) -> Iterator[Indicatie]:
    """
    Yield what the Twentse Monitor counts, each as it counts it; an unknown age stays in.

    Jeugd counts through 17 years and Wmo from 18: `actief` on each day, instroom on the Begindatum,
    uitstroom on the Einddatum. Who turns 18 leaves or enters `actief` without flow.
    """
    adult = _adult_from(messages)
    for indicatie in indicaties:
        wet, categorie, _, begin, einde, *_ = indicatie
        if categorie == ONBEKEND or (wet == "Wmo" and categorie in _VERBLIJF):
            continue
        if adult is None:
            yield indicatie
        elif wet == "Wmo":
            if begin >= adult:
                yield indicatie
            elif einde is None or einde >= adult:
                yield indicatie._replace(instroom=False, actief_vanaf=adult)
        elif begin < adult and einde is not None and einde < adult:
            yield indicatie
        elif begin < adult:
            last = adult - 1 if definitions.einddatum_telt_mee else adult
            yield indicatie._replace(einde=last, uitstroom=False)


def _adult_from(messages: tuple[Message, ...]) -> int | None:
    """Return the first day of the month of the 18th birthday: only the month of birth is kept."""
    # Person data may differ (OP039): the latest Dagtekening that tells holds, then the greatest
    # identity.
    born = next((m.geboortemaand for m in reversed(messages) if m.geboortemaand is not None), None)
    if born is None:
        return None
    return date(min(int(born[:4]) + _ADULT, MAXYEAR), int(born[5:]), 1).toordinal()
