"""
How long a dossier is kept, and forgetting a client.

Dossiers are personal data (pseudonyms). A dossier goes when all its care ended, and its last
message was dated, before a boundary; that boundary lies before the first published period, so that
no figure changes. Erasing a client on request does change figures: the past is then without them.
"""

from datetime import date

from zorgstroom.aggregations.definitions import Definitions
from zorgstroom.aggregations.derivation import Derived, derive
from zorgstroom.aggregations.dossier import Dossier


def is_expired(dossier: Dossier, derived: Derived, boundary: date) -> bool:
    """
    Return whether `dossier` holds nothing that a figure from `boundary` on could rest on.

    Args:
        dossier: The client's messages.
        derived: What follows from them.
        boundary: First day that still counts. Care that runs, or ended on or after it, or a message
            dated on or after it, keeps the dossier: its correction may still come.

    """
    day = boundary.toordinal()
    if any(message.dag >= day for message in dossier.messages):
        return False
    # Care outside the scope of today's definitions may be inside that of tomorrow's.
    known = derived.indicaties | derive(dossier, Definitions()).indicaties
    return all(indicatie.einde is not None and indicatie.einde + 1 < day for indicatie in known)


def boundary(today: date, years: int, first_published: date) -> date:
    """Return the first day that retention keeps: `years` ago, never after `first_published`."""
    try:
        kept = today.replace(year=today.year - years)
    except ValueError:  # 29 February
        kept = today.replace(year=today.year - years, day=28)
    return min(kept, first_published)
