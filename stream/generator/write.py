"""
A generated stream on disk: the messages as files or one zip, and beside them what they amount to.

In the folder come `berichten/` or `berichten.zip`, `truth.json`, `verzonden.csv` (moment, naam,
kind, in order of sending) and, when asked for, `beginstand.csv`.
"""

import csv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from zorgstroom.stream.generator.run import Progress, Simulation
from zorgstroom.stream.generator.truthfile import save_truth

BEGINSTAND: Final = (
    *("bsn", "gemeente", "wet", "toewijzing", "categorie", "code"),
    *("begindatum", "geboortedatum", "geslacht"),
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_EVERY: Final = 500


def write(
    simulation: Simulation, out: Path, *, zipped: bool = False, progress: Progress | None = None
) -> None:
    """
    Write everything to the folder `out`, which may not hold a stream yet (FileExistsError).

    `progress` gets messages written and in all, now and then. `truth.json` comes last: a folder
    without it is not complete.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in ("berichten", "berichten.zip", "truth.json", "beginstand.csv"):
        if (out / name).exists():
            raise FileExistsError(f"{out / name} bestaat al")
    if simulation.params.beginstand:
        write_beginstand(simulation, out / "beginstand.csv")
    total = len(simulation.messages)
    with (
        (out / "verzonden.csv").open("w", encoding="utf-8", newline="") as handle,
        _zip(out) if zipped else _folder(out) as put,
    ):
        sent = csv.writer(handle)
        sent.writerow(("moment", "naam", "kind"))
        for nr, delivery in enumerate(simulation.deliveries(), start=1):
            put(delivery.naam, delivery.inhoud)
            sent.writerow((delivery.moment.isoformat(), delivery.naam, delivery.kind))
            if progress and (nr % _EVERY == 0 or nr == total):
                progress(nr, total)
    save_truth(
        out / "truth.json",
        simulation.truth,
        simulation.params,
        simulation.regions,
        simulation.kinds,
    )


def write_beginstand(simulation: Simulation, path: Path) -> None:
    """Write the care that was running on the first day; an unknown date of birth is empty."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(BEGINSTAND)
        for claim in simulation.beginstand:
            person, product = claim.client.person, claim.product
            rows.writerow(
                (
                    person.bsn,
                    claim.client.gemeente,
                    claim.wet,
                    "" if product.toewijzing is None else product.toewijzing,
                    product.categorie or "",
                    product.code or "",
                    claim.begin.isoformat(),
                    "" if person.datumgebruik == "3" else person.geboortedatum.isoformat(),
                    claim.client.geslacht,
                )
            )


@contextmanager
def _folder(out: Path) -> Iterator[Callable[[str, bytes], None]]:
    root = out / "berichten"
    made: set[str] = set()

    def put(name: str, data: bytes) -> None:
        folder = name.split("/", 1)[0]
        if folder not in made:
            (root / folder).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        (root / name).write_bytes(data)

    root.mkdir()
    yield put


@contextmanager
def _zip(out: Path) -> Iterator[Callable[[str, bytes], None]]:
    with zipfile.ZipFile(out / "berichten.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zip_:

        def put(name: str, data: bytes) -> None:
            zip_.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED, 1)

        yield put
