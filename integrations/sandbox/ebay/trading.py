"""The Trading API: XML over one address. The lists of a seller's listings, and giving one a SKU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import read, wire
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.store import Doc

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
VERSION = "1423"
MOST, USUAL = 200, 25
MOST_EVENTS = 3000


class Fault(Exception):
    """An error in Trading's own form. `system` says that it is eBay's, not the request's."""

    def __init__(self, code: str, text: str, *, system: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.kind = "SystemError" if system else "RequestError"


def routes(shop: Shop) -> list[Route]:
    async def endpoint(request: Request) -> Response:
        name = request.headers.get("x-ebay-api-call-name", "")

        async def work(one: Request) -> Response:
            return answer(shop, name, one.headers, await one.body())

        return await shop.world.serve("ebay", name if name in CALLS else "trading", request, work)

    return [Route("/ebay/ws/api.dll", endpoint, methods=["POST"])]


def answer(shop: Shop, name: str, headers: Mapping[str, str], body: bytes) -> Response:
    root = Element(f"{name or 'Unknown'}Response", xmlns=NAMESPACE)
    try:
        _check_token(shop, headers.get("x-ebay-api-iaf-token", ""))
        if name not in CALLS:
            raise Fault("2", f"The API call “{name}” is not supported.")
        asked = _parsed(name, body)
        _head(shop, root, "Success")
        CALLS[name](shop, asked, root)
    except Fault as fault:
        root.clear()
        root.set("xmlns", NAMESPACE)
        _head(shop, root, "Failure")
        said = {"ShortMessage": str(fault), "LongMessage": str(fault), "ErrorCode": fault.code, "SeverityCode": "Error"}
        _put(root, {"Errors": {**said, "ErrorClassification": fault.kind}})
    return Response(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), media_type="text/xml")


def _check_token(shop: Shop, value: str) -> None:
    token = shop.store.get("ebay.token", value) if value else None
    if not value:
        raise Fault("930", "No token was given.")
    if token is None or not token.get("user"):
        raise Fault("21916984", "The IAF token is not valid.")
    if token["expires"] <= shop.world.now().timestamp():
        raise Fault("21917053", "The IAF token has expired.")


def _parsed(name: str, body: bytes) -> Element:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - it serves this machine only
    except ElementTree.ParseError as error:
        raise Fault("5", "The XML cannot be parsed.") from error
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    if root.tag != f"{name}Request":
        raise Fault("5", f"A {name}Request was expected.")
    return root


def _head(shop: Shop, root: Element, ack: str) -> None:
    _put(root, {"Timestamp": wire(shop.world.now()), "Ack": ack, "Version": VERSION, "Build": f"E{VERSION}_SANDBOX"})


def _put(parent: Element, values: Mapping[str, Any]) -> Element:
    """Elements below one: a mapping nests, a tuple is an amount with its currency."""
    for name, value in values.items():
        child = SubElement(parent, name)
        if isinstance(value, Mapping):
            _put(child, value)
        elif isinstance(value, tuple):
            child.text = str(value[0])
            child.set("currencyID", str(value[1]))
        else:
            child.text = str(value)
    return parent


# -- calls


def _active(shop: Shop, asked: Element, root: Element) -> None:
    """GetMyeBaySelling: what has not ended, sold out or not. A fresh page size is 25, the largest 200."""
    if asked.findtext("ActiveList/Include") != "true":
        return
    size = min(int(asked.findtext("ActiveList/Pagination/EntriesPerPage") or USUAL), MOST)
    page = int(asked.findtext("ActiveList/Pagination/PageNumber") or 1)
    if size < 1 or page < 1:
        raise Fault("340", "The page number is out of range.")
    every = sorted((one for one in shop.store.all("ebay.listing").values() if one["status"] != "ENDED"), key=_began)
    given = every[: shop.world.settings.ebay_most_listed or None]
    shown = given[(page - 1) * size : page * size]
    listed = SubElement(root, "ActiveList")
    items = SubElement(listed, "ItemArray")
    for one in shown:
        _put(SubElement(items, "Item"), {**_item(shop, one), "QuantityAvailable": one["quantity"]})
    totals = {"TotalNumberOfPages": -(-len(given) // size), "TotalNumberOfEntries": len(every)}
    _put(listed, {"PaginationResult": totals})


def _events(shop: Shop, asked: Element, root: Element) -> None:
    """GetSellerEvents: what changed in a time, ended or not; 3000 at most, and no pages."""
    start, end = asked.findtext("ModTimeFrom"), asked.findtext("ModTimeTo")
    if not start:
        raise Fault("21", "A range of times is needed.")
    first, last = read(start), read(end) if end else shop.world.now()
    changed = [one for one in shop.store.all("ebay.listing").values() if first <= read(one.get("modified_at") or one["created_at"]) <= last]
    _put(root, {"TimeTo": wire(last)})
    items = SubElement(root, "ItemArray")
    for one in sorted(changed, key=_began)[:MOST_EVENTS]:
        _put(SubElement(items, "Item"), _item(shop, one))


def _item(shop: Shop, one: Doc) -> dict[str, Any]:
    price = (one["price"], one["currency"])
    status = "Completed" if one["status"] == "ENDED" else "Active"
    sku = {"SKU": one["sku"]} if one["sku"] else {}
    return {
        "BuyItNowPrice": price,
        "ItemID": one["id"],
        "ListingDetails": {"StartTime": one["created_at"], "ViewItemURL": shop.url(one)},
        "ListingType": "FixedPriceItem",
        "Quantity": one["quantity"] + one["sold"],
        "SellingStatus": {"CurrentPrice": price, "QuantitySold": one["sold"], "ListingStatus": status},
        "Title": one["title"],
        **sku,
        **({"PictureDetails": {"GalleryURL": one["picture"]}} if one["picture"] else {}),
    }


def _revise(shop: Shop, asked: Element, root: Element) -> None:
    """ReviseFixedPriceItem, for the SKU only; what the Inventory API has made cannot be revised here."""
    listing = shop.store.get("ebay.listing", asked.findtext("Item/ItemID") or "")
    if listing is None or listing["status"] == "ENDED":
        raise Fault("17", "The item cannot be accessed: it has ended or was never there.")
    if listing["offer_id"]:
        raise Fault("21919474", "Inventory-based listings cannot be revised here.")
    listing["sku"] = asked.findtext("Item/SKU") or listing["sku"]
    shop.keep(listing)
    _put(root, {"ItemID": listing["id"], "StartTime": listing["created_at"]})


def _began(one: Doc) -> tuple[str, str]:
    return one["created_at"], one["id"]


CALLS: dict[str, Callable[[Shop, Element, Element], None]] = {
    "GetMyeBaySelling": _active, "GetSellerEvents": _events, "ReviseFixedPriceItem": _revise,
}  # fmt: skip
