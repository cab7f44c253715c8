"""
The job as Faust's own guide would have it: `table[key] += 1`, acknowledged by Faust.

It shares our decoder and counts records per gemeente, wet, kind and month. Corrections, removals
and repeats are beyond it, so it is fed a stream without them; then its counts must add up to the
number of records. Settings come from the environment, like those of a real deployment.
"""

import os

import faust

from zorgstroom.codecs.errors import DecodeError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder

NAME = os.environ.get("PEER_GROUP", "leerboek")
PARTITIONS = 8

app = faust.App(
    NAME,
    broker=f"kafka://{os.environ.get('PEER_BROKER', '127.0.0.1:9092')}",
    store="memory://",
    broker_session_timeout=float(os.environ.get("PEER_SESSION", "20")),
    broker_heartbeat_interval=float(os.environ.get("PEER_SESSION", "20")) / 8,
    processing_guarantee=os.environ.get("PEER_GUARANTEE", "at_least_once"),
    topic_partitions=PARTITIONS,
    topic_disable_leader=True,
    web_enabled=False,
    datadir=os.environ.get("PEER_DATA", "/tmp/leerboek"),
)
berichten = app.topic(f"{NAME}-berichten", value_serializer="raw", partitions=PARTITIONS)
gebeurtenissen = app.topic(
    f"{NAME}-gebeurtenissen", key_type=str, value_serializer="json", partitions=PARTITIONS
)
tellingen = app.Table("tellingen", default=int, key_type=str, partitions=PARTITIONS)
decoder = Decoder(PseudonymKey(b"k" * 32))


@app.agent(berichten)
async def inname(stream):  # type: ignore[no-untyped-def]
    """Turn messages into events."""
    async for data in stream:
        try:
            events = decoder.decode(data)
        except DecodeError:
            continue
        for event in events:
            told = {
                "gemeente": event.gemeente,
                "wet": event.wet,
                "soort": event.soort,
                "maand": event.begindatum.isoformat()[:7],
            }
            await gebeurtenissen.send(key=event.gemeente, value=told)


@app.agent(gebeurtenissen)
async def tellen(stream):  # type: ignore[no-untyped-def]
    """Count."""
    async for told in stream:
        cell = f"{told['gemeente']}|{told['wet']}|{told['soort']}|{told['maand']}"
        tellingen[cell] += 1


if __name__ == "__main__":
    app.main()
