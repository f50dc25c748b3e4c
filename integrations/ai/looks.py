"""Colours and materials that a line names without a label: "WHITE / BLACK", "LEATHER UPPER", "Wireless Headphones Black". Pure.

The words are data, in `looks.json`, for each field: `names` is what something is called, in the languages that labels are
printed in, to its English name; `beside` may stand with them; `everyday` ones mean other things too and count for less.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from integrations.ai import brands
from integrations.ai.clues import tidy, words
from integrations.ai.wordlists import NOISE

SEVERAL, WHOLE, EVERYDAY, WITHIN = 0.75, 0.65, 0.45, 0.4
_MOST_WORDS = 6  # of a line that names what it is on; more is a sentence
_BETWEEN = re.compile(r"[/,;|+&·•]|\s-\s|(?<=\w)-(?=\w)|\b(?:and|und|et|y|e)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """`whole`: the line says nothing else."""

    field: str
    value: str
    confidence: float
    whole: bool


@dataclass(frozen=True, slots=True)
class _Words:
    names: dict[str, str]
    beside: frozenset[str]
    everyday: frozenset[str]


@cache
def vocabulary(field: str) -> _Words:
    """The words of "colour" or "material"."""
    data = json.loads(files(__package__).joinpath("looks.json").read_text("utf-8"))[field]
    names = {word: name for name, spellings in data["names"].items() for word in spellings}
    return _Words(names, frozenset(data["beside"]), frozenset(data["everyday"]))


def find(text: str) -> list[Look]:
    """What a line says of colour and material. A sentence, or a line about care, law or trade, says nothing of them."""
    found = words(tidy(text))
    if not found or len(found) > _MOST_WORDS or NOISE.intersection(found):
        return []
    looks = (_whole(field, text, found) or _within(field, text, found) for field in ("colour", "material"))
    return [look for look in looks if look]


def _whole(field: str, text: str, found: list[str]) -> Look | None:
    known = vocabulary(field)
    mine = {word for word in found if word in known.names}
    if not mine or any(word not in known.names and word not in known.beside and not _BETWEEN.fullmatch(word) for word in found):
        return None
    named = _colours(known, text) if field == "colour" else _materials(known, found)
    sure = SEVERAL if len(named) > 1 else WHOLE if mine - known.everyday else EVERYDAY
    return Look(field, ("/" if field == "colour" else ", ").join(named), sure, whole=True)


def _colours(known: _Words, text: str) -> list[str]:
    """ "Cloud White" and "Black" of "CLOUD WHITE / BLACK / NOIR"."""
    named: dict[str, None] = {}
    group: list[str] = []
    for part in _BETWEEN.split(text):
        group += words(part)
        if known.names.keys() & set(group):  # else it belongs to the next: Off-White
            named[" ".join(dict.fromkeys(known.names.get(word, word.capitalize()) for word in group))] = None
            group = []
    return list(named)


def _materials(known: _Words, found: list[str]) -> list[str]:
    """Each once, and no "Wool" beside "Merino Wool"."""
    named = list(dict.fromkeys(known.names[word] for word in found if word in known.names))
    return [name for name in named if not any(name != other and name in other.split() for other in named)]


def _within(field: str, text: str, found: list[str]) -> Look | None:
    """One unmistakable word of a short line, which is no part of a brand's name."""
    known = vocabulary(field)
    branded = {word for _, written in brands.mentioned(text) for word in words(written)}
    named = _materials(known, [word for word in found if word not in known.everyday and word not in branded])
    return Look(field, named[0], WITHIN, whole=False) if len(named) == 1 and len(found) > 1 else None
