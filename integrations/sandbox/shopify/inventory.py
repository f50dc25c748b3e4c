"""Stock, and the idempotency that Shopify demands of the mutations on it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from json import dumps
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, get_directive_values

from integrations.sandbox.shopify.products import level
from integrations.sandbox.shopify.shops import Refusal, Shops, bare, gid
from integrations.sandbox.store import Doc

# From "Set inventory quantities on hand", https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
REASONS = {
    "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received", "movement_updated",
    "other", "promotion", "quality_control", "received", "reservation_created", "reservation_deleted", "reservation_updated", "restock",
    "safety_stock", "shrinkage",
}  # fmt: skip
MOST = 1_000_000_000


def once(
    shops: Shops, shop: str, info: GraphQLResolveInfo[Any], args: dict[str, Any], work: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Do the work once for each key of `@idempotent`: a repeat gets the first answer, another call with the key is refused."""
    directive = info.schema.get_directive("idempotent")
    given = get_directive_values(directive, info.field_nodes[0], info.variable_values) if directive else None
    if not given:
        raise GraphQLError(f"{info.field_name} needs the directive @idempotent", extensions={"code": "BAD_REQUEST"})
    name = sha256(f"{shop} {given['key']}".encode()).hexdigest()
    print_ = sha256(dumps([info.field_name, args], sort_keys=True).encode()).hexdigest()
    earlier = shops.get("idempotency", name)
    if earlier is not None:
        if earlier["print"] != print_:
            raise Refusal("the key was used with other parameters", code="IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
        if earlier["failed"]:
            raise Refusal("the call with this key failed before", code="IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
        found: dict[str, Any] = earlier["answer"]
        return found
    try:
        answer = work()
    except Refusal:
        shops.put("idempotency", name, {"shop": shop, "print": print_, "failed": True, "answer": None})
        raise
    shops.put("idempotency", name, {"shop": shop, "print": print_, "failed": False, "answer": answer})
    return answer


def set_quantities(shops: Shops, shop: str, wish: dict[str, Any]) -> dict[str, Any]:
    """`inventorySetQuantities`: all lines or none."""
    if wish["name"] not in {"available", "on_hand"}:
        raise Refusal("the quantity's name must be available or on_hand", "input", "name", code="INVALID_NAME")
    if wish["reason"] not in REASONS:
        raise Refusal("the reason is not a known one", "input", "reason", code="INVALID_REASON")
    lines = [(_stocked(shops, shop, line, place), line) for place, line in enumerate(wish["quantities"])]
    if len({(line["inventoryItemId"], line["locationId"]) for _, line in lines}) < len(lines):
        raise Refusal("an item and location is named twice", "input", "quantities", code="NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
    for place, (product, line) in enumerate(lines):
        _check_line(product, line, place)
    for product, line in lines:
        product["levels"][line["locationId"]] = line["quantity"]
        shops.save_product(product)
    return {"id": gid("InventoryAdjustmentGroup", shops.number())}


def _item(shops: Shops, shop: str, wanted: str) -> Doc | None:
    return next((one for one in shops.all("product", shop) if one["item"] == bare(wanted)), None)


def _stocked(shops: Shops, shop: str, line: dict[str, Any], place: int) -> Doc:
    found = _item(shops, shop, line["inventoryItemId"])
    if found is None:
        at = ("input", "quantities", str(place), "inventoryItemId")
        raise Refusal("there is no such inventory item", *at, code="INVALID_INVENTORY_ITEM")
    return found


def _check_line(product: Doc, line: dict[str, Any], place: int) -> None:
    at = ("input", "quantities", str(place))
    if "changeFromQuantity" not in line:
        raise GraphQLError("changeFromQuantity must be given, null to skip the check", extensions={"code": "BAD_REQUEST"})
    if line["locationId"] not in product["levels"]:
        raise Refusal("the item is not stocked at this location", *at, "locationId", code="INVALID_LOCATION")
    if line["quantity"] < 0:
        raise Refusal("the quantity can't be negative", *at, "quantity", code="INVALID_QUANTITY_NEGATIVE")
    if line["quantity"] > MOST:
        raise Refusal("the quantity is too high", *at, "quantity", code="INVALID_QUANTITY_TOO_HIGH")
    expected = line["changeFromQuantity"]
    if expected is not None and expected != product["levels"][line["locationId"]]:
        raise Refusal("the quantity has changed", *at, "changeFromQuantity", code="CHANGE_FROM_QUANTITY_STALE")


def activate(shops: Shops, shop: str, args: dict[str, Any]) -> dict[str, Any]:
    """`inventoryActivate`: begin to keep stock at a location."""
    product = _item(shops, shop, args["inventoryItemId"])
    if product is None:
        raise Refusal("The inventory item couldn't be found", "inventoryItemId")
    known = shops.open(shop)
    if args["locationId"] not in {known["location"], known["warehouse"]}:
        raise Refusal("The location couldn't be found", "locationId")
    if args["locationId"] in product["levels"] and args.get("available") is not None:
        raise Refusal("Not allowed to set available quantity when the item is already active at the location", "available")
    product["levels"].setdefault(args["locationId"], args.get("available") or 0)
    shops.save_product(product)
    found = level(product, args["locationId"])
    return {"id": found["id"]} if found else {}
