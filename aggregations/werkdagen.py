"""
Werkdagen: Monday to Friday except recognised holidays, on which the standard's terms run (OP271).

The standard gives no list of holidays. Ours is that of the Algemene termijnenwet, article 3: New
Year's Day, Easter Monday, Koningsdag, 5 May *every* year, Ascension Day, Whit Monday, both
Christmas days (first paragraph), Good Friday, which its second paragraph puts beside them, and the
days that a decree puts beside them (third paragraph). Many employers work on 5 May outside lustrum
years, on Good Friday and on the days of the decrees, so these are settings.
"""

from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal

from holidays import country_holidays
from holidays.constants import OPTIONAL, PUBLIC
from pydantic import BaseModel, ConfigDict

_SATURDAY: Final = 5
_LUSTRUM: Final = 5
_GOEDE_VRIJDAG: Final = "Goede vrijdag"
_BEVRIJDINGSDAG: Final = "Bevrijdingsdag"

GELIJKGESTELD: Final = frozenset(
    map(
        date.fromisoformat,
        (
            # Besluit gelijkstelling van 28 april 2023, 19 mei 2023, 10 mei 2024, 27 december 2024
            # en 30 mei 2025 met een algemeen erkende feestdag
            "2023-04-28",
            "2023-05-19",
            "2024-05-10",
            "2024-12-27",
            "2025-05-30",
            # Besluit gelijkstelling van 2 januari 2026, 15 mei 2026, 7 mei 2027, 28 april 2028 en
            # 26 mei 2028 met een algemeen erkende feestdag
            "2026-01-02",
            "2026-05-15",
            "2027-05-07",
            "2028-04-28",
            "2028-05-26",
        ),
    )
)
"""Days that decrees equate with holidays (article 3.3); a decree covers some three years."""
GELIJKGESTELD_YEARS: Final = range(2023, 2029)
"""Years of which `GELIJKGESTELD` is complete; of others it knows no day."""


class Werkkalender(BaseModel):
    """Which days are werkdagen: what the standard leaves open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    goede_vrijdag_vrij: bool = True
    """Whether Good Friday is no werkdag (Algemene termijnenwet, article 3.2)."""

    bevrijdingsdag_vrij: Literal["jaarlijks", "lustrum", "nooit"] = "jaarlijks"
    """In which years 5 May is no werkdag: all of them (article 3.1), 2025, 2030 ..., or none."""

    gelijkgesteld_vrij: bool = True
    """Whether days equated by decree are no werkdag (article 3.3); known for 2023 through 2028."""

    extra_vrij: frozenset[date] = frozenset()
    """More days that are no werkdag, such as days on which a region is closed."""

    def is_werkdag(self, day: date) -> bool:
        """Return whether `day` is a werkdag."""
        return day.weekday() < _SATURDAY and day not in _free(self, day.year)

    def tussen(self, first: date, last: date) -> int:
        """
        Return how many werkdagen lie after `first` up to and including `last`.

        That is a term's way of counting: the day of the event itself does not count, and what is
        reported on the day itself has taken 0 werkdagen. Negative when `last` lies before `first`.
        """
        if last < first:
            return -self.tussen(last, first)
        count = _until(self, last) - _until(self, first)
        return count + sum(_counts(self, year)[-1] for year in range(first.year, last.year))

    def na(self, first: date, werkdagen: int) -> date:
        """Return the last day of a term of `werkdagen` (0 or more) that begins after `first`."""
        if werkdagen < 0:
            raise ValueError(f"a term of {werkdagen} werkdagen")
        day = first
        while werkdagen:
            day += timedelta(days=1)
            werkdagen -= self.is_werkdag(day)
        return day


STANDAARD: Final = Werkkalender()
"""The calendar of the Algemene termijnenwet."""


def is_werkdag(day: date) -> bool:
    """Return whether `day` is a werkdag by the Algemene termijnenwet."""
    return STANDAARD.is_werkdag(day)


def werkdagen_between(first: date, last: date) -> int:
    """Return `Werkkalender.tussen` by the Algemene termijnenwet."""
    return STANDAARD.tussen(first, last)


@lru_cache(maxsize=1024)
def _free(kalender: Werkkalender, year: int) -> frozenset[date]:
    """Return the holidays of `year`, also those that fall in a weekend."""
    found = country_holidays(
        "NL", years=year, categories=(PUBLIC, OPTIONAL), language="nl", expand=False
    )
    works = set()
    if not kalender.goede_vrijdag_vrij:
        works.add(_GOEDE_VRIJDAG)
    if kalender.bevrijdingsdag_vrij == "nooit" or (
        kalender.bevrijdingsdag_vrij == "lustrum" and year % _LUSTRUM
    ):
        works.add(_BEVRIJDINGSDAG)
    # By all names of a day: 5 May 2016 was Ascension Day as well.
    free = {day for day in found if not works.issuperset(found.get_list(day))}
    if kalender.gelijkgesteld_vrij:
        free |= GELIJKGESTELD
    return frozenset(free | kalender.extra_vrij)


@lru_cache(maxsize=1024)
def _counts(kalender: Werkkalender, year: int) -> tuple[int, ...]:
    """Return for each day of `year` how many werkdagen it has had by its end."""
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = (date.fromordinal(number) for number in range(first, last + 1))
    return tuple(accumulate(int(kalender.is_werkdag(day)) for day in days))


def _until(kalender: Werkkalender, day: date) -> int:
    return _counts(kalender, day.year)[day.timetuple().tm_yday - 1]
