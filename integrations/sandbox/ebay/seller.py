"""What a seller does on eBay's own pages: list something, edit a price or a quantity, end it; and moving that to the Inventory API."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay import checks
from integrations.sandbox.ebay.answers import Refusal, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.inventory import BASE, WRITE
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.market import Handmade, Unbuyable
from integrations.sandbox.store import Doc

AT_ONCE = 5
_POLICIES = (("fulfillment", "fulfillmentPolicyId"), ("payment", "paymentPolicyId"), ("return", "returnPolicyId"))


def routes(shop: Shop) -> list[Route]:
    api = Api(shop, BASE, WRITE)
    api.add("POST", "/bulk_migrate_listing", "bulkMigrateListing", _migrate)
    return api.routes


def make(shop: Shop, wish: Handmade) -> Doc:
    """A listing that no program knows: without item and offer."""
    now = wire(shop.world.now())
    listing: Doc = {
        "id": str(shop.store.number("ebay.listing", 110000000001)), "offer_id": "", "sku": wish.sku, "category": "112581",
        "marketplace": "EBAY_US", "seller": shop.seller, "status": "ACTIVE", "sold": 0, "created_at": now, "ended_at": None,
        "revised": {"times": 0}, "title": wish.title, "picture": wish.picture, "description": wish.title, "price": wish.price,
        "currency": "USD", "quantity": wish.quantity,
    }  # fmt: skip
    shop.keep(listing)
    return listing


def edit(shop: Shop, key: str, price: str | None, quantity: int | None) -> Doc:
    """Change what a buyer is shown, as the pages do: item and offer follow where there are some."""
    listing = _listing(shop, key)
    offer = shop.store.get("ebay.offer", listing["offer_id"])
    item = shop.store.get("ebay.item", listing["sku"])
    if offer is None or item is None:
        listing |= {"price": price or listing["price"], "quantity": listing["quantity"] if quantity is None else quantity}
        shop.keep(listing)
        return listing
    if price is not None:
        offer["body"]["pricingSummary"]["price"]["value"] = price
    if quantity is not None:
        offer["body"]["availableQuantity"] = quantity
        item["body"].setdefault("availability", {}).setdefault("shipToLocationAvailability", {})["quantity"] = quantity
        shop.store.put("ebay.item", item["sku"], item)
    shop.store.put("ebay.offer", offer["id"], offer)
    shop.refresh(offer)
    return listing


def end(shop: Shop, key: str) -> Doc:
    listing = _listing(shop, key)
    offer = shop.store.get("ebay.offer", listing["offer_id"])
    if offer is not None:
        shop.end(offer)
    else:
        listing |= {"status": "ENDED", "quantity": 0, "ended_at": wire(shop.world.now())}
        shop.keep(listing)
    return listing


def _listing(shop: Shop, key: str) -> Doc:
    listing = shop.live_listing(key)
    if listing is None or listing["status"] == "ENDED":
        raise Unbuyable(f"{key} is not listed.")
    return listing


async def _migrate(call: Call) -> Response:
    wishes = call.json().get("requests") or []
    if not 1 <= len(wishes) <= AT_ONCE:
        raise Refusal(400, 25718, "inventory", "Cannot migrate listing. One to five are moved at once.")
    answers = [_moved(call.shop, str(one.get("listingId", ""))) for one in wishes]
    return JSONResponse({"responses": answers}, 200 if all(one["statusCode"] == 200 for one in answers) else 207)


def _moved(shop: Shop, key: str) -> dict[str, Any]:
    head = {"listingId": key, "marketplaceId": "EBAY_US"}
    listing = shop.store.get("ebay.listing", key)
    try:
        if listing is None or listing["status"] == "ENDED":
            raise checks.refuse(25718, "Cannot migrate listing. It is not there.")
        if not listing["sku"]:
            raise checks.refuse(25718, "Cannot migrate listing. It has no SKU.")
        if listing["offer_id"]:
            raise checks.refuse(25718, "Cannot migrate listing. It is an inventory listing already.")
    except Refusal as refusal:
        return {**head, "statusCode": refusal.status, "errors": [refusal.error]}
    offer = _inventory_of(shop, listing)
    return {**head, "statusCode": 200, "inventoryItems": [{"sku": listing["sku"], "offerId": offer["id"]}]}


def _inventory_of(shop: Shop, listing: Doc) -> Doc:
    """Item and offer for a listing that was made by hand."""
    sku, now = listing["sku"], wire(shop.world.now())
    stock = {"shipToLocationAvailability": {"quantity": listing["quantity"]}}
    product = {
        "title": listing["title"],
        "description": listing["description"],
        "imageUrls": [listing["picture"]] if listing["picture"] else [],
    }
    body = {"product": product, "condition": "USED_GOOD", "availability": stock}
    shop.store.put("ebay.item", sku, {"sku": sku, "locale": "en_US", "body": body, "created": now})
    policies = {name: _policy(shop, kind) for kind, name in _POLICIES}
    made = {
        "sku": sku, "marketplaceId": listing["marketplace"], "format": "FIXED_PRICE", "availableQuantity": listing["quantity"],
        "categoryId": listing["category"], "listingDescription": listing["description"], "listingPolicies": policies,
        "merchantLocationKey": next(iter(shop.store.all("ebay.location")), ""),
        "pricingSummary": {"price": {"value": listing["price"], "currency": listing["currency"]}},
    }  # fmt: skip
    key = str(shop.store.number("ebay.offer", 8100100010))
    offer = {"id": key, "sku": sku, "body": made, "listing": listing["id"], "created": now}
    shop.add_offer(offer)
    listing["offer_id"] = key
    shop.keep(listing)
    return offer


def _policy(shop: Shop, kind: str) -> str:
    return next((key for key, one in shop.store.all("ebay.policy").items() if one["kind"] == kind), "")
