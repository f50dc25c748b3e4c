"""Orders: which state may follow which, what a person's command may do of it, and what differs from what the marketplace says.

One table, `MOVES`. A person's command follows it step by step, each step a move of its own; a channel may jump along it, hop by hop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from core.rules.naming import of_order
from core.values.states import OrderState as S
from core.words import N_, Told

MOVES: dict[S, tuple[S, ...]] = {
    S.PENDING: (S.CONFIRMED, S.CANCELLED),
    S.CONFIRMED: (S.PROCESSING, S.CANCELLED),
    S.PROCESSING: (S.SHIPPED, S.CANCELLED),
    S.SHIPPED: (S.DELIVERED, S.DISPUTED),
    S.DELIVERED: (S.COMPLETED, S.REFUND_REQUESTED, S.DISPUTED),
    S.COMPLETED: (S.REFUND_REQUESTED,),
    S.REFUND_REQUESTED: (S.REFUNDED, S.COMPLETED),
    S.DISPUTED: (S.REFUNDED, S.COMPLETED),
    S.CANCELLED: (),
    S.REFUNDED: (),
}
OVER = (S.CANCELLED, S.REFUNDED)
TO_SHIP = (S.CONFIRMED, S.PROCESSING)
OPEN = (S.PENDING, *TO_SHIP, S.SHIPPED, S.REFUND_REQUESTED, S.DISPUTED)
DONE = (S.DELIVERED, S.COMPLETED, *OVER)

COMPLETE_AFTER = timedelta(days=14)  # after it was delivered
ASK_AFTER = timedelta(days=7)  # after it was shipped, or asked about the last time
READ_EVERY = 4  # hours, while it is shipped


class Deed(StrEnum):
    """What a person does about an order."""

    SHIP = "ship"
    DELIVER = "deliver"
    REFUND = "refund"  # all of it
    CANCEL = "cancel"


# The steps that each command may take by itself, from where an order is. A parcel is packed and then sent, money that is given back was
# asked for, and what never arrived is disputed: a command goes through these, and each is on the audit trail.
WAYS: Mapping[Deed, Mapping[S, tuple[S, ...]]] = MappingProxyType({
    Deed.SHIP: {S.CONFIRMED: (S.PROCESSING, S.SHIPPED), S.PROCESSING: (S.SHIPPED,)},
    Deed.DELIVER: {S.SHIPPED: (S.DELIVERED,)},
    Deed.REFUND: {
        S.SHIPPED: (S.DISPUTED, S.REFUNDED), S.DELIVERED: (S.REFUND_REQUESTED, S.REFUNDED),
        S.COMPLETED: (S.REFUND_REQUESTED, S.REFUNDED), S.REFUND_REQUESTED: (S.REFUNDED,), S.DISPUTED: (S.REFUNDED,),
    },
    Deed.CANCEL: {S.PENDING: (S.CANCELLED,), S.CONFIRMED: (S.CANCELLED,), S.PROCESSING: (S.CANCELLED,)},
})  # fmt: skip

# What comes first, where a command is too early, by the order's state.
_FIRST: Mapping[tuple[Deed, S], str] = MappingProxyType({
    (Deed.SHIP, S.PENDING): N_("The buyer pays first; I tell you when."),
    (Deed.DELIVER, S.PENDING): N_("First the buyer pays, and then it is shipped."),
    (Deed.DELIVER, S.CONFIRMED): N_("First it is shipped: /ship {number} usps 9400…"),
    (Deed.DELIVER, S.PROCESSING): N_("First it is shipped: /ship {number} usps 9400…"),
    (Deed.REFUND, S.PENDING): N_("Nobody has paid for it, so there is nothing to give back. /cancel {number} ends it."),
    (Deed.REFUND, S.CONFIRMED): N_("It is not shipped, so cancel it: /cancel {number} gives all of the money back."),
    (Deed.REFUND, S.PROCESSING): N_("It is not shipped, so cancel it: /cancel {number} gives all of the money back."),
    (Deed.CANCEL, S.SHIPPED): N_("It is on its way already. /refund {number} gives the money back."),
    (Deed.CANCEL, S.DELIVERED): N_("It has arrived already. /refund {number} gives the money back."),
    (Deed.CANCEL, S.COMPLETED): N_("It has arrived already. /refund {number} gives the money back."),
    (Deed.CANCEL, S.REFUND_REQUESTED): N_("It was shipped. /refund {number} gives the money back."),
    (Deed.CANCEL, S.DISPUTED): N_("It was shipped. /refund {number} gives the money back."),
})  # fmt: skip


def hops(old: S, new: S) -> tuple[S, ...]:
    """The shortest way from `old` to `new` along the table, without `old`; empty when there is none (or nothing to do)."""
    ways: deque[tuple[S, ...]] = deque([(old,)])
    seen = {old}
    while ways:
        way = ways.popleft()
        if way[-1] is new:
            return way[1:]
        for following in MOVES[way[-1]]:
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()


def steps(deed: Deed, state: S) -> tuple[S, ...]:
    """The moves that a person's command makes, one after the other; empty when it may not be."""
    return WAYS[deed].get(state, ())


def too_early(deed: Deed, state: S, number: int) -> Told:
    """Why a command may not be: what the order is, and what comes first where something does."""
    first = _FIRST.get((deed, state))
    if first is None:
        return Told("Order {number} is {state}.", number=number, state=of_order(state))
    return Told("Order {number} is {state}. {first}", number=number, state=of_order(state), first=Told(first, number=number))


# What marketplaces do not know of, or hear later than we do: that something is being packed, arrived, or is done with.
_KNOWN_HERE = (S.PROCESSING, S.DELIVERED, S.COMPLETED)
_ON_ITS_WAY = (S.CONFIRMED, S.PROCESSING, S.SHIPPED, S.DELIVERED)


def is_behind(ours: S, theirs: S) -> bool:
    """Whether a channel has only not heard yet of what a person or the clock did here: no contradiction, and no news."""
    return ours in _KNOWN_HERE and theirs in _ON_ITS_WAY and bool(hops(theirs, ours))


def is_late(state: S, ship_by: datetime | None, now: datetime) -> bool:
    """Whether it should be on its way by now. Without a day to ship by nobody can say."""
    return state in TO_SHIP and ship_by is not None and ship_by < now


def drift(asked: int | None, refunded: int | None) -> bool:
    """Whether the buyer has another amount back than we asked for. Unknown is not zero: what is not confirmed yet is no difference, and
    what was given back on the marketplace itself was never asked for here."""
    return asked is not None and refunded is not None and asked != refunded


def to_be_read(shipped_at: datetime, now: datetime) -> bool:
    """Whether a shipped order's turn to be read again is in this hour: every fourth, spread by when each was shipped."""
    return int((now - shipped_at).total_seconds() // 3600) % READ_EVERY == 0
