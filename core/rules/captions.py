"""Reading what a seller writes beside photos: "Nike dunks sz 10, like new, paid 20, want 80 min 60".

Amounts, quantity, size and condition are taken out where they are unmistakable; of the rest, what looks like the name of a
thing becomes the title and everything else the notes. A word is never lost, and what can be read in two ways is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import HaggleError
from core.money import parse
from core.values.states import Condition

_SIGN = r"(?:(?:US|CA|AU|C|A)?[$€£¥])"
_NUMBER = r"\d++(?:[.,]\d++)*+"
_MONEY = rf"(?P<amount>(?:{_SIGN}\s?)?{_NUMBER}(?:\s?(?:{_SIGN}|(?:USD|EUR|GBP|CAD|AUD|JPY)\b))?)"
# "paid 20 years ago" and "want 80 to 90" are no amounts.
_ENDS = (
    r"(?![\w%]|\s*[-–—/]\s*\d|\s*(?:to|of|x|ft|cm|mm|kg|lbs?|oz|yrs?|years?|mos?|months?|weeks?|days?|hrs?|hours?|minutes?|times?|people|"
    r"persons?|kids?|inch(?:es)?|feet|pieces?|pcs|pairs?|a\s+\d+|años?|meses|piezas?|pares)\b)(?:\s?(?:each|ea)\b\.?)?"
)
_AMOUNT = rf"(?<![\w.,]){_MONEY}(?:\s?(?P<unit>dollars?|bucks|euros?)\b)?{_ENDS}"
_SIGNED = rf"(?<![\w.,])(?={_SIGN}|{_NUMBER}\s?{_SIGN}){_MONEY}{_ENDS}"
_LAST = r"(?=\s*(?:$|[,;|\n.!\0]))"
_TO = r"\s*(?:[:=~]|is|at|for|me|about|around)?\s*"
_DE = r"\s*(?:[:=~]|de|es|por|unos)?\s*"
_MARK = "\0"  # stands where something was taken out

# What an amount is called, most telling first; "$80" alone is the price when it is the only one.
_CALLED = (
    ("cost", rf"\b(?:paid|costs?|bought(?: it)? (?:for|at)|got(?: it)? for){_TO}{_AMOUNT}"),
    ("floor", rf"\b(?:min(?:imum)?|floor|lowest|bottom){_TO}{_AMOUNT}"),
    ("floor", rf"\b(?:at least|not? (?:less than|lower than|below)){_TO}{_AMOUNT}{_LAST}"),
    ("floor", rf"{_AMOUNT}\s*(?:minimum|floor|lowest)\b"),
    ("price", rf"\b(?:wants?|wanted|ask(?:ing)?|priced?|sell(?:ing)?(?: it)? (?:for|at)|list(?:ed|ing)?(?: it)? (?:for|at)){_TO}{_AMOUNT}"),
    ("price", rf"{_AMOUNT}\s*(?:obo|ono|or best offer|firm)\b"),
    ("cost", rf"\b(?:pagué|pague|(?:me )?cost(?:e|ó|o)){_DE}{_AMOUNT}"),
    ("floor", rf"\bmínimo{_DE}{_AMOUNT}"),
    ("price", rf"\b(?:quiero|pido|precio){_DE}{_AMOUNT}"),
)
_CALLED_PATTERNS = tuple((name, re.compile(rf"{pattern}(?:\s*(?:obo|ono|or best offer|firm)\b)?", re.I)) for name, pattern in _CALLED)
_UNCALLED = re.compile(rf"(?:\b(?:for|at)\s+|@\s*)?{_SIGNED}(?P<last>{_LAST})?", re.I)
# "retail $200" and "shipping cost 12" are about something else.
_NOT_OURS = re.compile(
    r"\b(?:retails?|retailed|rrp|msrp|worth|was|orig(?:inal(?:ly)?)?|valued?|reg(?:ular)?|shipping|ship)\W*(?:price|at|for|is)?\W*$", re.I
)
_UNITS = {"dollar": ("USD", "CAD", "AUD"), "bucks": ("USD", "CAD", "AUD"), "euro": ("EUR",)}

_PARTS = re.compile(r"(\s*[,;|\n]+\s*|(?<=\w)[.!]+(?:\s+|$)|\s+[-–—/]\s+|\s*\0\s*)")
_SIZE = re.compile(
    r"\b(?:size|sz)\b\.?\s*[:=]?\s*(?P<size>(?:US|UK|EU)\s?\d{1,3}(?:[.,]5)?|\d{2}\s?x\s?\d{2}|\d{1,3}(?:[.,]5)?(?:\s?(?:US|UK|EU|T|W)(?!/))?"
    r"|X{0,4}[SL]|[2-6]XL|[1-6]X|M|small|medium|large|one size|OS)(?![\w.,/]*\w)",
    re.I,
)
_QUANTITY = (
    re.compile(r"\b(?:qty|quantity)\b\.?\s*[:=]?\s*(?P<count>\d{1,3})(?![\w.,]*\w)", re.I),
    re.compile(r"^(?P<count>\d{1,3})\s?x\s+(?=[^\W\d])(?!(?:zoom|optical|digital|magnif\w*|speed|lens|scope)\b)"),
    re.compile(r"^(?P<count>\d{1,3})x$"),
    re.compile(r"(?:^|\s+)x\s?(?P<count>\d{1,3})$"),
)

_VERY = r"(?:very|really|super|pretty|overall|still|in|a|is|condition|cond|:)"
_STATE = r"(?:condition|cond\b\.?|shape)"
# Facts outrank grades, grades outrank "used". Two of one rank that differ are not read.
_CONDITIONS = (
    (3, Condition.NEW, r"brand[ -]new(?: (?:with tags|in box))?|bnwt|nwt|new with tags?|bnib|nib|nip|new in (?:box|package)|sealed"),
    (3, Condition.LIKE_NEW, r"nwot|new without tags?|never (?:used|worn|opened)|unworn"),
    (3, Condition.FOR_PARTS, r"(?:for )?parts (?:only|or repair)|for parts|not working|does(?:n['’]?t| not) work"),
    (3, Condition.REFURBISHED, r"refurbished|refurb"),
    (2, Condition.LIKE_NEW, rf"like[ -]new(?: {_STATE})?|mint {_STATE}"),
    (2, Condition.GOOD, rf"vguc|guc|euc|(?:(?:very|really) )?(?:good|great|excellent|nice)(?: used)? {_STATE}"),
    (2, Condition.FAIR, rf"(?:fair|ok|okay)(?: used)? {_STATE}"),
    (2, Condition.POOR, rf"(?:poor|rough|bad)(?: used)? {_STATE}"),
    (1, Condition.GOOD, r"(?:gently|lightly|barely|hardly) (?:used|worn)|pre-?owned"),
)  # fmt: skip
_CONDITION_PATTERNS = tuple(
    (rank, condition, re.compile(rf"(?<!\w)(?:in )?(?:{words})(?!\w)", re.I)) for rank, condition, words in _CONDITIONS
)
# These are everyday words (Mint green, New Balance), and a condition only when they are all that a part says.
_LONE = {
    "new": (2, Condition.NEW), "mint": (2, Condition.LIKE_NEW), "good": (2, Condition.GOOD), "great": (2, Condition.GOOD),
    "excellent": (2, Condition.GOOD), "fair": (2, Condition.FAIR), "poor": (2, Condition.POOR), "broken": (3, Condition.FOR_PARTS),
    "used": (1, Condition.GOOD), "worn": (1, Condition.FAIR),
}  # fmt: skip
_LONE_PATTERN = re.compile(rf"(?:{_VERY}\s*)*(?P<word>{'|'.join(_LONE)})(?:\s+used)?", re.I)
_USED_AT_AN_END = re.compile(r"^used\s+(?=\w)|(?<=\w)\s+used$", re.I)

# Words that name no thing: a part of nothing else is a note, and so is a part that begins with one of the second kind.
_FILLER = frozenset((
    "a", "all", "an", "and", "are", "as", "at", "be", "best", "both", "box", "but", "by", "condition", "each", "excellent", "fair",
    "firm", "for", "get", "good", "got", "great", "has", "have", "hello", "hey", "hi", "i", "in", "is", "it", "its", "just", "me",
    "mint", "my", "need", "new", "nice", "no", "obo", "of", "offer", "offers", "ok", "okay", "on", "only", "ono", "or", "please", "pls",
    "poor", "shape", "so", "still", "tags", "tested", "thank", "thanks", "that", "the", "there", "this", "thx", "to", "too", "used",
    "very", "want", "was", "will", "with", "working", "works",
))  # fmt: skip
_BEGINS_NO_NAME = frozenset((
    "and", "ask", "asking", "bought", "but", "came", "can", "comes", "could", "doesn't", "doesn’t", "don't", "don’t", "for", "from",
    "got", "has", "have", "hello", "hey", "hi", "i", "i'm", "if", "in", "includes", "including", "is", "it", "it's", "it’s", "i’m",
    "local", "located", "measures", "minor", "missing", "msrp", "my", "needs", "no", "not", "or", "paid", "pet", "pick", "pickup",
    "please", "pls", "price", "retail", "retails", "rrp", "see", "sell", "selling", "shipping", "ships", "smells", "smoke", "sold",
    "some", "still", "tested", "thanks", "thx", "want", "wanted", "wants", "was", "will", "with", "without", "works", "worth",
))  # fmt: skip
_LONGEST_NAME = 14  # words


@dataclass
class _Part:
    """A piece of the caption, and what parted it from the one before."""

    text: str
    before: str = ""


def read_caption(text: str, currency: str) -> dict[str, str]:
    """Hints by field name: `price`, `floor`, `cost` as minor units of `currency`, `quantity` as a whole number from 1, `size`,
    `condition`, `title` for what looks like a name, and `notes` for all other words."""
    hints: dict[str, str] = {}
    rest = text.replace(_MARK, " ").strip()
    if not rest or rest.startswith("/"):
        return hints
    rest = _take_amounts(rest, currency, hints)
    parts = list(_parts(rest))
    _take_quantity(parts, hints)
    _take_condition(parts, hints)
    parts = [part for again in parts for part in _parts(again.text, again.before)]
    names: list[_Part] = []
    notes: list[_Part] = []
    for part in parts:
        if size := _SIZE.search(part.text):
            hints.setdefault("size", " ".join(size["size"].upper().split()))
            if not _SIZE.sub("", part.text, count=1).strip(" ,;.-"):
                continue
        (names if _is_name(part.text) else notes).append(part)
    for field, found in (("title", names), ("notes", notes)):
        if words := _joined(parts, found):
            hints[field] = words
    return hints


def _take_amounts(rest: str, currency: str, hints: dict[str, str]) -> str:
    for name, pattern in _CALLED_PATTERNS:
        for found in pattern.finditer(rest):
            amount = None if name in hints else _amount(found, currency, rest)
            if amount:
                hints[name] = amount
                rest = rest[: found.start()] + _MARK + rest[found.end() :]
                break
    bare = [found for found in _UNCALLED.finditer(rest) if _amount(found, currency, rest)]
    if "price" not in hints and len(bare) == 1 and bare[0]["last"] is not None:
        hints["price"] = _amount(bare[0], currency, rest)
        rest = rest[: bare[0].start()] + _MARK + rest[bare[0].end() :]
    return rest


def _amount(found: re.Match[str], currency: str, text: str) -> str:
    """Minor units; "" when it is another currency, no amount, or about something else."""
    unit = found.groupdict().get("unit") or ""
    known = [currencies for word, currencies in _UNITS.items() if unit.lower().startswith(word)]
    if _NOT_OURS.search(text[: found.start()]) or (known and currency not in known[0]):
        return ""
    try:
        money = parse(found["amount"].upper(), currency)
    except HaggleError:
        return ""  # "for 12,34,5" stays among the words
    return str(money.amount) if money.currency == currency else ""


def _take_quantity(parts: list[_Part], hints: dict[str, str]) -> None:
    for part in parts:
        for pattern in _QUANTITY:
            found = pattern.search(part.text)
            if found and int(found["count"]) and "quantity" not in hints:
                hints["quantity"] = str(int(found["count"]))
                part.text = (part.text[: found.start()] + _MARK + part.text[found.end() :]).strip(_MARK + " ")


def _take_condition(parts: list[_Part], hints: dict[str, str]) -> None:
    """The condition of the highest rank, when all phrases of that rank agree; else every phrase stays where it is."""
    left: list[str] = []
    found: list[tuple[int, Condition]] = []
    for part in parts:
        text = part.text
        for rank, condition, pattern in _CONDITION_PATTERNS:
            if pattern.search(text):
                found.append((rank, condition))
                text = pattern.sub(_MARK, text)
        if lone := _LONE_PATTERN.fullmatch(text.strip(_MARK + " .!")):
            found.append(_LONE[lone["word"].lower()])
            text = ""
        elif _USED_AT_AN_END.search(text):
            found.append(_LONE["used"])
            text = _USED_AT_AN_END.sub(_MARK, text)
        left.append(text.strip(_MARK + " "))
    highest = max((rank for rank, _ in found), default=0)
    said = {condition for rank, condition in found if rank == highest}
    if len(said) == 1:
        hints["condition"] = said.pop().value
        for part, text in zip(parts, left, strict=True):
            part.text = text


def _parts(text: str, before: str = "") -> Iterator[_Part]:
    pieces = _PARTS.split(text)
    for place in range(0, len(pieces), 2):
        if pieces[place].strip():
            yield _Part(pieces[place].strip(), before)
            before = ""
        if place + 1 < len(pieces):
            before += pieces[place + 1]


def _is_name(text: str) -> bool:
    words = re.findall(r"[\w'’&/+.-]+", _SIZE.sub(" ", text).lower())
    if not words or len(words) > _LONGEST_NAME or words[0] in _BEGINS_NO_NAME:
        return False
    return any(any(letter.isalpha() for letter in word) and word.strip("'’.-") not in _FILLER for word in words)


def _joined(parts: list[_Part], chosen: list[_Part]) -> str:
    """The chosen parts as they were parted, with a comma where another was between them, or a line ended."""
    words = ""
    previous = -2
    for place, part in enumerate(parts):
        if not any(part is one for one in chosen):
            continue
        as_it_was = place == previous + 1 and not re.search(r"[\n;|]", part.before)
        between = " ".join(part.before.replace(_MARK, " ").split(" ")) if as_it_was else ", "
        words += (between if between.strip() or as_it_was else ", ") + part.text if words else part.text
        previous = place
    return " ".join(words.split()).strip(" ,;.-")
