"""
The law of the templates: having seen messages never changes what a decoder makes of the next one.

A decoder that has learned a lot is held against one that never learns and always parses.
"""

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zorgstroom.codecs.catalog import MESSAGE_TYPES
from zorgstroom.codecs.errors import DecodeError, Reason
from zorgstroom.codecs.events import Start, Stop
from zorgstroom.codecs.message import Shape
from zorgstroom.codecs.pseudonym import PseudonymKey
from zorgstroom.codecs.registry import Decoder
from zorgstroom.codecs.skeleton import Skeletons

Make = Callable[..., bytes]
Outcome = tuple[Start | Stop, ...] | Reason
WMO305, WMO307, JW305, JW307 = (m for m in MESSAGE_TYPES if m.release == "3.2")


class Forgetful(Skeletons[Shape]):
    """Never learns, so that every message is parsed."""

    def learn(self, text: str, values: Sequence[str], about: Shape) -> None:
        return


class Witness(Skeletons[Shape]):
    """Counts how often a template answered."""

    hits = 0

    def find(self, text: str) -> tuple[Shape, tuple[str, ...]] | None:
        found = super().find(text)
        self.hits += found is not None
        return found


def outcome(decoder: Decoder, data: bytes) -> Outcome:
    try:
        return decoder.decode(data, today=date(2025, 12, 31))
    except DecodeError as error:
        return error.reason


def pair(key: PseudonymKey) -> tuple[Decoder, Decoder, Witness]:
    learning, parsing = Decoder(key), Decoder(key)
    witness = learning._skeletons = Witness()
    parsing._skeletons = Forgetful()
    return learning, parsing, witness


@pytest.fixture(scope="module")
def experienced(make: Make, key: PseudonymKey) -> tuple[Decoder, Decoder, Witness]:
    """A decoder that has seen much, one that always parses, and a count of template answers."""
    learning, parsing, witness = pair(key)
    for message in MESSAGE_TYPES:
        choices: list[list[dict[str, str | None]]]
        choices = [[{}], [{}, {"ToewijzingNummer": "7"}], [{"Code": None}]]
        for records in choices:
            data = make(message, *records)
            for style in (
                data,
                data.replace(b"\n", b"\r\n"),
                data.replace(b"\t", b"").replace(b"\n", b""),
                data.replace(b"<", b"\n<").lstrip(),
                data.replace(b'">', b'" q="/">', 1),
            ):
                outcome(learning, style)
    assert len(witness._known) > 100
    return learning, parsing, witness


def agree(experienced: tuple[Decoder, Decoder, Witness], data: bytes) -> Outcome:
    learning, parsing, _ = experienced
    expected = outcome(parsing, data)
    assert outcome(learning, data) == expected
    assert outcome(learning, data) == expected, "the second time"
    return expected


def test_a_message_with_markup_seen_before_is_not_parsed(
    make: Make, experienced: tuple[Decoder, Decoder, Witness]
) -> None:
    witness = experienced[2]
    before = witness.hits
    agree(experienced, make(WMO305, Achternaam="Iemand anders", Bsn="999900006"))
    assert witness.hits == before + 2


values = st.one_of(
    st.text(max_size=12),
    st.text("<>&;]/![CDATA-?amp%s{}\"'\r\n\t \x1f\x00\ufffeé😀09", max_size=14),
    st.sampled_from(
        ["&amp;", "a&lt;b&gt;&quot;&apos;", "&amp;lt;", "&amp", "lt;", "&", ";", "&#13;",
         "&#10;", "&lt;b&gt;", "&eacute;", "]]>", "<![CDATA[x]]>", "<!--x-->",
         "a><b", "<b/>", "a<b>c</b>d", "</iwmo:Code><iwmo:Code>", "\r", "\r\n", "{}", "%s", "%",
         "><", "<>", ">0", ">", "&", "\x1f", "2025-04-03\r\n", " 2025-04-03", "0" * 5000, "\ufeff",
         "x<?y?>"]
    ),
)  # fmt: skip
LEAVES = ("Identificatie", "Achternaam", "Bsn", "Voorletters", "Datum", "Code", "ToewijzingNummer")


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(MESSAGE_TYPES), st.sampled_from((*LEAVES, "Begindatum", "Dagtekening")), values
)
def test_whatever_stands_in_a_value_is_read_as_a_parser_reads_it(
    make: Make,
    experienced: tuple[Decoder, Decoder, Witness],
    message: object,
    name: str,
    value: str,
) -> None:
    record = name in ("Code", "ToewijzingNummer", "Begindatum")
    data = make(message, {name: "@@"}) if record else make(message, **{name: "@@"})
    written = data.replace(b">@@<", b">" + value.encode(errors="replace") + b"<")
    assert written != data
    agree(experienced, written)
    agree(experienced, written.replace(b"\n", b"\r\n"))


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    """`data` after some byte flips, swaps of brackets, moves and copies of pieces."""
    text = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text) - 1))
        to = draw(st.integers(0, len(text) - 1))
        match draw(st.sampled_from(("flip", "token", "swap", "cut", "copy", "turn"))):
            case "flip":
                text[at] = draw(st.integers(0, 255))
            case "token":
                token = draw(st.sampled_from(TOKENS))
                text[at : at + draw(st.integers(0, 3))] = token
            case "swap":
                text[at], text[to] = text[to], text[at]
            case "cut":
                del text[min(at, to) : min(at, to) + abs(at - to) % 60]
            case "copy":
                text[to:to] = text[at : at + 60]
            case "turn":
                brackets = {ord("<"): ord(">"), ord(">"): ord("<")}
                place = next((i for i in range(at, len(text)) if text[i] in brackets), at)
                text[place] = brackets.get(text[place], ord("<"))
        if not text:
            break
    return bytes(text)


TOKENS = [
    b"<", b">", b"><", b"<>", b"</", b"/>", b"&", b"&lt;", b"&#60;", b"]]>", b"<![CDATA[", b"<!--",
    b"-->", b"<?x?>", b"<?", b"?>", b"<a/>", b"\r", b"\r\n", b"\n", b"\xc2\xa0", b"\x00", b"\x1f",
    b"\xef\xbb\xbf", b"\xef\xbf\xbf", b' a=">"', b' a="<"', b"{}", b"%s", b"\xff", b"'", b'"', b" ",
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=1200, deadline=None)
@given(data=st.data())
def test_a_damaged_message_is_judged_as_a_parser_judges_it(
    make: Make, experienced: tuple[Decoder, Decoder, Witness], data: st.DataObject
) -> None:
    message = data.draw(st.sampled_from(MESSAGE_TYPES))
    good = make(message, {}, {"ToewijzingNummer": "7"})
    if data.draw(st.booleans()):
        good = good.replace(b"\t", b"").replace(b"\n", b"")
    agree(experienced, data.draw(damage(good)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # '<' and '>' in each other's place, with and without the right number of them.
        ("<wmo305:Bsn>", ">wmo305:Bsn<"),
        ("<wmo305:Bsn>", "<wmo305:Bsn<"),
        ("</wmo305:Bsn>", ">/wmo305:Bsn>"),
        ("<wmo305:Bsn>999996770</wmo305:Bsn>", ">wmo305:Bsn>999996770>/wmo305:Bsn>"),
        # Markup-like pieces that cut to the same tags.
        (">Quirijn<", "><<"),
        (">Quirijn<", ">]]><"),
        (">Quirijn<", "><![CDATA[Quirijn]]><"),
        (">Quirijn<", "><!--<iwmo:Voornamen>-->Quirijn<"),
        (">Quirijn<", "><?iwmo:Voornamen?>Quirijn<"),
        (">Quirijn<", ">&#81;uirijn<"),
        ("<iwmo:Voornamen>Quirijn</iwmo:Voornamen>", "<iwmo:Voornamen/>"),
        ("<iwmo:Voornamen>Quirijn</iwmo:Voornamen>", "<iwmo:Voornamen></iwmo:Voornamen>"),
        ("<iwmo:Voornamen>", '<iwmo:Voornamen a=">">'),
        ("<iwmo:Voornamen>", "<iwmo:Voornamen >"),
        ("</iwmo:Voornamen>", "</iwmo:Voornamen >"),
        ("</iwmo:Voornamen>", "</ iwmo:Voornamen>"),
        ("</iwmo:Voornamen>", "<iwmo:Voornamen>"),
        ("</iwmo:Voornamen>", "</iwmo:Voornamen>x"),
        ("</iwmo:Voornamen>", "</iwmo:Voornamen><!-- x -->"),
        ("</iwmo:Voornamen>", "</iwmo:Voornamen><![CDATA[ ]]>"),
        ("<wmo305:Client>", "<!-- <a> --><wmo305:Client>"),
        ("<wmo305:Bericht ", "<!-- > --><wmo305:Bericht "),
        ("<wmo305:Bericht ", "<?x <a>b</a> ?><wmo305:Bericht "),
        ('<?xml version="1.0" encoding="UTF-8"?>', "<?x <a>b</a> ?>"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "<!---->"),
        ("UTF-8", "ISO-8859-1"),
        ("/iwmo/3_2/wmo305/", "/iwmo/3_1/wmo305/"),
        ("/iwmo/3_2/basis", "/ijw/3_2/basis"),
        ("</wmo305:Bericht>", "</wmo305:Bericht>x"),
        ("</wmo305:Bericht>", "</wmo305:Bericht><!-- -->"),
        ("</wmo305:Bericht>", "</wmo305:Bericht"),
        ("1967-08-13", "\r\n1967-08-13"),
        ("300201", "&#13;300201"),
        ("1.0.0", "1" * 11_000_000 + ".0.0"),
    ],
)
def test_crafted_pieces_do_not_slip_through_a_template(
    make: Make, key: PseudonymKey, old: str, new: str
) -> None:
    good = make(WMO305).decode()
    assert old in good
    crafted = good.replace(old, new)
    experience = pair(key)
    for first, then in ((good, crafted), (crafted, good)):
        agree(experience, first.encode())
        agree(experience, first.replace("999996770", "999900006").encode())
        agree(experience, then.encode())
        agree(experience, then.replace("Zwaluwstaart", "&amp;").encode())
        agree(experience, then.replace("Zwaluwstaart", "a\r\nb").encode())


def test_references_in_values_are_read_from_a_template_as_by_a_parser(
    make: Make, key: PseudonymKey
) -> None:
    experience = pair(key)
    assert isinstance(agree(experience, make(WMO305, Achternaam="A&B")), tuple)
    assert experience[2].hits == 1
    for name, following in (
        ("&lt;&gt;&amp;&quot;&apos;&amp;amp;", "x"),
        ("x&am", "p;y"),
        ("x&", "amp;y"),
        ("&amp", ";"),
        ("&lt", "x"),
        ("&AMP;", "x"),
        ("&nbsp;", "x"),
    ):
        data = make(WMO305, Achternaam="@1", Voorvoegsel="@2")
        data = data.replace(b"@1", name.encode()).replace(b"@2", following.encode())
        assert isinstance(agree(experience, data), tuple) == (
            name == "&lt;&gt;&amp;&quot;&apos;&amp;amp;"
        )
    attribute = make(WMO305).replace(b"3_2/basis", b"3_&#50;/basis")
    for _ in range(2):
        assert isinstance(agree(experience, attribute), tuple)


def test_an_unsound_value_is_refused_with_the_same_line(
    make: Make, experienced: tuple[Decoder, Decoder, Witness]
) -> None:
    reason = agree(experienced, make(WMO305, Bsn="999996771"))
    assert isinstance(reason, Reason) and (reason.regel, reason.lijn) == ("CS002", 19)


def test_markup_that_differs_only_between_the_values_has_its_own_template(
    make: Make, key: PseudonymKey
) -> None:
    experience = pair(key)
    plain = make(WMO305)
    for spaces in (b"", b" ", b"\n", b"  ", b"\r\n"):
        agree(experience, plain.replace(b"<wmo305:Client>", spaces + b"<wmo305:Client>"))
    assert experience[2].hits > 0


def test_two_indentations_of_the_same_tags_do_not_push_each_other_out(
    make: Make, key: PseudonymKey
) -> None:
    learning, _, witness = pair(key)
    plain = make(WMO305)
    styles = [plain, plain.replace(b"\n", b"\r\n"), plain.replace(b"\t", b"  ")]
    for data in styles * 3:
        learning.decode(data)
    assert witness.hits == 6


def test_templates_stay_few_and_small(
    make: Make, key: PseudonymKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zorgstroom.codecs.skeleton._MOST_TEMPLATES", 50)
    learning, _, witness = pair(key)
    data = make(WMO305)
    for number in range(120):
        learning.decode(data.replace(b"wmo305:", b"w%d:" % number).replace(
            b"xmlns:wmo305", b"xmlns:w%d" % number
        ))  # fmt: skip
        assert len(witness._known) <= 50
    learning.decode(make(WMO305, *({"ToewijzingNummer": str(n)} for n in range(40))))
    learning.decode(data.replace(b"<wmo305:Client>", b" " * 300_000 + b"<wmo305:Client>"))
    assert max(len(markup) for markup in witness._known) < 20_000
    assert sum(len(part) for _, t, _ in witness._known.values() for part in t) < 1_000_000
