"""What a person does about an order at Shopify: done once, whatever happened before, and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import ChannelParcel
from core.values.states import OrderState
from integrations.shopify import orders
from integrations.shopify.carriers import COMPANIES, company_of, name_of
from integrations.shopify.desk import shares, to_send
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import Shop, ref, wanted

PARCEL = ChannelParcel("usps", "9400111899223197428490")


@pytest.fixture
async def order(shop: Shop, sandbox: SandboxProcess) -> str:
    """A paid order for 89.00, with more units left to sell."""
    await shop.channel.ensure_listed(shop.account, wanted(quantity=5, photos=(), price=Money(8900)), ref())
    return bought(sandbox)


def bought(sandbox: SandboxProcess, **more: Any) -> str:
    return str(sandbox.buy("shopify", "HG-7", **more)["admin_graphql_api_id"])


async def test_a_new_order_costs_one_call(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    before = sum(sandbox.calls().values())
    told = await shop.channel.order(shop.account, order)
    assert sum(sandbox.calls().values()) == before + 1
    assert (told.parcels, told.refunded, told.label_cost, told.recipient) == ((), None, None, None)


async def test_a_parcel_is_told_once_and_read_back(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.fault("drop", marketplace="shopify", operation="fulfillmentCreate", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ship(shop.account, order, PARCEL, {})
    for _ in range(2):  # the answer was lost, the parcel was not
        told = await shop.channel.ship(shop.account, order, PARCEL, {})
        [parcel] = told.parcels
        assert (parcel.carrier, parcel.tracking, parcel.delivered_at) == ("usps", PARCEL.tracking, None)
        assert parcel.shipped_at is not None
        assert told.state is OrderState.SHIPPED
    assert sandbox.calls()["shopify.fulfillmentCreate"] == 1
    with pytest.raises(Refused, match="nothing left to send"):
        await shop.channel.ship(shop.account, order, ChannelParcel("ups", "1Z999AA10123456784"), {})
    sandbox.deliver("shopify", order)
    told = await shop.channel.order(shop.account, order)
    assert told.state is OrderState.DELIVERED
    assert told.parcels[0].delivered_at is not None


async def test_a_parcel_without_a_number(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    for _ in range(2):
        [parcel] = (await shop.channel.ship(shop.account, order, ChannelParcel(), {})).parcels
        assert (parcel.carrier, parcel.tracking) == ("", "")
    assert sandbox.calls()["shopify.fulfillmentCreate"] == 1


async def test_a_part_of_an_order_is_on_its_way(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    whole = await shop.channel.order(shop.account, str(_several(sandbox)))
    first, second = whole.lines
    told = await shop.channel.ship(shop.account, whole.external_id, PARCEL, {first.external_id: 1})
    assert told.state is OrderState.PROCESSING
    await shop.channel.ship(shop.account, whole.external_id, PARCEL, {first.external_id: 1})  # known there
    assert sandbox.calls()["shopify.fulfillmentCreate"] == 1
    told = await shop.channel.ship(shop.account, whole.external_id, ChannelParcel("dhl", "JJD1"), {second.external_id: 2})
    assert told.state is OrderState.SHIPPED
    assert {one.carrier for one in told.parcels} == {"usps", "dhl"}


def _several(sandbox: SandboxProcess) -> Any:
    return sandbox.buy_several("shopify", ("HG-7", 1), ("HG-7", 2))["admin_graphql_api_id"]


async def test_an_order_is_cancelled_once_with_the_money_back_and_the_stock_left_to_us(
    shop: Shop, sandbox: SandboxProcess, order: str
) -> None:
    sandbox.fault("drop", marketplace="shopify", operation="orderCancel", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.cancel_order(shop.account, order, "sold_out")
    told = await shop.channel.cancel_order(shop.account, order, "sold_out")
    assert (told.state, told.refunded) == (OrderState.CANCELLED, told.total)
    assert sandbox.calls()["shopify.orderCancel"] == 1
    assert (await shop.channel.state(shop.account, ref())).quantity == 4
    with pytest.raises(Refused, match="is cancelled at Shopify"):
        await shop.channel.ship(shop.account, order, PARCEL, {})
    unpaid = bought(sandbox, paid=False)
    assert (await shop.channel.cancel_order(shop.account, unpaid, "buyer_asked")).state is OrderState.CANCELLED


async def test_what_was_sent_is_not_cancelled(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    await shop.channel.ship(shop.account, order, PARCEL, {})
    with pytest.raises(Refused, match="/refund"):
        await shop.channel.cancel_order(shop.account, order, "buyer_asked")


async def test_money_goes_back_once(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.fault("drop", marketplace="shopify", operation="refundCreate", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.refund(shop.account, order, Money(550), Money(0))
    told = await shop.channel.refund(shop.account, order, Money(550), Money(0))
    assert told.refunded == Money(550)
    assert sandbox.calls()["shopify.refundCreate"] == 1
    with pytest.raises(Refused, match=r"At most \$83\.50"):
        await shop.channel.refund(shop.account, order, Money(8351), Money(550))
    told = await shop.channel.refund(shop.account, order, Money(8350), Money(550))
    assert (told.refunded, told.state) == (Money(8900), OrderState.REFUNDED)


async def test_what_nobody_has_paid_is_not_given_back(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    with pytest.raises(Refused, match="At most"):
        await shop.channel.refund(shop.account, bought(sandbox, paid=False), Money(100), Money(0))
    with pytest.raises(Missing, match="does not know this order"):
        await shop.channel.refund(shop.account, "gid://shopify/Order/1", Money(100), Money(0))


async def test_labels_returns_and_disputes_are_read_once_it_is_sent(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    await shop.channel.ship(shop.account, order, PARCEL, {})
    sandbox.label("shopify", order, "4.20")
    assert (await shop.channel.order(shop.account, order)).label_cost == Money(420)
    sandbox.ask_back("shopify", order)
    assert (await shop.channel.order(shop.account, order)).state is OrderState.REFUND_REQUESTED
    sandbox.dispute("shopify", order)
    [told] = (await shop.channel.orders_since(shop.account, datetime(2026, 1, 1, tzinfo=UTC))).orders
    assert told.state is OrderState.DISPUTED
    sandbox.dispute("shopify", order, "lost")
    assert (await shop.channel.order(shop.account, order)).state is OrderState.REFUNDED


async def test_an_amount_in_another_currency_is_left_to_the_admin(shop: Shop, order: str) -> None:
    with pytest.raises(Refused, match="in Shopify's admin"):
        await shop.channel.refund(shop.account, order, Money(100, "EUR"), Money(0, "EUR"))


def cash(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}


def test_an_amount_is_taken_from_the_payments_it_came_by() -> None:
    payments: list[dict[str, Any]] = [
        {"gateway": "card", "parentTransaction": {"id": "1"}, "maximumRefundableSet": cash("5.00")},
        {"gateway": "empty", "parentTransaction": None, "maximumRefundableSet": cash("0.00")},
        {"gateway": "gift_card", "parentTransaction": {"id": "2"}, "maximumRefundableSet": cash("3.00")},
    ]
    parts = shares(payments, Money(650))
    assert [(one["gateway"], one["parentId"], one["amount"]) for one in parts] == [("card", "1", "5.00"), ("gift_card", "2", "1.50")]
    with pytest.raises(Refused, match=r"At most \$8\.00"):
        shares(payments, Money(801))


def test_a_parcel_for_each_place_that_things_are_sent_from() -> None:
    def wish(key: str, place: str, units: int, status: str = "OPEN") -> dict[str, Any]:
        items = {"nodes": [{"id": f"i{key}", "remainingQuantity": units, "lineItem": {"id": f"l{key}"}}]}
        return {"id": key, "status": status, "assignedLocation": {"location": {"id": place}}, "lineItems": items}

    every = [wish("1", "a", 2), wish("2", "b", 1), wish("3", "a", 1, "ON_HOLD"), wish("4", "a", 0)]
    assert {place: [one["fulfillmentOrderId"] for one in parts] for place, parts in to_send(every, {}).items()} == {"a": ["1"], "b": ["2"]}
    [[part]] = to_send(every, {"l1": 1}).values()
    assert part["fulfillmentOrderLineItems"] == [{"id": "i1", "quantity": 1}]


async def test_who_gets_it_may_be_somebody_else(shop: Shop, order: str) -> None:
    told = await shop.channel.order(shop.account, order)
    node: dict[str, Any] = {"email": "a@b.example", "phone": None}
    to = dict.fromkeys(("phone", "address2", "city", "countryCodeV2")) | {"name": "Bob", "address1": "2 B Street", "zip": "1"}
    buyer, recipient = orders.people({**node, "shippingAddress": to, "billingAddress": {**to, "name": "Ann"}})
    assert (buyer.name, recipient and recipient.name) == ("Ann", "Bob")
    assert orders.people({**node, "shippingAddress": to, "billingAddress": to})[1] is None
    assert orders.people({**node, "shippingAddress": None, "billingAddress": None})[0].email == "a@b.example"
    assert replace(told.buyer, email="") != told.buyer


def test_carriers_are_spelt_as_shopify_does() -> None:
    assert (company_of("USPS"), company_of("royal mail"), company_of("Pigeon & Co.")) == ("USPS", "Royal Mail", "Pigeon & Co.")
    assert {name_of(company_of(name)) for name in COMPANIES} == set(COMPANIES)
