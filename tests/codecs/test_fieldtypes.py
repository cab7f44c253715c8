"""Every field at its borders; where a published schema exists, it and the decoder must agree."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zorgstroom.codecs.catalog import MESSAGE_TYPES, Release, Wet, redenen
from zorgstroom.codecs.errors import DecodeError, Reason, StructureError
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import decode

Refusal = Callable[..., Reason]
Make = Callable[..., bytes]
XsdValid = Callable[[bytes], bool]
WMO305, WMO307, JW305, JW307 = (m for m in MESSAGE_TYPES if m.release == "3.2")
RECORD_FIELDS = {
    "ToewijzingNummer",
    "Categorie",
    "Code",
    "ToewijzingIngangsdatum",
    "Begindatum",
    "RedenBeeindiging",
    "Einddatum",
    "StatusAanlevering",
}

BORDERS: dict[str, tuple[list[str], list[str]]] = {
    "BerichtCode": (["420"], ["418", " 420", "420 ", "4200", "42", "", "440", "+420"]),
    "BerichtVersie": (["3", " 3", "\t3\n"], ["03", "+3", "3.0", "2", "4", "", "3 0"]),
    "BerichtSubversie": (["2", " 2 "], ["02", "1", "0", "", "2.0"]),
    "Afzender": (["00000000", "99999999"], ["0123456", "012345678", " 1234567", "0123456a", ""]),
    "Ontvanger": (["0000", "9999"], ["014", "01410", "14l1", " 0141", "", "٠١٤١"]),
    "Identificatie": (
        ["x", "x" * 12, " x", "é€😀", "😀" * 12, "a\tb", "\u00a0", "\u2028", "a\u2028"],
        ["", " ", "\t", "x" * 13, "a\nb", "a\n", "😀" * 13, " " * 12],
    ),
    "Dagtekening": (
        ["2025-04-05", " 2025-04-05\n", "9999-12-31"],
        [
            "2025-4-5",
            "20250405",
            "2025-04-31",
            "2025-04-05Z",
            "2025-04-05+01:00",
            "",
            "05-04-2025",
            "2025-04-05T00:00:00",
            "0000-01-01",
            "2025-W14-6",
            "2025-04-0５",
            "2025-04 -05",
        ],
    ),
    "BasisschemaXsdVersie": (
        ["0.0.0", "1.0.0", "10.20.300"],
        ["01.0.0", "1.0", "1.0.0.0", "1.0.", "1..0", "a.b.c", " 1.0.0", "", "1.0.0 "],
    ),
    "BerichtXsdVersie": (["0.1.0"], ["1.0.00", ""]),
    "Bsn": (["123456782", "000000012"], ["12345678", "1234567829", "12345678x", "", " 99990006"]),
    "Datum": (["1967-08-13", " 1967-08-13"], ["1967-02-29", "1967-13-01", "", "13-08-1967"]),
    "Geslacht": (["0", "1", "2"], ["3", "9", "", " 1", "01", "M"]),
    "Achternaam": (["W", "é" * 200, " W ", "<&>\"'"], ["", " ", "W" * 201, "W\nit", "W\r"]),
    "Voorvoegsel": (["d", "d" * 10], ["", "d" * 11, "  "]),
    "Voornamen": (["T", "T" * 200], ["", "T" * 201, "\t"]),
    "Voorletters": (["A", "ABCDEF", "ÀÿỳZ", "×÷"], ["", "A.", "ABCDEFG", "A B", "ỹ", "1", "¿"]),
    "ToewijzingNummer": (
        ["0", "999999999", "0300201", "+300201", " 300201 ", "-0", "000000000000300201", "+0"],
        ["1000000000", "-1", "1.0", "", "1e3", "++1", "0x1", "1 2", "３", "1_000"],
    ),
    "Categorie": (["01", "18"], ["00", "19", "1", "", " 01", "45"]),
    "Code": (["x", "x" * 5, "02A11", " x ", "😀"], ["", " ", "x" * 6, "a\nb", "     "]),
    "ToewijzingIngangsdatum": (
        ["2025-04-01", "2030-01-01", "0001-01-01", "2024-02-29"],
        ["2023-02-29", "", "2025-04-01Z"],
    ),
    "Begindatum": (["2025-04-03", "\n2025-04-03\t"], ["", "2025-04-03 2", "2025-00-03"]),
    "RedenBeeindiging": (["02", "19", "23", "31", "39"], ["32", "35", "40", "2", "", " 20", "020"]),
    "Einddatum": (["2025-04-04"], ["2025-04-4", "", "24-04-04"]),
    "StatusAanlevering": (["1", "3"], ["0", "4", "", " 1", "01", "1 "]),
}
CASES = [
    (name, value, good)
    for name, (right, wrong) in BORDERS.items()
    for values, good in ((right, True), (wrong, False))
    for value in values
]


def with_value(make: Make, name: str, value: str) -> bytes:
    record = {name: value} if name in RECORD_FIELDS else {}
    changes = {} if record else {name: value}
    return make(WMO307, record, **changes)


def accepted(data: bytes, key: PseudonymKey) -> bool:
    try:
        return bool(decode(data, key))
    except DecodeError:
        return False


def test_every_field_of_a_message_is_held_against_its_borders(make: Make) -> None:
    text = make(WMO307).decode()
    leaves = {
        line.split(":")[1].split(">")[0] for line in text.splitlines() if "</" in line.strip()[1:]
    }
    assert set(BORDERS) == leaves


@pytest.mark.parametrize(("name", "value", "good"), CASES)
def test_a_value_is_taken_inside_its_borders_and_refused_outside(
    make: Make, refusal: Refusal, key: PseudonymKey, name: str, value: str, good: bool
) -> None:
    data = with_value(make, name, value)
    if name == "Dagtekening" and value == "9999-12-31":
        assert refusal(data).regel == "TR002"
    elif good:
        assert decode(data, key)
    else:
        reason = refusal(data, kind=StructureError)
        assert reason.regel.startswith("XSD LDT_")
        assert reason.element.rsplit("/", 1)[1] == name
        assert "verwacht wordt" in reason.melding
        assert reason.lijn is not None
        line = data.decode().split("\n")[reason.lijn - 1]
        assert f":{name}>" in line


@pytest.mark.parametrize(("name", "value", "good"), CASES)
def test_the_published_schema_draws_the_same_borders(
    make: Make, xsd_valid: XsdValid, name: str, value: str, good: bool
) -> None:
    assert xsd_valid(with_value(make, name, value)) == good


@pytest.mark.parametrize(
    ("name", "value"), [("Begindatum", "12025-01-01"), ("Datum", "-0044-03-15")]
)
def test_years_outside_1_to_9999_are_refused_though_the_schema_has_them(
    make: Make, xsd_valid: XsdValid, refusal: Refusal, name: str, value: str
) -> None:
    data = with_value(make, name, value)
    assert xsd_valid(data)
    assert refusal(data, kind=StructureError).regel == "XSD LDT_Datum"


@pytest.mark.parametrize("wet", ["Wmo", "Jw"])
@pytest.mark.parametrize("release", ["3.0", "3.1", "3.2"])
def test_each_release_and_domain_has_its_own_reasons(
    make: Make, refusal: Refusal, key: PseudonymKey, wet: Wet, release: Release
) -> None:
    (message,) = (m for m in MESSAGE_TYPES if (m.wet, m.soort, m.release) == (wet, "stop", release))
    taken = set()
    for number in range(100):
        data = make(message, {"RedenBeeindiging": f"{number:02d}"})
        if accepted(data, key):
            taken.add(f"{number:02d}")
        else:
            assert refusal(data).regel == "XSD LDT_RedenBeeindiging"
    assert taken == set(redenen(wet, release))
    assert ("38" in taken) == (release != "3.0")
    assert ("19" in taken) == (wet == "Wmo") and ("32" in taken) == (wet == "Jw")


def test_each_domain_has_its_own_categories(make: Make, key: PseudonymKey) -> None:
    def taken(message: object) -> list[int]:
        return [n for n in range(100) if accepted(make(message, {"Categorie": f"{n:02d}"}), key)]

    assert taken(WMO305) == list(range(1, 19))
    assert taken(JW305) == [*range(31, 39), *range(40, 56)]


def test_ways_to_write_one_number_give_one_number(make: Make, key: PseudonymKey) -> None:
    for written in ("300201", "0300201", "+300201", " \n300201\t", "0" * 6000 + "300201"):
        (event,) = decode(make(WMO305, {"ToewijzingNummer": written}), key)
        assert event.toewijzing == 300201
    for written in ("-0", "-000", "+0", "0" * 6000, "-" + "0" * 6000):
        (event,) = decode(make(WMO305, {"ToewijzingNummer": written}), key)
        assert event.toewijzing == 0


near = {
    "Identificatie": st.text("a \t\n\r\x85\u2028😀", max_size=14),
    "Code": st.text("0A \t\n\u00a0", max_size=7),
    "Voorletters": st.text("AzÀỳỹÿ×. ", max_size=8),
    "ToewijzingNummer": st.from_regex(r"[ \n]?[+-]?0{0,12}[0-9]{0,11}[ .]?", fullmatch=True),
    "Begindatum": st.from_regex(r"[ \t]?(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][Z ]?", fullmatch=True),
    "BasisschemaXsdVersie": st.from_regex(r"[0-9]{0,3}(\.[0-9]{1,3}){1,3}", fullmatch=True),
    "StatusAanlevering": st.text("1239 ", max_size=2),
    "Bsn": st.from_regex(r"[0-9]{8,10}", fullmatch=True),
}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", near)
def test_near_the_borders_schema_and_decoder_agree(
    make: Make, xsd_valid: XsdValid, key: PseudonymKey, name: str, data: st.DataObject
) -> None:
    value = data.draw(near[name])
    message = with_value(make, name, value)
    try:
        assert decode(message, key)
        assert xsd_valid(message)
    except StructureError:
        assert not xsd_valid(message)
    except DecodeError as error:  # level 2: right by the schema
        assert xsd_valid(message) and error.code == "regel"
