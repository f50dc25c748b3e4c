"""What a sale earned. Unknown is not zero: what is not known is left out and said."""

from __future__ import annotations

from dataclasses import dataclass

from core.money import Money


@dataclass(frozen=True, slots=True)
class Earned:
    """`net` is price minus what is known of fees and cost; `unknown` names what is missing from it."""

    price: Money
    fees: Money | None
    cost: Money | None
    net: Money
    unknown: tuple[str, ...]


def earned(price: Money, fees: Money | None, cost: Money | None) -> Earned:
    net = price
    unknown = []
    if fees is None:
        unknown.append("fees")
    else:
        net = net - fees
    if cost is None:
        unknown.append("cost")
    else:
        net = net - cost
    return Earned(price, fees, cost, net, tuple(unknown))
