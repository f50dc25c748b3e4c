"""What a person does about an order on eBay: done once, whatever happened before, and read back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.errors import Busy, Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import Buyer, ChannelParcel
from core.values.states import OrderState
from integrations.ebay.carriers import CODES, code_of, name_of
from integrations.ebay.channel import EbayChannel
from integrations.ebay.client import Client
from integrations.ebay.complaints import EVERY
from integrations.ebay.desk import LOOK_AGAIN
from integrations.ebay.order_mapping import money_back, order_of
from integrations.http import Http
from integrations.oauth import utc_now
from tests.ebay_shop import Shop, connected, ref, wanted
from tests.sandbox_process import SandboxProcess

PARCEL = ChannelParcel("usps", "9400 1118-9922 3197428490")
NUMBER = "9400111899223197428490"
ORDER = {"creationDate": "2026-11-01T10:00:00.000Z", "pricingSummary": {"total": {"value": "5.00", "currency": "USD"}}}


@pytest.fixture
async def order(shop: Shop, sandbox: SandboxProcess) -> str:
    """A paid order for 45.50, with more units left to sell."""
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=5), ref())
    return str(sandbox.buy("ebay", live.external["listing"])["orderId"])


async def test_a_new_order_costs_one_call(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    before = sum(sandbox.calls().values())
    told = await shop.channel.order(shop.account, order)
    assert sum(sandbox.calls().values()) == before + 1
    assert told.parcels == ()
    assert told.refunded is None
    assert told.label_cost is None
    assert told.recipient is None
    assert told.buyer.street
    assert told.ship_by is not None


async def test_a_parcel_is_told_once_and_read_back(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.fault("drop", marketplace="ebay", operation="createShippingFulfillment", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ship(shop.account, order, PARCEL, {})
    for _ in range(2):  # the answer was lost, the parcel was not
        told = await shop.channel.ship(shop.account, order, PARCEL, {})
        [parcel] = told.parcels
        assert (parcel.carrier, parcel.tracking, parcel.external_id) == ("usps", NUMBER, NUMBER)
        assert parcel.shipped_at is not None
        assert told.state is OrderState.SHIPPED
    assert sandbox.calls()["ebay.createShippingFulfillment"] == 1


async def test_a_second_parcel_and_one_without_a_number(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    await shop.channel.ship(shop.account, order, ChannelParcel(), {})
    assert (await shop.channel.ship(shop.account, order, ChannelParcel(), {})).state is OrderState.SHIPPED
    assert sandbox.calls()["ebay.createShippingFulfillment"] == 1
    told = await shop.channel.ship(shop.account, order, ChannelParcel("Pigeon & Co.", "AB12"), {})
    assert {(one.carrier, one.tracking) for one in told.parcels} == {("", ""), ("Pigeon Co", "AB12")}


async def test_a_part_of_an_order_is_on_its_way(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=5), ref())
    bought = sandbox.buy_several("ebay", (live.external["listing"], 1), (live.external["listing"], 2))
    first, second = (one["lineItemId"] for one in bought["lineItems"])
    told = await shop.channel.ship(shop.account, bought["orderId"], PARCEL, {first: 1})
    assert told.state is OrderState.PROCESSING
    told = await shop.channel.ship(shop.account, bought["orderId"], ChannelParcel("ups", "1Z999AA10123456784"), {second: 2})
    assert told.state is OrderState.SHIPPED
    with pytest.raises(Missing, match="does not have that line"):
        await shop.channel.ship(shop.account, bought["orderId"], ChannelParcel("ups", "1Z2"), {"1": 1})


async def test_what_is_cancelled_is_not_sent_and_what_was_sent_is_not_cancelled(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    other = sandbox.buy("ebay", "HG-7")["orderId"]
    assert (await shop.channel.cancel_order(shop.account, order, "sold_out")).state is OrderState.CANCELLED
    with pytest.raises(Refused, match="is cancelled on eBay"):
        await shop.channel.ship(shop.account, order, PARCEL, {})
    await shop.channel.ship(shop.account, other, PARCEL, {})
    with pytest.raises(Refused, match="/refund"):
        await shop.channel.cancel_order(shop.account, other, "buyer_asked")


async def test_an_order_is_cancelled_once_with_the_money_back(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.fault("drop", marketplace="ebay", operation="createCancellation", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.cancel_order(shop.account, order, "sold_out")
    told = await shop.channel.cancel_order(shop.account, order, "sold_out")
    assert (told.state, told.refunded) == (OrderState.CANCELLED, Money(4550))
    assert sandbox.calls()["ebay.createCancellation"] == 1
    unpaid = sandbox.buy("ebay", "HG-7", paid=False)["orderId"]
    told = await shop.channel.cancel_order(shop.account, unpaid, "buyer_asked")
    assert (told.state, told.refunded) == (OrderState.CANCELLED, None)


async def test_what_the_buyer_asked_for_is_agreed_to(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.ask_back("ebay", order)
    assert (await shop.channel.order(shop.account, order)).state is OrderState.CONFIRMED
    assert (await shop.channel.cancel_order(shop.account, order, "buyer_asked")).state is OrderState.CANCELLED
    assert "ebay.createCancellation" not in sandbox.calls()


async def test_why_ebay_does_not_cancel_is_said(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.dispute("ebay", order)
    with pytest.raises(Refused, match="disputed the payment"):
        await shop.channel.cancel_order(shop.account, order, "sold_out")


async def test_money_goes_back_once(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    sandbox.fault("drop", marketplace="ebay", operation="issueRefund", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.refund(shop.account, order, Money(550), Money(0))
    told = await shop.channel.refund(shop.account, order, Money(550), Money(0))
    assert told.refunded == Money(550)
    assert sandbox.calls()["ebay.issueRefund"] == 1
    with pytest.raises(Refused, match=r"At most \$40"):
        await shop.channel.refund(shop.account, order, Money(4001), Money(550))
    told = await shop.channel.refund(shop.account, order, Money(4000), Money(550))
    assert (told.refunded, told.state) == (Money(4550), OrderState.REFUNDED)


async def test_what_nobody_has_paid_is_not_given_back(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    unpaid = sandbox.buy("ebay", "HG-7", paid=False)["orderId"]
    with pytest.raises(Refused, match="has not come through"):
        await shop.channel.refund(shop.account, unpaid, Money(100), Money(0))
    with pytest.raises(Missing, match="does not know that order"):
        await shop.channel.refund(shop.account, "00-00000-00000", Money(100), Money(0))


async def test_labels_returns_and_disputes_are_read_once_it_is_sent(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    await shop.channel.ship(shop.account, order, PARCEL, {})
    sandbox.label("ebay", order, "4.20")
    assert (await shop.channel.order(shop.account, order)).label_cost == Money(420)
    sandbox.ask_back("ebay", order)
    assert (await shop.channel.order(shop.account, order)).state is OrderState.REFUND_REQUESTED
    sandbox.dispute("ebay", order)
    assert (await shop.channel.order(shop.account, order)).state is OrderState.DISPUTED
    sandbox.dispute("ebay", order, "lost")
    assert (await shop.channel.order(shop.account, order)).state is OrderState.REFUNDED
    other = sandbox.buy("ebay", "HG-7")["orderId"]
    await shop.channel.ship(shop.account, other, ChannelParcel("ups", "1Z1"), {})
    sandbox.dispute("ebay", other)
    sandbox.dispute("ebay", other, "won")
    assert (await shop.channel.order(shop.account, other)).state is OrderState.COMPLETED


async def test_a_permission_that_lacks_for_them_hides_no_order(shop: Shop, sandbox: SandboxProcess, order: str) -> None:
    await shop.channel.ship(shop.account, order, PARCEL, {})
    for operation in ("getPaymentDisputeSummaries", "searchReturns", "getTransactions"):
        sandbox.fault("error500", marketplace="ebay", operation=operation)
    told = await shop.channel.order(shop.account, order)
    assert (told.state, told.label_cost, len(told.parcels)) == (OrderState.SHIPPED, None, 1)
    assert [one.external_id for one in (await shop.channel.orders_since(shop.account, utc_now() - timedelta(hours=1))).orders] == [order]


async def test_a_poll_tells_of_old_orders_that_are_complained_of(sandbox: SandboxProcess, shop: Shop, order: str) -> None:
    ahead = timedelta(0)

    def now() -> datetime:
        return utc_now() + ahead

    poller = await connected(sandbox, shop.client._http, now)
    await shop.channel.ship(shop.account, order, PARCEL, {})
    soon = utc_now() + timedelta(seconds=20)
    assert (await poller.channel.orders_since(poller.account, soon)).orders == ()
    sandbox.ask_back("ebay", order)
    assert (await poller.channel.orders_since(poller.account, soon)).orders == ()  # looked at just now
    ahead = EVERY
    page = await poller.channel.orders_since(poller.account, soon)
    assert [(one.external_id, one.state) for one in page.orders] == [(order, OrderState.REFUND_REQUESTED)]
    assert page.cursor == soon
    ahead = 2 * EVERY
    sandbox.fault("error500", marketplace="ebay", operation="searchReturns")
    assert (await poller.channel.orders_since(poller.account, soon)).orders == ()


def test_refunds_are_counted_once_wherever_they_are_named() -> None:
    def named(value: str, key: str, status: str = "REFUNDED") -> dict[str, object]:
        return {"refundId": key, "refundStatus": status, "amount": {"value": value, "currency": "USD"}}

    whole = [named("5.00", "1"), named("2.00", "2", "PENDING"), named("9.00", "3", "FAILED")]
    lines = [{"refunds": [named("5.00", "1")]}, {"refunds": [named("1.00", "4")]}]
    assert money_back({"paymentSummary": {"refunds": whole}, "lineItems": lines}) == Money(800)
    unnamed = [{"refunds": [{"amount": {"value": "3.00", "currency": "USD"}}]}]
    assert money_back({"paymentSummary": {"refunds": [named("3.00", "1")]}, "lineItems": unnamed}) == Money(300)
    assert money_back({"lineItems": unnamed}) == Money(300)
    assert money_back({}) is None


def test_who_gets_it_may_be_somebody_else() -> None:
    def contact(name: str, street: str) -> dict[str, object]:
        return {"fullName": name, "contactAddress": {"addressLine1": street, "postalCode": "1", "countryCode": "US"}}

    order = {
        "orderId": "1",
        "creationDate": "2026-11-01T10:00:00.000Z",
        "pricingSummary": {"total": {"value": "5.00", "currency": "USD"}},
        "buyer": {"username": "ann", "buyerRegistrationAddress": contact("Ann", "1 A Street")},
        "fulfillmentStartInstructions": [{"shippingStep": {"shipTo": contact("Bob", "2 B Street") | {"email": "x@y.example"}}}],
    }
    told = order_of(order)
    assert (told.buyer.handle, told.buyer.name, told.buyer.email) == ("ann", "Ann", "x@y.example")
    assert told.recipient == Buyer(name="Bob", email="x@y.example", street="2 B Street", postcode="1", country="US")
    assert told.placed_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


def test_carriers_are_spelt_as_ebay_does() -> None:
    assert (code_of("USPS"), code_of("royal mail"), code_of("evri"), code_of("")) == ("USPS", "RoyalMail", "Hermes", "Other")
    assert {name_of(code_of(name)) for name in CODES} == set(CODES) - {"hermes"}
    assert name_of("Nacex") == "Nacex"


async def test_a_refund_that_is_under_way_is_waited_for(shop: Shop, order: str) -> None:
    """eBay refuses a second refund while it is at work on one; the stand-in is done at once, so its answer is written here."""
    under_way = {"errors": [{"errorId": 34922, "message": "Refund cannot be issued while previous refund is processing."}]}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/issue_refund"):
            return httpx.Response(400, json=under_way)
        return httpx.Response(200, json={**ORDER, "orderId": order})

    http = Http(transport=httpx.MockTransport(answer))
    other = EbayChannel(Client(http, shop.client.settings))
    with pytest.raises(Busy) as raised:
        await other.refund(shop.account, order, Money(100), Money(0))
    assert raised.value.retry_after == LOOK_AGAIN
    await http.close()
