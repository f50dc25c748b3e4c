"""A sheet of paper as data: what stands on it, in the reader's words already. `integrations/papers` draws it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table. `width` is its part of the page's; `kind` is "text", "number" (to the right), "strong" or "picture" (a cell is a
    picture's name)."""

    head: str
    width: int
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines beside each other under their headings: who sends it, who gets it."""

    head: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`size` is "A4" or "Letter". `under` stands below the title, `foot` below the table, `corner` at the end of every page, where the
    page's number follows it. `lacking` is said where letters are on it that no font has."""

    title: str
    size: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    under: str = ""
    blocks: tuple[Block, ...] = ()
    foot: str = ""
    corner: str = ""
    lacking: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
