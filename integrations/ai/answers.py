"""The model's answer, checked word by word before any of it becomes a draft. Pure.

Words around the JSON do no harm, and a single claim that breaks a rule is left out, and said so: a description with a link in
it says nothing against the size. An answer without one claim that can be used is no answer (`Unreachable`, which is also "an
answer that makes no sense").
"""

from __future__ import annotations

import json
import re
from typing import Any

from core.errors import Unreachable
from core.values.draft import FIELDS, Evidence, EvidenceKind, Field
from core.values.states import Condition
from core.words import Told
from integrations.ai import codes

# What a model may fill, with the most characters that a value may have. Money, amounts and weights are never its business.
LENGTHS = {
    "title": 80, "description": 4000, "category": 120, "condition": 20, "brand": 65, "model": 80, "mpn": 65, "size": 40,
    "colour": 60, "material": 120, "upc": 17, "ean": 17, "isbn": 17,
}  # fmt: skip
_ASPECT_NAME, _ASPECT_VALUE, _SEEN = 40, 65, 300
_MOST_CLAIMS = 60  # of each group; what follows is not looked at
_MOST_STARTS = 40  # braces at which the object is looked for
_MOST_DIGITS = 20  # of a number; Python itself stops at 4300 with an error
# What marketplaces call the fields that we have ourselves: such an aspect is a claim of that field.
_OURS = {
    "brand": "brand", "brand name": "brand", "manufacturer": "brand", "model": "model", "model name": "model", "model number": "model",
    "mpn": "mpn", "manufacturer part number": "mpn", "part number": "mpn", "style code": "mpn", "style number": "mpn", "size": "size",
    "color": "colour", "colour": "colour", "material": "material", "upc": "upc", "ean": "ean", "isbn": "isbn", "gtin": "ean",
}  # fmt: skip
_NO_ASPECTS = frozenset(FIELDS) - frozenset(_OURS)  # a price or a weight is no less a price for being called an aspect
_NUMBERS = ("upc", "ean", "isbn")  # which of them a number is, the number says
_SAYS_NOTHING = frozenset(("", "n/a", "na", "none", "null", "unknown", "not visible", "not specified", "does not apply"))
_MARKUP = re.compile(r"<[a-zA-Z/!?]|&[a-z]+;|&#\d|```|\]\(|https?:|www\.|\*\*|^#{1,6} ", re.MULTILINE)

_CLAIM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "value", "confidence", "seen", "photo"],
    "properties": {
        "name": {"type": "string"},
        "value": {"type": "string"},
        "confidence": {"type": "number"},
        "seen": {"type": "string"},
        "photo": {"type": ["integer", "null"]},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["fields", "aspects"],
    "properties": {
        "fields": {
            "type": "array",
            "items": {**_CLAIM, "properties": {**_CLAIM["properties"], "name": {"type": "string", "enum": list(LENGTHS)}}},  # type: ignore[dict-item]
        },
        "aspects": {"type": "array", "items": _CLAIM},
    },
}


def parse(text: str, photos: int) -> tuple[list[tuple[str, Field]], list[str]]:
    """The claims of an answer as (field's name, field with MODEL evidence), and the names of those that were left out. A field may
    be claimed twice, once of them as an aspect.

    `photos` is how many the model saw. Raises `Unreachable` when nothing in the answer can be used.
    """
    data = _object(text)
    claims: list[tuple[str, Field]] = []
    refused: list[str] = []
    for group in ("fields", "aspects"):
        found = data.get(group)
        for claim in found[:_MOST_CLAIMS] if isinstance(found, list) else ():
            name, value = _text(claim, "name"), _text(claim, "value")
            if name and value is not None and value.casefold() in _SAYS_NOTHING:
                continue
            field, plain = _allowed(_field_of(name or "", aspect=group == "aspects"), value or "")
            sure = claim.get("confidence") if field else None
            if not field or isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
                refused.append("".join(letter for letter in name or "" if letter.isprintable())[:_ASPECT_NAME] or "a claim without a name")
            else:
                claims.append((field, Field(plain, round(float(sure), 2), (_evidence(claim, photos),))))
    if refused and not claims:
        raise _nonsense(f"no claim can be used: {', '.join(refused)[:200]}")
    return claims, list(dict.fromkeys(refused))


def _object(text: str) -> dict[str, Any]:
    """The object with `fields` in a text, whatever is written around it."""
    decoder = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else None)
    place = -1
    for _ in range(_MOST_STARTS):
        place = text.find("{", place + 1)
        if place < 0:
            break
        try:
            data, _end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and isinstance(data.get("fields"), list):
            return data
    raise _nonsense("there is no object with a list of fields in it")


def _text(claim: object, key: str) -> str | None:
    """A claim's text, None when that is no text or the claim no claim."""
    found = claim.get(key) if isinstance(claim, dict) else None
    return found.strip() if isinstance(found, str) else None


def _field_of(name: str, *, aspect: bool) -> str:
    """The draft's name for it; "" when it is none of the model's business."""
    if not aspect:
        return name if name in LENGTHS else ""
    plain = " ".join(name.casefold().split())
    if plain in _NO_ASPECTS or not re.fullmatch(rf"[^\W_][\w &/'()-]{{0,{_ASPECT_NAME - 1}}}", name):
        return ""
    return _OURS.get(plain, f"aspect:{name}")


def _allowed(field: str, value: str) -> tuple[str, str]:
    """The field and its value as a draft has them; ("", "") when the value cannot be one of it."""
    nothing = "", ""
    if not value or not field or len(value) > LENGTHS.get(field, _ASPECT_VALUE):
        return nothing
    breaks = "\n" if field == "description" else ""
    if _MARKUP.search(value) or any(not letter.isprintable() and letter not in breaks for letter in value):
        return nothing
    if field == "condition" and value not in set(Condition):
        return nothing
    if field in _NUMBERS:
        product = codes.product_of_digits(re.sub(r"[\s-]", "", value))
        return (product.field, product.value) if product else nothing
    return field, value


def _evidence(claim: dict[str, Any], photos: int) -> Evidence:
    seen = "".join(letter for letter in _text(claim, "seen") or "" if letter.isprintable())[:_SEEN].strip()
    number = claim.get("photo")
    if isinstance(number, bool) or not isinstance(number, int | float) or not 1 <= number <= photos or number != int(number):
        return Evidence(EvidenceKind.MODEL, seen)
    return Evidence(EvidenceKind.MODEL, seen, int(number) - 1)


def _nonsense(cause: str) -> Unreachable:
    return Unreachable(Told("its answer made no sense"), cause=cause)
