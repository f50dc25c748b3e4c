"""Shopify's orders to ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.money import Money, of_wire
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine
from core.values.states import OrderState

# Personal data that Shopify hides from apps without the permission for it; orders are worth having without.
PERSONAL = frozenset({"email", "phone", "shippingAddress"})

_PAID = {"PAID", "AUTHORIZED", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"}
_UNDER_WAY = {"IN_PROGRESS", "PARTIALLY_FULFILLED", "PENDING_FULFILLMENT", "ON_HOLD", "SCHEDULED"}


def order(node: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> ChannelOrder:
    """An order of the `Parts` fragment with all its lines. Amounts are in the shop's currency."""
    return ChannelOrder(
        external_id=node["id"],
        state=state(node),
        paid=node["fullyPaid"],
        placed_at=moment(node["createdAt"]),
        changed_at=moment(node["updatedAt"]),
        total=cash(node["totalPriceSet"]),
        lines=tuple(line(one) for one in lines),
        buyer=buyer(node),
        fees=fees(node["transactions"]),
        shipping=cash(node["totalShippingPriceSet"]),
        tax=cash(node["totalTaxSet"]) if node["totalTaxSet"] else None,
    )


def state(node: Mapping[str, Any]) -> OrderState:
    """Cancelled and refunded are ends and come first; then how far the parcel is; then the payment."""
    money, parcel = node["displayFinancialStatus"], node["displayFulfillmentStatus"]
    if node["cancelledAt"] or money in {"VOIDED", "EXPIRED"}:
        return OrderState.CANCELLED
    if money == "REFUNDED":
        return OrderState.REFUNDED
    if parcel == "FULFILLED":
        return OrderState.SHIPPED
    if parcel in _UNDER_WAY:
        return OrderState.PROCESSING
    return OrderState.CONFIRMED if money in _PAID else OrderState.PENDING


def line(node: Mapping[str, Any]) -> ChannelOrderLine:
    return ChannelOrderLine(
        external_id=node["id"],
        sku=node["sku"] or "",
        title=node["title"],
        quantity=node["quantity"],
        price=cash(node["discountedUnitPriceAfterAllDiscountsSet"]),
        listing_id=(node["product"] or {}).get("id", ""),
    )


def buyer(node: Mapping[str, Any]) -> Buyer:
    """Whoever it is sent to. Everything may be missing: guests, pick-up, or no permission."""
    to = node["shippingAddress"] or {}
    street = ", ".join(part for part in (to.get("address1"), to.get("address2")) if part)
    return Buyer(
        name=to.get("name") or "",
        email=node["email"] or "",
        phone=to.get("phone") or node["phone"] or "",
        street=street,
        city=to.get("city") or "",
        postcode=to.get("zip") or "",
        country=to.get("countryCodeV2") or "",
    )


def fees(transactions: Sequence[Mapping[str, Any]]) -> Money | None:
    """What Shopify Payments kept, with tax. None when no fee is shown: another provider's are not known here, and unknown is not zero."""
    shown = [fee for one in transactions if one["status"] == "SUCCESS" for fee in one["fees"]]
    if not shown:
        return None
    parts = [of_wire(fee[part]["amount"], fee[part]["currencyCode"]) for fee in shown for part in ("amount", "taxAmount")]
    total = Money(0, parts[0].currency)
    for part in parts:
        total += part
    return total


def cash(bag: Mapping[str, Any]) -> Money:
    """A `MoneyBag` in the shop's currency."""
    amount = bag["shopMoney"]
    return of_wire(amount["amount"], amount["currencyCode"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def changed_since(since: datetime) -> str:
    """Shopify's search syntax for orders changed since then."""
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
