"""Whether the topics fit, before anything is read: a wrong number of partitions doubles people."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from zorgstroom.stream.errors import OperatorError
from zorgstroom.stream.kafka.access import connection, find_refusal
from zorgstroom.stream.settings import Kafka


class BrokerError(Exception):
    """The broker does not answer: try again later."""


async def count_partitions(kafka: Kafka) -> int:
    """
    Return how many partitions the state has, after a check that all topics fit.

    Raises:
        BrokerError: Nobody answers.
        OperatorError: A topic is missing, or its partitions do not fit.

    """
    of_state = (kafka.gebeurtenissen, kafka.dossiers, kafka.tellingen)
    names = (kafka.berichten, kafka.afgekeurd, *of_state)
    admin = AIOKafkaAdminClient(**connection(kafka))
    try:
        await admin.start()
        found = await admin.describe_topics(list(names))
    except (KafkaError, OSError) as error:
        why = await find_refusal(kafka) or f"De broker antwoordt niet ({type(error).__name__})."
        raise BrokerError(f"Kafka op {kafka.brokers}: {why}") from error
    finally:
        await admin.close()
    counts = {topic["topic"]: len(topic["partitions"]) for topic in found}
    if missing := [name for name in names if not counts.get(name)]:
        raise OperatorError(
            f"Deze topics ontbreken: {', '.join(missing)}. Maak ze met `zorgstroom topics`."
        )
    state = {name: counts[name] for name in of_state}
    if len(set(state.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in state.items())
        raise OperatorError(
            f"Deze topics moeten evenveel partities hebben: {told}. Anders staan dossiers niet bij "
            "hun gebeurtenissen; zie `zorgstroom topics --check`."
        )
    return counts[kafka.gebeurtenissen]
