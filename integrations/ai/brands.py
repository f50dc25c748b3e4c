"""Brands that are known by name. Pure; the names are data, in `brands.json`:

`distinct` names are a brand wherever they stand. `common` ones are everyday words too (Coach, Columbia, Gap): they count
only when they are all that a line says, or carry a ® or ™. `aliases` are other spellings; one-word aliases count as common.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from integrations.ai.clues import Clue, words
from integrations.ai.findings import TextLine

_WHOLE, _MARKED, _WITHIN, _ACROSS = 0.95, 0.9, 0.75, 0.7
_MOST_LINES = 3  # over which a logo may be spread
_MARKS = re.compile(r"[®™]")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Names:
    anywhere: dict[Key, str]
    alone: dict[Key, str]
    longest: int

    def get(self, key: Key) -> str:
        return self.anywhere.get(key) or self.alone.get(key) or ""


@cache
def _names() -> _Names:
    data = json.loads(files(__package__).joinpath("brands.json").read_text("utf-8"))
    anywhere = {tuple(words(name)): name for name in data["distinct"]}
    alone = {tuple(words(name)): name for name in data["common"]}
    for alias, name in data["aliases"].items():
        key = tuple(words(alias))
        (alone if len(key) == 1 else anywhere)[key] = name
    return _Names(anywhere, alone, max(len(key) for key in (*anywhere, *alone)))


def known(text: str) -> str:
    """The brand's usual spelling when the whole text is a brand's name, else ""."""
    return _names().get(tuple(words(text)))


def find(lines: Sequence[TextLine]) -> list[Clue]:
    """Brands on one photo's lines, which are in reading order."""
    clues = []
    for place, line in enumerate(lines):
        clue = _on_line(line) or _across(lines, place)
        if clue:
            clues.append(clue)
    return clues


def mentioned(text: str) -> list[tuple[str, str]]:
    """Brands that a sentence names, as (usual spelling, as it is written there). Everyday words count where they begin with a
    capital letter: a sentence about an item may mean them."""
    names = _names()
    tokens = [(word, part.strip('.,;:!?()[]"“”')) for part in text.split() for word in words(part)]
    found: list[tuple[str, str]] = []
    place = 0
    while place < len(tokens):
        for size in range(min(names.longest, len(tokens) - place), 0, -1):
            run = tokens[place : place + size]
            key = tuple(word for word, _ in run)
            name = names.anywhere.get(key) or (names.alone.get(key) if run[0][1][:1].isupper() else None)
            if name:
                found.append((name, " ".join(dict.fromkeys(part for _, part in run))))
                break
        place += size if name else 1
    return found


def _on_line(line: TextLine) -> Clue | None:
    tokens = words(_MARKS.sub(" ", line.text))
    names = _names()
    whole = names.get(tuple(tokens))
    if whole:
        return Clue("brand", whole, _WHOLE * line.confidence, line)
    marked = _MARKS.search(line.text)
    for size in range(min(names.longest, len(tokens)), 0, -1):
        for start in range(len(tokens) - size + 1):
            key = tuple(tokens[start : start + size])
            if key in names.anywhere:
                return Clue("brand", names.anywhere[key], (_MARKED if marked else _WITHIN) * line.confidence, line)
            if marked and start == 0 and key in names.alone:
                return Clue("brand", names.alone[key], _WITHIN * line.confidence, line)
    return None


def _across(lines: Sequence[TextLine], start: int) -> Clue | None:
    """A name of several words, each on a line of its own, as logos have it."""
    for count in range(2, _MOST_LINES + 1):
        part = lines[start : start + count]
        name = _names().anywhere.get(tuple(word for line in part for word in words(line.text)))
        if name and len(part) == count:
            edges = [line.region for line in part]
            region = min(one[0] for one in edges), min(one[1] for one in edges), max(one[2] for one in edges), max(one[3] for one in edges)
            whole = replace(part[0], text=" ".join(line.text for line in part), region=region)
            return Clue("brand", name, _ACROSS * min(line.confidence for line in part), whole)
    return None
