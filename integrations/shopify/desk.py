"""What a person does about an order at Shopify: ship, refund, cancel. Look, act; the channel reads back what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from core.errors import Busy, Missing, Refused
from core.money import Money
from core.values.channel import ChannelParcel, Connection
from core.words import Told
from integrations.shopify import order_operations as operations
from integrations.shopify import orders
from integrations.shopify.carriers import company_of
from integrations.shopify.client import Client, shop_of
from integrations.shopify.errors import check_user_errors

Node = Mapping[str, Any]

REASONS = {"sold_out": "INVENTORY", "buyer_asked": "CUSTOMER"}
SHIPPABLE = {"OPEN", "IN_PROGRESS"}
CANCEL_SECONDS = 2.0  # a cancellation is a job of Shopify's own, mostly done by then


class Desk:
    """One account's. Each call leaves the order as it should be, whatever happened before."""

    def __init__(self, client: Client, account: Connection) -> None:
        self._client = client
        self._account = account

    async def ship(self, order: str, parcel: ChannelParcel, lines: Mapping[str, int]) -> None:
        found = await self._look(operations.TO_SHIP, order)
        if found["cancelledAt"]:
            raise Refused(Told("The order is cancelled at Shopify, so nothing is to be sent."))
        known = {info["number"] for one in found["fulfillments"] if one["status"] != "CANCELLED" for info in one["trackingInfo"]}
        parts, there = to_send(found["fulfillmentOrders"]["nodes"], lines), parcel.tracking in known
        if not parts and parcel.tracking and not there:
            raise Refused(
                Told("Shopify has nothing left to send of this order. Add the parcel in Shopify's admin: {link}", link=self._page(order))
            )
        if lines and there:
            return
        for location in parts.values():  # one shipment comes from one place
            wish: dict[str, Any] = {"lineItemsByFulfillmentOrder": location, "notifyCustomer": True}
            if parcel.tracking:
                wish["trackingInfo"] = {"company": company_of(parcel.carrier), "number": parcel.tracking}
            data = await self._client.run(self._account, operations.SHIP, {"fulfillment": wish})
            check_user_errors(data["fulfillmentCreate"])

    async def refund(self, order: str, amount: Money, already: Money, now: datetime) -> None:
        found = await self._look(operations.TO_REFUND, order)
        if {found["currencyCode"], found["presentmentCurrencyCode"]} != {amount.currency}:
            paid_in = found["presentmentCurrencyCode"]
            told = Told("The buyer paid in {currency}. Refund it in Shopify's admin: {link}", currency=paid_in, link=self._page(order))
            raise Refused(told)
        if already < orders.cash(found["totalRefundedSet"]) + orders.under_way(found["transactions"], amount.currency):
            return
        parts = shares((found["suggestedRefund"] or {"suggestedTransactions": []})["suggestedTransactions"], amount)
        wish = {"orderId": order, "notify": True, "transactions": [{**one, "orderId": order, "kind": "REFUND"} for one in parts]}
        # The same wish on one day is one refund, however often the call is made: Shopify keeps the key.
        key = str(uuid5(NAMESPACE_URL, f"{order} {amount.wire()} {already.wire()} {now:%Y-%m-%d}"))
        data = await self._client.run(self._account, operations.REFUND, {"input": wish, "key": key})
        check_user_errors(data["refundCreate"])

    async def cancel(self, order: str, reason: str) -> None:
        """Asks for it; done is it when the order says so (`cancelling`)."""
        variables = {"id": order, "reason": REASONS[reason]}
        payload = (await self._client.run(self._account, operations.CANCEL_ORDER, variables))["orderCancel"]
        check_user_errors({"userErrors": payload["orderCancelUserErrors"]} if payload else None)

    def _page(self, order: str) -> str:
        """The order's page in the shop's admin."""
        return f"https://{shop_of(self._account)}/admin/orders/{order.rpartition('/')[2]}"

    async def _look(self, document: str, order: str) -> Node:
        found: Node | None = (await self._client.run(self._account, document, {"id": order}))["order"]
        if not found:
            raise Missing(orders.UNKNOWN)
        return found


def cancelling() -> Busy:
    """What is said while Shopify is at work on a cancellation."""
    return Busy(Told("Shopify is at work on the cancellation. I will look again."), retry_after=CANCEL_SECONDS)


def to_send(fulfillment_orders: Sequence[Node], wanted: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
    """What is left to be sent of these lines (all, if none are named), by the place that it is sent from, as Shopify's input."""
    left = dict(wanted)
    parts: dict[str, list[dict[str, Any]]] = {}
    for one in fulfillment_orders:
        if one["status"] not in SHIPPABLE:
            continue
        items = []
        for item in one["lineItems"]["nodes"]:
            line, units = item["lineItem"]["id"], int(item["remainingQuantity"])
            units = min(units, left.get(line, 0)) if wanted else units
            if units > 0:
                items.append({"id": item["id"], "quantity": units})
                left[line] = left.get(line, 0) - units
        if items:
            place = str(((one["assignedLocation"] or {}).get("location") or {}).get("id") or "")
            parts.setdefault(place, []).append({"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": items})
    return parts


def shares(suggested: Sequence[Node], amount: Money) -> list[dict[str, Any]]:
    """An amount taken from the payments that it came by, first ones first. Raises `Refused` when they do not hold so much."""
    left, parts = amount, []
    for one in suggested:
        most = orders.cash(one["maximumRefundableSet"]) if one["maximumRefundableSet"] else left
        part = min(left, most)
        if part.amount > 0:
            parent = (one["parentTransaction"] or {}).get("id")
            parts.append({"gateway": one["gateway"], "parentId": parent, "amount": part.wire()})
            left = left - part
    if left.amount > 0:
        raise Refused(Told("At most {left} can be given back at Shopify for this order.", left=amount - left))
    return parts
