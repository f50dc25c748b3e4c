"""eBay's orders, parcels and money as ours. Pure. Shapes: Sell Fulfillment 1.20, Sell Finances 1.19."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core.errors import Invalid, Unreachable
from core.money import Money
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine, ChannelParcel
from core.values.states import OrderState
from core.words import Told
from integrations.ebay.carriers import name_of
from integrations.ebay.mapping import money_in, money_of

PAID = frozenset({"PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"})


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
    buyer, recipient = _people(order)
    return ChannelOrder(
        external_id=str(order["orderId"]),
        state=state_of(order),
        paid=order.get("orderPaymentStatus") in PAID,
        placed_at=datetime.fromisoformat(order["creationDate"]),
        changed_at=datetime.fromisoformat(order.get("lastModifiedDate") or order["creationDate"]),
        total=total,
        lines=tuple(_line(one) for one in order.get("lineItems") or []),
        buyer=buyer,
        fees=money_in(order.get("totalMarketplaceFee"), total.currency),
        shipping=_shipping(summary),
        tax=money_of(summary.get("tax")),
        refunded=money_back(order),
        recipient=recipient if recipient != replace(buyer, handle="") else None,
        ship_by=_ship_by(order),
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


def _people(order: Mapping[str, Any]) -> tuple[Buyer, Buyer]:
    """Who bought, and who gets it. eBay tells buyers' own addresses to some apps only; to the others the buyer is who gets it."""
    starts = order.get("fulfillmentStartInstructions") or [{}]
    bought = order.get("buyer") or {}
    recipient = _contact((starts[0].get("shippingStep") or {}).get("shipTo") or {})
    own = _contact(bought.get("buyerRegistrationAddress") or {})
    buyer = replace(own if own.name and own.street else recipient, handle=str(bought.get("username") or ""))
    return replace(buyer, email=buyer.email or recipient.email, phone=buyer.phone or recipient.phone), recipient


def _contact(found: Mapping[str, Any]) -> Buyer:
    address = found.get("contactAddress") or {}
    return Buyer(
        name=str(found.get("fullName") or ""),
        email=str(found.get("email") or ""),
        phone=str((found.get("primaryPhone") or {}).get("phoneNumber") or ""),
        street=", ".join(str(address[name]) for name in ("addressLine1", "addressLine2") if address.get(name)),
        city=", ".join(str(address[name]) for name in ("city", "stateOrProvince") if address.get(name)),
        postcode=str(address.get("postalCode") or ""),
        country=str(address.get("countryCode") or ""),
    )


def _ship_by(order: Mapping[str, Any]) -> datetime | None:
    """When the first of its lines must be on its way."""
    every = [(one.get("lineItemFulfillmentInstructions") or {}).get("shipByDate") for one in order.get("lineItems") or []]
    return min((datetime.fromisoformat(one) for one in every if one), default=None)


def money_back(order: Mapping[str, Any]) -> Money | None:
    """What the buyer has back, what eBay is still at work on included, as the order names it; None when there is nothing.

    eBay names a refund with the order or with its lines, and some with both.
    """
    whole = [one for one in (order.get("paymentSummary") or {}).get("refunds") or [] if one.get("refundStatus") != "FAILED"]
    lines = [refund for line in order.get("lineItems") or [] for refund in line.get("refunds") or []]
    known = {one.get("refundId") for one in whole}
    further = [one for one in lines if one.get("refundId") and one["refundId"] not in known]
    return max(filter(None, (_sum([*whole, *further]), _sum(lines))), key=lambda one: one.amount, default=None)


def _sum(refunds: Iterable[Mapping[str, Any]]) -> Money | None:
    found = [money for one in refunds if (money := money_of(one.get("amount"))) is not None]
    return sum(found[1:], found[0]) if found else None


def shipped_by(order: Mapping[str, Any]) -> frozenset[str]:
    """The names of an order's shipments: the tracking number of each that has one."""
    return frozenset(str(one).rpartition("/")[2] for one in order.get("fulfillmentHrefs") or [])


def parcels_of(page: Mapping[str, Any]) -> tuple[ChannelParcel, ...]:
    """The shipments of an order. eBay does not say there when one has arrived."""
    return tuple(
        ChannelParcel(
            carrier=name_of(str(one.get("shippingCarrierCode") or "")),
            tracking=str(one.get("shipmentTrackingNumber") or ""),
            external_id=str(one["fulfillmentId"]),
            shipped_at=datetime.fromisoformat(one["shippedDate"]) if one.get("shippedDate") else None,
        )
        for one in page.get("fulfillments") or []
    )


def label_of(page: Mapping[str, Any], currency: str) -> Money | None:
    """What labels bought at eBay cost, less what eBay gave back for those that were not used; None when none was bought."""
    labels = [one for one in page.get("transactions") or [] if one.get("transactionType") == "SHIPPING_LABEL"]
    known = [(one.get("bookingEntry"), money_in(one.get("amount"), currency)) for one in labels]
    if not known or any(money is None for _, money in known):
        return None
    return sum((-money if entry == "CREDIT" else money for entry, money in known if money), Money(0, currency))
