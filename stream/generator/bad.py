"""
Messages that a receiver must refuse, each wrong in exactly one named way.

Every one carries a fact that no good message tells, so that accepting it would change the figures.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from zorgstroom.codecs.catalog import MessageType
from zorgstroom.stream.generator.model import FOUT, Claim, Message, Product, Record
from zorgstroom.stream.generator.population import World

Spoil = Callable[[bytes], bytes]


def _sub(pattern: bytes, replacement: bytes) -> Spoil:
    compiled = re.compile(pattern)

    def spoil(data: bytes) -> bytes:
        spoilt, times = compiled.subn(replacement, data, count=1)
        if not times:
            raise ValueError(f"nothing in the message to spoil: {pattern!r}")
        return spoilt

    return spoil


def _declared(data: bytes, encoding: str) -> bytes:
    text = data.decode("utf-8-sig").replace('encoding="UTF-8"', f'encoding="{encoding}"', 1)
    return text.encode(encoding, errors="xmlcharrefreplace")


def _wrong_bsn(data: bytes) -> bytes:
    """Raise the last digit by one: that always breaks the 11-proef (CS002)."""
    return re.sub(
        rb"(Bsn>\d{8})(\d)<", lambda m: m[1] + b"%d<" % ((int(m[2]) + 1) % 10), data, count=1
    )


def _other_message(data: bytes) -> bytes:
    """Turn a start into the retour that answers it (306)."""
    data = data.replace(b"BerichtCode>418<", b"BerichtCode>419<")
    data = data.replace(b"BerichtCode>438<", b"BerichtCode>439<")
    return re.sub(rb"/(wmo|jw)305/schema", rb"/\g<1>306/schema", data)


def _empty_envelope(_: bytes) -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\r\n<GGK:envelopHeenbericht-ggk_Di01 xmlns:GGK='
        b'"http://www.stufstandaarden.nl/koppelvlak/ggk0210"><GGK:parameters><GGK:bericht/>'
        b"</GGK:parameters></GGK:envelopHeenbericht-ggk_Di01>\r\n"
    )


START_SPOILS: Final[dict[str, Spoil]] = {
    "bsn": _wrong_bsn,
    "status_2": _sub(rb"StatusAanlevering>1<", b"StatusAanlevering>2<"),
    "status_9": _sub(rb"StatusAanlevering>1<", b"StatusAanlevering>9<"),
    "begindatum_na_dagtekening": lambda data: data,
    "dubbele_sleutel": lambda data: data,
    "datumgebruik": _sub(
        rb"Datum>\d{4}-\d\d-\d\d(</(\w*:)Datum>)",
        rb"Datum>1950-06-07\1<\2DatumGebruik>2</\2DatumGebruik>",
    ),
    "categorie_onbekend": _sub(rb"Categorie>\d\d<", b"Categorie>39<"),
    "datum_met_zone": _sub(rb"(Dagtekening>[-\d]+)<", rb"\1Z<"),
    "volgorde": _sub(
        rb"(<(?:\w+:)?Begindatum>[^<]*</[\w:]+>)(\s*)(<(?:\w+:)?StatusAanlevering>[^<]*</[\w:]+>)",
        rb"\3\2\1",
    ),
    "berichtcode": _sub(rb"BerichtCode>4[13]8<", b"BerichtCode>414<"),
    "subversie": _sub(rb"BerichtSubversie>\d<", b"BerichtSubversie>7<"),
    "release_2_3": _sub(
        rb"/3_\d/(basisschema|\w+305)/schema(.*?)/3_\d/", rb"/2_3/\1/schema\2/2_3/"
    ),
    "ander_bericht": _other_message,
    "doctype": _sub(rb"\?>", b'?><!DOCTYPE Bericht [<!ENTITY x "1">]>'),
    "codering_latin": lambda data: _declared(data, "ISO-8859-1"),
    "codering_utf16": lambda data: _declared(data, "UTF-16"),
    "geen_utf8": _sub(rb"(Achternaam>)", rb"\1" + b"\xe9\xff"),
    "afgebroken": lambda data: data[: len(data) * 2 // 3],
    "leeg": lambda _: b"",
    "geen_xml": lambda _: b"bsn;begindatum\r\n990000000;2025-01-01\r\n",
    "envelop_leeg": _empty_envelope,
    "envelop_base64": lambda data: _empty_envelope(b"").replace(
        b"<GGK:bericht/>",
        b"<GGK:bericht><GGK:xmlBestand>*" + b64encode(data) + b"</GGK:xmlBestand></GGK:bericht>",
    ),
}
STOP_SPOILS: Final[dict[str, Spoil]] = {
    "reden_onbekend": lambda data: data,
    "einddatum_na_dagtekening": lambda data: data,
    "einddatum_voor_begindatum": lambda data: data,
    "stop_zonder_reden": _sub(rb"<(\w+:)?RedenBeeindiging>.*?</(\w+:)?RedenBeeindiging>", b""),
}
KINDS: Final = tuple(FOUT + name for name in (*START_SPOILS, *STOP_SPOILS))
"""The kinds of bad messages, by the name of what is wrong."""


def spoil(kind: str, data: bytes) -> bytes:
    """Return the bytes of a message with the fault that `kind` names."""
    name = kind.removeprefix(FOUT)
    return (START_SPOILS.get(name) or STOP_SPOILS[name])(data)


@dataclass(slots=True)
class Spoiler:
    """Makes bad messages in the likeness of good ones."""

    world: World
    rng: Random

    def messages(self, good: Sequence[Message]) -> list[Message]:
        """Return bad messages, in turn of every kind, sent among the good ones."""
        starts = [m for m in good if m.type.soort == "start" and m.kind == "aanlevering"]
        if not starts:
            return []
        number = round(len(good) * self.world.params.rates.fout)
        return [
            self._message(KINDS[i % len(KINDS)], self.rng.choice(starts)) for i in range(number)
        ]

    def _message(self, kind: str, like: Message) -> Message:
        name = kind.removeprefix(FOUT)
        model = like.records[0].claim
        message = replace(like, kind=kind, referentie=None, records=())
        if name in STOP_SPOILS:
            message.type = MessageType(model.wet, "stop", like.type.release)
            records = [self._stop(name, model, like)]
        else:
            records = self._starts(name, model, like)
        message.records = tuple(Record(claim, 1) for claim in records)
        message.moment += timedelta(seconds=self.rng.randint(1, 600))
        return message

    def _starts(self, name: str, model: Claim, like: Message) -> list[Claim]:
        """Return a start of care for a person no one else tells about."""
        day = like.dagtekening
        client = self.world.client(model.client.gemeente, model.wet, day)
        nummer = self.world.toewijzing(client.gemeente, model.wet)
        categorie = model.product.categorie or ("02" if model.wet == "Wmo" else "45")
        begin = day - timedelta(days=self.rng.randrange(8))
        if name == "begindatum_na_dagtekening":
            begin = day + timedelta(days=self.rng.randint(1, 30))
        claim = replace(
            model,
            client=client,
            product=Product(nummer, categorie, model.product.code, None),
            begin=begin,
        )
        return [claim, claim] if name == "dubbele_sleutel" else [claim]

    def _stop(self, name: str, model: Claim, like: Message) -> Claim:
        """Return a stop of care that was really told of, on a day of its own."""
        day = like.dagtekening
        reden, einde = ("19" if model.wet == "Wmo" else "32"), day
        if name == "reden_onbekend":
            reden = "32" if model.wet == "Wmo" else "19"
        elif name == "einddatum_na_dagtekening":
            einde = day + timedelta(days=self.rng.randint(1, 30))
        elif name == "einddatum_voor_begindatum":
            einde = model.begin - timedelta(days=self.rng.randint(1, 30))
        return replace(model, soort="stop", reden=reden, einde=einde)
