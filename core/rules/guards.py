"""What no Change may do, whoever asks. Checked when a Change is made and again just before it is carried out."""

from __future__ import annotations

from core.money import Money
from core.values.states import ItemState
from core.words import Told


def price_problem(price: Money, floor: Money | None, *, automatic: bool) -> Told | None:
    """Why this price may not be asked, as a sentence; None when it may. No floor means no automatic repricing."""
    if price.amount <= 0:
        return Told("A price must be more than zero.")
    if floor is None:
        return Told("It has no floor price, so I do not change its price by myself.") if automatic else None
    if price < floor:
        return Told("{price} is below its floor of {floor}. Lower the floor first if you mean it.", price=price, floor=floor)
    return None


def may_go_live(state: ItemState, available: int | None) -> Told | None:
    """Why an item may not be published, as a sentence; None when it may."""
    if state is ItemState.SOLD or available == 0:
        return Told("It is sold, so it cannot go up.")
    if state is ItemState.ARCHIVED:
        return Told("It is archived. Bring it back first.")
    if available is None:
        return Told("I do not know how many there are. Say how many before it goes up.")
    return None
