"""Orders as the stand-in gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Missing
from core.money import Money
from core.values.states import OrderState
from integrations.http import Http
from integrations.shopify import order_operations
from tests.between import Between
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import Shop, connected, ref, wanted

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_paid_order_comes_with_line_buyer_and_fees(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    bought = sandbox.buy("shopify", "HG-7", quantity=2)
    order = await shop.channel.order(shop.account, bought["admin_graphql_api_id"])

    assert (order.state, order.paid, order.total) == (OrderState.CONFIRMED, True, Money(17900, "USD"))
    [line] = order.lines
    assert (line.sku, line.quantity, line.price, line.listing_id) == ("HG-7", 2, Money(8950, "USD"), live.external["product"])
    assert order.fees == Money(549, "USD")  # 2.9 % and 30 cents
    assert order.buyer.name
    assert order.buyer.country == "US"


async def test_an_order_that_is_not_paid_yet_is_pending_without_fees(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("shopify", "HG-7", paid=False)
    order = await shop.channel.order(shop.account, bought["admin_graphql_api_id"])
    assert (order.state, order.paid, order.fees) == (OrderState.PENDING, False, None)


async def test_a_cancelled_order_is_cancelled_and_its_stock_is_back(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("shopify", "HG-7")
    sandbox.cancel("shopify", bought["admin_graphql_api_id"])
    order = await shop.channel.order(shop.account, bought["admin_graphql_api_id"])
    assert order.state is OrderState.CANCELLED
    assert (await shop.channel.state(shop.account, ref(live=live))).quantity == 1


async def test_orders_since_goes_through_all_pages_oldest_change_first(shop: Shop, sandbox: SandboxProcess) -> None:
    assert "first: 20" in order_operations.ORDERS
    await shop.channel.ensure_listed(shop.account, wanted(quantity=45), ref())
    bought = [sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"] for _ in range(43)]
    sandbox.shift_clock(120)
    sandbox.cancel("shopify", bought[0])
    page = await shop.channel.orders_since(shop.account, LONG_AGO)

    assert [one.external_id for one in page.orders] == [*bought[1:], bought[0]]
    assert page.cursor == page.orders[-1].changed_at


async def test_the_next_poll_reads_what_is_new_and_a_little_before(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    early = sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"]
    sandbox.shift_clock(3600)
    late = sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"]
    page = await shop.channel.orders_since(shop.account, LONG_AGO)
    again = await shop.channel.orders_since(shop.account, page.cursor)
    assert [one.external_id for one in page.orders] == [early, late]
    assert [one.external_id for one in again.orders] == [late]
    nothing = await shop.channel.orders_since(shop.account, page.cursor + timedelta(hours=1))
    assert nothing.orders == ()
    assert nothing.cursor == page.cursor + timedelta(hours=1)


async def test_an_unknown_order_is_missing(shop: Shop) -> None:
    with pytest.raises(Missing):
        await shop.channel.order(shop.account, "gid://shopify/Order/1")


async def test_one_order_that_makes_no_sense_hides_no_other(sandbox: SandboxProcess) -> None:
    wall = Between()
    http = Http(transport=wall)
    shop = await connected(sandbox, http)
    await shop.channel.ensure_listed(shop.account, wanted(quantity=4), ref())
    ids = [sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"] for _ in range(4)]

    def garble(answer: Any) -> Any:
        for one in answer["data"]["orders"]["nodes"]:
            one |= {ids[1]: {"totalPriceSet": None}, ids[2]: {"lineItems": None}}.get(one["id"], {})
        return answer

    wall.garble = garble
    page = await shop.channel.orders_since(shop.account, LONG_AGO)
    await http.close()
    assert [one.external_id for one in page.orders] == [ids[0], ids[3]]
    assert [ids[1].rpartition("/")[2] in page.problems[0], ids[2].rpartition("/")[2] in page.problems[1]] == [True, True]


async def test_an_order_of_several_lines_is_one_order(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    await shop.channel.ensure_listed(shop.account, wanted("HG-8", title="Lens"), ref("HG-8"))
    bought = sandbox.buy_several("shopify", ("HG-7", 2), ("HG-8", 1), ("HG-7", 1))
    order = await shop.channel.order(shop.account, bought["admin_graphql_api_id"])
    assert [(one.sku, one.quantity) for one in order.lines] == [("HG-7", 2), ("HG-8", 1), ("HG-7", 1)]
    assert len({one.external_id for one in order.lines}) == 3
    assert order.total == Money(4 * 8950, "USD")
    assert [one["quantity"] for one in sandbox.state("shopify")["listings"]] == [0, 0]


async def test_an_order_of_more_lines_than_a_page_is_read_whole(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(quantity=30), ref())
    bought = sandbox.buy_several("shopify", *[("HG-7", 1)] * 25)
    assert len((await shop.channel.order(shop.account, bought["admin_graphql_api_id"])).lines) == 25


async def test_a_part_given_back_leaves_the_order_paid(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("shopify", "HG-7")["admin_graphql_api_id"]
    sandbox.refund("shopify", bought, "9.50")
    order = await shop.channel.order(shop.account, bought)
    assert (order.state, order.paid, order.total) == (OrderState.CONFIRMED, True, Money(8950, "USD"))
    sandbox.refund("shopify", bought)
    order = await shop.channel.order(shop.account, bought)
    assert (order.state, order.paid) == (OrderState.REFUNDED, True)
