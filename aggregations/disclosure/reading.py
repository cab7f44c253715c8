"""Reading a document: what is wrong is said with its place and what to do about it (Dutch)."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from zorgstroom.aggregations.disclosure.exchange import Document, DocumentError, Id, Total


def read(data: bytes) -> Document:
    """
    Return the document in `data` (JSON).

    Raises:
        DocumentError: What is wrong, where, and what to do (Dutch).

    """
    try:
        document = Document.model_validate_json(data)
    except ValidationError as error:
        raise DocumentError(_said(error)) from None
    seen: set[Id] = set()
    for cell in document.cells:
        if cell.id in seen:
            raise DocumentError(f"cel {cell.id} staat er twee keer; geef elke cel een eigen id.")
        seen.add(cell.id)
        if cell.known and cell.value is None:
            raise DocumentError(f"cel {cell.id}: known zonder value; geef de bekende waarde.")
    for number, relation in enumerate(document.relations, 1):
        names = (
            [relation.total, *relation.parts]
            if isinstance(relation, Total)
            else [name for name, _ in relation.terms]
        )
        for name in names:
            if name not in seen:
                raise DocumentError(
                    f"relatie {number} noemt cel {name}, die niet bij cells staat; voeg de cel "
                    "toe (met value null als de waarde onbekend is) of verbeter de naam."
                )
    return document


_TEXTS: Final[dict[str, str]] = {
    "missing": "ontbreekt",
    "int_type": "moet een geheel getal zijn (of null bij een waarde)",
    "int_from_float": "moet een geheel getal zijn",
    "int_parsing": "moet een geheel getal zijn",
    "greater_than_equal": "is te klein",
    "greater_than": "is te klein",
    "less_than_equal": "is te groot",
    "extra_forbidden": "hoort hier niet; een relatie is total met parts, of terms met rhs",
    "too_short": "mag niet leeg zijn",
    "list_type": "moet een lijst zijn",
    "model_type": "moet een object zijn",
    "bool_type": "moet true of false zijn",
    "float_type": "moet een getal zijn",
}


def _said(error: ValidationError) -> str:
    found: Sequence[Any] = error.errors(include_input=False, include_url=False)
    first = found[0]
    if first["type"] == "json_invalid":
        return f"dit is geen JSON ({first['ctx']['error']})."
    place = ""
    for part in first["loc"]:
        if isinstance(part, int):
            place += f" nummer {part + 1}"
        elif part not in ("Total", "Terms", "str", "int", "float"):
            place += f"{', ' if place else ''}{part}"
    text = _TEXTS.get(first["type"], f"klopt niet ({first['msg']})")
    more = len({str(other["loc"][:2]) for other in found}) - 1
    rest = f" En nog {more} plaats(en) waar iets niet klopt." if more > 0 else ""
    return f"{place or 'het bestand'}: {text}.{rest}"
