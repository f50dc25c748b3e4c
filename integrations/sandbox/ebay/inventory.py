"""Inventory: items and locations. Writes replace completely."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay import checks
from integrations.sandbox.ebay.answers import Refusal, no_content, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.store import Doc

BASE = "/ebay/sell/inventory/v1"
READ = ("sell.inventory", "sell.inventory.readonly")
WRITE = ("sell.inventory",)


def routes(shop: Shop) -> list[Route]:
    api = Api(shop, BASE, WRITE)
    api.add("GET", "/inventory_item", "getInventoryItems", _items, scopes=READ)
    api.add("GET", "/inventory_item/{sku}", "getInventoryItem", _item, scopes=READ)
    api.add("PUT", "/inventory_item/{sku}", "createOrReplaceInventoryItem", _put_item)
    api.add("DELETE", "/inventory_item/{sku}", "deleteInventoryItem", _delete_item)
    api.add("GET", "/location", "getInventoryLocations", _locations, scopes=READ)
    api.add("GET", "/location/{key}", "getInventoryLocation", _location, scopes=READ)
    api.add("POST", "/location/{key}", "createInventoryLocation", _create_location)
    api.add("DELETE", "/location/{key}", "deleteInventoryLocation", _delete_location)
    return api.routes


# -- items


async def _put_item(call: Call) -> Response:
    locale = checks.language(call)
    key, body, shop = checks.sku(call.path("sku")), call.json(), call.shop
    warnings = checks.item(shop, body)
    if warnings:
        body.pop("conditionDescription")
    published = [one for one in shop.offers_of(key) if one["listing"]]
    shop.check_revisions(published)
    known = shop.store.get("ebay.item", key)
    shop.store.put(
        "ebay.item", key, {"sku": key, "locale": locale, "body": body, "created": known["created"] if known else wire(shop.world.now())}
    )
    shop.revise(published)
    if warnings:
        return JSONResponse({"warnings": warnings})
    return no_content() if known else JSONResponse({}, 201)


async def _item(call: Call) -> Response:
    return JSONResponse(_shown(_found(call)))


async def _items(call: Call) -> Response:
    size, start = call.page(Refusal(400, 25706, "inventory", "limit or offset is not valid."))
    every = list(call.shop.store.all("ebay.item").values())
    here = f"{call.shop.world.base_url}{BASE}/inventory_item"
    pages = -(-len(every) // size)
    body: dict[str, Any] = {"href": f"{here}?limit={size}&offset={start}", "limit": size, "size": pages, "total": len(every)}
    body["inventoryItems"] = [_shown(one) for one in every[start : start + size]]
    if start + size < len(every):
        body["next"] = f"{here}?limit={size}&offset={start + size}"
    if start:
        body["prev"] = f"{here}?limit={size}&offset={max(0, start - size)}"
    return JSONResponse(body)


async def _delete_item(call: Call) -> Response:
    item = _found(call)
    for offer in call.shop.offers_of(item["sku"]):
        call.shop.drop_offer(offer)
    call.shop.store.delete("ebay.item", item["sku"])
    return no_content()


def _found(call: Call) -> Doc:
    item = call.shop.store.get("ebay.item", call.path("sku"))
    if item is None:
        raise Refusal(404, 25710, "inventory", "The requested item was not found.", {"sku": call.path("sku")[:60]})
    return item


def _shown(item: Doc) -> dict[str, Any]:
    return {"sku": item["sku"], "locale": item["locale"], **item["body"]}


# -- locations


async def _create_location(call: Call) -> Response:
    key, body, store = call.path("key"), call.json(), call.shop.store
    if len(key) > 36:
        raise Refusal(400, 25800, "inventory", "The merchantLocationKey is not valid.", {"fieldName": "merchantLocationKey"})
    if store.get("ebay.location", key) is not None:
        raise Refusal(409, 25803, "inventory", "The merchantLocationKey exists already.", {"fieldName": "merchantLocationKey"})
    address = body.get("location", {}).get("address", {})
    if not address.get("country"):
        raise Refusal(400, 25801, "inventory", "The country is missing.", {"fieldName": "country"})
    if not address.get("postalCode") and not (address.get("city") and address.get("stateOrProvince")):
        raise Refusal(400, 25801, "inventory", "A postal code, or city and state, is missing.", {"fieldName": "postalCode"})
    location = {**body.get("location", {}), "locationId": str(store.number("ebay.location", 50000001))}
    defaults = {"merchantLocationStatus": "ENABLED", "locationTypes": ["WAREHOUSE"]}
    store.put("ebay.location", key, {**defaults, **body, "merchantLocationKey": key, "location": location})
    return no_content()


async def _location(call: Call) -> Response:
    found = call.shop.store.get("ebay.location", call.path("key"))
    if found is None:
        raise Refusal(404, 25805, "inventory", "The location was not found.", {"fieldName": "merchantLocationKey"})
    return JSONResponse(found)


async def _locations(call: Call) -> Response:
    size, start = call.page(Refusal(400, 25802, "inventory", "limit or offset is not valid."), limit=100)
    every = list(call.shop.store.all("ebay.location").values())
    here = f"{call.shop.world.base_url}{BASE}/location?limit={size}&offset={start}"
    return JSONResponse({"href": here, "limit": size, "offset": start, "total": len(every), "locations": every[start : start + size]})


async def _delete_location(call: Call) -> Response:
    if call.shop.store.get("ebay.location", call.path("key")) is None:
        raise Refusal(404, 25805, "inventory", "The location was not found.", {"fieldName": "merchantLocationKey"})
    call.shop.store.delete("ebay.location", call.path("key"))
    return no_content()
