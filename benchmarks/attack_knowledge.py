"""
What the strongest attacker knows of the exact counts of a year, and which small counts he attacks.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from benchmarks.attack_year import ExactYear
from zorgstroom.aggregations.attack.cells import Count, Relation
from zorgstroom.aggregations.attack.equations import Reading, Rule
from zorgstroom.aggregations.policy import Protection, PublicFigures
from zorgstroom.aggregations.rounding import area_name, flow_name, product_name, stock_name

PROTECTION: Final = Protection()
RULE: Final = Rule.rounding(PROTECTION.base, PROTECTION.threshold)
SMALL: Final = range(1, PROTECTION.threshold)


def name_of(count: Count, wet: str) -> str:
    """Return the name that the offset of `count` belongs to."""
    area, product = area_name(count.gebied), product_name(wet, count.product)
    if count.is_stock:
        return stock_name(area, product, count.maat)
    return flow_name(area, product, count.maat, count.first, count.last)


def readings(
    counts: Mapping[Count, int], public: PublicFigures, wet: str
) -> tuple[list[Reading], set[Count]]:
    """Return what the attacker reads, and the counts of which nothing is shown."""
    known: list[Reading] = []
    hidden: set[Count] = set()
    for count, number in counts.items():
        name = name_of(count, wet)
        if public.shown(number, name) is None:
            hidden.add(count)
            known.append(RULE.reading(count, None))
        else:
            total = number + public.offset(name)
            known.append(Reading(count, total, total))
    return known, hidden


def balances(counts: Mapping[Count, int]) -> list[Relation]:
    """Return stock = stock before + instroom - uitstroom where it is true and says more."""
    relations: list[Relation] = []
    true_months: set[tuple[str, str, int]] = set()
    rest: list[tuple[Count, Relation]] = []
    for instroom in counts:
        if instroom.maat != "instroom":
            continue
        end = instroom._replace(maat="actief", first=instroom.last)
        eve = instroom.first - timedelta(days=1)
        begin = end._replace(first=eve, last=eve)
        uitstroom = instroom._replace(maat="uitstroom")
        terms = ((end, 1), (begin, -1), (instroom, -1), (uitstroom, 1))
        if sum(times * counts[count] for count, times in terms):
            continue
        relation = Relation(terms, 0, 0)
        if len(instroom.gebied) == len(instroom.product) == _months(instroom) == 1:
            relations.append(relation)
            (gemeente,), (categorie,) = instroom.gebied, instroom.product
            true_months.add((gemeente, categorie, instroom.first.month))
        else:
            rest.append((instroom, relation))
    for whole, relation in rest:
        parts = (
            (gemeente, categorie, month)
            for gemeente in whole.gebied
            for categorie in whole.product
            for month in range(whole.first.month, whole.last.month + 1)
        )
        if not all(part in true_months for part in parts):
            relations.append(relation)
    return relations


def _months(count: Count) -> int:
    return count.last.month - count.first.month + 1


def sampled(
    hidden: Iterable[Count], counts: Mapping[Count, int], size: int, seed: str
) -> tuple[list[Count], list[Count], list[Count]]:
    """Return a sample of small counts, all of them above categorie, and a sample of zeros."""
    order = sorted(hidden, key=text_of)
    small = [count for count in order if counts[count] in SMALL]
    zeros = [count for count in order if counts[count] == 0]
    above = [count for count in small if len(count.product) > 1]
    chance = random.Random(seed)
    return (
        chance.sample(small, min(size, len(small))),
        above,
        chance.sample(zeros, min(size // 5, len(zeros))),
    )


def text_of(count: Count) -> str:
    days = f"{count.first}..{count.last}"
    return f"{area_name(count.gebied)}|{'+'.join(sorted(count.product))}|{count.maat}|{days}"


def add_steps(exact: ExactYear, public: PublicFigures, tallies: Mapping[str, Counter[str]]) -> None:
    """
    Guess small flows from the steps of a stock that is read exactly every day.

    What a stock goes up in a month is taken for instroom, and what it goes down for uitstroom, a
    day later. Such a guess is wrong when one day has both; he does not know when.
    """
    first = exact.first
    flows = {
        (c.gebied, c.product, c.first.month, c.maat): number
        for c, number in exact.counts.items()
        if not c.is_stock and _months(c) == 1
    }
    for line in exact.lines:
        stock = Count(line.gebied, line.product, "actief", first, first)
        offset = public.offset(name_of(stock, exact.wet))
        shown = line.stocks + offset > RULE.hidden
        day = 31  # `first` is a month after the first day of the line
        for month in range(1, exact.last.month + 1):
            length = (first.replace(month=month % 12 + 1) - timedelta(days=1)).day
            days = slice(day - 1, day + length + 1)
            steps = line.stocks[days][1:] - line.stocks[days][:-1]
            if shown[days].all():
                guesses = {
                    "instroom": int(steps[:-1].clip(min=0).sum()),
                    "uitstroom": int(-steps[1:].clip(max=0).sum()),
                }
                for maat, guess in guesses.items():
                    number = flows[line.gebied, line.product, month, maat]
                    if number not in SMALL:
                        continue
                    for name, tally in tallies.items():
                        if name == "every level" or line.has_days:
                            tally["small flows"] += 1
                            tally["guessed right"] += guess == number
            day += length
