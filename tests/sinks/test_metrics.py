"""What a scrape finds: names and labels as declared, whole sets of values, nothing of a former
region."""

from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from zorgstroom.sinks.metrics import Metrics
from zorgstroom.sinks.series import CLOCK, CURRENT, DECLARED, DOSSIERS, LATE, SIGNALS, Declared

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
SUFFIXES = ("_bucket", "_count", "_sum")


def scrape(metrics: Metrics) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    text = generate_latest(metrics.registry).decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def full() -> Metrics:
    metrics = Metrics("1.2", "drempel", process=False)
    metrics.message("aanvaard", "Wmo", "start", "3.2", 3)
    metrics.refused("regel", "CS058")
    metrics.fresh("verwerkt", 0.2)
    metrics.wrote("ok", 0.1)
    metrics.retried()
    metrics.restarted(2)
    for declared in DECLARED:
        if declared.kind == "gauge":
            values = {("twente", *("x" for _ in declared.labels[1:])): 1.0}
            if declared.labels[:1] == ("regio",):
                metrics.regional("twente", declared, values)
            else:
                metrics.gauge(declared, {tuple("x" for _ in declared.labels): 1.0})
    return metrics


def test_every_series_is_exposed_under_its_declared_name_and_labels() -> None:
    found = scrape(full())
    for declared in DECLARED:
        names = (
            [declared.name + suffix for suffix in SUFFIXES]
            if declared.kind == "histogram"
            else [declared.name]
        )
        for name in names:
            assert name in found, name
            for labels in found[name]:
                assert {n for n, _ in labels} - {"le"} == set(declared.labels), name
    known = {declared.name for declared in DECLARED}
    for name in found:
        base = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s)), name)
        assert name in known or base in known, f"{name} is not declared"


@pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.name)
def test_names_follow_the_conventions_of_prometheus(declared: Declared) -> None:
    assert declared.name.startswith("zorgstroom_")
    assert (declared.kind == "counter") == declared.name.endswith("_total")
    for unit in ("_ms", "_milliseconds", "_days", "_percent", "_minutes", "_hours"):
        assert not declared.name.endswith(unit)
    assert not {"client", "bsn", "aanbieder", "product", "le", "job", "instance"} & set(
        declared.labels
    )
    assert declared.help.endswith(".")


def test_messages_count_from_zero_so_that_the_first_increase_is_seen() -> None:
    found = scrape(Metrics(process=False))["zorgstroom_messages_total"]
    assert len(found) == 24 and set(found.values()) == {0.0}


def test_a_dropped_region_leaves_nothing_and_others_stay() -> None:
    metrics = Metrics(process=False)
    for regio in ("twente", "achterhoek"):
        metrics.current(regio, NOW)
        metrics.regional(regio, LATE, {(regio, "regio", regio, "Wmo", "start"): 0.5})
    metrics.keep_only(["achterhoek"])
    found = scrape(metrics)
    for name in (CURRENT.name, LATE.name):
        assert {dict(labels)["regio"] for labels in found[name]} == {"achterhoek"}


def test_setting_a_gauge_again_leaves_no_label_of_before() -> None:
    metrics = Metrics(process=False)
    metrics.gauge(SIGNALS, {("9069",): 2.0, ("9063",): 1.0})
    metrics.gauge(SIGNALS, {("9069",): 3.0})
    assert scrape(metrics)[SIGNALS.name] == {(("code", "9069"),): 3.0}


def test_what_holds_at_the_moment_of_a_scrape_is_asked_then() -> None:
    metrics = Metrics(process=False)
    moments = iter([1.0, 2.0])
    metrics.before_scrape(lambda: metrics.number(CLOCK, next(moments)))
    assert [scrape(metrics)[CLOCK.name][()] for _ in range(2)] == [1.0, 2.0]


def test_wrong_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        Metrics(process=False).gauge(DOSSIERS, {("x",): 1.0})


def test_a_process_tells_of_its_memory() -> None:
    assert scrape(Metrics())["process_resident_memory_bytes"][()] > 1e6
