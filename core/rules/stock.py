"""The ledger's arithmetic: what an entry does to stock, and what cannot be; and what people type about how many there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.values.states import StockKind

Verb = Literal["look", "add", "count", "damaged", "low", "reorder"]
MOST = 99_999  # of one thing
_COUNT = re.compile(r"(?P<sign>[+\-\u2013\u2212]?)\s*(?P<number>\d{1,9})(?!\S)\s*(?P<reason>.*)", re.S)
_WORD = re.compile(r"(?P<verb>[^\W\d]+)\s+(?P<number>\d{1,9})(?!\S)\s*(?P<reason>.*)", re.S)
_VERBS: dict[str, Verb] = {
    "low": "low", "minimum": "low", "bajo": "low", "mínimo": "low", "reorder": "reorder", "reponer": "reorder", "pedir": "reorder",
    "count": "count", "counted": "count", "contar": "count", "contado": "count",
}  # fmt: skip
# What makes a unit that is gone a damaged one. Beginnings of words, in the languages that people speak with us.
_DAMAGE = re.compile(
    r"\b(broke|damag|defect|crack|torn|tore\b|smash|stain|moth|mold|mould|faulty|shatter|rot[oa]s?\b|dañ|defectuos|rasgad|manchad)"
)


@dataclass(frozen=True, slots=True)
class Level:
    """How many there are, and how many of those are promised to orders that are not paid yet."""

    total: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        return self.total - self.reserved


@dataclass(frozen=True, slots=True)
class Move:
    """The differences an entry makes. `short` is how many units were asked for and are not there: an oversell."""

    total: int
    reserved: int
    short: int = 0


def move(level: Level, kind: StockKind, quantity: int, *, was_reserved: int = 0) -> Move:
    """What `quantity` units of `kind` do to `level`; never below zero, never more reserved than there is.

    For a sale `was_reserved` of its units were reserved before by the same order line. `adjust`, `sync_correction` take a
    signed quantity; the others a positive one.
    """
    if kind is StockKind.RESERVE:
        taken = min(quantity, level.available)
        return Move(0, taken, quantity - taken)
    if kind is StockKind.RELEASE:
        return Move(0, -min(quantity, level.reserved))
    if kind is StockKind.SALE:
        free = min(was_reserved, level.reserved, quantity)
        taken = min(quantity, level.available + free)
        return Move(-taken, -free, quantity - taken)
    if kind in (StockKind.INITIAL, StockKind.RETURN, StockKind.BULK_IMPORT):
        return Move(quantity, 0)
    if kind is StockKind.DAMAGE:
        return Move(-min(quantity, level.available), 0)
    return Move(max(quantity, -level.available), 0)


def fold(entries: list[tuple[int, int]]) -> Level:
    """Stock is the sum of its entries' differences (total, reserved)."""
    return Level(sum(total for total, _ in entries), sum(reserved for _, reserved in entries))


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody typed about how many there are. `number` is signed for "add" and plain for all others."""

    verb: Verb
    number: int = 0
    reason: str = ""

    @property
    def kind(self) -> StockKind:
        """Which kind of entry it makes: what is gone because it broke is damage."""
        lost = self.verb == "damaged" or (self.verb == "add" and self.number < 0 and _DAMAGE.search(self.reason.lower()))
        return StockKind.DAMAGE if lost else StockKind.ADJUST


def read(text: str) -> Said | None:
    """Understand "+3 found two more", "-1 broken", "5", "damaged 1", "low 3", "reorder 5"; nothing said is a look. None: none of these."""
    text = text.strip()
    if not text:
        return Said("look")
    found = _COUNT.fullmatch(text)
    if found is not None:
        number, reason = int(found["number"]), found["reason"].strip()
        if not found["sign"]:
            return Said("count", number, reason) if number <= MOST else None
        return Said("add", number if found["sign"] == "+" else -number, reason) if 0 < number <= MOST else None
    named = _WORD.fullmatch(text)
    if named is None or int(named["number"]) > MOST:
        return None
    word, number = named["verb"].lower(), int(named["number"])
    verb: Verb | None = "damaged" if _DAMAGE.match(word) else _VERBS.get(word)
    if verb is None or (verb == "damaged" and number < 1):
        return None
    return Said(verb, number, named["reason"].strip())
