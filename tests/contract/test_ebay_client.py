"""Everything that our client sends to eBay, judged by eBay's own documents; the answers of the stand-in too."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.errors import Missing, Refused
from core.money import Money
from core.values.channel import ChannelParcel
from integrations.ebay.errors import TABLE
from integrations.ebay.orders import Orders
from integrations.http import Http
from tests.contract.ebay_documents import ebay
from tests.contract.ebay_errors import known_ids
from tests.contract.ebay_referee import COMMON_IDS, DOCUMENTS
from tests.ebay_shop import Shop, connected, photo, ref, wanted
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]

# Every operation that the client knows: one that is not in this list was sent by mistake, one that was not sent is not tested.
OPERATIONS = {
    "bulkUpdatePriceQuantity", "createDestination", "createImageFromFile", "createInventoryLocation", "createOffer",
    "createOrReplaceInventoryItem", "createShippingFulfillment", "createSubscription", "getCategorySuggestions",
    "getDefaultCategoryTreeId", "getDestinations", "getFulfillmentPolicies", "getImage", "getInventoryItem", "getInventoryLocations",
    "getItemAspectsForCategory", "getItemConditionPolicies", "getOffer", "getOffers", "getOptedInPrograms", "getOrder", "getOrders",
    "getPaymentDisputeSummaries", "getPaymentPolicies", "getReturnPolicies", "getShippingFulfillments", "getSubscriptions",
    "getTopics", "getTransactions", "getUser", "issueRefund", "publishOffer", "updateConfig", "updateOffer", "withdrawOffer",
}  # fmt: skip


# The Post-Order API has no document: what its pages say of each call, as method, path, and what the body (or query) may and must hold.
POST_ORDER = {
    ("POST", r"/cancellation"): ({"legacyOrderId", "cancelReason", "buyerPaid", "buyerPaidDate"}, {"legacyOrderId"}),
    ("POST", r"/cancellation/\d+/approve"): (set(), set()),
    ("GET", r"/return/search"): ({"order_id", "return_state", "limit", "offset"}, set()),
}


@dataclass(frozen=True)
class Exchange:
    request: httpx.Request
    sent: Any
    status: int
    got: Any


class Wire(httpx.AsyncBaseTransport):
    """The network, with a copy of each exchange."""

    def __init__(self) -> None:
        self._below = httpx.AsyncHTTPTransport()
        self.exchanges: list[Exchange] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread() if "json" in request.headers.get("content-type", "") else b""
        answer = await self._below.handle_async_request(request)
        got = await answer.aread()
        self.exchanges.append(Exchange(request, json.loads(sent) if sent else None, answer.status_code, json.loads(got) if got else None))
        return answer

    async def aclose(self) -> None:
        await self._below.aclose()


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Http, Wire]]:
    watch = Wire()
    http = Http(transport=watch)
    yield http, watch
    await http.close()


async def whole_life(shop: Shop, sandbox: SandboxProcess) -> None:
    """Every call of the port, in both ways where there are two."""
    channel, account = shop.channel, shop.account
    [lamps, *_] = await channel.categories(account, "brass desk lamp")
    await channel.aspects(account, lamps.id)
    with pytest.raises(Missing):
        await channel.aspects(account, "999999999")
    await channel.state(account, ref())
    live = await channel.ensure_listed(account, wanted(quantity=5), ref())
    with pytest.raises(Refused):
        await channel.reprice(account, ref(live=live), wanted(price=Money(1)))
    live = await channel.reprice(account, ref(live=live), wanted(price=Money(4000)))
    live = await channel.set_quantity(account, ref(live=live), 4, may_raise=False)
    live = await channel.revise(account, wanted(quantity=4, photos=(photo("green"),), title="Lamp"), ref(live=live))
    order = sandbox.buy("ebay", live.external["listing"])
    await channel.order(account, order["orderId"])
    await channel.orders_since(account, datetime.now(UTC) - timedelta(days=1))
    without = {name: value for name, value in order.items() if name != "totalMarketplaceFee"}
    await Orders(shop.client, lambda: datetime.now(UTC)).whole(account, without)
    await orders_of_a_shop(shop, sandbox, live.external["listing"])
    await channel.ensure_absent(account, ref(live=live))
    await channel.check(account)


async def orders_of_a_shop(shop: Shop, sandbox: SandboxProcess, listing: str) -> None:
    """What is done about orders, and what they tell then."""
    channel, account = shop.channel, shop.account
    sent, none, asked = (sandbox.buy("ebay", listing)["orderId"] for _ in range(3))
    await channel.ship(account, sent, ChannelParcel("usps", "9400111899223197428490", shipped_at=datetime.now(UTC)), {})
    sandbox.label("ebay", sent, "4.20")
    sandbox.ask_back("ebay", sent)
    sandbox.dispute("ebay", sent)
    told = await channel.refund(account, sent, Money(100), Money(0))
    assert (told.label_cost, told.refunded) == (Money(420), Money(100))
    with pytest.raises(Refused):
        await channel.refund(account, sent, Money(1_000_000), Money(100))
    await channel.cancel_order(account, none, "sold_out")
    sandbox.ask_back("ebay", asked)
    await channel.cancel_order(account, asked, "buyer_asked")
    channel.forget(account)  # so that complaints are looked at again
    await channel.orders_since(account, datetime.now(UTC) + timedelta(minutes=-1))


async def test_the_client_speaks_as_the_documents_say(wire: tuple[Http, Wire], sandbox: SandboxProcess) -> None:
    http, watch = wire
    with Receiver() as receiver:
        public = receiver.url.removesuffix("/hook")
        receiver.url = f"{public}/webhooks/ebay"
        more: dict[str, Any] = {"public_url": public, "verification_token": receiver.token, "alert_email": "alerts@haggle.example"}
        await whole_life(await connected(sandbox, http, **more), sandbox)
    documents = {ebay(name).base_path: (name, ebay(name)) for name in DOCUMENTS}
    seen: set[str] = set()
    for one in watch.exchanges:
        path = one.request.url.path
        if path.endswith("/oauth2/token"):
            continue
        if "/post-order/" in path:
            judge_post_order(one)
            continue
        name, document = next(pair for base, pair in documents.items() if f"{base}/" in path)
        operation = document.check_request(one.request.method, path, dict(one.request.url.params), one.request.headers, one.sent)
        assert one.request.headers["authorization"].startswith("Bearer ")
        document.check_response(one.request.method, path, one.status, one.got)
        if one.status >= 400:
            ids = {error["errorId"] for error in one.got["errors"]}
            assert ids <= known_ids(name, operation.method, operation.template) | COMMON_IDS
        seen.add(operation.id)
    assert seen == OPERATIONS


def judge_post_order(one: Exchange) -> None:
    path = one.request.url.path.partition("/post-order/v2")[2]
    [(may, must)] = [held for (method, shape), held in POST_ORDER.items() if method == one.request.method and re.fullmatch(shape, path)]
    named = set(one.sent or dict(one.request.url.params))
    assert must <= named <= may
    assert one.request.headers["authorization"].startswith("IAF ")
    assert one.request.headers["x-ebay-c-marketplace-id"] == "EBAY_US"
    assert one.status == 200


def test_the_errors_that_we_know_are_errors_that_ebay_has() -> None:
    known = set(COMMON_IDS) | {1003}
    for name in DOCUMENTS:
        for operation in ebay(name).operations():
            known |= known_ids(name, operation.method, operation.template)
    assert set(TABLE) <= known
