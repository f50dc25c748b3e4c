"""A clue: one line of text that says something about one field. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from integrations.ai.findings import TextLine


@dataclass(frozen=True, slots=True)
class Clue:
    """`line` supports `value` for `field`, by this much. `whole`: it says nothing else, so it names no product."""

    field: str
    value: str
    confidence: float
    line: TextLine
    whole: bool = True

    def less(self, share: float) -> Clue:
        return replace(self, confidence=round(self.confidence * share, 3))


def tidy(text: str) -> str:
    """As a person would type it: full-width forms and ligatures as plain letters, one space between words."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def words(text: str) -> list[str]:
    """Letters and digits in words, for comparing: no case, no accents, no apostrophes; everything else parts words."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", tidy(text)) if not unicodedata.combining(letter))
    return re.findall(r"[a-z0-9&]+", re.sub(r"['’`´]", "", plain.casefold()))
