"""
`zorgstroom` with one fault, in a process of its own that begins with everything imported.

A worker that begins again ends here with a code of its own, and whoever watches it starts it again;
to load the program anew each time would take longer than the rest of a case.
"""

import json
import os
import sys
from pathlib import Path

from tests.faults.injection import Fault, arm
from tests.faults.points import EMBEDDED, WORKER
from zorgstroom.stream import cli, health, inbox, serve
from zorgstroom.stream.kafka import asking
from zorgstroom.stream.worker import intake, life, publishing, run, startcheck, writer

VARIABLE = "FAULT_OF_THE_TEST"
AGAIN = 75
"""Exit code of a worker that begins again."""
SHORT_SECONDS = 8.0
"""In place of the 20, 30 and 120 s after which something is taken for stuck."""
PRELOADED = [serve.__name__, run.__name__, __name__, "zorgstroom.stream.commands", "faust.app"]


def begin(command: list[str], environment: dict[str, str], log: Path) -> None:
    """Become the process: environment, output, fault and command."""
    os.environ.clear()
    os.environ.update(environment)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(descriptor, number)
    sys.argv = ["zorgstroom", *command]
    health.LONGEST_STEP = 2 * SHORT_SECONDS  # type: ignore[misc]
    life._SHORTEST_STALL = SHORT_SECONDS  # type: ignore[misc]
    life._GOODBYE = 2.0  # type: ignore[misc]
    intake._LONGEST_START = SHORT_SECONDS  # type: ignore[misc]
    asking._LONGEST_ANSWER = SHORT_SECONDS  # type: ignore[misc]
    publishing._LONGEST_ANSWER = SHORT_SECONDS  # type: ignore[misc]
    startcheck._LONGEST = 2 * SHORT_SECONDS  # type: ignore[misc]
    inbox._RETRY_SECONDS = 1.0  # type: ignore[misc]
    writer._LONGEST_COMMIT = SHORT_SECONDS  # type: ignore[misc]
    run.Begun.again = lambda _: os._exit(AGAIN)  # type: ignore[assignment,method-assign]
    _arm()
    cli.main()


def main() -> None:
    """Run the command line with the fault of the environment, and nothing else changed."""
    _arm()
    cli.main()


def _arm() -> None:
    fault = Fault(**json.loads(os.environ[VARIABLE]))
    if fault.point:
        arm(fault, (WORKER if fault.shell == "worker" else EMBEDDED)[fault.point])


if __name__ == "__main__":
    main()
