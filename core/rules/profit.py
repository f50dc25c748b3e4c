"""What an order earned, line by line, to the cent. Unknown is not zero: what is not known is left out and named. All amounts are minor
units of the order's currency.

    earned = price + shipping that the buyer paid - tax inside of them - what the buyer has back - fees - label - cost

Tax that the buyer paid is not ours on any channel: whoever collected it hands it on. What comes on top of price and shipping is never
counted; what is inside of the prices (`Deal.tax` although the total is no more than prices and shipping) is taken off again. Of money that
went back only our part counts, not the tax in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.rules import fees
from core.rules.fees import Part


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of one line of an order: `price` of all its units, what the units cost that did not come back into stock (None: not
    known), and the path of its category on the marketplace."""

    price: int
    quantity: int = 1
    cost: int | None = None
    category: str = ""


@dataclass(frozen=True, slots=True)
class Deal:
    """What is known of an order's money. `shipping` is what the buyer paid for it, `label` what the label cost us, `sent` whether it needed
    one, `refunded` what the buyer has back (None: nothing that we know of), `total` all that they paid. `over` is "cancelled" (nothing was
    sold), "refunded" (all of it went back, whatever is known of the amount) or ""."""

    channel: str
    currency: str
    lines: tuple[Line, ...]
    total: int
    shipping: int | None = None
    tax: int | None = None
    fees: int | None = None
    label: int | None = None
    sent: bool = False
    refunded: int | None = None
    over: str = ""


@dataclass(frozen=True, slots=True)
class Earned:
    """What one line earned: amounts as on the order, each its part. `about` says that the fees are an estimate; None of fees, label and
    cost is not known (a label that nobody needs is nothing)."""

    price: int = 0
    shipping: int = 0
    tax: int = 0
    refunded: int = 0
    fees: int | None = 0
    label: int | None = 0
    cost: int | None = 0
    about: bool = False

    @property
    def net(self) -> int:
        """With what is known; too high by what is not."""
        return self.price + self.shipping - self.tax - self.refunded - (self.fees or 0) - (self.label or 0) - (self.cost or 0)


def earned(deal: Deal) -> list[Earned]:
    """What each line earned. Whatever is known of the order as a whole is parted exactly: the lines add up to it.

    A cancelled order sold nothing; only a label that was bought for it all the same is money gone.
    """
    if deal.over == "cancelled":
        return [Earned(label=part) for part in shared(deal.label or 0, [line.price for line in deal.lines])]
    prices = [line.price for line in deal.lines]
    shipping, tax = shared(deal.shipping or 0, prices), shared(_inside(deal, sum(prices)), prices)
    ours = [sum(parts) for parts in zip(prices, shipping, (-part for part in tax), strict=True)]
    charged, about = _fees(deal)
    label = deal.label if deal.label is not None or _needs_label(deal) else 0
    return [
        Earned(price=line.price, shipping=ship, tax=inside, refunded=back, fees=fee, label=sent, cost=line.cost, about=about)
        for line, ship, inside, back, fee, sent in zip(
            deal.lines, shipping, tax, shared(_given_back(deal, sum(ours)), ours), _parts(charged, prices), _parts(label, prices),
            strict=True,
        )
    ]  # fmt: skip


def _inside(deal: Deal, price: int) -> int:
    """The tax that is inside of price and shipping."""
    tax = deal.tax or 0
    return min(max(price + (deal.shipping or 0) + tax - deal.total, 0), tax)


def _given_back(deal: Deal, ours: int) -> int:
    """Our part of what the buyer has back: all that was ours when they have all back, and in proportion when they have some of it."""
    back = deal.refunded
    if back is None:
        back = deal.total if deal.over == "refunded" else 0
    more = max(back - deal.total, 0)  # given on top of what was paid: all of it ours
    if back >= deal.total and back > 0:
        return ours + more
    return shared(back, [max(ours, 0), max(deal.total - ours, 0)])[0]


def _needs_label(deal: Deal) -> bool:
    return deal.sent and not fees.buyer_pays_label(deal.channel)


def _fees(deal: Deal) -> tuple[int | None, bool]:
    """What the marketplace took, and whether that is an estimate."""
    if deal.fees is not None:
        return deal.fees, False
    back = Decimal(1) if deal.over == "refunded" and deal.refunded is None else Decimal(0)
    if deal.refunded and deal.total > 0:
        back = min(Decimal(deal.refunded) / deal.total, Decimal(1))
    on_top = max(deal.total - sum(line.price for line in deal.lines) - (deal.shipping or 0), 0)
    parts = [Part(line.price, line.quantity, line.category) for line in deal.lines]
    guess = fees.estimate(deal.channel, deal.currency, parts, shipping=deal.shipping or 0, tax=min(deal.tax or 0, on_top), back=back)
    return guess, guess is not None


def _parts(amount: int | None, weights: Sequence[int]) -> Iterable[int | None]:
    return [None] * len(weights) if amount is None else shared(amount, weights)


def shared(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount parted by weight, exactly: what rounding leaves over goes to the largest remainders, the first ones first."""
    whole = sum(weights)
    if whole <= 0:
        return [amount, *[0] * (len(weights) - 1)] if weights else []
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts
