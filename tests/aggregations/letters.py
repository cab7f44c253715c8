"""
Messages as XML typed by hand from the standard, with none of our encoder in them.

The element names, their order and the namespaces are those of the published 3.2 schemas; older
releases have the same shape under another number.
"""

CODES = {"wmo305": "418", "wmo307": "420", "jw305": "438", "jw307": "440"}

JANSEN, DEVRIES, BAKKER = "999996770", "999900006", "999999990"
"""Three test BSNs that satisfy the 11-proef."""


def begin(
    begindatum: str,
    *,
    nummer: str | None = "668877",
    product: str | None = "07/07A12",
    status: int = 1,
    ingang: str | None = None,
) -> str:
    """One StartProduct. `product` is Categorie, or Categorie/Code."""
    return (
        "<m:StartProduct>"
        + _toewijzing(nummer, product, ingang)
        + f"<m:Begindatum>{begindatum}</m:Begindatum>"
        f"<m:StatusAanlevering>{status}</m:StatusAanlevering>"
        "</m:StartProduct>"
    )


def einde(
    begindatum: str,
    einddatum: str,
    reden: str,
    *,
    nummer: str | None = "668877",
    product: str | None = "07/07A12",
    status: int = 1,
) -> str:
    """One StopProduct: RedenBeeindiging stands before Einddatum."""
    return (
        "<m:StopProduct>"
        + _toewijzing(nummer, product, None)
        + f"<m:Begindatum>{begindatum}</m:Begindatum>"
        f"<m:RedenBeeindiging>{reden}</m:RedenBeeindiging>"
        f"<m:Einddatum>{einddatum}</m:Einddatum>"
        f"<m:StatusAanlevering>{status}</m:StatusAanlevering>"
        "</m:StopProduct>"
    )


def letter(
    dagtekening: str,
    *records: str,
    nr: str,
    wet: str = "wmo",
    release: str = "3.2",
    van: str = "01234567",
    aan: str = "0153",
    bsn: str = JANSEN,
    geboren: str = "1950-03-12",
    geslacht: str = "2",
) -> bytes:
    """One message: a 305 around StartProducts or a 307 around StopProducts."""
    word = "Start" if records[0].startswith("<m:Start") else "Stop"
    name = f"{wet}{305 if word == 'Start' else 307}"
    base = f"http://www.istandaarden.nl/i{wet}/{release.replace('.', '_')}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<m:Bericht xmlns:m="{base}/{name}/schema" xmlns:b="{base}/basisschema/schema">
 <m:Header>
  <m:BerichtCode>{CODES[name]}</m:BerichtCode>
  <m:BerichtVersie>{release[0]}</m:BerichtVersie>
  <m:BerichtSubversie>{release[2]}</m:BerichtSubversie>
  <m:Afzender>{van}</m:Afzender>
  <m:Ontvanger>{aan}</m:Ontvanger>
  <m:BerichtIdentificatie>
   <b:Identificatie>{nr}</b:Identificatie>
   <b:Dagtekening>{dagtekening}</b:Dagtekening>
  </m:BerichtIdentificatie>
  <m:XsdVersie>
   <b:BasisschemaXsdVersie>1.0.0</b:BasisschemaXsdVersie>
   <b:BerichtXsdVersie>1.0.0</b:BerichtXsdVersie>
  </m:XsdVersie>
 </m:Header>
 <m:Client>
  <m:Bsn>{bsn}</m:Bsn>
  <m:Geboortedatum><b:Datum>{geboren}</b:Datum></m:Geboortedatum>
  <m:Geslacht>{geslacht}</m:Geslacht>
  <m:Naam><b:Geslachtsnaam><b:Achternaam>Zwaluw</b:Achternaam></b:Geslachtsnaam></m:Naam>
  <m:{word}Producten>{"".join(records)}</m:{word}Producten>
 </m:Client>
</m:Bericht>
""".encode()


def _toewijzing(nummer: str | None, product: str | None, ingang: str | None) -> str:
    parts = []
    if nummer is not None:
        parts.append(f"<m:ToewijzingNummer>{nummer}</m:ToewijzingNummer>")
    if product is not None:
        categorie, _, code = product.partition("/")
        parts.append(f"<m:Product><b:Categorie>{categorie}</b:Categorie>")
        parts.append((f"<b:Code>{code}</b:Code>" if code else "") + "</m:Product>")
    if ingang is not None:
        parts.append(f"<m:ToewijzingIngangsdatum>{ingang}</m:ToewijzingIngangsdatum>")
    return "".join(parts)
