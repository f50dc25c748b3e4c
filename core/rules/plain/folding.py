"""What people type, made comparable: no accents, no case, no signs that nobody sees."""

from __future__ import annotations

import re
import unicodedata

_SPELLED = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": " ", "¿": " ", "¡": " "})


def clean(text: str) -> str:
    """One line, as it was typed: full-width letters are plain ones, and what is never seen (zero width, turned about) is gone."""
    plain = unicodedata.normalize("NFKC", text).translate(_SPELLED)
    return " ".join("".join(sign for sign in plain if unicodedata.category(sign) != "Cf").split())


def folded(text: str) -> str:
    """Sign for sign what `text` has, small and without accents, so that a place in one is that place in the other."""
    return "".join(_fold(sign) for sign in text)


def _fold(sign: str) -> str:
    small = unicodedata.normalize("NFD", sign)[0].lower()
    return small if len(small) == 1 else sign


def words(text: str) -> tuple[str, ...]:
    """The folded words, each once, in order."""
    return tuple(dict.fromkeys(re.findall(r"\w+", folded(clean(text)).replace("'s", ""))))
