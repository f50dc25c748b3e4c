"""What becomes of an order after the sale: payment disputes (Fulfillment), cancellations and returns (Post-Order), labels; and what buyers
do, for control. Post-Order has no machine-readable document: it is as its pages describe it (../../ebay/cancelling.py says which)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay import orders
from integrations.sandbox.ebay.answers import Refusal, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.market import Unbuyable
from integrations.sandbox.store import Doc

DISPUTES = "/ebay-apiz/sell/fulfillment/v1"
POST_ORDER = "/ebay/post-order/v2"
SELLERS_REASONS = ("OUT_OF_STOCK_OR_CANNOT_FULFILL", "BUYER_ASKED_CANCEL", "ADDRESS_ISSUES")


def routes(shop: Shop) -> list[Route]:
    money = Api(shop, DISPUTES, ("sell.payment.dispute",))
    money.add("GET", "/payment_dispute_summary", "getPaymentDisputeSummaries", _disputes)
    post = Api(shop, POST_ORDER, ("", "sell.fulfillment"), scheme="iaf")
    post.add("POST", "/cancellation", "createCancellation", _cancel)
    post.add("POST", "/cancellation/{request}/approve", "approveCancellationRequest", _approve)
    post.add("GET", "/return/search", "searchReturns", _returns)
    return money.routes + post.routes


# -- what the API shows and does


async def _disputes(call: Call) -> Response:
    size, start = call.page(Refusal(400, 33001, "fulfillment", "limit or offset is not valid."), limit=200)
    found = list(call.shop.store.all("ebay.dispute").values())
    if order := call.query("order_id"):
        found = [one for one in found if one["orderId"] == order]
    elif states := call.request.query_params.getlist("payment_dispute_status"):
        found = [one for one in found if one["paymentDisputeStatus"] in states]
    here = f"{call.shop.world.base_url}{DISPUTES}/payment_dispute_summary?limit={size}&offset={start}"
    page = found[start : start + size]
    return JSONResponse({"href": here, "limit": size, "offset": start, "total": len(found), "paymentDisputeSummaries": page})


async def _returns(call: Call) -> Response:
    size, start = call.page(_post_order_error(400, "limit or offset is not valid."), limit=25, most=500)
    found = list(call.shop.store.all("ebay.return").values())
    if order := call.query("order_id"):
        found = [one for one in found if one["orderId"] == order]
    if call.query("return_state") == "ALL_OPEN":
        found = [one for one in found if one["state"] != "CLOSED"]
    page = {"limit": size, "offset": start, "totalEntries": len(found), "totalPages": -(-len(found) // size)}
    return JSONResponse({"members": found[start : start + size], "total": len(found), "paginationOutput": page})


async def _cancel(call: Call) -> Response:
    if not call.header("x-ebay-c-marketplace-id"):
        raise _post_order_error(400, "The header X-EBAY-C-MARKETPLACE-ID is missing.")
    body = call.json()
    order = call.shop.store.get("ebay.order", str(body.get("legacyOrderId")))
    if order is None:
        raise _post_order_error(404, "There is no such order.")
    if body.get("cancelReason") not in SELLERS_REASONS:
        raise _post_order_error(400, "The reason is not one of a seller's.")
    if reason := _not_eligible(call.shop, order):
        result = {"legacyOrderId": order["orderId"], "eligible": False, "failureReason": [reason]}
        return JSONResponse({"orderEligibilityResult": result})
    orders.cancel(call.shop, order, "Seller", str(body["cancelReason"]))
    return JSONResponse({"cancelId": order["cancelStatus"]["cancelRequests"][-1]["cancelRequestId"]})


async def _approve(call: Call) -> Response:
    for order in call.shop.store.all("ebay.order").values():
        for one in order["cancelStatus"]["cancelRequests"]:
            if one["cancelRequestId"] == call.path("request") and one["cancelRequestState"] == "REQUESTED":
                orders.cancel(call.shop, order, "Buyer", one["cancelReason"])
                return Response(status_code=200)
    raise _post_order_error(404, "There is no such cancellation request.")


def _not_eligible(shop: Shop, order: Doc) -> str:
    """Why an order cannot be cancelled (EligibilityFailureReasonEnum); empty when it can."""
    if order["cancelStatus"]["cancelState"] != "NONE_REQUESTED":
        return "CANCELLATION_EXIST"
    if any(one["orderId"] == order["orderId"] for one in shop.store.all("ebay.dispute").values()):
        return "CHARGEBACK_OPENED"
    return "CANCEL_WINDOW_ELAPSED" if order["orderFulfillmentStatus"] != "NOT_STARTED" else ""


class _PostOrderError(Refusal):
    """The same error, in the envelope of the Post-Order API."""

    def response(self) -> Response:
        return JSONResponse({"errorMessage": {"error": [{**self.error, "severity": "ERROR"}]}}, self.status)


def _post_order_error(status: int, message: str) -> Refusal:
    return _PostOrderError(status, 1, "resolutionsErrorDomain", message)


# -- what buyers and sellers do on eBay's pages


def ask_back(shop: Shop, order: Doc) -> None:
    """The buyer opens a return, or before anything is sent asks to be let out of the sale."""
    if order["orderFulfillmentStatus"] != "NOT_STARTED":
        key = str(shop.store.number("ebay.return", 5200000001))
        asked = {
            "returnId": key,
            "orderId": order["orderId"],
            "currentType": "MONEY_BACK",
            "state": "INITIAL",
            "status": "RETURN_REQUESTED",
        }
        shop.store.put("ebay.return", key, {**asked, "buyerLoginName": order["buyer"]["username"]})
        return
    if order["cancelStatus"]["cancelState"] != "NONE_REQUESTED":
        raise Unbuyable(f"That was asked for order {order['orderId']} already.")
    request = {
        "cancelRequestId": str(shop.store.number("ebay.cancel", 5000000001)),
        "cancelInitiator": "Buyer",
        "cancelReason": "ORDER_MISTAKE",
        "cancelRequestState": "REQUESTED",
        "cancelRequestedDate": wire(shop.world.now()),
    }
    order["cancelStatus"] = {"cancelState": "IN_PROGRESS", "cancelRequests": [request]}
    orders.touch(shop, order)


def dispute(shop: Shop, order: Doc, outcome: str) -> None:
    """The buyer disputes the payment with the bank; with an outcome the dispute is closed."""
    if not outcome:
        key = str(shop.store.number("ebay.dispute", 5150000001))
        opened = {
            "paymentDisputeId": key,
            "orderId": order["orderId"],
            "paymentDisputeStatus": "ACTION_NEEDED",
            "reason": "ITEM_NOT_RECEIVED",
            "amount": order["pricingSummary"]["total"],
            "buyerUsername": order["buyer"]["username"],
            "openDate": wire(shop.world.now()),
        }
        shop.store.put("ebay.dispute", key, opened)
    for key, one in shop.store.all("ebay.dispute").items():
        if outcome and one["orderId"] == order["orderId"]:
            shop.store.put("ebay.dispute", key, {**one, "paymentDisputeStatus": "CLOSED", "closedDate": wire(shop.world.now())})
    if outcome == "lost":
        orders.refund(shop, order, orders.left_to_refund(order))
    orders.touch(shop, order)


def label(shop: Shop, order: Doc, cost: Decimal) -> None:
    """A shipping label, bought at eBay and booked in Finances."""
    key = f"L-{shop.store.number('ebay.label', 1)}"
    booked: dict[str, Any] = {
        "transactionId": key,
        "transactionType": "SHIPPING_LABEL",
        "transactionStatus": "COMPLETED",
        "transactionDate": wire(shop.world.now()),
        "transactionMemo": "Shipping label",
        "bookingEntry": "DEBIT",
        "amount": orders.money(cost, order["pricingSummary"]["total"]["currency"]),
        **{name: order[name] for name in ("orderId", "salesRecordReference")},
        "paymentsEntity": "eBay Commerce Inc.",
    }
    shop.store.put("ebay.transaction", key, booked)
    orders.touch(shop, order)
