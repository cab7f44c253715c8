"""
A process that is asked to end does so in good order, and in time, whatever it is doing.

Whoever asks (systemd, Kubernetes, Docker) waits for some 30 s and then kills. A write to a database
that hangs, or a first load that is under way, may take longer. What is safe does not rest on an end
in good order, so after `LONGEST` seconds the process ends as it is.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

_LOG: Final = logging.getLogger(__name__)
LONGEST: Final = 24
"""Seconds for an end in good order."""
_REST: Final = 3
"""Seconds more, after which the kernel ends the process, also amid a call into C since."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def end_on_signals(ask: Callable[[signal.Signals], None]) -> None:
    """
    Have the first SIGTERM or SIGINT call `ask`, and end this process in time after it.

    A second one ends it at once. To be called in the main thread, in which `ask` is called too,
    between any two of its steps; so a call into C that is under way is waited for.
    """

    def asked(number: int, _: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(LONGEST + _REST)
        timer = threading.Timer(LONGEST, _end)
        timer.daemon = True
        timer.start()
        ask(signal.Signals(number))

    for each in _SIGNALS:
        signal.signal(each, asked)


def _end() -> None:
    _LOG.warning(
        "Na %d s was nog niet alles klaar; het proces stopt nu toch. Er is niets verloren: wat "
        "nog niet vastlag, wordt bij de volgende start opnieuw gelezen of gepubliceerd.",
        LONGEST,
    )
    os._exit(0)
