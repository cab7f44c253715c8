"""What disclosure control did, told to metrics and log: numbers and kinds, never a cell."""

import logging
from typing import Final

from zorgstroom.sinks.metrics import Metrics
from zorgstroom.stream.publisher import Publisher

_LOG: Final = logging.getLogger(__name__)


def tell(publisher: Publisher, metrics: Metrics) -> None:
    """Tell how many cells of each region are shown, withheld and held, and what failed closed."""
    for regio, outcome in publisher.outcomes.items():
        metrics.cells(
            regio,
            {
                "getoond": outcome.shown,
                "onderdrukt": outcome.withheld,
                "aangehouden": outcome.held,
            },
        )
        if vetoed := outcome.take_vetoed():
            _LOG.warning(
                "Van %s zijn %d tabellen niet vernieuwd: uit alles samen zou een te klein aantal "
                "volgen. Zij komen zodra dat niet meer zo is.",
                regio,
                vetoed,
            )
        for reason in outcome.take_failures():
            metrics.protection_failed(regio)
            _LOG.error(
                "Cijfers van %s konden niet veilig worden vernieuwd (%s). De laatste veilige "
                "cijfers blijven staan.",
                regio,
                reason,
            )
