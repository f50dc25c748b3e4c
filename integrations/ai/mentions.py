"""What a sentence names that has to be shown somewhere: brands, sizes, and words and numbers that look like a model's. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from integrations.ai import brands
from integrations.ai.wordlists import ACRONYMS

# "Set of 3" and "3 pieces" are counted on the photo, not read.
_COUNT = re.compile(r"\b(?:set|lot|pack|pair|bundle|box)\s+of\s+\d+\b|\b\d+[\s-]?(?:pack|pk|pcs?|pieces?|pairs?|count|ct)\b", re.IGNORECASE)
_SIZE = re.compile(r"\b(?:size|sz):?\s+(one size|\w[\w./½-]*)", re.IGNORECASE)
_LETTER_SIZE = re.compile(r"(?:XXS|XS|S|M|L|XL|XXL|XXXL|[2-6]XL|[1-6]X)")
_EDGES = ".,;:!?()[]\"“”'"


@dataclass(frozen=True, slots=True)
class Mention:
    """`kind` is the field that it is a claim of: brand, size or model. `text` is how it is written, `value` what is looked for."""

    kind: str
    text: str
    value: str


def of(text: str, *, title: bool = False) -> list[Mention]:
    """Everything that a text names, once each. In a title capital letters make a name too: WH-, iPhone."""
    found = [Mention("brand", written, name) for name, written in brands.mentioned(text)]
    taken = {part for mention in found for part in mention.text.split()}
    rest = _COUNT.sub(" ", text)
    found += [Mention("size", size.strip(_EDGES), size.strip(_EDGES)) for size in _SIZE.findall(rest)]
    rest = _SIZE.sub(" ", rest)
    shouted = rest.upper() == rest
    for word in (part.strip(_EDGES) for part in rest.split()):
        if word in taken or not word:
            continue
        if _LETTER_SIZE.fullmatch(word):
            found.append(Mention("size", word, word))
        elif any(letter.isdigit() for letter in word) or (title and not shouted and _is_name(word)):
            found.append(Mention("model", word, word))
    return list(dict.fromkeys(found))


def _is_name(word: str) -> bool:
    """A capital letter behind another letter, unless it is a usual abbreviation. Words of a hyphen are looked at one by one."""
    return word not in ACRONYMS and any(re.search(r"[^\W\d_][A-Z]", part) for part in word.split("-"))
