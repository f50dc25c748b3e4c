"""Answers that are not eBay's own: a proxy's, a page for the time of maintenance. They say nothing of accounts and listings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from core.errors import Refused, Unreachable
from integrations.http import Http
from tests.ebay_shop import Shop, connected, ref, wanted
from tests.sandbox_process import SandboxProcess

PAGE = b"<html><body>We will be back soon.</body></html>"


class Between(httpx.AsyncBaseTransport):
    """Something between us and eBay, which answers itself what contains `path`."""

    def __init__(self) -> None:
        self._below = httpx.AsyncHTTPTransport()
        self.path = ""
        self.status, self.body = 403, PAGE

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.path and self.path in request.url.path:
            return httpx.Response(self.status, content=self.body)
        return await self._below.handle_async_request(request)

    async def aclose(self) -> None:
        await self._below.aclose()


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
