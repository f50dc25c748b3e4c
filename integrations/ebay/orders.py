"""Orders: reading them page by page, what they cost, and eBay's order as ours. Shapes: Sell Fulfillment 1.20, Sell Finances 1.19."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote

import structlog

from core.errors import HaggleError, Invalid, Unreachable
from core.money import Money
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine, Connection, OrderPage
from core.values.states import OrderState
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.errors import NONSENSE
from integrations.ebay.mapping import money_in, money_of
from integrations.oauth import Now

log = structlog.get_logger("ebay.orders")

PAGE = 200  # eBay's most
READINGS = 3
OLDEST = timedelta(days=729)  # eBay keeps two years
OVERLAP = timedelta(minutes=2)  # eBay's search trails its writes a little: the next poll looks back over the seam
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"})


class Orders:
    def __init__(self, client: Client, now: Now) -> None:
        self._client = client
        self._now = now

    async def one(self, account: Connection, external_id: str) -> ChannelOrder:
        """One order, with its fees where eBay tells them in either of two places. Raises `Missing` when eBay does not know it."""
        url = f"{self._client.settings.fulfillment}/order/{quote(external_id, safe='')}"
        order = order_of((await self._client.as_seller(account, "GET", url)).object())
        if order.fees is None and order.paid:
            return replace(order, fees=await self.fees(account, external_id, order.total.currency))
        return order

    async def since(self, account: Connection, since: datetime) -> OrderPage:
        """Orders changed since then. Pages shift when an order changes between two of them, so a reading whose total moved is
        taken again; when it never rests, the cursor stays where it was."""
        now = self._now()
        start = max(min(since, now), now - OLDEST).astimezone(UTC)
        found: dict[str, dict[str, Any]] = {}
        steady = False
        for _ in range(READINGS):
            steady = await self._read(account, start, found)
            if steady:
                break
        orders, problems = [], []
        for key, one in found.items():
            try:
                orders.append(order_of(one))
            except Unreachable as error:  # one order that makes no sense must not hide the others
                log.error("order left out", order=key, cause=error.cause)
                problems.append(f"Order {key} on eBay makes no sense to me, so I left it out. See there what it sold, and say /sold.")
        orders.sort(key=lambda one: (one.changed_at, one.external_id))
        newest = orders[-1].changed_at - OVERLAP if orders and steady else since
        return OrderPage(tuple(orders), max(since, newest), tuple(problems))

    async def _read(self, account: Connection, start: datetime, found: dict[str, dict[str, Any]]) -> bool:
        """Read all pages into `found`, newest state of an order last. Says whether the list stood still meanwhile."""
        url = f"{self._client.settings.fulfillment}/order"
        # No end date: eBay refuses one that lies ahead of its own clock.
        stamp = start.strftime("%Y-%m-%dT%H:%M:%S.") + f"{start.microsecond // 1000:03d}Z"
        total, offset = -1, 0
        while True:
            params = {"filter": f"lastmodifieddate:[{stamp}..]", "limit": str(PAGE), "offset": str(offset)}
            page = (await self._client.as_seller(account, "GET", url, params=params)).object()
            if "total" not in page:
                raise Unreachable(NONSENSE, cause="a page of orders without a total")
            orders = page.get("orders") or []
            found.update({str(one.get("orderId") or ""): one for one in orders})
            steady = total in (-1, int(page.get("total") or 0))
            total, offset = int(page.get("total") or 0), offset + PAGE
            if not steady:
                return False
            if offset >= total or not orders:
                return True

    async def fees(self, account: Connection, order_id: str, currency: str) -> Money | None:
        """The fees of an order's sale in the order's currency, from Finances. Unknown is None: a sale is never held up by its costs."""
        own = self._client.settings
        headers = {"X-EBAY-C-MARKETPLACE-ID": own.marketplace}
        params = {"filter": f"orderId:{{{order_id}}}", "limit": "50"}
        try:
            answer = await self._client.as_seller(account, "GET", f"{own.finances}/transaction", params=params, headers=headers)
            return fees_of(answer.object(), currency)
        except HaggleError as error:
            log.info("fees unknown", code=error.code, cause=error.cause)
            return None


def fees_of(page: Mapping[str, Any], currency: str) -> Money | None:
    """The sum of the fees of the sales on a page of transactions. Unknown when one of them is told in another currency only."""
    sales = [one for one in page.get("transactions") or [] if one.get("transactionType") == "SALE"]
    fees = [money_in(one["totalFeeAmount"], currency) for one in sales if one.get("totalFeeAmount")]
    known = [fee for fee in fees if fee is not None]
    return sum(known, Money(0, currency)) if known and len(known) == len(fees) else None


def order_of(order: Mapping[str, Any]) -> ChannelOrder:
    """eBay's order as ours. Raises `Unreachable` for one that makes no sense."""
    try:
        return _order(order)
    except (KeyError, TypeError, ValueError, AttributeError, Invalid) as error:
        cause = f"{type(error).__name__} in order {order.get('orderId')}"
        raise Unreachable(Told("eBay gave an order that makes no sense. I will try again."), cause=cause) from error


def _order(order: Mapping[str, Any]) -> ChannelOrder:
    summary = order.get("pricingSummary") or {}
    total = money_of(summary.get("total"))
    if total is None:
        raise KeyError("pricingSummary.total")
    return ChannelOrder(
        external_id=str(order["orderId"]),
        state=state_of(order),
        paid=order.get("orderPaymentStatus") in PAID,
        placed_at=datetime.fromisoformat(order["creationDate"]),
        changed_at=datetime.fromisoformat(order.get("lastModifiedDate") or order["creationDate"]),
        total=total,
        lines=tuple(_line(one) for one in order.get("lineItems") or []),
        buyer=_buyer(order),
        fees=money_in(order.get("totalMarketplaceFee"), total.currency),
        shipping=_shipping(summary),
        tax=money_of(summary.get("tax")),
    )


def state_of(order: Mapping[str, Any]) -> OrderState:
    if (order.get("cancelStatus") or {}).get("cancelState") == "CANCELED":
        return OrderState.CANCELLED
    if order.get("orderPaymentStatus") == "FULLY_REFUNDED":
        return OrderState.REFUNDED
    match order.get("orderFulfillmentStatus"):
        case "FULFILLED":
            return OrderState.SHIPPED
        case "IN_PROGRESS":
            return OrderState.PROCESSING
    return OrderState.CONFIRMED if order.get("orderPaymentStatus") in PAID else OrderState.PENDING


def _line(line: Mapping[str, Any]) -> ChannelOrderLine:
    quantity = max(int(line.get("quantity") or 1), 1)
    cost = money_of(line.get("discountedLineItemCost")) or money_of(line.get("lineItemCost"))
    if cost is None:
        raise KeyError("lineItemCost")
    unit = (Decimal(cost.amount) / quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return ChannelOrderLine(
        external_id=str(line["lineItemId"]),
        sku=str(line.get("sku") or ""),
        title=str(line.get("title") or ""),
        quantity=quantity,
        price=Money(int(unit), cost.currency),
        listing_id=str(line.get("legacyItemId") or ""),
    )


def _shipping(summary: Mapping[str, Any]) -> Money | None:
    cost, discount = money_of(summary.get("deliveryCost")), money_of(summary.get("deliveryDiscount"))
    return cost + discount if cost is not None and discount is not None else cost  # eBay writes discounts as negative numbers


def _buyer(order: Mapping[str, Any]) -> Buyer:
    starts = order.get("fulfillmentStartInstructions") or [{}]
    to = (starts[0].get("shippingStep") or {}).get("shipTo") or {}
    address = to.get("contactAddress") or {}
    street = ", ".join(str(address[name]) for name in ("addressLine1", "addressLine2") if address.get(name))
    return Buyer(
        handle=str((order.get("buyer") or {}).get("username") or ""),
        name=str(to.get("fullName") or ""),
        email=str(to.get("email") or ""),
        phone=str((to.get("primaryPhone") or {}).get("phoneNumber") or ""),
        street=street,
        city=", ".join(str(address[name]) for name in ("city", "stateOrProvince") if address.get(name)),
        postcode=str(address.get("postalCode") or ""),
        country=str(address.get("countryCode") or ""),
    )
