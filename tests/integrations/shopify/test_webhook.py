"""Webhooks: as the stand-in sends them over the wire, and forged ones."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from hmac import digest
from json import dumps

import pytest

from core.errors import Invalid, Refused
from integrations.http import Http
from integrations.shopify.channel import ShopifyChannel
from integrations.shopify.settings import ShopifySettings
from integrations.shopify.webhook import ShopifyWebhookGate
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import connected, ref, settings_for, wanted

Delivery = tuple[dict[str, str], bytes]


class Receiver:
    """A tiny HTTP server that keeps what it is sent."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        length = int({name.lower(): value for name, value in headers.items()}["content-length"])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await self.arrived.put((headers, body))

    async def next(self) -> Delivery:
        return await asyncio.wait_for(self.arrived.get(), 10)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    made = Receiver()
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


async def test_a_sale_arrives_signed_and_says_which_order(sandbox: SandboxProcess, http: Http, receiver: tuple[Receiver, str]) -> None:
    server, address = receiver
    shop = await connected(sandbox, http, public_url=address)
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.fault("webhook_duplicate", marketplace="shopify", operation="orders/create", count=1)
    bought = sandbox.buy("shopify", "HG-7")
    gate = ShopifyWebhookGate(settings_for(sandbox))
    [first], [second] = [await gate.read(*await server.next()) for _ in range(2)]

    assert first == second  # one event, delivered twice
    assert (first.topic, first.resource) == ("order", bought["admin_graphql_api_id"])
    assert first.account_external_id == "sandbox-shop.myshopify.com"
    assert (await shop.channel.order(shop.account, first.resource)).paid


async def test_a_subscription_that_moved_gets_the_cancellation(sandbox: SandboxProcess, http: Http, receiver: tuple[Receiver, str]) -> None:
    server, address = receiver
    shop = await connected(sandbox, http, public_url="http://127.0.0.1:9")
    await ShopifyChannel(http, settings_for(sandbox, public_url=address)).check(shop.account)
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    bought = sandbox.buy("shopify", "HG-7")
    sandbox.cancel("shopify", bought["admin_graphql_api_id"])
    topics = {(await server.next())[0]["X-Shopify-Topic"] for _ in range(3)}
    assert topics == {"orders/create", "orders/cancelled", "orders/updated"}


def signed(secret: str, body: bytes, **more: str) -> dict[str, str]:
    headers = {
        "X-Shopify-Hmac-SHA256": b64encode(digest(secret.encode(), body, "sha256")).decode(),
        "x-shopify-webhook-id": "event-1",
        "X-Shopify-Shop-Domain": "a.myshopify.com",
        "X-Shopify-Topic": "orders/updated",
    }
    return headers | more


BODY = dumps({"id": 42}).encode()
GATE = ShopifyWebhookGate(ShopifySettings(client_secret="now", previous_secret="before"))


@pytest.mark.parametrize("secret", ["now", "before"])
async def test_both_secrets_are_good_while_one_replaces_the_other(secret: str) -> None:
    [hint] = await GATE.read(signed(secret, BODY), BODY)
    assert (hint.event_id, hint.topic, hint.resource) == ("event-1", "order", "gid://shopify/Order/42")


@pytest.mark.parametrize("secret", ["other", ""])
async def test_a_bad_signature_is_refused(secret: str) -> None:
    with pytest.raises(Refused):
        await GATE.read(signed(secret, BODY), BODY)
    with pytest.raises(Refused):
        await GATE.read(signed("now", BODY), BODY + b" ")
    with pytest.raises(Refused):
        await GATE.read({}, BODY)


async def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(Refused):
        await ShopifyWebhookGate(replace(ShopifySettings(), client_secret="")).read(signed("", BODY), BODY)


@pytest.mark.parametrize(("topic", "meant"), [("app/uninstalled", "orders"), ("products/update", "ignored"), ("orders/paid", "order")])
async def test_topics(topic: str, meant: str) -> None:
    [hint] = await GATE.read(signed("now", BODY, **{"X-Shopify-Topic": topic}), BODY)
    assert hint.topic == meant


@pytest.mark.parametrize("body", [b"no json", b"[1]"])
async def test_a_genuine_delivery_that_cannot_be_read_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        await GATE.read(signed("now", body), body)
