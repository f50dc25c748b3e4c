"""The stand-in's answers about orders after the sale, judged by eBay's own documents."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.ebay_referee import Referee, call, error_of, listed
from tests.sandbox_process import sandbox, sandbox_server

__all__ = ["call", "sandbox", "sandbox_server"]

ORDERS = "/ebay/sell/fulfillment/v1/order"
DISPUTES = "/ebay-apiz/sell/fulfillment/v1/payment_dispute_summary"
MARKETPLACE = {"X-EBAY-C-MARKETPLACE-ID": "EBAY_US"}


def test_shipments_that_ebay_does_not_take(call: Referee) -> None:
    _, lamp = listed(call, quantity=3)
    order = call.sandbox.buy_several("ebay", (lamp, 2), (lamp, 1))
    first, second = ({"lineItemId": one["lineItemId"], "quantity": one["quantity"]} for one in order["lineItems"])
    path = f"{ORDERS}/{order['orderId']}/shipping_fulfillment"
    sent = {"trackingNumber": "9400", "shippingCarrierCode": "USPS"}

    def refused(body: dict[str, Any]) -> tuple[int, int]:
        return error_of(call("POST", path, body, wrong=True))

    assert refused({}) == (400, 32600)
    assert refused({"lineItems": [{"lineItemId": "1", "quantity": 1}]}) == (400, 32200)
    assert refused({"lineItems": [first, first]}) == (400, 32210)
    assert refused({"lineItems": [first | {"quantity": 3}]}) == (400, 32600)
    assert refused({"lineItems": [first], "trackingNumber": "9400"}) == (400, 32300)
    assert refused({"lineItems": [first], **sent, "trackingNumber": "9400-1"}) == (400, 32300)
    assert refused({"lineItems": [first], **sent, "shippedDate": "soon"}) == (400, 32500)
    assert refused({"lineItems": [first], **sent, "shippedDate": "2099-01-01T00:00:00.000Z"}) == (400, 32500)
    assert call("POST", path, {"lineItems": [first | {"quantity": 1}], **sent}).status_code == 201
    assert refused({"lineItems": [first], **sent}) == (400, 34500)
    shown = call("GET", f"{ORDERS}/{order['orderId']}").json()
    assert [one["lineItemFulfillmentStatus"] for one in shown["lineItems"]] == ["IN_PROGRESS", "NOT_STARTED"]
    assert shown["orderFulfillmentStatus"] == "IN_PROGRESS"
    assert call("POST", path, {"lineItems": [first | {"quantity": 1}, second]}).status_code == 201
    assert call("GET", f"{ORDERS}/{order['orderId']}").json()["orderFulfillmentStatus"] == "FULFILLED"


def test_disputes_are_found_by_order_and_by_state(call: Referee) -> None:
    _, lamp = listed(call, quantity=3)
    first, second = (call.sandbox.buy("ebay", lamp)["orderId"] for _ in range(2))
    for one in (first, second):
        call.sandbox.dispute("ebay", one)

    def found(**query: str) -> list[str]:
        return [one["orderId"] for one in call("GET", DISPUTES, query=query).json()["paymentDisputeSummaries"]]

    assert found(order_id=first) == [first]
    assert set(found(payment_dispute_status="ACTION_NEEDED")) == {first, second}
    call.sandbox.dispute("ebay", first, "lost")
    assert found(payment_dispute_status="ACTION_NEEDED") == [second]
    assert set(found()) == {first, second}
    assert call("GET", f"{ORDERS}/{first}").json()["orderPaymentStatus"] == "FULLY_REFUNDED"
    assert error_of(call("GET", DISPUTES, query={"limit": "0"}, wrong=True)) == (400, 33001)
    with pytest.raises(httpx.HTTPStatusError):
        call.sandbox._post("dispute", {"marketplace": "ebay", "order": first, "outcome": "drawn"})


def test_a_label_is_booked_with_its_order(call: Referee) -> None:
    _, lamp = listed(call)
    order = call.sandbox.buy("ebay", lamp)["orderId"]
    call.sandbox.label("ebay", order, "4.20")
    query = {"filter": f"transactionType:{{SHIPPING_LABEL}},orderId:{{{order}}}"}
    [booked] = call("GET", "/ebay-apiz/sell/finances/v1/transaction", query=query, headers=MARKETPLACE).json()["transactions"]
    assert (booked["amount"]["value"], booked["bookingEntry"]) == ("4.20", "DEBIT")


def test_what_buyers_cannot_do(call: Referee) -> None:
    _, lamp = listed(call)
    order = call.sandbox.buy("ebay", lamp)["orderId"]
    with pytest.raises(httpx.HTTPStatusError):
        call.sandbox.deliver("ebay", order)
    call.sandbox.ask_back("ebay", order)
    shown = call("GET", f"{ORDERS}/{order}").json()["cancelStatus"]
    assert (shown["cancelState"], shown["cancelRequests"][0]["cancelRequestState"]) == ("IN_PROGRESS", "REQUESTED")
    with pytest.raises(httpx.HTTPStatusError):
        call.sandbox.ask_back("ebay", order)
    for name in ("deliver", "return", "dispute"):
        with pytest.raises(httpx.HTTPStatusError):
            call.sandbox._post(name, {"marketplace": "ebay", "order": "1"})


def test_a_cancellation_needs_its_own_word_before_the_token_and_a_sellers_reason(call: Referee) -> None:
    _, lamp = listed(call, quantity=2)
    order = call.sandbox.buy("ebay", lamp)["orderId"]
    wish = {"legacyOrderId": order, "cancelReason": "OUT_OF_STOCK_OR_CANNOT_FULFILL"}

    def cancel(body: dict[str, Any], scheme: str = "IAF") -> httpx.Response:
        headers = {"Authorization": f"{scheme} {call.token}", **MARKETPLACE}
        return httpx.post(f"{call.sandbox.url}/ebay/post-order/v2/cancellation", json=body, headers=headers, trust_env=False)

    assert cancel(wish, "Bearer").status_code == 401
    assert "error" in cancel({**wish, "cancelReason": "ORDER_MISTAKE"}).json()["errorMessage"]
    assert cancel({**wish, "legacyOrderId": "1"}).status_code == 404
    assert cancel(wish).json()["cancelId"]
    assert cancel(wish).json()["orderEligibilityResult"]["failureReason"] == ["CANCELLATION_EXIST"]
    assert call("GET", f"{ORDERS}/{order}").json()["cancelStatus"]["cancelState"] == "CANCELED"
