"""What was found on photos, before anything is concluded from it. Pure.

Regions are (left, top, right, bottom) in shares of 1 of the photo, as `core.values.draft.Evidence` has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.values.draft import Draft, Evidence, EvidenceKind
from integrations.ai.codes import Product, product_of_barcode

Point = tuple[float, float]
Region = tuple[float, float, float, float]

_SAME_ROW = 0.6  # of a line's height: how far two centres on one row may lie apart


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text on photo `photo` (from 0). `corners` are in pixels in the line's own reading order: start-top,
    end-top, end-bottom, start-bottom; a line that is upside down starts on the right."""

    text: str
    confidence: float
    photo: int
    region: Region
    corners: tuple[Point, Point, Point, Point]

    @property
    def height(self) -> float:
        """Of the letters, in pixels."""
        return math.dist(self.corners[0], self.corners[3])

    @property
    def middle(self) -> Point:
        return sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4

    def place_of(self, other: TextLine) -> Point:
        """Where another line's middle is as this line's reader sees it: (right, down) of this line's middle, in pixels."""
        (x0, y0), (x1, y1) = self.corners[0], self.corners[1]
        length = math.dist((x0, y0), (x1, y1)) or 1.0
        ahead = ((x1 - x0) / length, (y1 - y0) / length)
        away = other.middle[0] - self.middle[0], other.middle[1] - self.middle[1]
        return away[0] * ahead[0] + away[1] * ahead[1], away[1] * ahead[0] - away[0] * ahead[1]

    def evidence(self, text: str = "") -> Evidence:
        return Evidence(EvidenceKind.TEXT, text or self.text, self.photo, self.region)

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "confidence": self.confidence, "photo": self.photo, "region": list(self.region)}


@dataclass(frozen=True, slots=True)
class Barcode:
    """A symbol on photo `photo`. `product` is set when it names a product and the check digit is right."""

    format: str
    text: str
    photo: int
    region: Region
    product: Product | None = None

    def evidence(self) -> Evidence:
        return Evidence(EvidenceKind.BARCODE, self.text, self.photo, self.region)

    def to_json(self) -> dict[str, Any]:
        product = {self.product.field: self.product.value} if self.product else None
        return {"format": self.format, "text": self.text, "photo": self.photo, "region": list(self.region), "product": product}


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was read, and the draft that follows from it. `problems` are sentences about photos that were not read."""

    barcodes: tuple[Barcode, ...] = ()
    lines: tuple[TextLine, ...] = ()
    problems: tuple[str, ...] = ()
    draft: Draft = field(default_factory=Draft)

    def to_json(self) -> dict[str, Any]:
        return {
            "barcodes": [one.to_json() for one in self.barcodes],
            "lines": [one.to_json() for one in self.lines],
            "problems": list(self.problems),
            "draft": self.draft.to_json(),
        }


def of_raw(raw: Mapping[str, Any], photo: int) -> tuple[list[Barcode], list[TextLine]]:
    """The answer of `jobs.read` for one photo as values, lines in reading order."""
    size = raw["width"], raw["height"]
    barcodes = [
        Barcode(one["format"], one["text"], photo, _region(one["quad"], size), product_of_barcode(one["format"], one["text"]))
        for one in raw["barcodes"]
    ]
    lines = [TextLine(one["text"], one["score"], photo, _region(one["quad"], size), _corners(one["quad"])) for one in raw["lines"]]
    return barcodes, in_reading_order(lines)


def in_reading_order(lines: Sequence[TextLine]) -> list[TextLine]:
    """Top to bottom and left to right as somebody sees it who turns the photo so that most of its text is upright."""
    if not lines:
        return []
    # The longest line says best which way is up.
    guide = max(lines, key=lambda line: math.dist(line.corners[0], line.corners[1]))
    placed = sorted(((guide.place_of(line), line) for line in lines), key=lambda pair: pair[0][1])
    rows: list[list[tuple[Point, TextLine]]] = []
    for pair in placed:
        if rows and pair[0][1] - rows[-1][0][0][1] < _SAME_ROW * min(pair[1].height, rows[-1][0][1].height):
            rows[-1].append(pair)
        else:
            rows.append([pair])
    return [line for row in rows for _, line in sorted(row, key=lambda pair: pair[0][0])]


def neighbours(line: TextLine, lines: Sequence[TextLine]) -> list[TextLine]:
    """Lines in which the value of a label that stands alone may be: the next one to the right, then the one below it."""
    right: list[tuple[float, TextLine]] = []
    below: list[tuple[float, TextLine]] = []
    for other in lines:
        if other is line or other.photo != line.photo:
            continue
        ahead, down = line.place_of(other)
        width = math.dist(line.corners[0], line.corners[1])
        if abs(down) < _SAME_ROW * line.height and 0 < ahead < width + 12 * line.height:
            right.append((ahead, other))
        elif 0 < down < 2.2 * line.height and abs(ahead) < width + 3 * line.height:
            below.append((down, other))
    return [min(found, key=lambda pair: pair[0])[1] for found in (right, below) if found]


def _corners(quad: Sequence[Sequence[float]]) -> tuple[Point, Point, Point, Point]:
    first, second, third, fourth = ((float(x), float(y)) for x, y in quad)
    return first, second, third, fourth


def _region(quad: Sequence[Sequence[float]], size: tuple[int, int]) -> Region:
    across = [min(1.0, max(0.0, x / size[0])) for x, _ in quad]
    down = [min(1.0, max(0.0, y / size[1])) for _, y in quad]
    return round(min(across), 4), round(min(down), 4), round(max(across), 4), round(max(down), 4)
