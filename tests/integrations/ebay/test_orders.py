"""Orders: one, many pages, fees, states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Missing, Unreachable
from core.money import Money
from core.values.states import OrderState
from integrations.ebay import orders
from integrations.ebay.order_mapping import fees_of, order_of, state_of
from tests.ebay_shop import Shop, ref, wanted
from tests.sandbox_process import SandboxProcess


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


async def test_a_sale_with_its_fees(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=2), ref())
    bought = sandbox.buy("ebay", live.external["listing"], quantity=2)
    order = await shop.channel.order(shop.account, bought["orderId"])
    assert order.paid
    assert order.state is OrderState.CONFIRMED
    [line] = order.lines
    assert (line.sku, line.quantity, line.price, line.listing_id) == ("HG-7", 2, Money(4550), live.external["listing"])
    assert order.fees is not None
    assert Money(0) < order.fees < order.total
    assert order.buyer.name
    assert order.placed_at.tzinfo is not None
    assert [one.external_id for one in (await shop.channel.orders_since(shop.account, an_hour_ago())).orders] == [order.external_id]


async def test_an_unpaid_order_has_no_fees_yet_and_a_cancelled_one_says_so(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("ebay", live.external["listing"], paid=False)
    order = await shop.channel.order(shop.account, bought["orderId"])
    assert (order.paid, order.state, order.fees) == (False, OrderState.PENDING, None)
    sandbox.cancel("ebay", bought["orderId"])
    assert (await shop.channel.order(shop.account, bought["orderId"])).state is OrderState.CANCELLED


async def test_pages_are_all_read_oldest_change_first(shop: Shop, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "PAGE", 2)
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=5), ref())
    ids = {sandbox.buy("ebay", live.external["listing"])["orderId"] for _ in range(5)}
    since = an_hour_ago()
    page = await shop.channel.orders_since(shop.account, since)
    assert {one.external_id for one in page.orders} == ids
    assert [one.changed_at for one in page.orders] == sorted(one.changed_at for one in page.orders)
    assert sandbox.calls()["ebay.getOrders"] == 3
    assert since < page.cursor <= page.orders[-1].changed_at
    # The seam overlaps, so that what eBay's search shows late is seen by the next poll.
    assert {one.external_id for one in (await shop.channel.orders_since(shop.account, page.cursor)).orders} == ids


async def test_no_news_leaves_the_cursor_where_it_was(shop: Shop) -> None:
    for since in (an_hour_ago(), datetime.now(UTC) + timedelta(seconds=30), datetime(2001, 1, 1, tzinfo=UTC)):
        page = await shop.channel.orders_since(shop.account, since)
        assert page.orders == ()
        assert page.cursor == since


async def test_fees_come_from_finances_when_the_order_has_none(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("ebay", live.external["listing"])
    order = await shop.channel.order(shop.account, bought["orderId"])
    read = orders.Orders(shop.client, lambda: datetime.now(UTC))
    without = {name: value for name, value in bought.items() if name != "totalMarketplaceFee"}
    assert (await read.whole(shop.account, without)).fees == order.fees
    assert (await read.whole(shop.account, {**without, "orderId": "00-00000-00000"})).fees is None
    sandbox.fault("error500", marketplace="ebay", operation="getTransactions")
    assert (await read.whole(shop.account, without)).fees is None


async def test_an_unknown_order_is_missing(shop: Shop) -> None:
    with pytest.raises(Missing):
        await shop.channel.order(shop.account, "99-99999-99999")


def test_states() -> None:
    paid = {"orderPaymentStatus": "PAID", "orderFulfillmentStatus": "NOT_STARTED"}
    assert state_of(paid) is OrderState.CONFIRMED
    assert state_of(paid | {"orderFulfillmentStatus": "IN_PROGRESS"}) is OrderState.PROCESSING
    assert state_of(paid | {"orderFulfillmentStatus": "FULFILLED"}) is OrderState.SHIPPED
    assert state_of(paid | {"orderPaymentStatus": "FULLY_REFUNDED"}) is OrderState.REFUNDED
    assert state_of(paid | {"orderPaymentStatus": "FAILED"}) is OrderState.PENDING
    assert state_of(paid | {"cancelStatus": {"cancelState": "CANCELED"}}) is OrderState.CANCELLED
    assert state_of(paid | {"cancelStatus": {"cancelState": "IN_PROGRESS"}}) is OrderState.CONFIRMED


def test_what_a_line_cost_after_a_discount_and_what_shipping_did() -> None:
    def usd(value: str) -> dict[str, str]:
        return {"value": value, "currency": "USD"}

    line = {"lineItemId": "1", "quantity": 3, "lineItemCost": usd("30.0"), "discountedLineItemCost": usd("20.0")}
    body: dict[str, Any] = {
        "orderId": "1",
        "creationDate": "2026-11-01T10:00:00.000Z",
        "pricingSummary": {"total": usd("24.5"), "deliveryCost": usd("6.0"), "deliveryDiscount": usd("-1.5")},
        "lineItems": [line],
    }
    order = order_of(body)
    assert order.lines[0].price == Money(667)
    assert order.shipping == Money(450)
    assert order.fees is None
    assert order.tax is None
    assert order.changed_at == order.placed_at
    with pytest.raises(Unreachable):
        order_of(body | {"pricingSummary": {}})
    with pytest.raises(Unreachable):
        order_of(body | {"creationDate": "yesterday"})
    with pytest.raises(Unreachable):
        order_of(body | {"lineItems": [line | {"lineItemCost": {"value": "much", "currency": "USD"}, "discountedLineItemCost": None}]})
    with pytest.raises(Unreachable):
        order_of(body | {"lineItems": ["?"]})


def test_fees_are_those_of_sales_only() -> None:
    fee = {"value": "5.00", "currency": "USD"}
    sale = {"transactionType": "SALE", "totalFeeAmount": fee}
    page = {"transactions": [sale, sale, {"transactionType": "REFUND", "totalFeeAmount": fee}]}
    assert fees_of(page, "USD") == Money(1000)
    assert fees_of({}, "USD") is None
    assert fees_of({"transactions": [{"transactionType": "SALE"}]}, "USD") is None


def test_fees_are_in_the_orders_currency_or_unknown() -> None:
    dollars = {"value": "5.80", "currency": "USD"}
    converted = {**dollars, "convertedFromValue": "5.00", "convertedFromCurrency": "EUR"}
    assert fees_of({"transactions": [{"transactionType": "SALE", "totalFeeAmount": dollars}]}, "EUR") is None
    euros = {"value": "1.00", "currency": "EUR"}
    both = [{"transactionType": "SALE", "totalFeeAmount": fee} for fee in (euros, converted)]
    assert fees_of({"transactions": both}, "EUR") == Money(600, "EUR")
    body: dict[str, Any] = {
        "orderId": "1",
        "creationDate": "2026-11-01T10:00:00.000Z",
        "pricingSummary": {"total": {"value": "40.00", "currency": "EUR"}},
        "totalMarketplaceFee": dollars,
    }
    assert order_of(body).fees is None
    assert order_of(body | {"totalMarketplaceFee": converted}).fees == Money(500, "EUR")


async def test_a_list_that_never_rests_does_not_move_the_cursor(
    shop: Shop, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=40), ref())
    monkeypatch.setattr(orders, "PAGE", 1)
    for _ in range(2):
        sandbox.buy("ebay", live.external["listing"])

    async def pace(_: int) -> None:
        sandbox.buy("ebay", live.external["listing"])  # another sale before each page

    since = an_hour_ago()
    page = await shop.channel.orders_since(replace(shop.account, pace=pace), since)
    assert page.orders
    assert page.cursor == since
