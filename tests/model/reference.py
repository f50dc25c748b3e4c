"""What must be true, in a few lines: how many units each item has, who asked for how many, and where it must be for sale."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Sale:
    """An order: how many of which item. `state`: open, off (cancelled), refunded, back (refunded, and the things are here again)."""

    wants: dict[int, int]
    paid: bool
    state: str = "open"


@dataclass
class Reference:
    """Units by item, orders by name, and the items that people put up and nothing took down."""

    units: dict[int, int] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)
    up: set[int] = field(default_factory=set)
    shown: dict[int, int] = field(default_factory=dict)  # how many a buyer sees: what comes back from a cancelled order is put up by people

    def asked(self, item: int, *, paid: bool | None = None) -> int:
        """How many of its units orders have, or lack."""
        takes = [one for one in self.sales.values() if one.state in ("open", "refunded") and paid in (None, one.paid)]
        return sum(one.wants.get(item, 0) for one in takes)

    def free(self, item: int) -> int:
        """Available: below zero it is oversold."""
        return self.units[item] - self.asked(item)

    def show(self, *items: int) -> None:
        """What there is of these is told everywhere."""
        self.shown |= {item: self.free(item) for item in items}

    def settle(self) -> None:
        """Of what there is none left nothing stays up."""
        self.up = {item for item in self.up if self.free(item) > 0}
