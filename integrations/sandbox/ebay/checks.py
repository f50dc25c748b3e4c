"""What eBay checks before it takes an item or an offer, and before it publishes. All raise `Refusal` and change nothing."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.ebay.account import SELLING_LIMIT, policy_fits
from integrations.sandbox.ebay.answers import Refusal
from integrations.sandbox.ebay.calls import Call
from integrations.sandbox.ebay.catalogue import CONDITION_IDS, TREES, Leaf, leaves
from integrations.sandbox.ebay.media import LOOPBACK
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.store import Doc

LOWEST_PRICE = Decimal("0.99")
CURRENCIES = {"EBAY_GB": "GBP", "EBAY_CA": "CAD", "EBAY_AU": "AUD"} | dict.fromkeys(("EBAY_DE", "EBAY_FR", "EBAY_IT", "EBAY_ES"), "EUR")
_TEXT_LIMITS = {"title": 80, "subtitle": 55, "description": 4000, "brand": 65, "mpn": 65}
_UNWORN = ("NEW", "LIKE_NEW", "NEW_OTHER", "NEW_WITH_DEFECTS")


def refuse(error_id: int, message: str, **parameters: str) -> Refusal:
    return Refusal(400, error_id, "inventory", message, parameters)


def language(call: Call) -> str:
    """The Content-Language header, which inventory writes need, as a locale like `en_US`."""
    given = call.header("content-language")
    if not re.fullmatch(r"[a-z]{2}-[A-Z]{2}", given):
        raise refuse(25709, "The header Content-Language has an invalid value.", fieldName="Content-Language")
    return given.replace("-", "_")


def sku(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}", text):
        raise refuse(25707, "The SKU must be alphanumeric and have at most 50 characters.", sku=text[:60])
    return text


def item(shop: Shop, body: dict[str, Any]) -> list[dict[str, Any]]:
    """An inventory item's body; gives eBay's warnings."""
    product = body.get("product", {})
    for name, most in _TEXT_LIMITS.items():
        if len(str(product.get(name, ""))) > most:
            raise refuse(25709, f"The {name} may have at most {most} characters.", fieldName=name)
    for name, values in product.get("aspects", {}).items():
        if len(name) > 40 or not isinstance(values, list) or any(len(str(one)) > 50 for one in values):
            raise refuse(25022, f"The aspect {name[:40]} is not valid.", fieldName=name[:40])
    _images(shop, product.get("imageUrls", []))
    condition = body.get("condition")
    if condition is not None and condition not in CONDITION_IDS:
        raise refuse(25709, "The condition is not valid.", fieldName="condition")
    if len(body.get("conditionDescription", "")) > 1000:
        raise refuse(25709, "The conditionDescription may have at most 1000 characters.", fieldName="conditionDescription")
    quantity(body.get("availability", {}).get("shipToLocationAvailability", {}).get("quantity"))
    if condition in _UNWORN and body.get("conditionDescription"):
        text = "The conditionDescription does not apply to this condition and was dropped."
        return [{"errorId": 25030, "domain": "API_INVENTORY", "category": "REQUEST", "message": text}]
    return []


def quantity(value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise refuse(25004, "The quantity is not valid.", fieldName="quantity")


def _images(shop: Shop, urls: list[str]) -> None:
    if len(urls) > 24:
        raise refuse(25014, "A listing may have at most 24 pictures.")
    for url in urls:
        # The real one takes https only; pictures that the stand-in serves itself are let through.
        if not url.startswith(("https://", f"{shop.world.base_url}/pictures/")) or any(f"https://{one}" in url for one in LOOPBACK):
            raise refuse(25015, "A picture's address must be https.", imageUrl=url[:200])


def new_offer(body: dict[str, Any]) -> None:
    """An offer that is being made. Only its form is looked at; the rest waits until it is published."""
    if body.get("marketplaceId") not in TREES:
        raise refuse(25709, "The marketplaceId is not valid.", fieldName="marketplaceId")
    if body.get("format") != "FIXED_PRICE":
        raise refuse(25709, "The format is not valid. The stand-in knows FIXED_PRICE only.", fieldName="format")
    if body.get("listingDuration", "GTC") != "GTC":
        raise refuse(25709, "The listingDuration of a fixed price offer is GTC.", fieldName="listingDuration")
    if len(body.get("listingDescription", "")) > 500_000:
        raise refuse(25709, "The listingDescription is too long.", fieldName="listingDescription")


def changed_offer(shop: Shop, body: dict[str, Any]) -> None:
    """An offer that is being replaced."""
    if body.get("listingDuration", "GTC") != "GTC":
        raise refuse(25016, "The listingDuration of a fixed price offer is GTC.", fieldName="listingDuration")
    quantity(body.get("availableQuantity"))
    if "pricingSummary" in body:
        price(body["pricingSummary"].get("price"), body["marketplaceId"])
    for kind in ("fulfillment", "payment", "return"):
        key = body.get("listingPolicies", {}).get(f"{kind}PolicyId")
        if key and not policy_fits(shop, kind, key, body["marketplaceId"]):
            raise refuse(25035, "There is no such policy for this marketplace.", policyId=str(key))


def price(amount: dict[str, Any] | None, marketplace: str) -> None:
    try:
        value = Decimal(str((amount or {}).get("value")))
    except InvalidOperation:
        raise refuse(25003, "The price is not a number.") from None
    if value < LOWEST_PRICE or not value.is_finite():
        raise refuse(25003, f"The price must be at least {LOWEST_PRICE}.")
    if (amount or {}).get("currency") != CURRENCIES.get(marketplace, "USD"):
        raise refuse(25003, "The currency does not fit the marketplace.")


def publishable(shop: Shop, offer: Doc) -> None:
    """All that a live listing needs, and whether the seller may still list."""
    body = offer["body"]
    found = shop.store.get("ebay.item", offer["sku"])
    if found is None:
        raise refuse(25702, f"{offer['sku']} could not be found.", skuValue=offer["sku"])
    goods = found["body"]
    product = goods.get("product", {})
    if not product.get("title"):
        raise refuse(25016, "The title is missing.", fieldName="title")
    if not (body.get("listingDescription") or product.get("description")):
        raise refuse(25016, "The description is missing.", fieldName="description")
    if not product.get("imageUrls"):
        raise refuse(25014, "A listing needs at least one picture.")
    leaf = leaves().get(str(body.get("categoryId", "")))
    if leaf is None:
        raise refuse(25005, "The category is missing or is not a leaf.", categoryId=str(body.get("categoryId", "")))
    price(body.get("pricingSummary", {}).get("price"), body["marketplaceId"])
    quantity(body.get("availableQuantity"))
    if shop.available(offer) < 1:
        raise refuse(25004, "The quantity must be at least 1.", fieldName="quantity")
    if shop.store.get("ebay.location", str(body.get("merchantLocationKey", ""))) is None:
        raise refuse(25012, "The inventory location is missing or unknown.", merchantLocationKey=str(body.get("merchantLocationKey", "")))
    _policies(shop, body)
    _condition(goods, leaf)
    _aspects(product, leaf)
    _limits(shop, offer)


def _policies(shop: Shop, body: dict[str, Any]) -> None:
    if shop.store.get("ebay.program", "SELLING_POLICY_MANAGEMENT") is None:
        raise refuse(25018, "The seller is not opted in to business policies.")
    for kind, error_id in (("fulfillment", 25007), ("payment", 25008), ("return", 25009)):
        key = body.get("listingPolicies", {}).get(f"{kind}PolicyId")
        if not policy_fits(shop, kind, key, body["marketplaceId"]):
            raise refuse(error_id, f"The {kind} policy is missing or unknown.", fieldName=f"{kind}PolicyId")


def _condition(goods: dict[str, Any], leaf: Leaf) -> None:
    condition = goods.get("condition")
    if condition is None:
        raise refuse(25029, "The condition is required for this category.", field="condition")
    if CONDITION_IDS[condition] not in leaf.conditions:
        raise refuse(25021, f"The condition {condition} is not used in category {leaf.id}.", condition=condition)
    if leaf.conditions == ("2750", "4000") and not goods.get("conditionDescriptors"):
        raise refuse(25021, "Cards need condition descriptors.", condition=condition)


def _aspects(product: dict[str, Any], leaf: Leaf) -> None:
    given = {name: values for name, values in product.get("aspects", {}).items() if any(str(one).strip() for one in values)}
    if product.get("brand"):
        given.setdefault("Brand", [product["brand"]])
    for one in leaf.required:
        if one.name not in given:
            raise refuse(25029, f"The item specific {one.name} is required for this category.", field=one.name)
    for one in (*leaf.required, *leaf.recommended):
        if one.only_listed and not set(given.get(one.name, [])) <= set(one.values):
            raise refuse(25022, f"The item specific {one.name} takes listed values only.", fieldName=one.name)


def _limits(shop: Shop, offer: Doc) -> None:
    live = sum(one["quantity"] for one in shop.store.all("ebay.listing").values() if one["status"] == "ACTIVE")
    if live + shop.available(offer) > SELLING_LIMIT:
        raise refuse(25026, f"The seller may have {SELLING_LIMIT} items for sale.")
