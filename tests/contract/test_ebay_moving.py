"""Taking over a listing that was made by hand: our calls and the stand-in's answers, judged by eBay's documents where there are some."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import httpx

from core.values.channel import Found
from integrations.ebay.trading import NAMESPACE
from integrations.http import Http
from tests.contract.ebay_documents import ebay
from tests.ebay_shop import connected
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]


class Wire(httpx.AsyncBaseTransport):
    """The network, with a copy of what matters here."""

    def __init__(self) -> None:
        self._below = httpx.AsyncHTTPTransport()
        self.inventory: list[tuple[httpx.Request, Any, int, Any]] = []
        self.trading: list[tuple[httpx.Request, bytes, bytes]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        answer = await self._below.handle_async_request(request)
        got = await answer.aread()
        if request.url.path.endswith("/bulk_migrate_listing"):
            self.inventory.append((request, json.loads(sent), answer.status_code, json.loads(got)))
        if request.url.path.endswith("/ws/api.dll"):
            self.trading.append((request, sent, got))
        return answer

    async def aclose(self) -> None:
        await self._below.aclose()


async def test_moving_a_listing_is_said_as_ebays_documents_say(sandbox: SandboxProcess) -> None:
    watch = Wire()
    http = Http(transport=watch)
    shop = await connected(sandbox, http)
    made = sandbox.make("ebay", "Old camera", "30.00")
    await shop.channel.adopt(shop.account, Found(made["id"], "", "Old camera", True), "HG-9")
    await shop.channel.page(shop.account, "", None)
    await http.close()

    document = ebay("sell_inventory_v1")
    [(request, sent, status, got)] = watch.inventory
    operation = document.check_request("POST", request.url.path, {}, request.headers, sent)
    document.check_response("POST", request.url.path, status, got)
    assert operation.id == "bulkMigrateListing"

    # Trading has no document here: the names are those of its reference (integrations/ebay/README.md).
    names = [one.headers["x-ebay-api-call-name"] for one, _sent, _got in watch.trading]
    assert names == ["ReviseFixedPriceItem", "GetMyeBaySelling"]
    for one, sent_xml, got_xml in watch.trading:
        name = one.headers["x-ebay-api-call-name"]
        assert one.method == "POST"
        assert one.headers["x-ebay-api-iaf-token"]
        assert "authorization" not in one.headers
        assert one.headers["x-ebay-api-siteid"] == "0"
        assert one.headers["x-ebay-api-compatibility-level"].isdecimal()
        assert ElementTree.fromstring(sent_xml).tag == f"{{{NAMESPACE}}}{name}Request"
        root = ElementTree.fromstring(got_xml)
        assert root.tag == f"{{{NAMESPACE}}}{name}Response"
        assert root.findtext(f"{{{NAMESPACE}}}Ack") == "Success"
