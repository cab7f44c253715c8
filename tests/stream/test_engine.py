"""Retention, erasure and the start of the embedded process."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.stream.messages import bsn, message
from zorgstroom.aggregations.rounding import RoundingKey
from zorgstroom.sinks.contract import Filter, Safeguard
from zorgstroom.sinks.errors import SinkUnavailableError
from zorgstroom.stream.brake import RetentionHeldError
from zorgstroom.stream.clock import ManualClock, SystemClock
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
    return ManualClock(datetime(year, 2, 15, 12, tzinfo=UTC))


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
        with pytest.raises(RetentionHeldError, match="laatste publicatie er niet"):
            engine.expire()
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


class Machine(SystemClock):
    """The clock of a machine, which can be set wrong."""

    moment = clock().moment

    def now(self) -> datetime:
        """Return the moment that the machine was set to."""
        return self.moment


def removed(number: int) -> list[Input]:
    """Return the start of a client and its removal, both of 1 February 2026."""
    removal = message(number).replace(b"StatusAanlevering>1<", b"StatusAanlevering>3<")
    removal = removal.replace(b">B%d<" % number, b">W%d<" % number)
    return [Input("a", "", message(number)), Input("b", "", removal)]


def test_a_clock_that_is_years_ahead_forgets_and_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine()
    with Engine(settings(), tmp_path, machine) as engine:
        for number in range(20):
            engine.process(removed(number) if number < 10 else [Input("c", "", message(number))])
        assert engine.publish() == 1 and engine.problem is None
        published = engine.publication.figures(Filter())
        monkeypatch.setattr(Machine, "moment", clock(2036).moment)
        assert engine.publish() == engine.publish_timeliness() == 0
        assert engine.problem is not None and "3652 dagen vooruit" in engine.problem
        with pytest.raises(RetentionHeldError, match="Controleer de klok"):
            engine.expire()
        with pytest.raises(RetentionHeldError, match="Controleer de klok"):
            engine.expire(many=True)
        assert len(engine.store.dossiers) == 20
    # Also when it is wrong from the start.
    with Engine(settings(), tmp_path, machine) as engine:
        assert engine.publish() == engine.publish_timeliness() == 0
        assert engine.problem is not None and "--today 2036-02-15" in engine.problem
        assert engine.publication.figures(Filter()) == published
        with pytest.raises(RetentionHeldError):
            engine.expire()
        # Put right, it goes on.
        monkeypatch.undo()
        engine.process([Input("d", "", message(30))])
        assert engine.publish() == 1 and engine.problem is None


def test_a_date_that_is_given_by_hand_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine(settings(), tmp_path, Machine()) as engine:
        engine.process([Input("a", "", message(1))])
        engine.publish()
    monkeypatch.setattr(Machine, "moment", datetime(2026, 9, 1, 12, tzinfo=UTC))
    with Engine(settings(), tmp_path, Machine()) as engine:
        assert engine.publish() == 0 and engine.problem is not None
    with Engine(settings(), tmp_path, Machine(date(2026, 9, 1))) as engine:
        assert engine.publish() == 1
    with Engine(settings(), tmp_path, Machine()) as engine:
        engine.process([Input("b", "", message(2))])
        assert engine.publish() == 1, "the emission vouches from now on"


@pytest.mark.parametrize(("count", "held"), [(100, False), (101, True)])
def test_more_than_a_hundred_dossiers_are_forgotten_only_on_command(
    tmp_path: Path, count: int, held: bool
) -> None:
    with Engine(settings(), tmp_path, clock()) as engine:
        old = [item for number in range(count) for item in removed(number)]
        dates = [(b"2026-02-01", b"2015-02-01"), (b"2026-01-05", b"2015-01-05")]
        for index, item in enumerate(old):
            data = item.data
            for of_now, of_then in dates:
                data = data.replace(of_now, of_then)
            old[index] = Input(str(index), "", data)
        engine.process([*old, Input("x", "", message(900))])
        engine.publish()
        if held:
            with pytest.raises(RetentionHeldError, match=r"101 van 102 .*zorgstroom expire"):
                engine.expire()
            assert len(engine.store.dossiers) == 102
        assert engine.expire(many=held) == count
        assert len(engine.store.dossiers) == 1


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
