"""Topics as they should be: made when missing, put right where that is safe, refused otherwise."""

from dataclasses import replace

from zorgstroom.stream.kafka.topics import Topic, compare, wished
from zorgstroom.stream.settings import Kafka

KAFKA = Kafka(partitions=4)
STATE = (KAFKA.gebeurtenissen, KAFKA.dossiers, KAFKA.tellingen)


def found(**changed: Topic) -> dict[str, Topic]:
    names = {name.replace("-", "_"): name for name in wished(KAFKA)}
    return wished(KAFKA) | {names[name]: topic for name, topic in changed.items()}


def test_everything_is_made_on_an_empty_broker() -> None:
    plan = compare(KAFKA, {}, in_use=False)
    assert plan.create == wished(KAFKA) and not plan.refused
    assert {plan.create[name].partitions for name in STATE} == {4}
    compacted = (*STATE[1:], KAFKA.beheer)
    assert all(plan.create[n].configs["cleanup.policy"] == "compact" for n in compacted)


def test_what_is_right_is_left_alone_also_among_topics_of_others() -> None:
    others = found() | {"van-een-ander": Topic(3, 1, {})}
    assert compare(KAFKA, others, in_use=True).is_empty


def test_another_size_of_the_whole_state_is_refused_with_the_setting_that_fits() -> None:
    topics = {name: replace(topic, partitions=6) for name, topic in wished(KAFKA).items()}
    plan = compare(KAFKA, topics, in_use=True)
    assert not plan.grow and not plan.create and not plan.remake
    (told,) = plan.refused
    assert "ZORGSTROOM_KAFKA__PARTITIONS op 6" in told and all(name in told for name in STATE)
    fitting = KAFKA.model_copy(update={"partitions": 6})
    assert not compare(fitting, topics, in_use=True).refused, "the advice does not work"


def test_a_part_of_the_state_that_grew_has_no_setting_that_fits_and_none_is_advised() -> None:
    for name in STATE:
        topics = wished(KAFKA)
        topics[name] = replace(topics[name], partitions=6)
        for wish in (4, 6):
            kafka = KAFKA.model_copy(update={"partitions": wish})
            (told,) = compare(kafka, topics, in_use=True).refused
            assert "ZORGSTROOM_KAFKA__PARTITIONS" not in told
            assert "ZORGSTROOM_KAFKA__GROUP" in told and f"{name} 6" in told


def test_topics_that_hold_nothing_and_have_the_wrong_size_are_made_anew() -> None:
    by_itself = Topic(1, 1, {"cleanup.policy": "delete"}, is_unused=True)
    plan = compare(KAFKA, dict.fromkeys(wished(KAFKA), by_itself), in_use=False)
    small = {KAFKA.afgekeurd, KAFKA.beheer}
    assert plan.remake.keys() == wished(KAFKA).keys() - small
    assert plan.configure.keys() == small and not plan.refused and not plan.is_empty
    used = replace(by_itself, is_unused=False)
    assert not compare(KAFKA, dict.fromkeys(wished(KAFKA), used), in_use=False).remake


def test_an_empty_changelog_of_the_wrong_size_is_a_lost_one_once_events_were_counted() -> None:
    lost = Topic(1, 1, {}, is_unused=True)
    plan = compare(KAFKA, found(zorgstroom_dossiers_changelog=lost), in_use=True)
    assert not plan.remake and "verdwenen" in plan.refused[0]


def test_messages_are_kept_by_the_clock_of_the_broker() -> None:
    timed = [topic for topic in wished(KAFKA).values() if "retention.ms" in topic.configs]
    assert len(timed) == 3
    assert all(topic.configs["message.timestamp.type"] == "LogAppendTime" for topic in timed)


def test_berichten_may_grow_and_never_shrinks() -> None:
    small = replace(wished(KAFKA)[KAFKA.berichten], partitions=2)
    assert compare(KAFKA, found(berichten=small), in_use=True).grow == {"berichten": 4}
    large = replace(small, partitions=9)
    assert compare(KAFKA, found(berichten=large), in_use=True).is_empty


def test_a_changelog_that_is_gone_is_not_made_anew_once_events_were_counted() -> None:
    for name in STATE:
        topics = wished(KAFKA)
        del topics[name]
        assert compare(KAFKA, topics, in_use=False).create
        plan = compare(KAFKA, topics, in_use=True)
        assert not plan.create and "verdwenen" in plan.refused[0]


def test_retention_and_policy_are_put_right_and_other_settings_left() -> None:
    wrong = replace(
        wished(KAFKA)[KAFKA.dossiers],
        configs={**wished(KAFKA)[KAFKA.dossiers].configs, "cleanup.policy": "delete", "x": "y"},
    )
    plan = compare(KAFKA, found(zorgstroom_dossiers_changelog=wrong), in_use=True)
    assert plan.configure == {KAFKA.dossiers: {"cleanup.policy": "compact"}}
    longer = Kafka(partitions=4, berichten_days=30)
    assert compare(longer, found(), in_use=True).configure == {
        "berichten": {"retention.ms": str(30 * 86_400_000)}
    }


def test_too_few_copies_are_named_and_not_changed() -> None:
    plan = compare(Kafka(partitions=4, replication=3), found(), in_use=True)
    assert len(plan.refused) == 6 and not plan.create and not plan.configure


def test_with_three_copies_a_write_must_be_safe_on_two() -> None:
    three = KAFKA.model_copy(update={"replication": 3})
    assert all(t.configs["min.insync.replicas"] == "2" for t in wished(three).values())
    assert not any("min.insync.replicas" in t.configs for t in wished(KAFKA).values())
