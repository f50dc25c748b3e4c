"""Answers that are not eBay's own: a proxy's, a page for the time of maintenance. They say nothing of accounts and listings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Refused, Unreachable
from integrations.http import Http
from tests.between import Between
from tests.ebay_shop import Shop, connected, ref, wanted
from tests.sandbox_process import SandboxProcess


@pytest.fixture
async def between(sandbox: SandboxProcess) -> AsyncIterator[tuple[Shop, Between]]:
    wall = Between()
    http = Http(transport=wall)
    yield await connected(sandbox, http), wall
    await http.close()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_page_in_ebays_place_loses_no_account_and_ends_no_listing(between: tuple[Shop, Between], status: int) -> None:
    shop, wall = between
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    wall.path, wall.status = "/sell/", status
    for call in (
        shop.channel.ensure_absent(shop.account, ref(live=live)),
        shop.channel.ensure_absent(shop.account, ref()),
        shop.channel.orders_since(shop.account, datetime.now(UTC) - timedelta(hours=1)),
        shop.channel.order(shop.account, "1"),
    ):
        with pytest.raises(Unreachable):
            await call
    wall.path = ""
    assert (await shop.channel.state(shop.account, ref(live=live))).live


@pytest.mark.parametrize("body", [b"", b"{}", b'{"size": 0}'])
async def test_an_answer_that_says_nothing_ends_no_listing(between: tuple[Shop, Between], body: bytes) -> None:
    shop, wall = between
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    wall.path, wall.status, wall.body = "/offer", 200, body
    for known in (ref(live=live), ref()):
        with pytest.raises(Unreachable):
            await shop.channel.ensure_absent(shop.account, known)
    wall.path = "/order"
    with pytest.raises(Unreachable):
        await shop.channel.orders_since(shop.account, datetime.now(UTC) - timedelta(hours=1))


@pytest.mark.parametrize("status", [400, 403])
async def test_a_page_in_place_of_the_token_endpoint_loses_no_account(between: tuple[Shop, Between], status: int) -> None:
    shop, wall = between
    wall.path, wall.status = "/oauth2/token", status
    with pytest.raises(Unreachable):
        await shop.channel.state(shop.with_credentials(access_token="v^1.1#not-one"), ref())


async def test_what_is_refused_to_the_app_is_no_lost_account(between: tuple[Shop, Between]) -> None:
    shop, wall = between
    wall.path, wall.status = "/commerce/taxonomy", 401
    wall.body = b'{"errors": [{"errorId": 1001, "message": "Invalid access token"}]}'
    with pytest.raises(Refused, match="keyset"):
        await shop.channel.categories(shop.account, "lamp")


async def test_one_order_that_makes_no_sense_hides_no_other(between: tuple[Shop, Between], sandbox: SandboxProcess) -> None:
    shop, wall = between
    await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    first, second, third = (sandbox.buy("ebay", "HG-7")["orderId"] for _ in range(3))

    def garble(answer: Any) -> Any:
        for one in answer.get("orders", []):
            if one["orderId"] == second:
                one["pricingSummary"] = None
        return answer

    wall.garble = garble
    page = await shop.channel.orders_since(shop.account, datetime.now(UTC) - timedelta(hours=1))
    assert {one.external_id for one in page.orders} == {first, third}
    [problem] = page.problems
    assert second in problem
