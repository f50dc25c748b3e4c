"""Shopify's orders to ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import Invalid, Unreachable
from core.money import Money, of_wire
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine
from core.values.states import OrderState

# Personal data that Shopify hides from apps without the permission for it; orders are worth having without.
PERSONAL = frozenset({"email", "phone", "shippingAddress"})

_PAID = {"PAID", "AUTHORIZED", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"}
_UNDER_WAY = {"IN_PROGRESS", "PARTIALLY_FULFILLED", "PENDING_FULFILLMENT", "ON_HOLD", "SCHEDULED"}


class Nonsense(Unreachable):
    """An order that cannot be read."""


def order(node: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> ChannelOrder:
    """An order of the `Parts` fragment with all its lines. Amounts are in the shop's currency. Raises `Nonsense`."""
    try:
        return _order(node, lines)
    except (KeyError, TypeError, ValueError, AttributeError, Invalid) as error:
        raise _nonsense(node, error) from error


def _order(node: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> ChannelOrder:
    total = cash(node["totalPriceSet"])
    return ChannelOrder(
        external_id=node["id"],
        state=state(node),
        paid=node["fullyPaid"],
        placed_at=moment(node["createdAt"]),
        changed_at=moment(node["updatedAt"]),
        total=total,
        lines=tuple(line(one) for one in lines),
        buyer=buyer(node),
        fees=fees(node["transactions"], total.currency),
        shipping=cash(node["totalShippingPriceSet"]),
        tax=cash(node["totalTaxSet"]) if node["totalTaxSet"] else None,
    )


def first_lines(node: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], str]:
    """The lines on an order's first page, and where to go on; empty when that is all. Raises `Nonsense`."""
    try:
        page = node["lineItems"]["pageInfo"]
        return list(node["lineItems"]["nodes"]), page["endCursor"] if page["hasNextPage"] else ""
    except (KeyError, TypeError) as error:
        raise _nonsense(node, error) from error


def left_out(node: Mapping[str, Any]) -> str:
    """What to tell of an order that makes no sense."""
    number = str(node.get("id")).rpartition("/")[2]
    return f"Order {number} on Shopify makes no sense to me, so I left it out. See in Shopify's admin what it sold, and say /sold."


def _nonsense(node: Mapping[str, Any], error: Exception) -> Nonsense:
    cause = f"{type(error).__name__} in order {node.get('id')}"
    return Nonsense("Shopify gave an order that makes no sense. I will try again.", cause=cause)


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


def fees(transactions: Sequence[Mapping[str, Any]], currency: str) -> Money | None:
    """What Shopify Payments kept, with tax. None when no fee is shown (another provider's are not known here, and unknown is not zero),
    or when it is shown in another currency than the order's, since Shopify tells no rate."""
    shown = [fee for one in transactions if one["status"] == "SUCCESS" for fee in one["fees"]]
    parts = [of_wire(fee[part]["amount"], fee[part]["currencyCode"]) for fee in shown for part in ("amount", "taxAmount")]
    if not parts or any(part.currency != currency for part in parts):
        return None
    return sum(parts, Money(0, currency))


def cash(bag: Mapping[str, Any]) -> Money:
    """A `MoneyBag` in the shop's currency."""
    amount = bag["shopMoney"]
    return of_wire(amount["amount"], amount["currencyCode"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def changed_since(since: datetime) -> str:
    """Shopify's search syntax for orders changed since then."""
    return f"updated_at:>='{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
