"""How long the outside may be silent, in time that this process had its turns."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
_TURN: Final = 0.5


async def answered(question: Coroutine[Any, Any, T], seconds: float) -> T:
    """
    Return what `question` gives, if that comes within `seconds`.

    A step of our own that holds up the loop, such as the reading of a very large message, counts
    for one turn of half a second: in that time nothing that came in could be heard.

    Raises:
        TimeoutError: No answer; the question is cancelled.

    """
    asked = asyncio.ensure_future(question)
    try:
        for _ in range(max(1, round(seconds / _TURN))):
            done, _ = await asyncio.wait([asked], timeout=_TURN)
            if done:
                return asked.result()
        raise TimeoutError(f"geen antwoord in {seconds:.0f} s")
    finally:
        asked.cancel()
