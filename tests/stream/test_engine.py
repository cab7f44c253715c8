"""Retention, erasure and the start of the embedded process."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.stream.messages import bsn, message
from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.sinks.contract import Filter, Safeguard
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.clock import ManualClock
from zorgstroom.stream.engine import Engine
from zorgstroom.stream.errors import OperatorError, StateError
from zorgstroom.stream.settings import Settings
from zorgstroom.stream.sources import Input
from zorgstroom.stream.target import SafeguardError

pytestmark = pytest.mark.embedded
OLD = message(1, begin=date(2015, 1, 5)).replace(b"2026-02-01", b"2015-02-01")


def settings(jaren: int = 1, retention: int = 3) -> Settings:
    return Settings.model_validate(
        {
            "protection": {"policy": "geen"},
            "regios": {"proef": ["0153", "0164"]},
            "retention_years": retention,
            "publication": {"jaren": jaren, "naloop_dagen": 30},
            "definitions": {"start_uit_stop": True},
        }
    )


def clock(year: int = 2026) -> ManualClock:
    return ManualClock(datetime(year, 3, 15, 12, tzinfo=UTC))


def removal_of_old() -> bytes:
    """Return a message after which nothing of client 1 runs any more."""
    status = b"StatusAanlevering>1<"
    return OLD.replace(status, status.replace(b"1", b"3")).replace(b">B1<", b">W1<")


@pytest.mark.slow
def test_retention_forgets_what_no_published_figure_rests_on(tmp_path: Path) -> None:
    with Engine(settings(), tmp_path, clock()) as engine:
        engine.process([Input("a", "", OLD), Input("b", "", message(2))])
        assert engine.expire() == 0, "care that runs is kept however old"
        engine.process([Input("c", "", removal_of_old().replace(b"2015-02-01", b"2015-03-01"))])
        engine.publish()
        before = engine.publication.figures(Filter())
        assert engine.expire() == 1
        assert len(engine.store.dossiers) == engine.processor.dossiers == 1
        engine.publish()
        assert engine.publication.figures(Filter()) == before
    # Periods of the time before the boundary can no longer be counted right.
    with pytest.raises(StateError, match="bewaartermijn"):
        Engine(settings(jaren=6, retention=9), tmp_path, clock())
    Engine(settings(), tmp_path, clock()).close()


class Replay(ManualClock):
    """The clock of now, with a calendar that is fixed on a day far ahead."""

    def today(self) -> date:
        return date(2090, 1, 1)


def test_a_calendar_fixed_in_the_future_forgets_nothing(tmp_path: Path) -> None:
    delivered = message(2)
    removed = delivered.replace(b"StatusAanlevering>1<", b"StatusAanlevering>3<")
    with Engine(settings(), tmp_path, Replay(clock().moment)) as engine:
        engine.process([Input("a", "", delivered)])
        engine.process([Input("b", "", removed.replace(b">B2<", b">W2<"))])
        # Nothing runs, and by the fixed calendar all of it is 64 years old.
        assert engine.expire() == 0
        assert len(engine.store.dossiers) == 1


def test_erasing_a_client_takes_the_dossier_in_every_gemeente(tmp_path: Path) -> None:
    with Engine(settings(), tmp_path, clock()) as engine:
        both = [message(5, gemeente="0153"), message(5, gemeente="0164"), message(6)]
        engine.process([Input(str(n), "", data) for n, data in enumerate(both)])
        assert engine.erase(bsn(5)) == 2
        assert engine.erase(bsn(5)) == 0
        assert engine.processor.dossiers == len(engine.store.dossiers) == 1


def rounded(**protection: object) -> Settings:
    return Settings.model_validate(
        {
            "protection": protection,
            "regios": {"proef": ["0153", "0164"]},
            "publication": {"jaren": 1, "naloop_dagen": 30},
        }
    )


def test_a_restart_shows_the_same_and_goes_on_with_it(tmp_path: Path) -> None:
    total = Filter(("proef",), ("Wmo",), ("totaal",), (), ("actief",), ("jaar",))

    def read(hour: int, *numbers: int) -> tuple[int | None, datetime, int]:
        now = ManualClock(datetime(2026, 3, 16, hour, tzinfo=UTC))
        with Engine(rounded(), tmp_path, now) as engine:
            engine.process([Input(str(n), "", message(n)) for n in numbers])
            emissions = engine.publish()
            figure = engine.publication.figures(total)[-1]
            return figure.waarde, figure.bijgewerkt_op, emissions

    first = datetime(2026, 3, 16, 9, tzinfo=UTC)
    waarde, made, emissions = read(9, *range(30))
    assert waarde in (25, 30) and (made, emissions) == (first, 1)
    assert read(10) == (waarde, first, 0)
    assert read(11, *range(30)) == (waarde, first, 0), "repeats are no news"
    more, renewed, emissions = read(12, *range(30, 40))
    assert more == (waarde or 0) + 10 and renewed.hour == 12 and emissions == 1


def test_the_rounding_key_is_made_once_beside_the_dossiers(tmp_path: Path) -> None:
    with Engine(rounded(), tmp_path, clock()) as engine:
        (kept,) = engine.publication.safeguards()
    text = (tmp_path / "afrondsleutel").read_text("ascii")
    assert (tmp_path / "afrondsleutel").stat().st_mode & 0o777 == 0o600
    assert kept == Safeguard("afronden", 5, 10, RoundingKey.from_text(text).fingerprint)
    with Engine(rounded(), tmp_path, clock()) as engine:
        assert engine.publication.safeguards() == [kept]
    assert (tmp_path / "afrondsleutel").read_text("ascii") == text


def test_exact_figures_need_no_rounding_key(tmp_path: Path) -> None:
    with Engine(settings(), tmp_path, clock()) as engine:
        assert engine.publication.safeguards() == [Safeguard("geen", 0, 0, "")]
    assert not (tmp_path / "afrondsleutel").exists()


def test_a_rounding_key_that_was_lost_is_not_silently_another_one(tmp_path: Path) -> None:
    Engine(rounded(), tmp_path, clock()).close()
    kept = (tmp_path / "afrondsleutel").read_text("ascii")
    (tmp_path / "afrondsleutel").unlink()
    for _ in range(2):
        with pytest.raises(OperatorError, match="andere afrondsleutel"):
            Engine(rounded(), tmp_path, clock())
    (tmp_path / "afrondsleutel").write_text(kept)
    Engine(rounded(), tmp_path, clock()).close()


@pytest.mark.parametrize(
    "other", [{"policy": "geen"}, {"base": 3}, {"threshold": 12}, {"policy": "kale_drempel"}]
)
def test_a_database_keeps_to_one_protection(tmp_path: Path, other: dict[str, object]) -> None:
    Engine(rounded(), tmp_path, clock()).close()
    with pytest.raises(SafeguardError, match="verplaats de map chdb"):
        Engine(rounded(**other), tmp_path, clock())
    (tmp_path / "chdb").rename(tmp_path / "chdb-vorige")
    Engine(rounded(**other), tmp_path, clock()).close()


def test_a_database_that_is_away_at_the_start_is_told_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> object:
        raise SinkUnavailableError("De database antwoordt niet.")

    with monkeypatch.context() as patched:
        patched.setattr("zorgstroom.stream.engine.connect", away)
        with pytest.raises(OperatorError, match="nog niets verwerkt"):
            Engine(settings(), tmp_path, clock())
    Engine(settings(), tmp_path, clock()).close()  # and nothing is left locked


def test_a_fault_of_our_own_refuses_one_message_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(settings(), tmp_path, clock()) as engine:
        decode = engine.processor._decoder.decode

        def faulty(data: bytes, *, today: date | None = None) -> object:
            if b">B7<" in data:
                raise KeyError("999996770")
            return decode(data, today=today)

        monkeypatch.setattr(engine.processor._decoder, "decode", faulty)
        tally, (refusal, other) = engine.process(
            [Input("a", "", message(7)), Input("b", "", message(8))]
        )
        assert refusal is not None and refusal.reason.reden == "intern" and other is None
        assert "999996770" not in str(refusal)
        assert tally.accepted == 1
