"""The model's answer, checked word by word before any of it becomes a draft. Pure.

An answer that has not the agreed shape is no answer (`Unreachable`, which is also "an answer that makes no sense"). A
single field that breaks a rule is left out, and said so: a description with a link in it says nothing against the size.
"""

from __future__ import annotations

import json
import re
from typing import Any

from core.errors import Unreachable
from core.values.draft import Evidence, EvidenceKind, Field
from core.values.states import Condition
from integrations.ai import codes

# What a model may fill, with the most characters that a value may have. Money, amounts and weights are never its business.
LENGTHS = {
    "title": 80, "description": 4000, "category": 120, "condition": 20, "brand": 65, "model": 80, "mpn": 65, "size": 40,
    "colour": 60, "material": 120, "upc": 12, "ean": 13, "isbn": 17,
}  # fmt: skip
_ASPECT_NAME, _ASPECT_VALUE, _SEEN = 40, 65, 300
_MOST_FIELDS = 60
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


def parse(text: str, photos: int) -> tuple[dict[str, Field], list[str]]:
    """The claims of an answer as fields with MODEL evidence, and the names of those that were left out.

    `photos` is how many the model saw. Raises `Unreachable` when the answer is not of the agreed shape.
    """
    data = _json(text)
    fields: dict[str, Field] = {}
    refused: list[str] = []
    for group, prefix in (("fields", ""), ("aspects", "aspect:")):
        claims = data.get(group, []) if prefix else data.get(group)
        if not isinstance(claims, list) or len(claims) > _MOST_FIELDS:
            raise _nonsense(f"`{group}` is no list")
        for claim in claims:
            name, value = _shape(claim)
            if not value:
                continue
            if not _allowed(name, value, aspect=bool(prefix)):
                refused.append("".join(letter for letter in name if letter.isprintable())[:_ASPECT_NAME])
            elif prefix + name not in fields:
                fields[prefix + name] = _field(claim, _plain(name, value), photos)
    return fields, refused


def _json(text: str) -> dict[str, Any]:
    body = text.strip()
    fenced = re.fullmatch(r"```(?:json)?\s*(.*?)\s*```", body, re.DOTALL)
    try:
        data = json.loads(fenced[1] if fenced else body)
    except (json.JSONDecodeError, RecursionError) as broken:
        raise _nonsense(str(broken)) from broken
    if not isinstance(data, dict):
        raise _nonsense("no object")
    return data


def _shape(claim: object) -> tuple[str, str]:
    """Name and value of a claim that has the agreed types."""
    if not isinstance(claim, dict):
        raise _nonsense("a claim is no object")
    name, value, confidence, seen, photo = (claim.get(key) for key in ("name", "value", "confidence", "seen", "photo"))
    if not isinstance(name, str) or not isinstance(value, str) or not isinstance(seen or "", str):
        raise _nonsense("a claim's name, value or seen is no text")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise _nonsense(f"confidence of {name[:40]} is not between 0 and 1")
    if isinstance(photo, bool) or not isinstance(photo, int | None):
        raise _nonsense(f"photo of {name[:40]} is no number")
    return name.strip(), value.strip()


def _allowed(name: str, value: str, *, aspect: bool) -> bool:
    most = _ASPECT_VALUE if aspect else LENGTHS.get(name, 0)
    if len(value) > most or (aspect and not re.fullmatch(rf"[^\W_][\w &/'()-]{{0,{_ASPECT_NAME - 1}}}", name)):
        return False
    breaks = "\n" if name == "description" and not aspect else ""
    if _MARKUP.search(value) or any(not letter.isprintable() and letter not in breaks for letter in value):
        return False
    if aspect:
        return True
    if name == "condition":
        return value in set(Condition)
    if name in ("upc", "ean", "isbn"):
        product = codes.product_of_digits(re.sub(r"[\s-]", "", value))
        return product is not None and product.field == name
    return True


def _plain(name: str, value: str) -> str:
    if name in ("upc", "ean", "isbn"):
        product = codes.product_of_digits(re.sub(r"[\s-]", "", value))
        return product.value if product else value
    return value


def _field(claim: dict[str, Any], value: str, photos: int) -> Field:
    seen = "".join(letter for letter in claim.get("seen") or "" if letter.isprintable())[:_SEEN].strip()
    number = claim.get("photo")
    photo = number - 1 if number is not None and 1 <= number <= photos else None
    return Field(value, round(float(claim["confidence"]), 2), (Evidence(EvidenceKind.MODEL, seen, photo),))


def _nonsense(cause: str) -> Unreachable:
    return Unreachable("its answer made no sense", cause=cause)
