"""Shopify's orders to ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.errors import Invalid, Unreachable
from core.money import Money, of_wire
from core.values.channel import Buyer, ChannelOrder, ChannelOrderLine, ChannelParcel
from core.values.states import OrderState
from core.words import Told
from integrations.shopify.carriers import name_of

# Personal data that Shopify hides from apps without the permission for it; orders are worth having without.
PERSONAL = frozenset({"email", "phone", "shippingAddress", "billingAddress"})
# What is asked for apart once something is on its way: a shop that keeps it from the app loses nothing else.
AFTER_SALE = frozenset({"order", "shopifyPaymentsAccount"})
UNKNOWN = Told("Shopify does not know this order. It may be deleted, or older than 60 days.")

_PAID = {"PAID", "AUTHORIZED", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"}
_RETURNING = {"RETURN_REQUESTED", "IN_PROGRESS"}
_DISPUTED = {"NEEDS_RESPONSE", "UNDER_REVIEW"}
_GONE = {"CANCELLED", "ERROR", "FAILURE"}
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
    total, refunded = cash(node["totalPriceSet"]), cash(node["totalRefundedSet"])
    bought, recipient = people(node)
    return ChannelOrder(
        external_id=node["id"],
        state=state(node),
        paid=node["fullyPaid"],
        placed_at=moment(node["createdAt"]),
        changed_at=moment(node["updatedAt"]),
        total=total,
        lines=tuple(line(one) for one in lines),
        buyer=bought,
        fees=fees(node["transactions"], total.currency),
        shipping=cash(node["totalShippingPriceSet"]),
        tax=cash(node["totalTaxSet"]) if node["totalTaxSet"] else None,
        refunded=refunded if refunded.amount else None,
        recipient=recipient,
        parcels=parcels(node),
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
    """Cancelled and refunded are ends and come first; then what the buyer wants back; then how far the parcels are; then the payment."""
    money, parcel = node["displayFinancialStatus"], node["displayFulfillmentStatus"]
    if node["cancelledAt"] or money in {"VOIDED", "EXPIRED"}:
        return OrderState.CANCELLED
    if money == "REFUNDED":
        return OrderState.REFUNDED
    if node["returnStatus"] in _RETURNING:
        return OrderState.REFUND_REQUESTED
    if parcel == "FULFILLED":
        sent = parcels(node)
        return OrderState.DELIVERED if sent and all(one.delivered_at for one in sent) else OrderState.SHIPPED
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


def people(node: Mapping[str, Any]) -> tuple[Buyer, Buyer | None]:
    """Who bought, and who gets it where that is somebody else. Everything may be missing: guests, pick-up, or no permission."""
    to, own = node["shippingAddress"] or {}, node["billingAddress"] or {}
    contact = {"email": node["email"] or "", "phone": node["phone"] or ""}
    bought = _person(own or to, **contact)
    recipient = _person(to, **contact)
    same = not to or (recipient.name, recipient.street, recipient.postcode) == (bought.name, bought.street, bought.postcode)
    return bought, None if same else recipient


def _person(at: Mapping[str, Any], email: str, phone: str) -> Buyer:
    return Buyer(
        name=at.get("name") or "",
        email=email,
        phone=at.get("phone") or phone,
        street=", ".join(part for part in (at.get("address1"), at.get("address2")) if part),
        city=at.get("city") or "",
        postcode=at.get("zip") or "",
        country=at.get("countryCodeV2") or "",
    )


def parcels(node: Mapping[str, Any]) -> tuple[ChannelParcel, ...]:
    """What was sent: a parcel for each tracking number of a shipment, or one without."""
    found = []
    for one in node["fulfillments"]:
        if one["status"] not in _GONE:
            arrived = one["deliveredAt"] or (one["createdAt"] if one["displayStatus"] == "DELIVERED" else None)
            for info in one["trackingInfo"] or [{"company": "", "number": ""}]:
                sent = {"carrier": name_of(info["company"] or ""), "tracking": info["number"] or "", "external_id": one["id"]}
                found.append(ChannelParcel(**sent, shipped_at=moment(one["createdAt"]), delivered_at=moment(arrived) if arrived else None))
    return tuple(found)


def after_sale(order: ChannelOrder, data: Mapping[str, Any]) -> ChannelOrder:
    """An order in the light of its disputes, and with what Shopify's own labels for it cost."""
    statuses = {one["status"] for one in (data["order"] or {"disputes": []})["disputes"]}
    account = data["shopifyPaymentsAccount"] or {"balanceTransactions": {"nodes": []}}
    own = [one for one in account["balanceTransactions"]["nodes"] if (one["associatedOrder"] or {}).get("id") == order.external_id]
    costs = [of_wire(one["amount"]["amount"], one["amount"]["currencyCode"]) for one in own if one["type"].startswith("SHIPPING_LABEL")]
    known = bool(costs) and all(one.currency == order.total.currency for one in costs)
    label = -sum(costs, Money(0, order.total.currency)) if known else None  # what was taken from the balance is negative there
    if statuses & _DISPUTED and order.state not in (OrderState.CANCELLED, OrderState.REFUNDED):
        return replace(order, state=OrderState.DISPUTED, label_cost=label)
    return replace(order, label_cost=label)


def labels_since(order: ChannelOrder) -> str:
    """Shopify's search syntax for the labels that were paid since an order came."""
    return f"transaction_type:shipping_label processed_at:>='{order.placed_at:%Y-%m-%dT%H:%M:%SZ}'"


def under_way(transactions: Sequence[Mapping[str, Any]], currency: str) -> Money:
    """Refunds that Shopify has begun and not ended."""
    begun = [one for one in transactions if one["kind"] == "REFUND" and one["status"] == "PENDING"]
    return sum((cash(one["amountSet"]) for one in begun), Money(0, currency))


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
