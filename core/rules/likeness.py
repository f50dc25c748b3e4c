"""How alike two titles are, for guessing which item is meant. A guess is only ever offered as a button."""

from __future__ import annotations

import difflib
import re

ENOUGH = 0.3  # below this a title is not worth offering


def words_of(text: str) -> tuple[str, ...]:
    """The words of a title, each once, in order."""
    return tuple(dict.fromkeys(re.findall(r"\w+", text.casefold())))


def likeness(one: str, other: str) -> float:
    """0 to 1: the share of words that both have, or how much of their letters run alike, whichever is more."""
    mine, theirs = words_of(one), words_of(other)
    if not mine or not theirs:
        return 0.0
    shared = len(set(mine) & set(theirs))
    # A few words of a long title are that title: shortness is no unlikeness.
    by_words = max(2 * shared / (len(mine) + len(theirs)), 0.9 * shared / len(mine) if shared else 0.0)
    return max(by_words, difflib.SequenceMatcher(None, " ".join(mine), " ".join(theirs)).ratio() - 0.2)
