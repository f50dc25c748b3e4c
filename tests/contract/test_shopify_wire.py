"""Everything that goes over the wire between our client and the stand-in, judged by Shopify's own schema."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.errors import Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import ChannelParcel, Connection
from integrations.http import Http
from integrations.shopify import operations, order_operations
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.settings import ShopifySettings
from tests.contract.shopify_schema import check_answer, check_request
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server
from tests.shopify_shop import Shop, connected, photo, ref, wanted

__all__ = ["sandbox", "sandbox_server"]


class Wire(httpx.AsyncBaseTransport):
    """The network, with a copy of each GraphQL exchange."""

    def __init__(self) -> None:
        self._below = httpx.AsyncHTTPTransport()
        self.exchanges: list[tuple[dict[str, Any], dict[str, Any]]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._below.handle_async_request(request)
        if request.url.path.endswith("/graphql.json"):
            assert request.headers["content-type"] == "application/json"
            assert request.headers["x-shopify-access-token"]
            self.exchanges.append((json.loads(await request.aread()), json.loads(await answer.aread())))
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
    assert await channel.categories(account, "Canon camera")
    await channel.state(account, ref())
    live = await channel.ensure_listed(account, wanted(category="gid://shopify/TaxonomyCategory/co", quantity=3), ref())
    await channel.reprice(account, ref(live=live), wanted(price=Money(8000, "USD")))
    await channel.set_quantity(account, ref(live=live), 2, may_raise=True)
    sandbox.shift_clock(60)
    await channel.revise(account, wanted(photos=(photo("blue"), photo("green")), quantity=1), ref())
    bought = sandbox.buy("shopify", "HG-7")
    await channel.order(account, bought["admin_graphql_api_id"])
    sandbox.cancel("shopify", bought["admin_graphql_api_id"])
    await channel.page(account, "", None)
    await channel.orders_since(account, datetime(2020, 1, 1, tzinfo=UTC))
    await channel.ensure_absent(account, ref(live=live))
    await channel.ensure_listed(account, wanted(), ref(live=live))
    await channel.set_quantity(account, ref(live=live), 3, may_raise=True)
    await orders_of_a_shop(shop, sandbox)
    sandbox.fault("drop", marketplace="shopify", operation="productSet", count=1)
    with pytest.raises(Unreachable):
        await channel.ensure_listed(account, wanted("HG-10", photos=()), ref("HG-10"))
    await channel.ensure_absent(account, ref("HG-10"))  # what was half made is removed


async def orders_of_a_shop(shop: Shop, sandbox: SandboxProcess) -> None:
    """What is done about orders, and what they tell then."""
    channel, account = shop.channel, shop.account
    sent, none = (sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"] for _ in range(2))
    await channel.ship(account, sent, ChannelParcel("usps", "9400111899223197428490"), {})
    sandbox.label("shopify", sent, "4.20")
    sandbox.dispute("shopify", sent)
    sandbox.deliver("shopify", sent)
    told = await channel.refund(account, sent, Money(100, "USD"), Money(0, "USD"))
    assert (told.label_cost, told.refunded) == (Money(420, "USD"), Money(100, "USD"))
    await channel.cancel_order(account, none, "buyer_asked")


async def refusals(shop: Shop) -> None:
    """What Shopify says no to."""
    long = wanted("HG-8", title="x" * 300, photos=())
    with pytest.raises(Refused):
        await shop.channel.ensure_listed(shop.account, long, ref("HG-8"))
    with pytest.raises(Missing):
        await shop.channel.order(shop.account, "gid://shopify/Order/1")
    no_place = replace(shop.account, settings={**shop.account.settings, "publication": "gid://shopify/Publication/1"})
    with pytest.raises(Refused):
        await shop.channel.ensure_listed(no_place, wanted("HG-9"), ref("HG-9"))


async def test_all_that_is_said_is_shopifys_language(wire: tuple[Http, Wire], sandbox: SandboxProcess) -> None:
    http, watch = wire
    shop = await connected(sandbox, http, public_url="https://first.example")
    await whole_life(shop, sandbox)
    await refusals(shop)
    await connected(sandbox, http, public_url="https://second.example")

    judged = set()
    for asked, answered in watch.exchanges:
        check_request(asked["query"], asked["variables"])
        assert set(answered) <= {"data", "errors", "extensions"}
        cost = answered["extensions"]["cost"]
        assert set(cost) == {"requestedQueryCost", "actualQueryCost", "throttleStatus"}
        assert cost["requestedQueryCost"] <= 1000
        assert "errors" not in answered, answered
        check_answer(asked["query"], asked["variables"], answered["data"])
        judged.add(asked["query"])
    written = {**vars(operations), **vars(order_operations)}
    documents = {text: name for name, text in written.items() if name.isupper() and not name.startswith("_")}
    # Each of these has a test of its own below.
    assert {name for text, name in documents.items() if text not in judged} == {"ORDER_LINES", "STOCK_AT"}


@pytest.mark.parametrize("given", [{}, {"changeFromQuantity": 5}, {"changeFromQuantity": None}])
async def test_stock_is_set_under_shopifys_conditions(wire: tuple[Http, Wire], sandbox: SandboxProcess, given: dict[str, Any]) -> None:
    """2026-04 and later: the directive is a must, and so is what to change from, even if it is null."""
    shop = await connected(sandbox, wire[0])
    live = await shop.channel.ensure_listed(shop.account, wanted(photos=()), ref())
    line = {"inventoryItemId": live.external["item"], "locationId": shop.account.settings["location"], "quantity": 4, **given}
    wish = {"name": "available", "reason": "correction", "quantities": [line]}

    bare = await _ask(shop, operations.SET_QUANTITY.replace("@idempotent(key: $key)", "").replace(", $key: String!", ""), {"input": wish})
    assert bare["errors"][0]["extensions"]["code"] == "BAD_REQUEST"

    answers = [await _ask(shop, operations.SET_QUANTITY, {"input": wish, "key": "one"}) for _ in range(2)]
    if not given:
        assert "errors" in answers[0]
    elif given["changeFromQuantity"] == 5:
        codes = [one["data"]["inventorySetQuantities"]["userErrors"][0]["code"] for one in answers]
        assert codes == ["CHANGE_FROM_QUANTITY_STALE", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]
    else:
        assert answers[0]["data"] == answers[1]["data"]
        other = await _ask(shop, operations.SET_QUANTITY, {"input": {**wish, "quantities": [{**line, "quantity": 9}]}, "key": "one"})
        assert other["data"]["inventorySetQuantities"]["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
        assert (await shop.channel.state(shop.account, ref(live=live))).quantity == 4


async def test_stock_begins_where_it_was_not_kept(wire: tuple[Http, Wire], sandbox: SandboxProcess) -> None:
    http, watch = wire
    shop = await connected(sandbox, http)
    live = await shop.channel.ensure_listed(shop.account, wanted(photos=()), ref())
    found = (await _ask(shop, operations.SHOP, {}))["data"]["locations"]["nodes"]
    other = next(one["id"] for one in found if one["id"] != shop.account.settings["location"])
    moved = replace(shop.account, settings={**shop.account.settings, "location": other})
    assert (await shop.channel.set_quantity(moved, ref(live=live), 3, may_raise=True)).quantity == 3
    [(asked, answered)] = [one for one in watch.exchanges if one[0]["query"] == operations.STOCK_AT]
    check_request(asked["query"], asked["variables"])
    check_answer(asked["query"], asked["variables"], answered["data"])


async def test_what_shopify_does_not_do_about_orders(wire: tuple[Http, Wire], sandbox: SandboxProcess) -> None:
    """In Shopify's shape, and each with its sentence."""
    http, _ = wire
    shop = await connected(sandbox, http)
    await shop.channel.ensure_listed(shop.account, wanted(photos=(), quantity=5), ref())
    sent, paid = (sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"] for _ in range(2))
    await shop.channel.ship(shop.account, sent, ChannelParcel("usps", "9400"), {})
    part = {"fulfillmentOrderId": "gid://shopify/FulfillmentOrder/1"}
    payment = {"orderId": paid, "gateway": "shopify_payments", "kind": "REFUND", "amount": "100000.00", "parentId": None}
    asked: list[tuple[str, dict[str, Any]]] = [
        (order_operations.SHIP, {"fulfillment": {"lineItemsByFulfillmentOrder": [part]}}),
        (order_operations.CANCEL_ORDER, {"id": sent, "reason": "OTHER"}),
        (order_operations.CANCEL_ORDER, {"id": "gid://shopify/Order/1", "reason": "OTHER"}),
        (order_operations.REFUND, {"input": {"orderId": paid, "transactions": [payment]}, "key": "one"}),
        (order_operations.REFUND, {"input": {"orderId": "gid://shopify/Order/1", "transactions": []}, "key": "two"}),
    ]
    for document, variables in asked:
        answer = await _ask(shop, document, variables)
        check_request(document, variables)
        check_answer(document, variables, answer["data"])
        [payload] = answer["data"].values()
        assert payload.get("userErrors") or payload.get("orderCancelUserErrors")
    without = await _ask(shop, order_operations.REFUND.replace("@idempotent(key: $key)", "").replace(", $key: String!", ""), asked[3][1])
    assert without["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_an_order_with_many_lines_is_read_to_its_end() -> None:
    """The stand-in sells one thing at a time, so the answers are written here, and judged like all others."""
    cash = {"shopMoney": {"amount": "2.50", "currencyCode": "USD"}}
    line = {"sku": "A", "title": "A", "quantity": 1, "discountedUnitPriceAfterAllDiscountsSet": cash, "product": None}
    lines = [{"id": f"gid://shopify/LineItem/{number}", **line} for number in range(3)]
    times = dict.fromkeys(("createdAt", "updatedAt"), "2026-11-01T10:00:00Z")
    sums = dict.fromkeys(("totalPriceSet", "totalShippingPriceSet", "totalTaxSet", "totalRefundedSet"), cash)
    states = {
        "fullyPaid": True,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "cancelledAt": None,
        "returnStatus": "NO_RETURN",
    }
    parts = {**times, **sums, **states, "transactions": [], "email": None, "phone": None, "shippingAddress": None, "billingAddress": None}
    parts["fulfillments"] = []
    first = {"nodes": lines[:2], "pageInfo": {"hasNextPage": True, "endCursor": "c"}}
    rest = {"nodes": lines[2:], "pageInfo": {"hasNextPage": False, "endCursor": None}}

    async def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        check_request(asked["query"], asked["variables"])
        whole = {"id": "gid://shopify/Order/1", **parts, "lineItems": first}
        data = {"order": {"lineItems": rest} if asked["query"] == order_operations.ORDER_LINES else whole}
        check_answer(asked["query"], asked["variables"], data)
        return httpx.Response(200, json={"data": data})

    async def nothing(_: Any) -> None:
        return None

    http = Http(transport=httpx.MockTransport(answer))
    account = Connection("a", {"shop": "a.myshopify.com", "access_token": "t"}, {}, nothing, nothing)
    order = await ShopifyChannel(http, ShopifySettings()).order(account, "gid://shopify/Order/1")
    await http.close()
    assert [one.external_id for one in order.lines] == [one["id"] for one in lines]
    assert order.fees is None
    assert order.buyer.name == ""


async def _ask(shop: Shop, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    address = shop.channel._settings.graphql(shop.account.credentials["shop"])
    headers = {"X-Shopify-Access-Token": shop.account.credentials["access_token"]}
    answer = await shop.http.call("POST", address, headers=headers, json={"query": document, "variables": variables})
    return answer.object()
