"""Orders, money and access of the eBay stand-in against eBay's documents."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.contract.ebay_referee import (
    INVENTORY,
    Referee,
    call,
    error_of,
    listed,
    sandbox,
    sandbox_server,
)
from tests.contract.test_ebay_sandbox_notification import subscribed
from tests.receiver import Receiver

__all__ = ["call", "sandbox", "sandbox_server"]


pytestmark = pytest.mark.specs

# -- orders and money


def test_a_paid_order_and_its_fees(call: Referee) -> None:
    _, listing = listed(call, quantity=2)
    sold = call.sandbox.buy("ebay", listing)
    order = call("GET", f"/ebay/sell/fulfillment/v1/order/{sold['orderId']}").json()
    assert order == sold
    line = order["lineItems"][0]
    assert (line["sku"], line["legacyItemId"], line["quantity"], line["lineItemCost"]["value"]) == ("LAMP-1", listing, 1, "45.50")
    assert order["totalMarketplaceFee"] == {"value": "6.43", "currency": "USD"}
    finances = "/ebay-apiz/sell/finances/v1/transaction"
    market = {"X-EBAY-C-MARKETPLACE-ID": "EBAY_US"}
    query = {"filter": f"orderId:{{{sold['orderId']}}}"}
    sale = call("GET", finances, query=query, headers=market).json()["transactions"][0]
    assert (sale["transactionType"], sale["totalFeeAmount"]["value"], sale["amount"]["value"]) == ("SALE", "6.43", "39.07")
    assert call("GET", finances, query={"filter": "orderId:{1}"}, headers=market).status_code == 204


def test_what_was_bought_is_paid_later(call: Referee) -> None:
    _, listing = listed(call)
    bought = call.sandbox.buy("ebay", listing, paid=False)
    assert (bought["orderPaymentStatus"], bought.get("totalMarketplaceFee")) == ("PENDING", None)
    call.sandbox.pay("ebay", bought["orderId"])
    order = call("GET", f"/ebay/sell/fulfillment/v1/order/{bought['orderId']}").json()
    assert (order["orderPaymentStatus"], order["totalMarketplaceFee"]["value"]) == ("PAID", "6.43")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        call.sandbox.pay("ebay", bought["orderId"])


def test_orders_are_filtered_and_paged(call: Referee) -> None:
    _, listing = listed(call, quantity=3)
    first = call.sandbox.buy("ebay", listing)
    call.sandbox.shift_clock(600)
    second = call.sandbox.buy("ebay", listing)
    third = call.sandbox.buy("ebay", listing, paid=False)
    path = "/ebay/sell/fulfillment/v1/order"

    def ids(**query: str) -> list[str]:
        return [one["orderId"] for one in call("GET", path, query=query).json()["orders"]]

    newest = [third["orderId"], second["orderId"], first["orderId"]]
    assert ids() == newest
    assert ids(limit="2") == newest[:2]
    assert ids(limit="2", offset="2") == newest[2:]
    assert ids(orderIds=first["orderId"]) == newest[2:]
    assert ids(filter=f"creationdate:[{first['creationDate']}..{first['creationDate']}]") == newest[2:]
    assert set(ids(filter=f"lastmodifieddate:[{second['creationDate']}..]")) == set(newest[:2])
    shipment = {"lineItems": [{"lineItemId": first["lineItems"][0]["lineItemId"], "quantity": 1}]}
    made = call(
        "POST", f"{path}/{first['orderId']}/shipping_fulfillment", shipment | {"trackingNumber": "9400", "shippingCarrierCode": "USPS"}
    )
    assert made.status_code == 201
    assert call("GET", urlsplit(made.headers["location"]).path).json()["shipmentTrackingNumber"] == "9400"
    assert call("GET", f"{path}/{first['orderId']}/shipping_fulfillment").json()["total"] == 1
    assert ids(filter="orderfulfillmentstatus:{FULFILLED|IN_PROGRESS}") == newest[2:]
    assert set(ids(filter="orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}")) == set(newest[:2])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": "colour:{red}"}, 30700),
        ({"filter": "creationdate:[yesterday..]"}, 30810),
        ({"filter": "creationdate:[..2026-01-01T00:00:00.000Z]"}, 30820),
        ({"filter": "creationdate:[2099-01-01T00:00:00.000Z..]"}, 30850),
        ({"filter": "creationdate:[2026-02-01T00:00:00.000Z..2026-01-01T00:00:00.000Z]"}, 30840),
        ({"filter": "creationdate:[2001-01-01T00:00:00.000Z..]"}, 30830),
        ({"limit": "201"}, 31100),
        ({"orderIds": ",".join(map(str, range(51)))}, 30900),
    ],
)
def test_orders_that_cannot_be_asked_for(call: Referee, query: dict[str, str], expected: int) -> None:
    assert error_of(call("GET", "/ebay/sell/fulfillment/v1/order", query=query)) == (400, expected)


def test_cancelling_before_and_after_paying(call: Referee) -> None:
    _, listing = listed(call, quantity=2)
    paid = call.sandbox.buy("ebay", listing)
    unpaid = call.sandbox.buy("ebay", listing, paid=False)
    assert unpaid["orderPaymentStatus"] == "PENDING"
    for one in (paid, unpaid):
        call.sandbox.cancel("ebay", one["orderId"])
    path = "/ebay/sell/fulfillment/v1/order"
    first = call("GET", f"{path}/{paid['orderId']}").json()
    assert (first["cancelStatus"]["cancelState"], first["orderPaymentStatus"]) == ("CANCELED", "FULLY_REFUNDED")
    assert len(first["cancelStatus"]["cancelRequests"]) == 1
    assert call("GET", f"{path}/{unpaid['orderId']}").json()["orderPaymentStatus"] == "FAILED"
    every = call("GET", path).json()["orders"]
    assert all(one["cancelStatus"]["cancelRequests"] == [] for one in every)


def test_an_order_of_several_lines_two_of_them_of_one_listing(call: Referee) -> None:
    _, lamp = listed(call, quantity=3)
    with pytest.raises(httpx.HTTPStatusError):
        call.sandbox.buy_several("ebay", (lamp, 2), (lamp, 2))
    with Receiver() as receiver:
        subscribed(call, receiver, "ORDER_CONFIRMATION")
        order = call.sandbox.buy_several("ebay", (lamp, 2), (lamp, 1))
        told = [receiver.next().json()["notification"]["data"]["order"] for _ in range(2)]
    shown = call("GET", f"/ebay/sell/fulfillment/v1/order/{order['orderId']}").json()
    assert [(one["legacyItemId"], one["quantity"]) for one in shown["lineItems"]] == [(lamp, 2), (lamp, 1)]
    assert shown["pricingSummary"]["total"]["value"] == "136.50"
    ids = [one["lineItemId"] for one in shown["lineItems"]]
    assert {one["orderLineItems"][0]["orderLineItemId"] for one in told} == set(ids)  # each goes its own way: they may overtake
    assert len(set(ids)) == 2
    [sale] = call("GET", "/ebay-apiz/sell/finances/v1/transaction", headers={"X-EBAY-C-MARKETPLACE-ID": "EBAY_US"}).json()["transactions"]
    assert [one["lineItemId"] for one in sale["orderLineItems"]] == ids
    assert call.sandbox.state("ebay")["listings"][0]["sold"] == 3


def test_a_seller_gives_a_part_back_and_the_buyer_cancels_the_rest(call: Referee) -> None:
    _, listing = listed(call)
    order = call.sandbox.buy("ebay", listing)["orderId"]
    call.sandbox.refund("ebay", order, "5.50")
    path = f"/ebay/sell/fulfillment/v1/order/{order}"
    assert call("GET", path).json()["orderPaymentStatus"] == "PARTIALLY_REFUNDED"
    with pytest.raises(httpx.HTTPStatusError):
        call.sandbox.refund("ebay", order, "45.50")
    call.sandbox.cancel("ebay", order)
    shown = call("GET", path).json()
    assert (shown["cancelStatus"]["cancelState"], shown["orderPaymentStatus"]) == ("CANCELED", "FULLY_REFUNDED")
    assert [one["amount"]["value"] for one in shown["paymentSummary"]["refunds"]] == ["5.50", "40.00"]
    headers = {"X-EBAY-C-MARKETPLACE-ID": "EBAY_US"}
    refunds = call("GET", "/ebay-apiz/sell/finances/v1/transaction", query={"filter": "transactionType:{REFUND}"}, headers=headers)
    assert {one["bookingEntry"] for one in refunds.json()["transactions"]} == {"DEBIT"}


def test_refunds_stop_at_the_total(call: Referee) -> None:
    _, listing = listed(call, quantity=2)
    order = call.sandbox.buy("ebay", listing)["orderId"]
    path = f"/ebay/sell/fulfillment/v1/order/{order}/issue_refund"

    def body(value: str) -> dict[str, Any]:
        return {"reasonForRefund": "BUYER_RETURN", "orderLevelRefundAmount": {"value": value, "currency": "USD"}}

    assert call("POST", path, body("5.50")).status_code == 200
    assert call("GET", f"/ebay/sell/fulfillment/v1/order/{order}").json()["orderPaymentStatus"] == "PARTIALLY_REFUNDED"
    assert error_of(call("POST", path, body("45.50"))) == (400, 34915)
    assert call("POST", path, body("40.00")).status_code == 200
    assert error_of(call("POST", path, body("1.00"))) == (400, 34917)
    unpaid = call.sandbox.buy("ebay", listing, paid=False)["orderId"]
    assert error_of(call("POST", f"/ebay/sell/fulfillment/v1/order/{unpaid}/issue_refund", body("1.00"))) == (409, 34929)
    assert error_of(call("POST", "/ebay/sell/fulfillment/v1/order/1/issue_refund", body("1.00"))) == (404, 34913)


# -- who may call


def test_a_missing_token_an_unknown_one_and_one_without_the_scope(call: Referee) -> None:
    path = f"{INVENTORY}/inventory_item"
    assert error_of(call("GET", path, headers={"Authorization": ""})) == (401, 1002)
    assert error_of(call("GET", path, token="made-up")) == (401, 1001)
    assert error_of(call("GET", path, token=call.sandbox.ebay_app_token())) == (403, 1100)
    call.sandbox.shift_clock(7201)
    assert error_of(call("GET", path)) == (401, 1001)
