"""Reading what a seller writes beside photos: amounts that are named ("want 80", "min 60", "paid 20"), the rest is what it is."""

from __future__ import annotations

import re

from core.errors import HaggleError
from core.money import parse
from core.values.states import Condition

_AMOUNT = r"(?P<amount>[$€£]?\d[\d.,]*(?:[$€£])?)"
_NAMED = {
    "cost": re.compile(rf"\b(?:paid|cost(?:s|ed)?|bought for)\s*:?\s*{_AMOUNT}", re.I),
    "floor": re.compile(rf"\b(?:min(?:imum)?|floor|at least|no less than|lowest)\s*:?\s*{_AMOUNT}", re.I),
    "price": re.compile(rf"\b(?:want|ask(?:ing)?|price|sell for|for)\s*:?\s*{_AMOUNT}", re.I),
}
_CONDITIONS = (
    (re.compile(r"\b(?:brand new|bnwt|nwt|new with tags|new in box|nib)\b", re.I), Condition.NEW),
    (re.compile(r"\b(?:like new|nwot|mint)\b", re.I), Condition.LIKE_NEW),
    (re.compile(r"\b(?:for parts|not working|broken)\b", re.I), Condition.FOR_PARTS),
    (re.compile(r"\brefurbished\b", re.I), Condition.REFURBISHED),
    (re.compile(r"\bgood condition\b", re.I), Condition.GOOD),
    (re.compile(r"\bfair condition\b", re.I), Condition.FAIR),
)


def read_caption(text: str, currency: str) -> dict[str, str]:
    """Hints by field name: `price`, `floor`, `cost` as minor units, `condition`, and `title` for the words that are left."""
    hints: dict[str, str] = {}
    rest = text.strip()
    if not rest or rest.startswith("/"):
        return hints
    for name, pattern in _NAMED.items():
        if found := pattern.search(rest):
            try:
                hints[name] = str(parse(found["amount"], currency).amount)
            except HaggleError:
                continue  # "for 12,34,5" is no amount: it stays among the words
            rest = rest[: found.start()] + rest[found.end() :]
    for pattern, condition in _CONDITIONS:
        if found := pattern.search(rest):
            hints["condition"] = condition.value
            rest = rest[: found.start()] + rest[found.end() :]
            break
    title = " ".join(re.sub(r"\s*[,;]\s*(?=[,;]|$)", "", rest).split()).strip(" ,;.-")
    if title:
        hints["title"] = title
    return hints
