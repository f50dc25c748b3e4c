"""The ledger's arithmetic: what an entry does to stock, and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from core.values.states import StockKind


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
