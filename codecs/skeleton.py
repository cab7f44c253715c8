"""
A quick way to the values of a message whose markup was seen before, without parsing it again.

A sender's software writes every message with the same tags, prefixes and indentation; only the
values differ. Of a message that was parsed and found right, the markup is kept as a template. The
next message is cut at its angle brackets; if putting the pieces that stand where values stood into
the template gives back the message *character for character*, the message is that markup around
those values, and a parser would find the same tree. Everything else goes to the parser, which
stays the one authority: nothing is refused here, and markup with comments, CDATA, entities or
processing instructions is never kept.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final, Generic, TypeVar

K = TypeVar("K")

_MOST_PIECES: Final = 600
"""Messages with more markup than this (some 15 products) are not worth a template."""
_MOST_CHARACTERS: Final = 200_000
"""Longer texts are the parser's: it has limits of its own, and templates take memory."""
_MOST_TEMPLATES: Final = 4096

_PREDEFINED = re.compile("[^&]*(?:&(?:amp|lt|gt|quot|apos);[^&]*)*").fullmatch
"""Text whose only references are the five that every XML document knows."""


class Skeletons(Generic[K]):
    """Templates of messages, each with the knowledge `K` that belongs to its shape."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Callable[[list[str]], tuple[str, ...]], list[str], K]] = {}

    def find(self, text: str) -> tuple[K, tuple[str, ...]] | None:
        """Return what is known of `text`'s markup, and its values; None when it must be parsed."""
        if len(text) > _MOST_CHARACTERS:
            return None
        pieces = text.replace(">", "<").split("<")
        known = self._known.get(_name(pieces))
        if known is None:
            return None
        pick, template, about = known
        values = pick(pieces)
        whole = template.copy()
        whole[1::2] = values
        # The comparison also settles what the cut blurred: which bracket was which.
        if "".join(whole) != text:
            return None
        if "&" in text or "\r" in text:
            read = _read(values)
            return None if read is None else (about, read)
        return about, values

    def learn(self, text: str, values: Sequence[str], about: K) -> None:
        """Keep the markup of `text`, whose leaves hold `values` in document order, if safe."""
        if len(text) > _MOST_CHARACTERS:
            return
        pieces = text.replace(">", "<").split("<")
        markup = pieces[1::2]
        whole = pieces.copy()
        whole[1::2] = [f"<{tag}>" for tag in markup]
        if not 2 < len(pieces) <= _MOST_PIECES or "".join(whole) != text:
            return  # a bracket that is no border of a tag
        if any(tag[:1] in ("!", "") for tag in markup) or any(tag[0] == "?" for tag in markup[1:]):
            return
        leaves = [
            2 * place + 2
            for place, (tag, following) in enumerate(pairwise(markup))
            if following[0] == "/" and tag[0] not in "/?" and following[1:] == tag.split(None, 1)[0]
        ]
        if len(leaves) < 2 or _read(tuple(pieces[at] for at in leaves)) != tuple(values):
            return
        # What stands between the values, with a place for each value in between.
        template = ["".join(whole[: leaves[0]])]
        for at, following in pairwise([*leaves, len(whole)]):
            template += ["", "".join(whole[at + 1 : following])]
        if any("&" in part for part in template):
            return
        if len(self._known) >= _MOST_TEMPLATES:
            self._known.clear()
        self._known[_name(pieces)] = (itemgetter(*leaves), template, about)


def _read(written: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return values as a parser reads them, or None when that takes more than `&amp;` and such."""
    together = "<".join(written)  # apart, so that no two values make one reference
    if "\r" in together:
        return None  # read as a line feed
    if "&" not in together:
        return written
    if _PREDEFINED(together) is None:
        return None
    return tuple(
        value.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&apos;", "'")
        .replace("&amp;", "&")
        for value in written
    )


def _name(pieces: list[str]) -> str:
    """Return the tags, and the white space that tells one sender's indentation from another's."""
    return "<".join(pieces[1::2] + pieces[4:5])
