"""
Random histories from domains so small that keys, days and identities collide all the time.

A message is a list of events, as the decoder gives them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.dossier import Dossier, add
from zorgstroom.codecs.events import Start, Stop, events_digest

Event = Start | Stop
Events = Sequence[Event]

DAYS = (
    date(2023, 11, 30),
    date(2023, 12, 31),
    date(2024, 1, 1),
    date(2024, 1, 2),
    date(2024, 2, 29),
    date(2024, 3, 31),
    date(2024, 4, 1),
    date(2024, 4, 2),
)
TODAY = date(2024, 4, 2)
GEMEENTEN = ("0141", "0153", "0599")
CLIENTS = ("a" * 32, "b" * 32)
_PRODUCTS = {
    "Wmo": ((None, None), ("02", None), ("02", "02A03"), ("15", None)),
    "Jw": ((None, None), ("45", None), ("45", "45A04"), ("46", None)),
}
_REDENEN = ("20", "36", "02")


_record = st.fixed_dictionaries(
    {
        "nummer": st.sampled_from((1, 2, None)),
        "product": st.integers(0, 3),
        "begin": st.integers(0, 3),
        "einde": st.integers(2, 7),
        "reden": st.sampled_from(_REDENEN),
        "status": st.sampled_from((1, 1, 1, 3)),
    }
)
_header = st.fixed_dictionaries(
    {
        "soort": st.sampled_from(("start", "stop")),
        "wet": st.sampled_from(("Wmo", "Jw")),
        "release": st.sampled_from(("3.2", "3.2", "3.0", "3.1")),
        "afzender": st.sampled_from(("00000001", "00000002")),
        "gemeente": st.sampled_from(GEMEENTEN),
        "identificatie": st.sampled_from(("X1", "X2", "X3")),
        "client": st.sampled_from(CLIENTS),
        "geboortemaand": st.sampled_from((None, "1950-01", "2006-01", "2006-02", "2010-05")),
        "geslacht": st.sampled_from(("1", "2")),
        "dag": st.integers(2, 7),
        "ontvangen": st.none() | st.integers(0, 3),
    }
)
_focus = st.fixed_dictionaries(
    {
        "wet": st.sampled_from(("Wmo", "Jw")),
        "nummer": st.sampled_from((1, None)),
        "product": st.integers(0, 3),
        "begin": st.integers(1, 3),
    }
)
"""What most of one history is about, so that stops meet starts and removals their deliveries."""


@st.composite
def messages(draw: st.DrawFn, focus: dict[str, Any], one_client: bool = False) -> Events:
    """One message of level 2: dates in order, no key twice."""
    header: dict[str, Any] = draw(_header)
    if draw(st.integers(0, 3)):
        header |= {"wet": focus["wet"], "gemeente": GEMEENTEN[0], "client": CLIENTS[0]}
    if one_client:
        header |= {"gemeente": GEMEENTEN[0], "client": CLIENTS[0]}
    stop = header.pop("soort") == "stop"
    sent: int = header.pop("dag")
    received: int | None = header.pop("ontvangen")
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for drawn in draw(st.lists(_record, min_size=1, max_size=3)):
        asked = drawn | {k: v for k, v in focus.items() if draw(st.integers(0, 5))}
        begin = min(asked["begin"], sent)
        categorie, code = _PRODUCTS[header["wet"]][asked["product"]]
        row: dict[str, Any] = {
            "toewijzing": asked["nummer"],
            "categorie": categorie,
            "code": code,
            "toewijzing_ingangsdatum": None,
            "begindatum": DAYS[begin],
            "status": asked["status"],
        }
        key: tuple[object, ...] = (asked["nummer"], categorie, code, begin)
        if stop:
            einde = min(max(begin, asked["einde"]), sent)
            row |= {"einddatum": DAYS[einde], "reden": asked["reden"]}
            key += (einde, asked["reden"] if header["release"] == "3.2" else None)
        rows.setdefault(key, row)
    header["dagtekening"] = DAYS[sent]
    if received is not None:
        header["ontvangen"] = datetime(2024, 5, 1 + received, tzinfo=UTC)
    kind = Stop if stop else Start
    events: list[Event] = [
        kind(positie=at, digest="0" * 32, **header, **row)
        for at, row in enumerate(rows.values(), start=1)
    ]
    digest = events_digest(events)
    return [event.model_copy(update={"digest": digest}) for event in events]


@st.composite
def histories(
    draw: st.DrawFn, max_size: int = 10, *, one_client: bool = False, min_size: int = 0
) -> list[Events]:
    """Messages in order of arrival."""
    message = messages(draw(_focus), one_client)
    return draw(st.lists(message, min_size=min_size, max_size=max_size))


@st.composite
def arrivals_again(draw: st.DrawFn, history: Sequence[Events]) -> list[list[Events]]:
    """The same history in another order, in pieces, with repeats, divided into batches."""
    pieces: list[Events] = []
    for arrival in history:
        if len(arrival) > 1 and draw(st.booleans()):
            pieces.extend([event] for event in arrival)
        else:
            pieces.append(arrival)
    if pieces:
        pieces += draw(st.lists(st.sampled_from(pieces), max_size=4))
    shuffled = draw(st.permutations(pieces))
    batches: list[list[Events]] = [[]]
    for piece in shuffled:
        if draw(st.booleans()):
            batches.append([])
        batches[-1].append(piece)
    return batches


definitions = st.builds(
    Definitions,
    voorziening=st.sampled_from(("categorie", "categorie_code")),
    redenen_zonder_uitstroom=st.sampled_from((frozenset(), frozenset({"20"}), frozenset({"36"}))),
    herstart_is_instroom=st.booleans(),
    einddatum_telt_mee=st.booleans(),
    start_uit_stop=st.booleans(),
    bereik=st.sampled_from(("alles", "twents")),
)


def dossier_of(arrivals: Sequence[Events]) -> Dossier:
    """The dossier that messages of one client make."""
    dossier = Dossier()
    for arrival in arrivals:
        dossier = add(dossier, arrival).dossier
    return dossier
