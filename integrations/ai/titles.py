"""A title made of what was read: brand, product words, model, size. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from integrations.ai import brands, labels
from integrations.ai.clues import tidy, words
from integrations.ai.findings import TextLine
from integrations.ai.wordlists import ACRONYMS, NOISE

LIMIT = 80  # eBay's, the shortest of the marketplaces that take a real title
_MOST_LINES = 2
_SURE = 0.88


def compose(brand: str, model: str, size: str, product: str) -> str:
    """At most 80 characters, cut between words; "" when neither a brand, nor a model, nor product words are known."""
    if not (brand or model or product):
        return ""
    parts: list[str] = []
    for part in (brand, product, model, f"Size {size}" if size and not re.match(r"[A-Z]{2} |W\d", size) else size.split(" / ")[0]):
        if part and not _contained(part, parts):
            parts.append(part)
    title = " ".join(parts)
    while len(title) > LIMIT and " " in title:
        title = title.rsplit(" ", 1)[0]
    return title[:LIMIT]


def product_lines(lines: Sequence[TextLine], taken: Collection[TextLine]) -> list[TextLine]:
    """The lines that name the product, in reading order: the largest of those that look like a name and say nothing else."""
    free = [line for line in lines if line not in taken and _is_name(line)]
    best = sorted(free, key=lambda line: -line.height)[:_MOST_LINES]
    # Small print beside a headline is no part of the name.
    best = [line for line in best if line.height >= 0.5 * best[0].height]
    return [line for line in lines if line in best]


def product_words(lines: Sequence[TextLine], brand: str) -> str:
    """The text of such lines in sensible capitals, without the brand's own words and without repeats."""
    mine, seen, kept = set(words(brand)), set[str](), []
    for line in lines:
        text = re.sub(r"[®™©]", "", tidy(line.text)).strip(" .,:;-–|*")
        shouted = text.upper() == text
        for word in text.split():
            key = "".join(words(word))
            if key and key not in mine and key not in seen:
                seen.add(key)
                kept.append(_spoken(word) if shouted else word)
    return " ".join(kept)


def _spoken(word: str) -> str:
    return word if word in ACRONYMS or any(letter.isdigit() for letter in word) else word.capitalize()


def _is_name(line: TextLine) -> bool:
    """Two to six real words, or one long one; no label, no law, no noise of the text reader."""
    text = tidy(line.text)
    tokens = words(text)
    if line.confidence < _SURE or not 1 <= len(tokens) <= 6 or labels.is_label(text) or brands.known(text):
        return False
    letters = sum(letter.isalpha() for letter in text)
    if letters < 4 or letters < 0.6 * len(text.replace(" ", "")) or not text.isprintable() or re.search(r"[%@/\\{}<>=]|\d{5}", text):
        return False
    if len(tokens) == 1 and (len(tokens[0]) < 5 or not re.search(r"[aeiou]", tokens[0])):
        return False
    return not NOISE.intersection(tokens) and all(_is_word(token) for token in tokens)


def _is_word(token: str) -> bool:
    """Could be said aloud, or is short, or has a digit: what the text reader makes of creases and logos mostly cannot."""
    if len(token) <= 3 or any(letter.isdigit() for letter in token):
        return True
    return bool(re.search(r"[aeiouy]", token)) and not re.search(r"(.)\1\1", token)


def _contained(part: str, parts: Sequence[str]) -> bool:
    have = words(" ".join(parts))
    want = words(part)
    return any(have[start : start + len(want)] == want for start in range(len(have)))
