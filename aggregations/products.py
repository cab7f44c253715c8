"""
The three levels of products and how they add up: totaal, hoofdgroep (Wmo only), categorie.

Source of the hoofdgroepen: CBS, Wmo-maatwerkvoorziening. A generic toewijzing names no product: it
is categorie "onbekend", hoofdgroep "Overig".
"""

from typing import Final, NamedTuple

from zorgstroom.aggregations.derivation import ONBEKEND
from zorgstroom.aggregations.results import Niveau
from zorgstroom.codecs.catalog import CATEGORIE

_HUISHOUDEN: Final = "Hulp bij het huishouden"
_THUIS: Final = "Ondersteuning thuis"
_HULPMIDDELEN: Final = "Hulpmiddelen en diensten"
_VERBLIJF: Final = "Verblijf en opvang"
_OVERIG: Final = "Overig"

HOOFDGROEPEN: Final = (_HUISHOUDEN, _THUIS, _HULPMIDDELEN, _VERBLIJF, _OVERIG)
HOOFDGROEP: Final[dict[str, str]] = (
    {"01": _HUISHOUDEN}
    | dict.fromkeys(("02", "03", "04", "06", "07", "09", "10"), _THUIS)
    | dict.fromkeys(("05", "08", "11", "12", "13", "14"), _HULPMIDDELEN)
    | dict.fromkeys(("15", "16", "17", "18"), _VERBLIJF)
    | {ONBEKEND: _OVERIG}
)


class Product(NamedTuple):
    """A product of figures and the categorieën it is the sum of."""

    wet: str
    niveau: Niveau
    product: str
    categorieen: tuple[str, ...]


def _products() -> tuple[Product, ...]:
    result: list[Product] = []
    for wet, labels in CATEGORIE.items():
        categorieen = (*labels, ONBEKEND)
        result.append(Product(wet, "totaal", "", categorieen))
        if wet == "Wmo":
            result.extend(
                Product(
                    wet, "hoofdgroep", name, tuple(c for c in categorieen if HOOFDGROEP[c] == name)
                )
                for name in HOOFDGROEPEN
            )
        result.extend(Product(wet, "categorie", c, (c,)) for c in categorieen)
    return tuple(result)


PRODUCTS: Final = _products()
"""Every product that has figures, in a fixed order."""
