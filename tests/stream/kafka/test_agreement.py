"""What a group has alike: each difference is named, and what says nothing differs from nothing."""

import pytest

from zorgstroom.stream.kafka.agreement import Agreed, differences
from zorgstroom.stream.settings import Settings

REGIOS = {"oost": ["0153", "0141"], "west": ["0344"]}


def worker(sleutel: str = "k1", **more: object) -> Agreed:
    return Agreed.of_worker(Settings.model_validate({"regios": REGIOS} | more), sleutel)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (worker("k2"), "pseudoniemsleutel"),
        (worker(regios={"west": ["0344"], "oost": ["0153", "0141"]}), "ZORGSTROOM_REGIOS"),
        (worker(regios=REGIOS | {"noord": ["0014"]}), "ZORGSTROOM_REGIOS"),
        (worker(definitions={"start_uit_stop": True}), "ZORGSTROOM_DEFINITIONS__START_UIT_STOP"),
        (
            worker(definitions={"redenen_zonder_uitstroom": ["20"]}),
            "ZORGSTROOM_DEFINITIONS__REDENEN_ZONDER_UITSTROOM",
        ),
        (worker(werkdagen={"bevrijdingsdag_vrij": "nooit"}), "ZORGSTROOM_WERKDAGEN__"),
        (worker(today="2026-03-15"), "ZORGSTROOM_TODAY is daar leeg, hier 2026-03-15"),
    ],
)
def test_a_difference_is_named_by_its_setting(other: Agreed, told: str) -> None:
    (line,) = differences(worker(), other)
    assert told in line


def test_every_definition_and_day_of_the_calendar_is_compared() -> None:
    calculation = worker().rekenwijze
    assert calculation is not None
    settings = Settings()
    assert calculation.definitions == settings.definitions
    assert calculation.werkdagen == settings.werkdagen


def test_the_same_is_the_same_after_a_way_through_the_topic_and_in_another_order() -> None:
    reasons = {"redenen_zonder_uitstroom": ["36", "20", "38"]}
    there = Agreed.model_validate_json(worker(definitions=reasons).model_dump_json())
    again = worker(definitions={"redenen_zonder_uitstroom": ["20", "38", "36"]})
    assert differences(there, again) == []
    swapped = worker(regios={"oost": ["0141", "0153"], "west": ["0344"]})
    assert differences(worker(), swapped) == [], "the order of gemeenten moves nobody"


def test_who_only_sends_says_nothing_of_the_calculation_and_a_worker_completes_it() -> None:
    settings = Settings.model_validate({"regios": REGIOS})
    sender = Agreed.of_sender(settings, "k1")
    here = worker(today="2026-03-15")
    assert differences(sender, here) == [] and differences(here, sender) == []
    assert sender.completed(here) == here
    assert here.completed(sender) == here
    assert differences(Agreed.of_sender(settings, "k2"), here)
