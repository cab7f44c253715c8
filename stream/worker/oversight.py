"""
What happens to the topics under a running worker, and what an operator must know of them.

Administrators delete topics, make them anew or let them grow; brokers drop what was not read yet.
None of it raises an error anywhere, so it is looked at, and told by status, health and metrics.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from aiokafka.errors import KafkaError

from zorgstroom.stream.clock import Clock
from zorgstroom.stream.kafka.agreement import Agreed, differences
from zorgstroom.stream.kafka.asking import OpenTransactionError, topic_sizes
from zorgstroom.stream.kafka.board import OtherSettingsError, note_losses, read_notices
from zorgstroom.stream.kafka.losses import Loss, Place, find_losses
from zorgstroom.stream.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 5.0
"""Seconds between two looks."""


class Oversight:
    """
    Looks at topics and at the topic `beheer` for as long as a worker lives.

    Args:
        settings: All of them.
        sleutel: Fingerprint of this worker's pseudonym key.
        partitions: How many the state has.
        clock: When a loss was noticed.

    """

    def __init__(self, settings: Settings, sleutel: str, partitions: int, clock: Clock) -> None:
        self._kafka = settings.kafka
        self._here = Agreed.of_worker(settings, sleutel)
        self._partitions = partitions
        self._clock = clock
        self.losses: tuple[Loss, ...] = ()
        """Losses of the whole group that no operator has said to know of."""
        self.problem: str | None = None
        """What is wrong with the topics (Dutch); None when nothing is."""

    @property
    def lost(self) -> str | None:
        """Say what was lost and how to go on (Dutch); None when nothing was, or it is known."""
        if not self.losses:
            return None
        told = " ".join(loss.told() for loss in self.losses[:3])
        others = f" (en nog {len(self.losses) - 3})" if len(self.losses) > 3 else ""
        return (
            f"{told}{others} Bied de berichten opnieuw aan en bevestig het met "
            "`zorgstroom lag --gezien`."
        )

    async def note(
        self,
        read: Mapping[Place, int | None],
        firsts: Mapping[Place, int],
        ends: Mapping[Place, int],
    ) -> None:
        """
        Keep what cannot be read any more, before reading goes on; see `find_losses`.

        Raises:
            KafkaError: It could not be kept.

        """
        losses = find_losses(read, firsts, ends, self._clock.now())
        if not losses:
            return
        await note_losses(self._kafka, losses)
        self.losses = (await read_notices(self._kafka)).open_losses
        for loss in losses:
            _LOG.error("%s", loss.told())

    async def run(self) -> None:
        """
        Look again and again.

        Raises:
            OtherSettingsError: The group has agreed on something else since this worker began.

        """
        while True:
            try:
                async with asyncio.timeout(2 * _EVERY):
                    await self._look()
            except (KafkaError, OSError, TimeoutError, OpenTransactionError) as error:
                _LOG.debug("De topics konden niet worden bekeken", exc_info=error)
            await asyncio.sleep(_EVERY)

    async def _look(self) -> None:
        notices = await read_notices(self._kafka)
        self.losses = notices.open_losses
        if notices.agreed and (told := differences(notices.agreed, self._here)):
            raise OtherSettingsError(
                f"De instellingen van de groep zijn gewijzigd: {'; '.join(told)}. Zet ze hier "
                "gelijk en start opnieuw."
            )
        kafka = self._kafka
        state = (kafka.gebeurtenissen, kafka.dossiers, kafka.tellingen)
        names = (kafka.berichten, kafka.afgekeurd, *state)
        problem = self._judged(await topic_sizes(kafka, names), names, state)
        if problem != self.problem:
            self.problem = problem
            _LOG.error("%s", problem) if problem else _LOG.info("De topics zijn weer in orde")

    def _judged(
        self, sizes: Mapping[str, int], names: tuple[str, ...], state: tuple[str, ...]
    ) -> str | None:
        """Return what is wrong with topics of these sizes."""
        if missing := [name for name in names if name not in sizes]:
            return (
                f"Deze topics zijn weg: {', '.join(missing)}. Zet ze terug of maak ze met "
                "`zorgstroom topics`; de worker gaat dan vanzelf verder."
            )
        grown = [f"{name} {sizes[name]}" for name in state if sizes[name] != self._partitions]
        if grown:
            return (
                f"Het aantal partities is gewijzigd van {self._partitions} in: {', '.join(grown)}. "
                "Dossiers staan dan niet meer bij hun gebeurtenissen; zie `zorgstroom topics "
                "--check`."
            )
        return None
