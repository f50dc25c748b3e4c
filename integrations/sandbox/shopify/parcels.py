"""What becomes of an order once it is placed: parcels, refunds, a cancellation, returns, disputes, labels. Control makes what buyers and
carriers do; the Admin API makes the rest.

An order has one fulfilment order for each place that it is sent from; its number is the order's with the place behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.market import Unbuyable
from integrations.sandbox.shopify import orders
from integrations.sandbox.shopify.shops import Refusal, Shops, bare, gid
from integrations.sandbox.store import Doc

View = dict[str, Any]
Cash = Callable[[str], View]


def sent_of(order: Doc, line: Doc) -> int:
    """How many units of a line are on their way."""
    return sum(int(part["quantity"]) for one in order.get("fulfillments", []) for part in one["lines"] if part["line"] == line["id"])


def fulfillment_orders(order: Doc) -> dict[str, list[Doc]]:
    """The lines of each fulfilment order, by its number."""
    found: dict[str, list[Doc]] = {}
    for line in order["lines"]:
        found.setdefault(f"{order['number']}{bare(line['location'])[-3:]}", []).append(line)
    return found


def views(shops: Shops, order: Doc, cash: Cash) -> View:
    """The fields of the type `Order` that this module knows."""
    left = orders.left_to_refund(order)
    payment = {"gateway": "shopify_payments", "parentTransaction": sale(order, cash), "maximumRefundableSet": cash(f"{left:.2f}")}
    return {
        "currencyCode": order["currency"],
        "presentmentCurrencyCode": order["currency"],
        "returnStatus": order.get("return_status", "NO_RETURN"),
        "disputes": [{"id": gid("OrderDisputeSummary", one["id"]), **one} for one in order.get("disputes", [])],
        "totalRefundedSet": cash(f"{sum(map(Decimal, order['refunds']), Decimal(0)):.2f}"),
        "suggestedRefund": lambda _, **__: {"suggestedTransactions": [payment] if left > 0 else []},
        "fulfillments": lambda _, first=10: [_shipment(one) for one in order.get("fulfillments", [])][:first],
        "fulfillmentOrders": lambda _, first=10: {"nodes": [_to_send(order, *one) for one in fulfillment_orders(order).items()][:first]},
    }


def sale(order: Doc, cash: Cash) -> View:
    return {"id": gid("OrderTransaction", f"{order['number']}1"), "amountSet": cash(order["total"])}


def _shipment(one: Doc) -> View:
    info = [{"company": one["company"], "number": one["tracking"]}] if one["tracking"] else []
    return {
        "id": gid("Fulfillment", one["id"]),
        "status": "SUCCESS",
        "displayStatus": "DELIVERED" if one["delivered_at"] else "FULFILLED",
        "createdAt": one["created_at"],
        "deliveredAt": one["delivered_at"],
        "trackingInfo": lambda _, first=10: info[:first],
    }


def _to_send(order: Doc, number: str, lines: list[Doc]) -> View:
    left = {one["id"]: int(one["quantity"]) - sent_of(order, one) for one in lines}
    status = "CLOSED" if order["cancelled_at"] or not any(left.values()) else "OPEN"
    location = {"id": lines[0]["location"], "isActive": True, "fulfillsOnlineOrders": True}
    nodes = [
        {
            "id": gid("FulfillmentOrderLineItem", one["id"]),
            "remainingQuantity": left[one["id"]],
            "lineItem": {"id": gid("LineItem", one["id"])},
        }
        for one in lines
    ]
    return {
        "id": gid("FulfillmentOrder", number),
        "status": status,
        "assignedLocation": {"location": location},
        "lineItems": lambda _, first=10: {"nodes": nodes[:first]},
    }


# -- what the seller does


def ship(shops: Shops, shop: str, wish: View) -> tuple[Doc, View]:
    """`fulfillmentCreate`: the order, and the shipment as it is shown."""
    order, lines, places = None, [], set()
    for part in wish["lineItemsByFulfillmentOrder"]:
        number = bare(part["fulfillmentOrderId"])
        order = next((one for one in shops.all("order", shop) if number in fulfillment_orders(one)), None)
        if order is None:
            raise Refusal("Fulfillment order does not exist.", "fulfillment", "lineItemsByFulfillmentOrder")
        open_lines = {one["id"]: one for one in fulfillment_orders(order)[number]}
        places |= {one["location"] for one in open_lines.values()}
        named = part.get("fulfillmentOrderLineItems") or [
            {"id": key, "quantity": int(one["quantity"]) - sent_of(order, one)} for key, one in open_lines.items()
        ]
        lines += [_part(order, open_lines, one) for one in named]
    if order is None or order["cancelled_at"]:
        raise Refusal("Fulfillment order has an unfulfillable status= closed.", "fulfillment")
    if len(places) > 1:
        raise Refusal("Fulfillment orders must be assigned to the same location.", "fulfillment")
    tracking = wish.get("trackingInfo") or {}
    made = {
        "id": str(shops.number()), "lines": lines, "company": tracking.get("company"), "tracking": tracking.get("number"),
        "created_at": shops.now(), "delivered_at": None,
    }  # fmt: skip
    order["fulfillments"] = [*order.get("fulfillments", []), made]
    done = all(sent_of(order, one) >= int(one["quantity"]) for one in order["lines"])
    order["fulfillment"] = "FULFILLED" if done else "PARTIALLY_FULFILLED"
    touch(shops, order)
    return order, _shipment(made)


def _part(order: Doc, open_lines: dict[str, Doc], wish: View) -> Doc:
    line = open_lines.get(bare(wish["id"]))
    if line is None:
        raise Refusal("Fulfillment order line item does not exist.", "fulfillment")
    left = int(line["quantity"]) - sent_of(order, line)
    if not 0 < wish["quantity"] <= left:
        raise Refusal("Invalid fulfillment order line item quantity requested.", "fulfillment")
    return {"line": line["id"], "quantity": wish["quantity"]}


def refund(shops: Shops, shop: str, wish: View) -> View:
    """`refundCreate`, without anything taken off the order."""
    order = own(shops, shop, wish["orderId"])
    if order is None:
        raise Refusal("Order does not exist", "orderId")
    amount = Decimal(0)
    for one in wish.get("transactions") or []:
        if one["kind"] != "REFUND" or bare(one.get("parentId") or "") != f"{order['number']}1":
            raise Refusal("Transactions is invalid", "transactions")
        try:
            amount += Decimal(one["amount"])
        except InvalidOperation:
            raise Refusal("Amount is not a number", "transactions") from None
    try:
        orders.refund(shops, order, amount)
    except Unbuyable:
        raise Refusal("Refund amount is greater than net payment received", "transactions") from None
    return {"id": gid("Refund", shops.number())}


def cancel(shops: Shops, shop: str, args: View) -> tuple[Doc, View]:
    """`orderCancel`: a job, which is done at once here. Stock comes back when that is asked for."""
    order = own(shops, shop, args["orderId"])
    if order is None:
        raise Refusal("Order does not exist", "orderId", code="NOT_FOUND")
    if order["cancelled_at"]:
        raise Refusal("Order has already been cancelled", "orderId", code="INVALID")
    if order.get("fulfillments"):
        raise Refusal("Cannot cancel an order with fulfilled line items", "orderId", code="INVALID")
    money_back = bool((args.get("refundMethod") or {}).get("originalPaymentMethodsRefund"))
    orders.cancel(shops, order, restock=bool(args["restock"]), money_back=money_back)
    return order, {"id": gid("Job", shops.number()), "done": False}


def own(shops: Shops, shop: str, wanted: str) -> Doc | None:
    found = orders.find(shops, wanted)
    return found if found and found["shop"] == shop else None


# -- what buyers, carriers and the payment service do


def deliver(shops: Shops, order: Doc) -> None:
    """Everything that is on its way arrives."""
    if not order.get("fulfillments"):
        raise Unbuyable("Nothing of this order is on its way.")
    for one in order["fulfillments"]:
        one["delivered_at"] = one["delivered_at"] or shops.now()
    touch(shops, order)


def ask_back(shops: Shops, order: Doc) -> None:
    """The buyer asks to send it back."""
    if not order.get("fulfillments"):
        raise Unbuyable("Nothing of this order is on its way, so nothing can be returned.")
    order["return_status"] = "RETURN_REQUESTED"
    touch(shops, order)


def dispute(shops: Shops, order: Doc, outcome: str) -> None:
    """The buyer disputes the payment; with an `outcome` ("won", "lost") it ends."""
    if outcome:
        order["disputes"] = [{**one, "status": outcome.upper()} for one in order.get("disputes", [])]
    else:
        order["disputes"] = [
            *order.get("disputes", []),
            {"id": str(shops.number()), "initiatedAs": "CHARGEBACK", "status": "NEEDS_RESPONSE"},
        ]
    if outcome == "lost":
        orders.refund(shops, order, orders.left_to_refund(order))
    touch(shops, order)


def label(shops: Shops, order: Doc, cost: Decimal) -> None:
    """A shipping label, bought at Shopify."""
    key = str(shops.number())
    shops.put("label", key, {"shop": order["shop"], "order": order["number"], "amount": f"-{cost:.2f}", "currency": order["currency"]})
    touch(shops, order)


def balance(shops: Shops, shop: str) -> View:
    """`shopifyPaymentsAccount`, of which only the labels are shown."""

    def transactions(_: Any, first: int = 50, query: str = "", sortKey: str = "") -> View:
        nodes = [
            {
                "type": "SHIPPING_LABEL",
                "amount": {"amount": one["amount"], "currencyCode": one["currency"]},
                "associatedOrder": {"id": gid("Order", one["order"])},
            }
            for one in shops.all("label", shop)
        ]
        return {"nodes": nodes[:first] if "shipping_label" in query or not query else []}

    return {"balanceTransactions": transactions}


def touch(shops: Shops, order: Doc) -> None:
    order["updated_at"] = shops.now()
    shops.put("order", order["number"], order)
