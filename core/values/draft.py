"""A draft: fields, each with a value, how sure we are, and why.

Shapes are plain so that they survive as JSON in a row: `Draft.to_json` and `Draft.of_json` are inverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from core.words import of_stored, to_stored


class EvidenceKind(StrEnum):
    SELLER = "seller"  # the seller said so
    BARCODE = "barcode"  # a code on a photo, its check digit verified
    TEXT = "text"  # words read on a photo
    MODEL = "model"  # the language model's own claim
    CHANNEL = "channel"  # the marketplace suggested it
    DEFAULT = "default"  # a remembered setting of the workspace


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a field has its value. `photo` counts from 0; `region` is (left, top, right, bottom) in shares of 1 of that photo."""

    kind: EvidenceKind
    text: str = ""
    photo: int | None = None
    region: tuple[float, float, float, float] | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "text": self.text, "photo": self.photo, "region": list(self.region) if self.region else None}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Evidence:
        region = data.get("region")
        box = (float(region[0]), float(region[1]), float(region[2]), float(region[3])) if region else None
        return cls(EvidenceKind(data["kind"]), data.get("text", ""), data.get("photo"), box)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `value` is a string, or a list of strings for lists; money is not kept here. `confidence` is 0..1."""

    value: str | list[str]
    confidence: float
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "confidence": self.confidence, "evidence": [one.to_json() for one in self.evidence]}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Field:
        return cls(data["value"], float(data["confidence"]), tuple(Evidence.of_json(one) for one in data.get("evidence", [])))

    @property
    def text(self) -> str:
        return ", ".join(self.value) if isinstance(self.value, list) else self.value


# The names that readers may fill. `aspect:NAME` is an item specific by its marketplace name.
FIELDS = (
    "title", "description", "category", "condition", "brand", "model", "mpn", "size", "colour", "material",
    "upc", "ean", "isbn", "price", "quantity", "weight",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader proposes for an item. A field that is not there is unknown, which is a value: it is asked, never guessed.

    `reader` names who read the photos ("offline", "gpt-…"); `note` is one sentence for the card, such as why the model was
    not used.
    """

    fields: dict[str, Field] = field(default_factory=dict)
    reader: str = ""
    note: str = ""

    def get(self, name: str) -> str:
        found = self.fields.get(name)
        return found.text if found else ""

    def with_field(self, name: str, value: Field) -> Draft:
        return replace(self, fields={**self.fields, name: value})

    def to_json(self) -> dict[str, Any]:
        fields = {name: one.to_json() for name, one in self.fields.items()}
        return {"fields": fields, "reader": self.reader, "note": to_stored(self.note)}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Draft:
        fields = {name: Field.of_json(one) for name, one in data.get("fields", {}).items()}
        return cls(fields, data.get("reader", ""), of_stored(data.get("note", "")))
