"""Inventory: offers, publishing and withdrawing, price and quantity."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay import checks
from integrations.sandbox.ebay.answers import Refusal, no_content, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.inventory import BASE, READ, WRITE
from integrations.sandbox.ebay.shop import Shop, stock_of
from integrations.sandbox.store import Doc

BULK = 25


def routes(shop: Shop) -> list[Route]:
    api = Api(shop, BASE, WRITE)
    api.add("GET", "/offer", "getOffers", _offers, scopes=READ)
    api.add("POST", "/offer", "createOffer", _create)
    api.add("POST", "/offer/get_listing_fees", "getListingFees", _fees, scopes=READ)
    api.add("GET", "/offer/{offer}", "getOffer", _offer, scopes=READ)
    api.add("PUT", "/offer/{offer}", "updateOffer", _update)
    api.add("DELETE", "/offer/{offer}", "deleteOffer", _delete)
    api.add("POST", "/offer/{offer}/publish", "publishOffer", _publish)
    api.add("POST", "/offer/{offer}/withdraw", "withdrawOffer", _withdraw)
    api.add("POST", "/bulk_publish_offer", "bulkPublishOffer", _bulk_publish)
    api.add("POST", "/bulk_update_price_quantity", "bulkUpdatePriceQuantity", _price_quantity)
    return api.routes


async def _create(call: Call) -> Response:
    checks.language(call)
    body, shop = call.json(), call.shop
    sku = checks.sku(str(body.get("sku", "")))
    checks.new_offer(body)
    if shop.store.get("ebay.item", sku) is None:
        raise checks.refuse(25702, f"{sku} could not be found.", skuValue=sku)
    for one in shop.offers_of(sku):
        if (one["body"]["marketplaceId"], one["body"]["format"]) == (body["marketplaceId"], body["format"]):
            # The real one names the offer that is in the way, which is how a lost answer can be made good.
            raise checks.refuse(25002, "A user error has occurred. Offer entity already exists.", offerId=one["id"])
    key = str(shop.store.number("ebay.offer", 8100100010))
    shop.add_offer({"id": key, "sku": sku, "body": body, "listing": None, "created": wire(shop.world.now())})
    return JSONResponse({"offerId": key}, 201)


async def _update(call: Call) -> Response:
    checks.language(call)
    offer, body, shop = _found(call.shop, call.path("offer")), call.json(), call.shop
    merged = {**body, **{name: offer["body"][name] for name in ("sku", "marketplaceId", "format")}}
    checks.changed_offer(shop, merged)
    if offer["listing"]:
        shop.check_revisions([offer])
        needed = ("pricingSummary", "categoryId", "merchantLocationKey", "listingPolicies", "listingDescription")
        lacking = next((name for name in needed if not merged.get(name)), None)
        if lacking:
            raise checks.refuse(25016, f"A published offer needs {lacking}.", fieldName=lacking)
    offer["body"] = merged
    shop.store.put("ebay.offer", offer["id"], offer)
    shop.revise([offer])
    return JSONResponse({"offerId": offer["id"]})


async def _offer(call: Call) -> Response:
    return JSONResponse(_shown(call.shop, _found(call.shop, call.path("offer"))))


async def _offers(call: Call) -> Response:
    size, start = call.page(Refusal(400, 25706, "inventory", "limit or offset is not valid."), limit=25)
    if not call.query("sku"):
        raise checks.refuse(25709, "The sku is missing.", fieldName="sku")
    found = call.shop.offers_of(call.query("sku"))
    for name, field in (("marketplace_id", "marketplaceId"), ("format", "format")):
        if call.query(name):
            found = [one for one in found if one["body"][field] == call.query(name)]
    if not found:
        raise Refusal(404, 25713, "inventory", "This Offer is not available.", {"sku": call.query("sku")[:60]})
    shown = [_shown(call.shop, one) for one in found[start : start + size]]
    here = f"{call.shop.world.base_url}{BASE}/offer?{call.request.url.query}"
    return JSONResponse({"href": here, "limit": size, "size": len(shown), "total": len(found), "offers": shown})


async def _delete(call: Call) -> Response:
    call.shop.drop_offer(_found(call.shop, call.path("offer")))
    return no_content()


async def _publish(call: Call) -> Response:
    offer = _found(call.shop, call.path("offer"))
    return JSONResponse({"listingId": _make_live(call.shop, offer)})


async def _withdraw(call: Call) -> Response:
    offer = _found(call.shop, call.path("offer"))
    listing = call.shop.end(offer)
    if listing is None:
        raise checks.refuse(25002, "A user error has occurred. The offer is not published.", offerId=offer["id"])
    return JSONResponse({"listingId": listing})


async def _bulk_publish(call: Call) -> Response:
    wanted = [str(one.get("offerId", "")) for one in call.json().get("requests", [])]
    if len(wanted) > BULK:
        raise checks.refuse(25730, f"A call may name at most {BULK} offers.", additionalInfo=str(BULK))
    if len(set(wanted)) != len(wanted):
        raise checks.refuse(25731, "An offerId is named twice.")
    return _many(
        [_attempt({"offerId": one}, lambda one=one: {"listingId": _make_live(call.shop, _found(call.shop, one))}) for one in wanted]
    )


async def _fees(call: Call) -> Response:
    offers = [_found(call.shop, str(one.get("offerId", ""))) for one in call.json().get("offers", [])]
    if len(offers) > 250 or any(one["listing"] for one in offers):
        raise checks.refuse(25754, "One of the offers is not valid here.")
    summaries = []
    for marketplace in sorted({one["body"]["marketplaceId"] for one in offers}):
        nothing = {"value": "0.0", "currency": checks.CURRENCIES.get(marketplace, "USD")}
        fee = {"feeType": "InsertionFee", "amount": nothing, "promotionalDiscount": nothing}
        summaries.append({"marketplaceId": marketplace, "fees": [fee]})
    return JSONResponse({"feeSummaries": summaries})


async def _price_quantity(call: Call) -> Response:
    requests = call.json().get("requests", [])
    skus = {str(one.get("sku", "")) for one in requests}
    count = sum(max(1, len(one.get("offers", []))) for one in requests)
    if not requests or count > BULK:
        raise checks.refuse(25709, f"The requests must be 1 to {BULK}.", fieldName="requests")
    if len(skus) > 1:
        raise checks.refuse(25709, "Only one SKU can be updated by a call.", fieldName="sku")
    answers = []
    for request in requests:
        answers += _update_stock(call.shop, request)
        for change in request.get("offers", []):
            head = {"sku": str(request.get("sku", "")), "offerId": str(change.get("offerId", ""))}
            answers.append(_attempt(head, lambda head=head, change=change: _update_offer(call.shop, head["sku"], change)))
    return _many(answers)


def _update_stock(shop: Shop, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The item's own quantity, which comes before its offers'. Answered for only where no offer is, or when it fails."""
    wanted = request.get("shipToLocationAvailability")
    sku = str(request.get("sku", ""))
    if wanted is None:
        return []

    def work() -> dict[str, Any]:
        checks.quantity(wanted.get("quantity"))
        item = shop.store.get("ebay.item", sku)
        if item is None:
            raise checks.refuse(25702, f"{sku} could not be found.", skuValue=sku)
        published = [one for one in shop.offers_of(sku) if one["listing"]]
        shop.check_revisions(published)
        item["body"].setdefault("availability", {})["shipToLocationAvailability"] = dict(wanted)
        shop.store.put("ebay.item", sku, item)
        shop.revise(published)
        return {}

    answer = _attempt({"sku": sku}, work)
    return [answer] if answer["statusCode"] != 200 or not request.get("offers") else []


def _update_offer(shop: Shop, sku: str, change: dict[str, Any]) -> dict[str, Any]:
    offer = _found(shop, str(change.get("offerId", "")))
    if offer["sku"] != sku:
        raise checks.refuse(25709, "The offer belongs to another SKU.", fieldName="offerId")
    quantity = change.get("availableQuantity")
    checks.quantity(quantity)
    if "price" in change:
        checks.price(change["price"], offer["body"]["marketplaceId"])
    item = shop.store.get("ebay.item", sku)
    if quantity is not None and item is not None and quantity > stock_of(item):
        raise checks.refuse(25004, "The quantity is more than the item has.", fieldName="availableQuantity")
    shop.check_revisions([offer])
    if quantity is not None:
        offer["body"]["availableQuantity"] = quantity
    if "price" in change:
        offer["body"].setdefault("pricingSummary", {})["price"] = change["price"]
    shop.store.put("ebay.offer", offer["id"], offer)
    shop.revise([offer])
    return {}


def _make_live(shop: Shop, offer: Doc) -> str:
    """Publish, or revise what is published; gives the listing's id."""
    checks.publishable(shop, offer)
    if offer["listing"]:
        shop.check_revisions([offer])
        shop.revise([offer])
        return str(offer["listing"])
    return str(shop.publish(offer)["id"])


def _attempt(head: dict[str, Any], work: Any) -> dict[str, Any]:
    """One entry of a bulk answer."""
    try:
        return {**head, "statusCode": 200, **work()}
    except Refusal as refusal:
        return {**head, "statusCode": refusal.status, "errors": [refusal.error]}


def _many(answers: list[dict[str, Any]]) -> Response:
    """207 as soon as one of them failed."""
    return JSONResponse({"responses": answers}, 200 if all(one["statusCode"] == 200 for one in answers) else 207)


def _found(shop: Shop, key: str) -> Doc:
    offer = shop.store.get("ebay.offer", key)
    if offer is None:
        raise Refusal(404, 25713, "inventory", "This Offer is not available.", {"offerId": key[:60]})
    return offer


def _shown(shop: Shop, offer: Doc) -> dict[str, Any]:
    defaults = {
        "hideBuyerDetails": False,
        "includeCatalogProductDetails": True,
        "listingDuration": "GTC",
        "listingPolicies": {},
        "pricingSummary": {},
    }
    shown = {
        **defaults,
        **offer["body"],
        "offerId": offer["id"],
        "sku": offer["sku"],
        "status": "PUBLISHED" if offer["listing"] else "UNPUBLISHED",
    }
    listing = shop.listing_of(offer)
    if listing is not None:
        shown["listing"] = {"listingId": listing["id"], "listingStatus": listing["status"], "soldQuantity": listing["sold"]}
        shown["availableQuantity"] = listing["quantity"]
        item = shop.store.get("ebay.item", offer["sku"])
        if item is not None:
            shown.setdefault("listingDescription", item["body"].get("product", {}).get("description", ""))
    return shown
