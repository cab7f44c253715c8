# ruff: noqa: RUF009 - `el` returns a field, which no checker can see
"""
The four messages of release 3.2 as xsdata dataclasses, in the form that its generator writes.

Fields carry their types (XmlDate, int, str) but no patterns: xsdata checks none when it parses.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xsdata.formats.dataclass.context import XmlContext
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.parsers.handlers import LxmlEventHandler
from xsdata.models.datatype import XmlDate

from zorgstroom.codecs.catalog import MessageType


def _models(message: MessageType) -> type[Any]:
    own, basis = message.namespace, message.basis

    def el(name: str, ns: str = own, *, required: bool = True) -> Any:
        metadata = {"name": name, "type": "Element", "namespace": ns, "required": required}
        return field(default=None, metadata=metadata)

    def many(name: str) -> Any:
        metadata = {"name": name, "type": "Element", "namespace": own, "min_occurs": 1}
        return field(default_factory=list, metadata=metadata)

    @dataclass
    class BerichtIdentificatie:
        identificatie: str | None = el("Identificatie", basis)
        dagtekening: XmlDate | None = el("Dagtekening", basis)

    @dataclass
    class XsdVersie:
        basisschema_xsd_versie: str | None = el("BasisschemaXsdVersie", basis)
        bericht_xsd_versie: str | None = el("BerichtXsdVersie", basis)

    @dataclass
    class Header:
        bericht_code: str | None = el("BerichtCode")
        bericht_versie: int | None = el("BerichtVersie")
        bericht_subversie: int | None = el("BerichtSubversie")
        afzender: str | None = el("Afzender")
        ontvanger: str | None = el("Ontvanger")
        bericht_identificatie: BerichtIdentificatie | None = el("BerichtIdentificatie")
        xsd_versie: XsdVersie | None = el("XsdVersie")

    @dataclass
    class Geboortedatum:
        datum: XmlDate | None = el("Datum", basis)
        datum_gebruik: str | None = el("DatumGebruik", basis, required=False)

    @dataclass
    class Geslachtsnaam:
        achternaam: str | None = el("Achternaam", basis)
        voorvoegsel: str | None = el("Voorvoegsel", basis, required=False)

    @dataclass
    class Naam:
        geslachtsnaam: Geslachtsnaam | None = el("Geslachtsnaam", basis)
        voornamen: str | None = el("Voornamen", basis, required=False)
        voorletters: str | None = el("Voorletters", basis, required=False)

    @dataclass
    class Product:
        categorie: str | None = el("Categorie", basis)
        code: str | None = el("Code", basis, required=False)

    @dataclass
    class StartProduct:
        toewijzing_nummer: int | None = el("ToewijzingNummer", required=False)
        product: Product | None = el("Product", required=False)
        toewijzing_ingangsdatum: XmlDate | None = el("ToewijzingIngangsdatum", required=False)
        begindatum: XmlDate | None = el("Begindatum")
        status_aanlevering: str | None = el("StatusAanlevering")

    @dataclass
    class StopProduct:
        toewijzing_nummer: int | None = el("ToewijzingNummer", required=False)
        product: Product | None = el("Product", required=False)
        toewijzing_ingangsdatum: XmlDate | None = el("ToewijzingIngangsdatum", required=False)
        begindatum: XmlDate | None = el("Begindatum")
        reden_beeindiging: str | None = el("RedenBeeindiging")
        einddatum: XmlDate | None = el("Einddatum")
        status_aanlevering: str | None = el("StatusAanlevering")

    @dataclass
    class StartProducten:
        product: list[StartProduct] = many("StartProduct")

    @dataclass
    class StopProducten:
        product: list[StopProduct] = many("StopProduct")

    @dataclass
    class StartClient:
        bsn: str | None = el("Bsn")
        geboortedatum: Geboortedatum | None = el("Geboortedatum")
        geslacht: str | None = el("Geslacht")
        naam: Naam | None = el("Naam")
        producten: StartProducten | None = el("StartProducten")

    @dataclass
    class StopClient:
        bsn: str | None = el("Bsn")
        geboortedatum: Geboortedatum | None = el("Geboortedatum")
        geslacht: str | None = el("Geslacht")
        naam: Naam | None = el("Naam")
        producten: StopProducten | None = el("StopProducten")

    @dataclass
    class StartBericht:
        class Meta:
            name = "Bericht"
            namespace = own

        header: Header | None = el("Header")
        client: StartClient | None = el("Client")

    @dataclass
    class StopBericht:
        class Meta:
            name = "Bericht"
            namespace = own

        header: Header | None = el("Header")
        client: StopClient | None = el("Client")

    return StartBericht if message.soort == "start" else StopBericht


def reader(messages: list[MessageType]) -> Callable[[bytes, MessageType], Any]:
    """Return a function that decodes; context and parser are made once, as its documents advise."""
    config = ParserConfig(fail_on_unknown_properties=True, fail_on_converter_warnings=True)
    parser = XmlParser(config=config, context=XmlContext(), handler=LxmlEventHandler)
    models = {message: _models(message) for message in messages}

    def read(data: bytes, message: MessageType) -> Any:
        return parser.from_bytes(data, models[message])

    return read
