"""How a table of forms is written and compiled.

A form is a verb and a pattern over folded text, matched against a whole clause. In patterns a blank
stands for white space (with a ? for none too), and

    ITEM      what the thing is called           MONEY     an amount, with or without a sign or "bucks"
    PERCENT   a share such as 10% or 10 percent  WORDS     anything
    COUNT     a whole number                     WHEN      a period, from the language's own table
    CHANNEL   a marketplace
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.rules.plain.wishes import Verb

_SIGN = r"(?:us|ca|au|c|a)?[$€£¥]"
_UNIT = r"(?:dollars?|bucks?|usd|eur|euros?|gbp|pounds?|quid|cad|aud|dolares|dolar|pavos|libras?|pesos?)"
_NUMBER = r"\d(?:[\d.,]*\d)?"
_PARTS: Mapping[str, str] = {
    "ITEM": r"(?P<item>\S(?:.*?\S)?)",
    "MONEY": rf"(?P<money>(?:{_SIGN}\s?)?{_NUMBER}(?:\s?(?:{_SIGN}|{_UNIT}\b))?)(?![\w%])",
    "PERCENT": r"(?P<percent>\d{1,2}(?:[.,]\d+)?)\s?(?:%|percent\b|per cent\b|pct\b|por ciento\b)",
    "COUNT": r"(?P<rest>\d{1,5})",
    "WORDS": r"(?P<rest>\S.*)",
    "CHANNEL": r"(?P<channel>[a-z]+)",
}
_PART = re.compile("|".join(("WHEN", *_PARTS)))


@dataclass(frozen=True, slots=True)
class Form:
    """A verb, its compiled pattern, and what it fixes: the lines of a command or the field of an item."""

    verb: Verb
    pattern: re.Pattern[str]
    lines: tuple[str, ...] = ()
    field: str = ""
    placed: bool = False  # only with a channel: "put the lamp" alone says nothing, "put the lamp on eBay" does


@dataclass(frozen=True, eq=False, slots=True)
class Language:
    """What one language brings. Patterns are over folded text.

    `polite` is cut off the front and `after` off the end; `joins` may part two clauses. `verbs` are the words that a clause begins
    with: slips in them are mended, and a clause is parted only before one of them.
    """

    forms: tuple[Form, ...]
    whens: Mapping[str, str]
    polite: re.Pattern[str]
    after: re.Pattern[str]
    at: str
    everywhere: str
    joins: str
    never_mind: frozenset[str]
    verbs: frozenset[str]


def form(verb: Verb, pattern: str, *lines: str, field: str = "", placed: bool = False, whens: Mapping[str, str] | None = None) -> Form:
    parts = {**_PARTS, "WHEN": rf"(?P<when>{'|'.join(whens or ())})"}
    spelled = _PART.sub(lambda found: parts[found[0]], pattern).replace(" ?", r"\s*").replace(" ", r"\s+")
    return Form(verb, re.compile(spelled), lines, field, placed)
