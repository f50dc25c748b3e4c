"""What a person does about an order on eBay: ship, refund, cancel. Shapes: Sell Fulfillment 1.20, Post-Order 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from core.errors import Busy, Refused
from core.money import Money
from core.values.channel import ChannelOrder, ChannelParcel, Connection
from core.values.states import OrderState
from core.words import Told
from integrations.ebay.cancelling import Cancellations
from integrations.ebay.carriers import code_of
from integrations.ebay.client import Client
from integrations.ebay.mapping import wire_time
from integrations.ebay.order_mapping import money_back, order_of, shipped_by, state_of
from integrations.ebay.orders import Orders

Order = Mapping[str, Any]

REFUND_UNDER_WAY = "34922"
LOOK_AGAIN = 30.0  # seconds: eBay cancels and refunds in its own time, mostly at once


class Desk:
    """Implements `core.ports.OrderDesk`: look, act, and answer what was read back."""

    def __init__(self, client: Client, orders: Orders) -> None:
        self._client = client
        self._orders = orders
        self._cancellations = Cancellations(client)

    async def ship(self, account: Connection, external_id: str, parcel: ChannelParcel, lines: Mapping[str, int]) -> ChannelOrder:
        order = await self._orders.raw(account, external_id)
        if state_of(order) is OrderState.CANCELLED:
            raise Refused(Told("The order is cancelled on eBay, so nothing is to be sent."))
        tracking = _plain(parcel.tracking)
        sent = _lines(order, lines, again=bool(tracking))
        if not sent or (tracking and tracking in shipped_by(order)):
            return await self._orders.whole(account, order)
        body: dict[str, Any] = {"lineItems": [{"lineItemId": key, "quantity": quantity} for key, quantity in sent.items()]}
        if parcel.shipped_at:
            body["shippedDate"] = wire_time(parcel.shipped_at)
        if tracking:
            body |= {"shippingCarrierCode": code_of(parcel.carrier), "trackingNumber": tracking}
        await self._client.as_seller(account, "POST", f"{self._url(external_id)}/shipping_fulfillment", json=body)
        return await self._orders.one(account, external_id)

    async def refund(self, account: Connection, external_id: str, amount: Money, already: Money) -> ChannelOrder:
        order = await self._orders.raw(account, external_id)
        total, back = order_of(order).total, money_back(order)
        if back is not None and already < back:
            return await self._orders.whole(account, order)
        left = total - (back or Money(0, total.currency))
        if left < amount:
            raise Refused(Told("At most {left} can be given back on eBay for this order.", left=left))
        body = {
            "reasonForRefund": "OTHER_ADJUSTMENT",
            "orderLevelRefundAmount": {"value": amount.wire(), "currency": amount.currency},
        }
        try:
            await self._client.as_seller(account, "POST", f"{self._url(external_id)}/issue_refund", json=body)
        except Refused as error:
            if error.code != REFUND_UNDER_WAY:
                raise
            told = Told("eBay is still at work on the refund before. I will try again.")
            raise Busy(told, retry_after=LOOK_AGAIN, code=error.code, cause=error.cause) from error
        return await self._orders.one(account, external_id)

    async def cancel_order(self, account: Connection, external_id: str, reason: str) -> ChannelOrder:
        order = await self._orders.raw(account, external_id)
        if state_of(order) is OrderState.CANCELLED:
            return await self._orders.whole(account, order)
        if order.get("orderFulfillmentStatus") == "FULFILLED":
            raise Refused(Told("The order is marked as shipped, so eBay does not cancel it. Give the money back with /refund instead."))
        cancelling = order.get("cancelStatus") or {}
        asked = [one for one in cancelling.get("cancelRequests") or [] if one.get("cancelRequestState") == "REQUESTED"]
        if by_buyer := next((one for one in asked if str(one.get("cancelInitiator", "")).casefold() == "buyer"), None):
            await self._cancellations.approve(account, str(by_buyer["cancelRequestId"]))
        elif not asked and cancelling.get("cancelState") != "IN_PROGRESS":
            await self._cancellations.create(account, order, reason)
        done = await self._orders.one(account, external_id)
        if done.state is not OrderState.CANCELLED:
            raise Busy(Told("eBay is at work on the cancellation. I will look again."), retry_after=LOOK_AGAIN)
        return done

    def _url(self, external_id: str) -> str:
        return f"{self._client.settings.fulfillment}/order/{quote(external_id, safe='')}"


def _plain(tracking: str) -> str:
    """eBay takes letters and digits only."""
    return "".join(sign for sign in tracking if sign.isalnum())


def _lines(order: Order, wanted: Mapping[str, int], *, again: bool) -> dict[str, int]:
    """Which units go into the parcel: those that were named, else all that are not on their way yet, else (`again`: a further parcel of
    things that are) all. Without a tracking number a line that is on its way needs no telling."""
    every = {str(one["lineItemId"]): one for one in order.get("lineItems") or []}
    left = {key: int(one.get("quantity") or 1) for key, one in every.items() if one.get("lineItemFulfillmentStatus") != "FULFILLED"}
    if wanted:
        return {key: quantity for key, quantity in wanted.items() if again or key in left or key not in every}
    return left or ({key: int(one.get("quantity") or 1) for key, one in every.items()} if again else {})
