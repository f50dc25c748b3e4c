"""Which item words mean. Only one that has every word is taken for it; where several do, people choose."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.rules.likeness import ENOUGH, likeness
from core.rules.plain.folding import clean, folded, words

MOST = 6  # candidates
SLIP = 0.82  # how alike two words of five letters and more are when one is the other with a slip
_NUMBER = re.compile(
    r"(?:the |my |el |la |los |las |mi )?(?:(?:items?|articles?|numbers?|no\.?|num\.?|articulo|numero|producto|n[ºo]\.?)\s*)?#?\s*(\d{1,9})"
)
_SMALL = """
the a an my our your that those these this one ones of in on with for it's its item items thing listing listings ad ads pair please
el la los las un una unos unas mi mis de del al con en ese esa eso esos esas este esta esto estos estas anuncio articulo
"""
_POINTING = (
    "it|that|this|them|those|these|that one|this one|the item|this item|that item|him|her|lo|la|los|las|eso|ese|esa|esta|este|esto|"
    "este articulo|ese articulo|el articulo"
)
_NOTHING = frozenset(_SMALL.split())
_THIS = frozenset(_POINTING.split("|"))


@dataclass(frozen=True, slots=True)
class Thing:
    """An item as words may mean it. `price` is minor units; `open` is False when it is sold or archived."""

    id: str
    number: int
    sku: str
    title: str
    price: int | None
    currency: str
    open: bool = True


@dataclass(frozen=True, slots=True)
class Meant:
    """The things that words may mean; `sure` when it is exactly one and every word says so."""

    things: tuple[Thing, ...] = ()
    sure: bool = False


def is_this(phrase: str) -> bool:
    """Whether it points at what was spoken of last instead of naming it."""
    return not phrase or folded(clean(phrase)) in _THIS


def number_of(phrase: str) -> int | None:
    found = _NUMBER.fullmatch(folded(clean(phrase)))
    return int(found[1]) if found else None


def telling(phrase: str) -> tuple[str, ...]:
    """The words of a phrase that say which thing it is."""
    return tuple(word for word in words(phrase) if word not in _NOTHING)


def stems(word: str) -> frozenset[str]:
    """A word and what it may be the plural of."""
    made = {word}
    if len(word) > 3 and word.endswith("s"):
        made.add(word[:-1])
        if word.endswith("es") and len(word) > 4:
            made.add(word[:-2])
        if word.endswith("ies"):
            made.add(word[:-3] + "y")
    return frozenset(made)


def meant(phrase: str, things: Sequence[Thing], *, only_open: bool) -> Meant:
    """By number, SKU or the words of the title. With `only_open` what is sold counts only when nothing else is meant."""
    number = number_of(phrase)
    if number is not None:
        return _certain([one for one in things if one.number == number])
    same = folded(clean(phrase))
    if named := [one for one in things if folded(one.sku) == same or folded(clean(one.title)) == same]:
        return _certain(_preferred(named, only_open))
    asked = telling(phrase)
    if not asked:
        return Meant()
    for exactly in (True, False):
        if found := _preferred([one for one in things if _has_all(one, asked, exactly)], only_open):
            return _certain(found)
    near = sorted(((likeness(" ".join(asked), one.title), one.number, one) for one in things), key=lambda one: (-one[0], -one[1]))
    return Meant(tuple(_preferred([one for score, _number, one in near if score >= ENOUGH], only_open)[:3]))


def _certain(found: Sequence[Thing]) -> Meant:
    return Meant(tuple(sorted(found, key=lambda one: -one.number)[:MOST]), len(found) == 1)


def _preferred(found: list[Thing], only_open: bool) -> list[Thing]:
    return [one for one in found if one.open] or found if only_open else found


def _has_all(thing: Thing, asked: Sequence[str], exactly: bool) -> bool:
    title = [stems(word) for word in words(thing.title)]
    return all(any(_same(stems(word), other, exactly) for other in title) for word in asked)


def _same(asked: frozenset[str], other: frozenset[str], exactly: bool) -> bool:
    if asked & other:
        return True
    if exactly:
        return False
    one, two = max(asked, key=len), max(other, key=len)
    if len(one) >= 4 and two.startswith(one):
        return True
    return len(one) >= 5 and difflib.SequenceMatcher(None, one, two).ratio() >= SLIP
