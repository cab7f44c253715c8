"""What everybody knows of a stock and the flows between two of its days."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from zorgstroom.aggregations.attack.cells import Count, Relation
from zorgstroom.aggregations.attack.places import period_end
from zorgstroom.aggregations.definitions import Definitions

_ANY: Final = float("inf")


def stock_and_flow(
    counts: Iterable[Count], definitions: Definitions, today: date
) -> list[Relation]:
    """
    Return what everybody knows of the stock at both ends of a month and its flows.

    A stock grows by at most its instroom. Where the end date counts as a day of care, who ended on
    the last day of a month still is in its stock, and nothing else lies between stock and flow;
    where it does not count, they agree exactly. Nothing is certain when some beginnings or endings
    do not count as flow, or who comes of age comes in without one.

    Args:
        counts: All counts there are.
        definitions: What counts, which is public.
        today: The day as of which they are counted.

    """
    flows_are_all = (
        definitions.herstart_is_instroom
        and not definitions.redenen_zonder_uitstroom
        and definitions.bereik == "alles"
    )
    if not flows_are_all:
        return []
    known = set(counts)
    relations: list[Relation] = []
    for end in known:
        start = end.last.replace(day=1)
        month_end = period_end("maand", start)
        is_base = len(end.gebied) == 1 and len(end.product) == 1
        if not (end.is_stock and is_base and end.last == min(month_end, today)):
            continue
        eve = start - timedelta(days=1)
        begin = end._replace(first=eve, last=eve)
        instroom = end._replace(maat="instroom", first=start, last=month_end)
        uitstroom = instroom._replace(maat="uitstroom")
        if not {begin, instroom, uitstroom} <= known:
            continue
        grows = ((end, 1), (begin, -1), (instroom, -1))
        if not definitions.einddatum_telt_mee:
            relations.append(Relation((*grows, (uitstroom, 1)), 0, 0))
            continue
        relations.append(Relation(grows, -_ANY, 0))
        earlier = uitstroom._replace(first=eve.replace(day=1), last=eve)
        if earlier in known:
            relations.append(Relation((*grows, (uitstroom, 1), (earlier, 1)), 0, _ANY))
    return relations
