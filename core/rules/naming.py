"""What states and kinds are called in sentences: "Item 42 is sold"."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.values.states import ChangeKind, ChangeState, ItemState, OrderState, StockKind
from core.words import N_, Told

ITEMS: Mapping[ItemState, str] = MappingProxyType({
    ItemState.DRAFT: N_("draft"), ItemState.READY: N_("going up"), ItemState.LIVE: N_("live"), ItemState.SOLD: N_("sold"),
    ItemState.DELISTED: N_("not up"), ItemState.ARCHIVED: N_("archived"),
})  # fmt: skip
ORDERS: Mapping[OrderState, str] = MappingProxyType({
    OrderState.PENDING: N_("not paid yet"), OrderState.CONFIRMED: N_("paid"), OrderState.PROCESSING: N_("being packed"),
    OrderState.SHIPPED: N_("shipped"), OrderState.DELIVERED: N_("delivered"), OrderState.COMPLETED: N_("completed"),
    OrderState.REFUND_REQUESTED: N_("to be refunded"), OrderState.REFUNDED: N_("refunded"), OrderState.DISPUTED: N_("disputed"),
    OrderState.CANCELLED: N_("cancelled"),
})  # fmt: skip
CHANGES: Mapping[ChangeState, str] = MappingProxyType({
    ChangeState.PROPOSED: N_("proposed"), ChangeState.APPROVED: N_("waiting"), ChangeState.RUNNING: N_("under way"),
    ChangeState.DONE: N_("done"), ChangeState.UNDONE: N_("taken back"), ChangeState.REJECTED: N_("turned down"),
    ChangeState.EXPIRED: N_("expired"), ChangeState.CANCELLED: N_("cancelled"), ChangeState.FAILED: N_("failed"),
})  # fmt: skip
KINDS: Mapping[ChangeKind, str] = MappingProxyType({
    ChangeKind.PUBLISH: N_("publishing"), ChangeKind.REVISE: N_("updating"), ChangeKind.REPRICE: N_("a new price"),
    ChangeKind.QUANTITY: N_("a new quantity"), ChangeKind.DELIST: N_("taking down"), ChangeKind.RELIST: N_("putting up again"),
    ChangeKind.ARCHIVE: N_("archiving"), ChangeKind.SHIP: N_("shipping"), ChangeKind.REFUND: N_("giving money back"),
    ChangeKind.CANCEL_ORDER: N_("cancelling an order"),
})  # fmt: skip
STOCK: Mapping[StockKind, str] = MappingProxyType({
    StockKind.INITIAL: N_("first count"), StockKind.ADJUST: N_("changed"), StockKind.SALE: N_("sold"), StockKind.RETURN: N_("came back"),
    StockKind.RESERVE: N_("promised"), StockKind.RELEASE: N_("free again"), StockKind.SYNC_CORRECTION: N_("put right"),
    StockKind.BULK_IMPORT: N_("imported"), StockKind.DAMAGE: N_("damaged"),
})  # fmt: skip
# Fields of an item as they stand on a card and on a button. Product numbers are called the same everywhere.
LABELS: Mapping[str, str] = MappingProxyType({
    "title": N_("Title"), "description": N_("Description"), "condition": N_("Condition"), "price": N_("Price"), "floor": N_("Floor"),
    "cost": N_("Cost"), "quantity": N_("Quantity"), "brand": N_("Brand"), "model": N_("Model"), "mpn": N_("Part number"),
    "size": N_("Size"), "colour": N_("Colour"), "material": N_("Material"), "weight": N_("Weight"), "notes": N_("Your notes"),
    "upc": "UPC", "ean": "EAN", "isbn": "ISBN",
})  # fmt: skip
# Fields of an item as they stand in a sentence; what is not here is an item specific, called as its marketplace calls it.
FIELDS: Mapping[str, str] = MappingProxyType({
    "title": N_("the title"), "description": N_("the description"), "condition": N_("the condition"), "price": N_("the price"),
    "floor": N_("the floor"), "cost": N_("the cost"), "quantity": N_("the quantity"), "brand": N_("the brand"), "model": N_("the model"),
    "mpn": N_("the part number"), "size": N_("the size"), "colour": N_("the colour"), "material": N_("the material"),
    "weight": N_("the weight"), "category": N_("the category"), "notes": N_("your notes"),
    "own_price": N_("its own price on a channel"), "picked": N_("the category"), "channels": N_("where it goes up"),
    "photos": N_("the photos"), "low_at": N_("when few are left"), "reorder_at": N_("when to get more"),
})  # fmt: skip


def of_item(state: str) -> Told:
    return Told(ITEMS[ItemState(state)])


def of_order(state: str) -> Told:
    return Told(ORDERS[OrderState(state)])


def of_change(state: str) -> Told:
    return Told(CHANGES[ChangeState(state)])


def of_kind(kind: str) -> Told:
    return Told(KINDS[ChangeKind(kind)])


def of_stock(kind: str) -> Told:
    return Told(STOCK[StockKind(kind)])


def of_field(field: str) -> Told:
    known = FIELDS.get(field)
    return Told(known) if known else Told("“{name}”", name=field.removeprefix("aspect:"))


def name_of(field: str) -> Told:
    """A field's label."""
    return Told(LABELS[field])
