import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from zorgstroom.codecs.events import EVENT, Start, Stop

START: dict[str, Any] = {
    "wet": "Wmo",
    "release": "3.2",
    "afzender": "01234567",
    "gemeente": "0141",
    "identificatie": "BER-1",
    "dagtekening": "2025-04-05",
    "digest": "0" * 32,
    "positie": 1,
    "client": "1" * 32,
    "geboortemaand": "1967-08",
    "geslacht": "2",
    "toewijzing": 300201,
    "categorie": "02",
    "code": "02A11",
    "toewijzing_ingangsdatum": None,
    "begindatum": "2025-04-03",
    "status": 1,
    "soort": "start",
}
STOP = START | {"soort": "stop", "reden": "20", "einddatum": "2025-04-04"}


def test_the_json_form_tells_start_from_stop_by_soort() -> None:
    start, stop = EVENT.validate_json(json.dumps(START)), EVENT.validate_json(json.dumps(STOP))
    assert isinstance(start, Start) and start.berichtcode == "418"
    assert isinstance(stop, Stop) and stop.berichtcode == "420"
    assert stop.einddatum == date(2025, 4, 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("wet", "Wlz"),
        ("release", "2.3"),
        ("afzender", "1234567"),
        ("gemeente", "141"),
        ("identificatie", ""),
        ("identificatie", "x" * 13),
        ("digest", "A" * 32),
        ("positie", 0),
        ("client", "999996770"),
        ("geboortemaand", "1967-13"),
        ("geboortemaand", "1967-08-13"),
        ("geslacht", "9"),
        ("toewijzing", 1_000_000_000),
        ("toewijzing", -1),
        ("categorie", "2"),
        ("code", "123456"),
        ("begindatum", "2025-04-31"),
        ("status", 2),
        ("soort", "toewijzing"),
        ("bsn", "999996770"),
        ("achternaam", "Zwaluwstaart"),
    ],
)
def test_an_event_outside_the_standard_is_not_read(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        EVENT.validate_python(START | {field: value})


def test_an_event_is_frozen_and_hashable() -> None:
    event = EVENT.validate_python(STOP)
    with pytest.raises(ValidationError, match="frozen"):
        event.status = 3
    assert len({event, EVENT.validate_python(STOP)}) == 1


def test_the_time_of_receipt_survives_json_as_an_instant() -> None:
    received = datetime(2025, 4, 5, 12, 30, 1, 5000, tzinfo=UTC)
    event = EVENT.validate_python(START | {"ontvangen": received})
    assert EVENT.validate_json(event.model_dump_json()).ontvangen == received
