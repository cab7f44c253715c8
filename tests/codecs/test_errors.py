import pytest

from zorgstroom.codecs import errors
from zorgstroom.codecs.errors import DecodeError, RuleError


def test_every_refusal_has_its_own_code_and_someone_who_must_act() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, DecodeError) and kind is not DecodeError
    ]
    assert len({kind.code for kind in kinds}) == len(kinds) == 7
    assert {kind.actor for kind in kinds} == {"afzender", "keten"}


def test_the_text_of_an_error_says_rule_place_and_remedy() -> None:
    error = RuleError("kapot", regel="CS002", element="Client/Bsn", lijn=17, oplossing="Herstel.")
    assert str(error) == "[CS002] kapot (Client/Bsn, regel 17). Herstel."
    assert error.reason.model_dump() == {
        "reden": "regel",
        "regel": "CS002",
        "element": "Client/Bsn",
        "lijn": 17,
        "melding": "kapot",
        "oplossing": "Herstel.",
    }


def test_the_root_of_the_errors_cannot_be_raised_itself() -> None:
    with pytest.raises(TypeError, match="subclass"):
        DecodeError("kapot", regel="CS002", oplossing="Herstel.")
