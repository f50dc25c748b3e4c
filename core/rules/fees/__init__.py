"""What a marketplace usually keeps of an order, by tables: an estimate for as long as the marketplace itself says nothing.

`table.json` is data, read once; its README says what each word of it means and where the figures are from. An estimate is never kept as an
order's fees: it is worked out anew wherever it is shown, and is gone when the marketplace has said what it took.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

BASES = ("price", "shipping", "tax")  # what a charge may be a part of


@dataclass(frozen=True, slots=True)
class Step:
    """Up to and with `upto` (minor units; None: without an end) it is `fixed` and `percent` of the amount. With `alone` the charges of
    whole orders fall away where an order has nothing else."""

    upto: int | None
    fixed: int
    percent: Decimal
    alone: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """Steps, lowest first. `whole`: the step that an amount falls in counts for all of it; else each counts for its portion."""

    steps: tuple[Step, ...]
    whole: bool

    def step_of(self, amount: Decimal) -> Step:
        return next(step for step in self.steps if step.upto is None or amount <= step.upto)

    def of(self, amount: Decimal) -> Decimal:
        """The charge on an amount, not rounded."""
        if self.whole:
            step = self.step_of(amount)
            return step.fixed + amount * step.percent / 100
        charge, below = Decimal(0), Decimal(0)
        for step in self.steps:
            if below and amount <= below:
                break
            top = amount if step.upto is None else min(amount, Decimal(step.upto))
            charge += step.fixed + (top - below) * step.percent / 100
            below = Decimal(step.upto or 0)
        return charge


@dataclass(frozen=True, slots=True)
class Charge:
    """One of the things that a marketplace takes: `per` "unit" or "order", a part `of` some amounts. `back`: it is given back with what the
    buyer gets back, in proportion. `groups` are categories with a scale of their own, by their paths."""

    per: str
    of: tuple[str, ...]
    back: bool
    scale: Scale
    groups: Mapping[tuple[str, ...], Scale]

    def scale_of(self, category: str) -> Scale:
        """The scale of the nearest group above a category, as marketplaces write its path: `Music > Vinyl Records`."""
        path = tuple(part.strip() for part in category.split(" > "))
        found = [length for length in range(1, len(path) + 1) if path[:length] in self.groups]
        return self.groups[path[: found[-1]]] if found else self.scale


@dataclass(frozen=True, slots=True)
class Table:
    """A marketplace's charges in one currency, where they are from and when they were read there. `label` says who pays for the label
    where that is not the seller."""

    currency: str
    about: str
    source: str
    read: date
    label: str
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One line of an order: minor units for all its units, and its category's path, "" where it is not known."""

    price: int
    quantity: int = 1
    category: str = ""


def estimate(
    channel: str, currency: str, parts: Sequence[Part], *, shipping: int = 0, tax: int = 0, back: Decimal = Decimal(0)
) -> int | None:
    """What a marketplace usually keeps of an order, in minor units; None where no table says so. `back` is the share of what the buyer
    paid that they have back, 0 to 1."""
    table = TABLES.get(channel)
    if table is None or table.currency != currency or not parts:
        return None
    return sum(_charged(charge, table, parts, shipping, tax, back) for charge in table.charges)


def buyer_pays_label(channel: str) -> bool:
    """Whether labels cost a seller nothing there."""
    return channel in TABLES and TABLES[channel].label == "buyer"


def _charged(charge: Charge, table: Table, parts: Sequence[Part], shipping: int, tax: int, back: Decimal) -> int:
    bases = _bases(charge, parts, shipping, tax)
    if charge.per == "order":
        alone = any(_is_alone(other, parts, shipping, tax) for other in table.charges if other.per == "unit")
        whole = Decimal(0) if alone else charge.scale.of(sum(bases, Decimal(0)))
    else:
        by_part = zip(parts, bases, strict=True)
        whole = sum((part.quantity * charge.scale_of(part.category).of(base / part.quantity) for part, base in by_part), Decimal(0))
    kept = whole * (1 - back) if charge.back else whole
    return int(kept.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _bases(charge: Charge, parts: Sequence[Part], shipping: int, tax: int) -> list[Decimal]:
    """What each part is charged on: its price, and its share of what is the whole order's."""
    price = sum(part.price for part in parts)
    on_top = (shipping if "shipping" in charge.of else 0) + (tax if "tax" in charge.of else 0)
    shares = [Decimal(part.price) / price if price else Decimal(1) / len(parts) for part in parts]
    return [(part.price if "price" in charge.of else 0) + on_top * share for part, share in zip(parts, shares, strict=True)]


def _is_alone(charge: Charge, parts: Sequence[Part], shipping: int, tax: int) -> bool:
    """Whether a charge frees the order from those of whole orders, by every line's step."""
    bases = _bases(charge, parts, shipping, tax)
    return all(charge.scale_of(one.category).step_of(base / one.quantity).alone for one, base in zip(parts, bases, strict=True))


def _scale(data: Mapping[str, Any]) -> Scale:
    steps = tuple(
        Step(one.get("upto"), one.get("fixed", 0), Decimal(one.get("percent", "0")), one.get("alone", False)) for one in data["steps"]
    )
    return Scale(steps, data.get("whole", False))


def _charge(data: Mapping[str, Any]) -> Charge:
    groups = {tuple(path.split(" > ")): _scale(group) for group in data.get("groups", ()) for path in group["paths"]}
    return Charge(data["per"], tuple(data["of"]), data.get("back", False), _scale(data), groups)


def _table(data: Mapping[str, Any]) -> Table:
    charges = tuple(_charge(one) for one in data["charges"])
    return Table(data["currency"], data["about"], data["source"], date.fromisoformat(data["read"]), data.get("label", "seller"), charges)


_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("table.json").read_text(encoding="utf-8"))
TABLES: Mapping[str, Table] = MappingProxyType({channel: _table(data) for channel, data in _DATA.items()})
