"""Making and changing orders, in the shape of the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.sandbox.ebay.answers import wire
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.store import Doc

_CENT = Decimal("0.01")
_ADDRESS = {"addressLine1": "1 Sandbox Way", "city": "Portland", "stateOrProvince": "OR", "postalCode": "97201", "countryCode": "US"}
_NAME = "Sandra Boxer"


def money(value: Decimal, currency: str) -> dict[str, str]:
    return {"value": str(value.quantize(_CENT, rounding=ROUND_HALF_UP)), "currency": currency}


def fee_of(shop: Shop, total: Decimal) -> Decimal:
    """A share of the total and a fixed part for the order."""
    share = total * Decimal(shop.world.settings.fee_percent) / 100
    return (share + Decimal("0.40")).quantize(_CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of an order to be. `price` is for one unit."""

    listing: Doc
    offer: Doc
    quantity: int
    price: Decimal

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity


def make(shop: Shop, lines: Sequence[Bought], *, paid: bool) -> Doc:
    """A new order, kept, with its sale's transaction when it is paid."""
    total, currency = sum((one.total for one in lines), Decimal(0)), lines[0].listing["currency"]
    number = shop.store.number("ebay.order", 1)
    now = shop.world.now()
    key = f"{10 + number // 10**8:02d}-{number // 10**5 % 1000 + 10000:05d}-{number % 10**5:05d}"
    contact = {
        "fullName": _NAME,
        "contactAddress": _ADDRESS,
        "primaryPhone": {"phoneNumber": "5035550100"},
        "email": "buyer@sandbox.example",
    }
    order: Doc = {
        "orderId": key,
        "creationDate": wire(now),
        "lastModifiedDate": wire(now),
        "sellerId": shop.seller,
        "salesRecordReference": str(number),
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID" if paid else "PENDING",
        "buyer": {
            "username": f"sandbox_buyer_{number % 7 + 1}",
            "taxAddress": {name: _ADDRESS[name] for name in ("stateOrProvince", "postalCode", "countryCode")},
            "buyerRegistrationAddress": contact,
        },
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "pricingSummary": {
            "priceSubtotal": money(total, currency),
            "deliveryCost": money(Decimal(0), currency),
            "total": money(total, currency),
        },
        "paymentSummary": _payment(shop, key, total, currency, paid=paid),
        "fulfillmentStartInstructions": [_shipping(now, contact)],
        "fulfillmentHrefs": [],
        "lineItems": [_line(one, now, str(shop.store.number("ebay.line", 10_000_000_001))) for one in lines],
        "totalFeeBasisAmount": money(total, currency),
    }
    if paid:
        order["totalMarketplaceFee"] = money(fee_of(shop, total), currency)
        _book(shop, order, total, currency)
    shop.store.put("ebay.order", key, order)
    return order


def cancel(shop: Shop, order: Doc, initiator: str = "Buyer", reason: str = "BUYER_CANCEL_ORDER") -> None:
    """It is cancelled; what was paid goes back. The stock does not: the seller decides what becomes of it."""
    now = wire(shop.world.now())
    asked = next((one for one in order["cancelStatus"]["cancelRequests"] if one["cancelRequestState"] == "REQUESTED"), None)
    request = asked or {
        "cancelRequestId": str(shop.store.number("ebay.cancel", 5000000001)),
        "cancelInitiator": initiator,
        "cancelReason": reason,
        "cancelRequestedDate": now,
    }
    request |= {"cancelRequestState": "COMPLETED", "cancelCompletedDate": now}
    order["cancelStatus"] = {"cancelState": "CANCELED", "cancelledDate": now, "cancelRequests": [request]}
    if is_paid(order):
        refund(shop, order, left_to_refund(order))
    elif order["orderPaymentStatus"] == "PENDING":
        order["orderPaymentStatus"] = "FAILED"
    touch(shop, order)


def pay(shop: Shop, order: Doc) -> None:
    """The buyer of an order pays, some time after buying. The caller says that it has not been paid before."""
    total = Decimal(order["pricingSummary"]["total"]["value"])
    currency = order["pricingSummary"]["total"]["currency"]
    order |= {
        "orderPaymentStatus": "PAID",
        "paymentSummary": _payment(shop, order["orderId"], total, currency, paid=True),
        "totalMarketplaceFee": money(fee_of(shop, total), currency),
    }
    _book(shop, order, total, currency)
    touch(shop, order)


def is_paid(order: Doc) -> bool:
    """Has money come that is not all given back?"""
    return order["orderPaymentStatus"] in ("PAID", "PARTIALLY_REFUNDED")


def refund(shop: Shop, order: Doc, amount: Decimal) -> str:
    """Give money back; gives the refund's id. The caller keeps the order."""
    key = str(shop.store.number("ebay.refund", 3000000001))
    given, now = money(amount, order["pricingSummary"]["total"]["currency"]), wire(shop.world.now())
    order["paymentSummary"]["refunds"].append({"refundId": key, "amount": given, "refundDate": now, "refundStatus": "REFUNDED"})
    booked = {
        "transactionId": f"R-{key}",
        "transactionType": "REFUND",
        "transactionStatus": "FUNDS_PROCESSING",
        "transactionDate": now,
        "bookingEntry": "DEBIT",
        "amount": given,
        **{name: order[name] for name in ("orderId", "salesRecordReference")},
        "buyer": {"username": order["buyer"]["username"]},
        "paymentsEntity": "eBay Commerce Inc.",
    }
    shop.store.put("ebay.transaction", booked["transactionId"], booked)
    order["orderPaymentStatus"] = "FULLY_REFUNDED" if left_to_refund(order) <= 0 else "PARTIALLY_REFUNDED"
    for number, one in shop.store.all("ebay.return").items():
        if one["orderId"] == order["orderId"]:
            shop.store.put("ebay.return", number, {**one, "state": "CLOSED", "status": "CLOSED"})
    return key


def left_to_refund(order: Doc) -> Decimal:
    given = sum((Decimal(one["amount"]["value"]) for one in order["paymentSummary"]["refunds"]), Decimal(0))
    return Decimal(order["pricingSummary"]["total"]["value"]) - given


def touch(shop: Shop, order: Doc) -> None:
    """Keep a changed order."""
    order["lastModifiedDate"] = wire(shop.world.now())
    shop.store.put("ebay.order", order["orderId"], order)


def _payment(shop: Shop, key: str, total: Decimal, currency: str, *, paid: bool) -> dict[str, Any]:
    payment: dict[str, Any] = {
        "amount": money(total, currency),
        "paymentMethod": "EBAY",
        "paymentReferenceId": key.replace("-", ""),
        "paymentStatus": "PAID" if paid else "PENDING",
    }
    if paid:
        payment["paymentDate"] = wire(shop.world.now())
    due = total - fee_of(shop, total) if paid else total
    return {"payments": [payment], "refunds": [], "totalDueSeller": money(due, currency)}


def _shipping(now: Any, contact: dict[str, Any]) -> dict[str, Any]:
    step = {"shippingCarrierCode": "USPS", "shippingServiceCode": "USPSParcel", "shipTo": contact}
    window = {"minEstimatedDeliveryDate": wire(now + timedelta(days=3)), "maxEstimatedDeliveryDate": wire(now + timedelta(days=6))}
    return {"fulfillmentInstructionsType": "SHIP_TO", "ebaySupportedFulfillment": False, **window, "shippingStep": step}


def _line(bought: Bought, now: Any, key: str) -> dict[str, Any]:
    listing, total, currency = bought.listing, bought.total, bought.listing["currency"]
    window = {"minEstimatedDeliveryDate": wire(now + timedelta(days=3)), "maxEstimatedDeliveryDate": wire(now + timedelta(days=6))}
    return {
        "lineItemId": key,
        "legacyItemId": listing["id"],
        "sku": listing["sku"],
        "title": listing["title"],
        "quantity": bought.quantity,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": listing["marketplace"],
        "purchaseMarketplaceId": listing["marketplace"],
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "lineItemCost": money(total, currency),
        "deliveryCost": {"shippingCost": money(Decimal(0), currency)},
        "total": money(total, currency),
        "taxes": [],
        "refunds": [],
        "appliedPromotions": [],
        "properties": {"buyerProtection": True},
        "lineItemFulfillmentInstructions": {**window, "shipByDate": wire(now + timedelta(days=1)), "guaranteedDelivery": False},
    }


def _book(shop: Shop, order: Doc, total: Decimal, currency: str) -> None:
    """The sale in Finances: what is left after the fee, and the fee."""
    key = f"{shop.store.number('ebay.transaction', 1):02d}-{order['orderId']}"
    flat = Decimal("0.40")
    share = fee_of(shop, total) - flat
    lines = []
    for place, one in enumerate(order["lineItems"]):
        cost = Decimal(one["lineItemCost"]["value"])
        fees = [{"feeType": "FINAL_VALUE_FEE", "amount": money(share * cost / total if total else share, currency)}]
        if place == 0:
            fees.append({"feeType": "FINAL_VALUE_FEE_FIXED_PER_ORDER", "amount": money(flat, currency)})
        lines.append({"lineItemId": one["lineItemId"], "feeBasisAmount": money(cost, currency), "marketplaceFees": fees})
    sale = {
        "transactionId": key,
        "transactionType": "SALE",
        "transactionStatus": "FUNDS_PROCESSING",
        "transactionDate": order["creationDate"],
        "orderId": order["orderId"],
        "salesRecordReference": order["salesRecordReference"],
        "buyer": {"username": order["buyer"]["username"]},
        "bookingEntry": "CREDIT",
        "amount": money(total - fee_of(shop, total), currency),
        "totalFeeBasisAmount": money(total, currency),
        "totalFeeAmount": money(fee_of(shop, total), currency),
        "orderLineItems": lines,
        "paymentsEntity": "eBay Commerce Inc.",
    }
    shop.store.put("ebay.transaction", key, sale)
