"""The same job with Quix Streams and its state on a changelog; see `textbook_faust`."""

import os

from quixstreams import Application, State

from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder

NAME = os.environ.get("PEER_GROUP", "quix")
decoder = Decoder(PseudonymKey(b"k" * 32))


def events(data: bytes) -> list[dict[str, str]]:
    """Turn a message into events."""
    try:
        found = decoder.decode(data)
    except DecodeError:
        return []
    return [
        {
            "gemeente": event.gemeente,
            "wet": event.wet,
            "soort": event.soort,
            "maand": event.begindatum.isoformat()[:7],
        }
        for event in found
    ]


def count(told: dict[str, str], state: "State[str, int]") -> None:
    """Count."""
    cell = f"{told['wet']}|{told['soort']}|{told['maand']}"
    state.set(cell, state.get(cell, 0) + 1)


def main() -> None:
    """Run until a signal."""
    app = Application(
        broker_address=os.environ.get("PEER_BROKER", "127.0.0.1:9092"),
        consumer_group=NAME,
        auto_offset_reset="earliest",
        state_dir=os.environ.get("PEER_DATA", "/tmp/quix"),
        use_changelog_topics=True,
        auto_create_topics=True,
        loglevel="WARNING",
    )
    berichten = app.topic(f"{NAME}-berichten", value_deserializer="bytes", key_deserializer="bytes")
    stream = app.dataframe(berichten)
    stream = stream.apply(events, expand=True)
    stream = stream.group_by("gemeente")
    stream = stream.update(count, stateful=True)
    app.run(stream)


if __name__ == "__main__":
    main()
