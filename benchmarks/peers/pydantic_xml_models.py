"""
The four messages of release 3.2 as pydantic-xml models, as its documentation writes them.

Fields carry their types (date, int, str) but no patterns, and the search mode is the default
(strict), which is its quickest; pydantic-xml parses with lxml when that is there.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from pydantic_xml import BaseXmlModel, element

from zorgstroom.codecs.catalog import MessageType


def _models(message: MessageType) -> type[Any]:
    names = {"m": message.namespace, "b": message.basis}

    def own(name: str, default: Any = ...) -> Any:
        return element(tag=name, ns="m", default=default)

    def basis(name: str, default: Any = ...) -> Any:
        return element(tag=name, ns="b", default=default)

    class BerichtIdentificatie(BaseXmlModel, nsmap=names):
        identificatie: str = basis("Identificatie")
        dagtekening: date = basis("Dagtekening")

    class XsdVersie(BaseXmlModel, nsmap=names):
        basisschema_xsd_versie: str = basis("BasisschemaXsdVersie")
        bericht_xsd_versie: str = basis("BerichtXsdVersie")

    class Header(BaseXmlModel, nsmap=names):
        bericht_code: str = own("BerichtCode")
        bericht_versie: int = own("BerichtVersie")
        bericht_subversie: int = own("BerichtSubversie")
        afzender: str = own("Afzender")
        ontvanger: str = own("Ontvanger")
        bericht_identificatie: BerichtIdentificatie = own("BerichtIdentificatie")
        xsd_versie: XsdVersie = own("XsdVersie")

    class Geboortedatum(BaseXmlModel, nsmap=names):
        datum: date = basis("Datum")
        datum_gebruik: str | None = basis("DatumGebruik", None)

    class Geslachtsnaam(BaseXmlModel, nsmap=names):
        achternaam: str = basis("Achternaam")
        voorvoegsel: str | None = basis("Voorvoegsel", None)

    class Naam(BaseXmlModel, nsmap=names):
        geslachtsnaam: Geslachtsnaam = basis("Geslachtsnaam")
        voornamen: str | None = basis("Voornamen", None)
        voorletters: str | None = basis("Voorletters", None)

    class Product(BaseXmlModel, nsmap=names):
        categorie: str = basis("Categorie")
        code: str | None = basis("Code", None)

    class StartProduct(BaseXmlModel, nsmap=names):
        toewijzing_nummer: int | None = own("ToewijzingNummer", None)
        product: Product | None = own("Product", None)
        toewijzing_ingangsdatum: date | None = own("ToewijzingIngangsdatum", None)
        begindatum: date = own("Begindatum")
        status_aanlevering: str = own("StatusAanlevering")

    class StopProduct(BaseXmlModel, nsmap=names):
        toewijzing_nummer: int | None = own("ToewijzingNummer", None)
        product: Product | None = own("Product", None)
        toewijzing_ingangsdatum: date | None = own("ToewijzingIngangsdatum", None)
        begindatum: date = own("Begindatum")
        reden_beeindiging: str = own("RedenBeeindiging")
        einddatum: date = own("Einddatum")
        status_aanlevering: str = own("StatusAanlevering")

    class StartProducten(BaseXmlModel, nsmap=names):
        product: list[StartProduct] = own("StartProduct")

    class StopProducten(BaseXmlModel, nsmap=names):
        product: list[StopProduct] = own("StopProduct")

    class StartClient(BaseXmlModel, nsmap=names):
        bsn: str = own("Bsn")
        geboortedatum: Geboortedatum = own("Geboortedatum")
        geslacht: str = own("Geslacht")
        naam: Naam = own("Naam")
        producten: StartProducten = own("StartProducten")

    class StopClient(BaseXmlModel, nsmap=names):
        bsn: str = own("Bsn")
        geboortedatum: Geboortedatum = own("Geboortedatum")
        geslacht: str = own("Geslacht")
        naam: Naam = own("Naam")
        producten: StopProducten = own("StopProducten")

    class StartBericht(BaseXmlModel, tag="Bericht", ns="m", nsmap=names):
        header: Header = own("Header")
        client: StartClient = own("Client")

    class StopBericht(BaseXmlModel, tag="Bericht", ns="m", nsmap=names):
        header: Header = own("Header")
        client: StopClient = own("Client")

    return StartBericht if message.soort == "start" else StopBericht


def reader(messages: list[MessageType]) -> Callable[[bytes, MessageType], Any]:
    """Return a function that decodes a message of a known type."""
    models = {message: _models(message) for message in messages}

    def read(data: bytes, message: MessageType) -> Any:
        return models[message].from_xml(data)

    return read
