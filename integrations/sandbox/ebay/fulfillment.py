"""Fulfillment (orders, shipments, refunds) and Finances (transactions)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay import orders
from integrations.sandbox.ebay.answers import Refusal, read, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.store import Doc

BASE = "/ebay/sell/fulfillment/v1"
READ = ("sell.fulfillment", "sell.fulfillment.readonly")
TRANSACTION_TYPES = ("SALE", "REFUND", "CREDIT", "DISPUTE", "NON_SALE_CHARGE", "SHIPPING_LABEL", "TRANSFER", "ADJUSTMENT")


def routes(shop: Shop) -> list[Route]:
    api = Api(shop, BASE, READ)
    api.add("GET", "/order", "getOrders", _orders)
    api.add("GET", "/order/{order}", "getOrder", _order)
    api.add("GET", "/order/{order}/shipping_fulfillment", "getShippingFulfillments", _shipments)
    api.add("POST", "/order/{order}/shipping_fulfillment", "createShippingFulfillment", _ship, scopes=("sell.fulfillment",))
    api.add("GET", "/order/{order}/shipping_fulfillment/{shipment}", "getShippingFulfillment", _shipment)
    api.add("POST", "/order/{order}/issue_refund", "issueRefund", _refund, scopes=("sell.finances",))
    money = Api(shop, "/ebay-apiz/sell/finances/v1", ("sell.finances",))
    money.add("GET", "/transaction", "getTransactions", _transactions)
    return api.routes + money.routes


def _wrong(error_id: int, message: str, status: int = 400) -> Refusal:
    return Refusal(status, error_id, "fulfillment", message)


# -- orders


async def _order(call: Call) -> Response:
    return JSONResponse(_found(call))


async def _orders(call: Call) -> Response:
    every = call.shop.store.all("ebay.order")
    if call.query("orderIds"):
        ids = call.query("orderIds").split(",")
        if len(ids) > 50:
            raise _wrong(30900, "A call may name at most 50 orders.")
        found = [every[one] for one in ids if one in every]
        size, start = len(ids), 0
    else:
        size, start = call.page(_wrong(31100, "limit or offset is not valid."), limit=50)
        found = sorted(_matching(call, every.values()), key=lambda one: (one["creationDate"], one["orderId"]), reverse=True)
    here = f"{call.shop.world.base_url}{BASE}/order"
    kept = f"&filter={quote(call.query('filter'), safe='')}" if call.query("filter") else ""
    body: dict[str, Any] = {"href": f"{here}?limit={size}&offset={start}{kept}", "limit": size, "offset": start, "total": len(found)}
    body["orders"] = [{**one, "cancelStatus": {**one["cancelStatus"], "cancelRequests": []}} for one in found[start : start + size]]
    if start + size < len(found):
        body["next"] = f"{here}?limit={size}&offset={start + size}{kept}"
    if start:
        body["prev"] = f"{here}?limit={size}&offset={max(0, start - size)}{kept}"
    return JSONResponse(body)


def _matching(call: Call, every: Iterable[Doc]) -> list[Doc]:
    """The orders that the filter names; of the last 90 days when it names no time."""
    filters = dict(re.findall(r"([A-Za-z]+):(\[[^\]]*\]|\{[^}]*\})", call.query("filter")))
    for name in filters:
        if name.lower() not in ("creationdate", "lastmodifieddate", "orderfulfillmentstatus"):
            raise _wrong(30700, f"There is no filter {name}.")
    wanted = {name.lower(): value[1:-1] for name, value in filters.items()}
    if call.query("filter") and not wanted:
        raise _wrong(30700, "The filter cannot be read.")
    now = call.shop.world.now()
    # When both are given only the creation date counts.
    field = "creationDate" if "creationdate" in wanted or "lastmodifieddate" not in wanted else "lastModifiedDate"
    start, end = _span(wanted.get(field.lower(), f"{wire(now - timedelta(days=90))}.."), now)
    found = [one for one in every if start <= one[field] <= end]
    status = wanted.get("orderfulfillmentstatus")
    return [one for one in found if one["orderFulfillmentStatus"] in status.split("|")] if status else found


def _span(text: str, now: datetime) -> tuple[str, str]:
    first, _, last = text.partition("..")
    if not first:
        raise _wrong(30820, "The start date is missing.")
    try:
        start, end = read(first), read(last) if last else now
    except ValueError:
        raise _wrong(30810, "A date cannot be read.") from None
    # Clocks differ by a little; a minute ahead is forgiven.
    if max(start, end) > now + timedelta(minutes=1):
        raise _wrong(30850, "Dates may not lie in the future.")
    if last and start > end:
        raise _wrong(30840, "The start date must come before the end date.")
    if now - start > timedelta(days=731):
        raise _wrong(30830, "Orders can be read for two years.")
    return wire(start), wire(end)


def _found(call: Call) -> Doc:
    order = call.shop.store.get("ebay.order", call.path("order"))
    if order is None:
        raise _wrong(32100, "There is no such order.", 404)
    return order


# -- shipments


async def _ship(call: Call) -> Response:
    order, body, shop = _found(call), call.json(), call.shop
    wanted = _units(order, body.get("lineItems"))
    if bool(body.get("trackingNumber")) != bool(body.get("shippingCarrierCode")) or not str(body.get("trackingNumber") or "A").isalnum():
        raise _wrong(32300, "The tracking number or the carrier is not valid.")
    key = str(body.get("trackingNumber") or shop.store.number("ebay.shipment", 900001))
    if shop.store.get("ebay.shipment", f"{order['orderId']}/{key}"):
        raise _wrong(34500, "There is such a shipment already.")
    shipment = {"fulfillmentId": key, "lineItems": wanted, "shippedDate": _shipped(call, body)}
    if body.get("trackingNumber"):
        shipment |= {"shipmentTrackingNumber": key, "shippingCarrierCode": body["shippingCarrierCode"]}
    shop.store.put("ebay.shipment", f"{order['orderId']}/{key}", shipment)
    _mark(order, _sent(call))
    where = f"{shop.world.base_url}{BASE}/order/{order['orderId']}/shipping_fulfillment/{key}"
    order["fulfillmentHrefs"].append(where)
    orders.touch(shop, order)
    return Response(status_code=201, headers={"Location": where})


def _units(order: Doc, wanted: Any) -> list[Doc]:
    """The lines that a shipment names, as it keeps them."""
    lines = {one["lineItemId"]: one for one in order["lineItems"]}
    if not isinstance(wanted, list) or not wanted or order["cancelStatus"]["cancelState"] == "CANCELED":
        raise _wrong(32600, "The order is cancelled, or no line is named.")
    named = [one.get("lineItemId") for one in wanted]
    if any(one not in lines for one in named):
        raise _wrong(32200, "There is no such line item.")
    if len(set(named)) < len(named):
        raise _wrong(32210, "A line item is named twice.")
    if any(not 0 < int(one.get("quantity") or 0) <= lines[one["lineItemId"]]["quantity"] for one in wanted):
        raise _wrong(32600, "The quantity is not valid.")
    return [{"lineItemId": one["lineItemId"], "quantity": one["quantity"]} for one in wanted]


def _shipped(call: Call, body: Doc) -> str:
    try:
        shipped = read(str(body["shippedDate"])) if body.get("shippedDate") else call.shop.world.now()
    except ValueError:
        raise _wrong(32500, "The day of shipping cannot be read.") from None
    if shipped > call.shop.world.now() + timedelta(days=1):
        raise _wrong(32500, "The day of shipping lies ahead.")
    return wire(shipped)


def _sent(call: Call) -> dict[str, int]:
    """How many units of each line are on their way."""
    sent: dict[str, int] = {}
    for key, one in call.shop.store.all("ebay.shipment").items():
        if key.startswith(f"{call.path('order')}/"):
            for part in one["lineItems"]:
                sent[part["lineItemId"]] = sent.get(part["lineItemId"], 0) + part["quantity"]
    return sent


def _mark(order: Doc, sent: dict[str, int]) -> None:
    """How far each line and the order are."""
    for one in order["lineItems"]:
        units = sent.get(one["lineItemId"], 0)
        one["lineItemFulfillmentStatus"] = "FULFILLED" if units >= one["quantity"] else "IN_PROGRESS" if units else "NOT_STARTED"
    states = {one["lineItemFulfillmentStatus"] for one in order["lineItems"]}
    order["orderFulfillmentStatus"] = states.pop() if len(states) == 1 else "IN_PROGRESS"


async def _shipments(call: Call) -> Response:
    order = _found(call)
    found = [one for key, one in call.shop.store.all("ebay.shipment").items() if key.startswith(f"{order['orderId']}/")]
    return JSONResponse({"fulfillments": found, "total": len(found)})


async def _shipment(call: Call) -> Response:
    found = call.shop.store.get("ebay.shipment", f"{_found(call)['orderId']}/{call.path('shipment')}")
    if found is None:
        raise _wrong(32110, "There is no such shipment.", 404)
    return JSONResponse(found)


# -- money


async def _refund(call: Call) -> Response:
    order = call.shop.store.get("ebay.order", call.path("order"))
    if order is None:
        raise _wrong(34913, "There is no such order.", 404)
    body = call.json()
    if not body.get("reasonForRefund"):
        raise _wrong(34903, "The reason is missing.")
    parts = [one.get("refundAmount", {}) for one in body.get("refundItems", [])] or [body.get("orderLevelRefundAmount")]
    if parts == [None]:
        raise _wrong(34905, "Say what to refund.")
    if order["orderPaymentStatus"] == "PENDING":
        raise _wrong(34929, "The buyer has not paid yet.", 409)
    try:
        amount = sum((Decimal(str((one or {}).get("value"))) for one in parts), Decimal(0))
    except InvalidOperation:
        raise _wrong(34906, "The amount is missing.") from None
    if amount <= 0:
        raise _wrong(34907, "The amount must be positive.")
    if order["orderPaymentStatus"] == "FULLY_REFUNDED":
        raise _wrong(34917, "This order was refunded already.")
    if amount > orders.left_to_refund(order):
        raise _wrong(34915, "The refund is more than the order.")
    key = orders.refund(call.shop, order, amount)
    orders.touch(call.shop, order)
    return JSONResponse({"refundId": key, "refundStatus": "PENDING"})


async def _transactions(call: Call) -> Response:
    size, start = call.page(Refusal(400, 135003, "finances", "limit or offset is not valid."), limit=20, most=1000)
    if not call.header("x-ebay-c-marketplace-id"):
        raise Refusal(400, 135002, "finances", "The header X-EBAY-C-MARKETPLACE-ID is missing.")
    filters = dict(re.findall(r"([A-Za-z]+):(\[[^\]]*\]|\{[^}]*\})", call.query("filter")))
    found = list(call.shop.store.all("ebay.transaction").values())
    kind = filters.get("transactionType", "{}")[1:-1]
    if kind and kind not in TRANSACTION_TYPES:
        raise Refusal(400, 135006, "finances", "The transactionType is not valid.")
    for name, value in (("transactionType", kind), ("orderId", filters.get("orderId", "{}")[1:-1])):
        found = [one for one in found if one[name] == value] if value else found
    if "transactionDate" in filters:
        first, _, last = filters["transactionDate"][1:-1].partition("..")
        try:
            begin, end = wire(read(first)), wire(read(last) if last else call.shop.world.now())
        except ValueError:
            raise Refusal(400, 135008, "finances", "The transactionDate cannot be read.") from None
        found = [one for one in found if begin <= one["transactionDate"] <= end]
    if not found:
        return Response(status_code=204)
    found.sort(key=lambda one: one["transactionDate"], reverse=True)
    here = f"{call.shop.world.base_url}/ebay-apiz/sell/finances/v1/transaction"
    body: dict[str, Any] = {"href": f"{here}?limit={size}&offset={start}", "limit": size, "offset": start, "total": len(found)}
    return JSONResponse({**body, "transactions": found[start : start + size]})
