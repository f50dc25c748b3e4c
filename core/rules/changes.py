"""Changes: how they may move, what they cancel, and what undoes them. Tables and pure functions."""

from __future__ import annotations

from datetime import timedelta

from core.rules.naming import of_kind
from core.values.states import ChangeKind as Kind
from core.values.states import ChangeState as State
from core.words import Told

MOVES: dict[State, frozenset[State]] = {
    State.PROPOSED: frozenset({State.APPROVED, State.REJECTED, State.EXPIRED, State.CANCELLED}),
    State.APPROVED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.DONE, State.FAILED, State.APPROVED, State.CANCELLED}),
    State.FAILED: frozenset({State.APPROVED}),  # a person says: again
    State.DONE: frozenset({State.UNDONE}),
    State.UNDONE: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}

# What taking something down makes pointless.
CANCELLED_BY_DELIST = (Kind.PUBLISH, Kind.RELIST, Kind.REVISE, Kind.REPRICE, Kind.QUANTITY)

UNDO_WINDOW = timedelta(hours=24)

# Prices, quantities and words are not here: putting back the edit that they carry sends them anew (`core/flows/edits.py`).
_INVERSE = {Kind.PUBLISH: Kind.DELIST, Kind.RELIST: Kind.DELIST, Kind.DELIST: Kind.RELIST}

# Lower comes first. A sold thing that can still be bought comes before everything.
PRIORITY_SALE, PRIORITY_DELIST, PRIORITY_PERSON, PRIORITY_MACHINE = 0, 1, 3, 6


def may_move(old: State, new: State) -> bool:
    return new in MOVES[old]


def inverse(kind: Kind, *, after_sale: bool, now_sold: bool) -> Kind | Told:
    """The kind of Change that takes this one back, or a sentence why there is none."""
    if after_sale:
        return Told(
            "It was taken down because it sold. When the sale is off, cancel it where it was made; its card then puts the item up again."
        )
    made = _INVERSE.get(kind)
    if made is None:
        return Told("I cannot take this back: {what}.", what=of_kind(kind))
    if now_sold and made is Kind.RELIST:
        return Told("It is sold by now, so it cannot go up again.")
    return Told("It is sold by now: there is nothing to take back.") if now_sold else made


def lane(kind: Kind, account_id: str) -> str:
    """Which partition a Change runs in: one seller's bulk work never slows another's sale."""
    if kind in (Kind.DELIST, Kind.ARCHIVE):
        return f"delist:{account_id}"
    if kind is Kind.QUANTITY:
        return f"quantity:{account_id}"
    if kind in (Kind.SHIP, Kind.REFUND, Kind.CANCEL_ORDER):
        return f"order:{account_id}"
    return f"publish:{account_id}"
