"""Comparing what a marketplace shows with what we think: what differs, and who is right. Tables and pure functions.

What a person asked for is never overwritten in silence, and neither is what was edited on the marketplace's own site: a price or a
quantity that somebody changed there is asked about. What the marketplace writes in its own way is not a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.values.states import ItemState, ListingState


class Kind(StrEnum):
    """What differs."""

    LIVE = "live"  # there, and to be gone
    UP = "up"  # there, and we thought that it was not
    GONE = "gone"  # not there, and to be up
    PRICE = "price"
    QUANTITY = "quantity"
    ORPHAN = "orphan"  # there, and unknown here


class Verdict(StrEnum):
    OURS = "ours"  # theirs is put right by a Change
    THEIRS = "theirs"  # ours is put right here
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Ours:
    """What we know of a listing. `price` (minor units) and `quantity` are what was read there last, `available` what the ledger says that
    can be sold (None: nobody said). `seen` is the marketplace's own spelling: under "page" what its list shows of the very same.
    `busy`: a Change of it runs or is due, so that nothing can be compared."""

    wanted: str
    state: ListingState
    item: ItemState
    price: int | None
    currency: str
    quantity: int | None
    available: int | None
    seen: Mapping[str, Any]
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the marketplace shows. None is what it does not say."""

    live: bool
    price: int | None = None
    currency: str = ""
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Differs:
    """One difference."""

    kind: Kind
    verdict: Verdict


UP = (ListingState.ACTIVE, ListingState.OUT_OF_SYNC)
OVER = (ItemState.SOLD, ItemState.ARCHIVED)


def compare(ours: Ours, theirs: Theirs) -> tuple[Differs, ...]:
    """What differs; nothing while a Change of the listing is under way, for then both sides are about to move."""
    if ours.busy:
        return ()
    if not theirs.live:
        return (Differs(Kind.GONE, Verdict.ASK),) if ours.wanted == "live" and ours.state in UP else ()
    if ours.wanted != "live" or ours.item in OVER or ours.available == 0:
        return (Differs(Kind.LIVE, Verdict.OURS),)
    if ours.state not in UP:
        return (Differs(Kind.UP, Verdict.THEIRS),)
    return tuple(one for one in (_price(ours, theirs), _quantity(ours, theirs)) if one is not None)


def _price(ours: Ours, theirs: Theirs) -> Differs | None:
    if theirs.price is None or theirs.currency != ours.currency:
        return None  # converted for who looks: that says nothing of the listing's own price
    known = {ours.price, ours.seen.get("price"), page_of(ours.seen).get("price")}
    return None if ours.price is None or theirs.price in known else Differs(Kind.PRICE, Verdict.ASK)


def _quantity(ours: Ours, theirs: Theirs) -> Differs | None:
    there, last, free = theirs.quantity, ours.quantity, ours.available
    if there is None or last is None or there == page_of(ours.seen).get("quantity"):
        return None
    if there == last:
        # As we left it; but more than there is must not stay for sale (fewer may: a marketplace counts down by itself).
        return Differs(Kind.QUANTITY, Verdict.OURS) if free is not None and there > free else None
    if there == free:
        return Differs(Kind.QUANTITY, Verdict.THEIRS)  # it counted down a sale that we know, or was told by an answer that we never got
    return Differs(Kind.QUANTITY, Verdict.ASK)


def page_of(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """How the marketplace's list spells a listing that is right."""
    found = seen.get("page")
    return found if isinstance(found, Mapping) else {}


def spelling(ours: Ours, listed: Theirs) -> dict[str, Any]:
    """What to remember of a listing that was looked at and is right, though its list shows something else. {}: it shows the same."""
    own: dict[str, Any] = {}
    if listed.live and listed.price is not None and listed.currency == ours.currency and listed.price != ours.price:
        own["price"] = listed.price
    if listed.live and listed.quantity is not None and listed.quantity != ours.quantity:
        own["quantity"] = listed.quantity
    return own


def asked_before(left: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether somebody has said “not now” to just this: it is asked again only when it is something else."""
    return all(left.get(name) == theirs.get(name) for name in ("live", "price", "quantity"))
