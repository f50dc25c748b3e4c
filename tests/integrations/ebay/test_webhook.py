"""Signatures: made here with keys of our own, and by the stand-in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Busy, Refused
from core.values.channel import Hint
from integrations.ebay.client import Client
from integrations.ebay.settings import EbaySettings
from integrations.ebay.webhook import KEYS_A_MINUTE, EbayWebhook
from integrations.http import Http
from tests.ebay_shop import connected, ref, wanted
from tests.receiver import Receiver
from tests.sandbox_process import SandboxProcess

KEY = ec.generate_private_key(ec.SECP256R1())
DELETION = {
    "metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION", "schemaVersion": "1.0", "deprecated": False},
    "notification": {"notificationId": "n-1", "publishAttemptCount": 1, "data": {"username": "müller", "userId": "u-1"}},
}


class KeyServer(httpx.AsyncBaseTransport):
    """eBay's token and key endpoints, with our own key."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "app", "expires_in": 7200})
        self.asked.append(path)
        assert request.headers["authorization"] == "Bearer app"
        if not path.endswith("/good"):
            return httpx.Response(404, json={"errors": [{"errorId": 195001, "message": "no such key"}]})
        pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        return httpx.Response(200, json={"key": pem.replace("\n", ""), "algorithm": "ECDSA", "digest": "SHA1"})


def signed(body: Any, kid: str = "good", digest: hashes.HashAlgorithm | None = None) -> dict[str, str]:
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    signature = KEY.sign(data, ec.ECDSA(digest or hashes.SHA1()))
    head = {"alg": "ecdsa", "kid": kid, "signature": base64.b64encode(signature).decode(), "digest": "SHA1"}
    return {"x-ebay-signature": base64.b64encode(json.dumps(head).encode()).decode()}


@pytest.fixture
async def served() -> AsyncIterator[tuple[EbayWebhook, KeyServer, list[float]]]:
    server, time = KeyServer(), [0.0]
    http = Http(transport=server)
    settings = EbaySettings(client_id="id", client_secret="secret", verification_token="v" * 40)
    yield EbayWebhook(Client(http, settings), lambda: time[0]), server, time
    await http.close()


Served = tuple[EbayWebhook, KeyServer, list[float]]


async def test_a_good_signature_over_a_body_that_is_spaced_otherwise(served: Served) -> None:
    gate, server, time = served
    spaced = json.dumps(DELETION, indent=1).encode()
    assert await gate.read(signed(DELETION), spaced) == (Hint("n-1", "account_deletion", "müller\nu-1"),)
    await gate.read({"X-EBAY-SIGNATURE": signed(DELETION)["x-ebay-signature"]}, json.dumps(DELETION).encode())
    assert len(server.asked) == 1
    time[0] = 3601
    await gate.read(signed(DELETION), spaced)
    assert len(server.asked) == 2


async def test_what_is_not_ebays_is_refused(served: Served) -> None:
    gate, _, _ = served
    body = json.dumps(DELETION).encode()
    tampered = json.dumps({**DELETION, "more": 1}).encode()
    for headers, data in (
        (signed(DELETION), tampered),
        (signed(DELETION, digest=hashes.SHA256()), body),
        (signed(DELETION, kid="unknown"), body),
        (signed(DELETION, kid="../../token"), body),
        (signed(DELETION), b"no json"),
        ({}, body),
        ({"x-ebay-signature": "?"}, body),
        ({"x-ebay-signature": base64.b64encode(b"[]").decode()}, body),
    ):
        with pytest.raises(Refused, match="signed by eBay"):
            await gate.read(headers, data)


async def test_strange_keys_do_not_use_up_our_calls(served: Served) -> None:
    gate, server, time = served
    body = json.dumps(DELETION).encode()
    for number in range(KEYS_A_MINUTE):
        with pytest.raises(Refused):
            await gate.read(signed(DELETION, kid=f"strange-{number}"), body)
    with pytest.raises(Busy):
        await gate.read(signed(DELETION), body)
    assert len(server.asked) == KEYS_A_MINUTE
    time[0] = 61
    await gate.read(signed(DELETION), body)


@pytest.mark.parametrize(
    ("topic", "data", "expected"),
    [
        ("ORDER_CONFIRMATION", {"user": {"userId": "s-1"}, "order": {"orderId": "o-1", "orderLineItems": []}}, ("order", "o-1", "s-1")),
        ("ORDER_CONFIRMATION", {"order": {"orderId": "o-1"}}, ("order", "o-1", "")),
        ("ORDER_CONFIRMATION", {"order": "o-1", "user": None}, ("orders", "", "")),
        ("ORDER_CONFIRMATION", {}, ("orders", "", "")),
        ("NEW_MESSAGE", {"text": "hi"}, ("ignored", "", "")),
    ],
)
async def test_topics(served: Served, topic: str, data: dict[str, Any], expected: tuple[str, str, str]) -> None:
    notice = {"metadata": {"topic": topic}, "notification": {"notificationId": "n-2", "data": data}}
    [hint] = await served[0].read(signed(notice), json.dumps(notice).encode())
    assert (hint.event_id, hint.topic, hint.resource, hint.account_external_id) == ("n-2", *expected)


async def test_a_body_without_a_notification_is_refused(served: Served) -> None:
    notices: list[Any] = [{"metadata": {}}, [1], {"notification": []}]
    for notice in notices:
        with pytest.raises(Refused):
            await served[0].read(signed(notice), json.dumps(notice).encode())


def test_the_challenge_is_hashed_in_ebays_order(served: Served) -> None:
    expected = hashlib.sha256(b"code" + b"v" * 40 + b"https://haggle.example/webhooks/ebay").hexdigest()
    assert served[0].challenge("code", "https://haggle.example/webhooks/ebay") == expected


async def test_a_sale_on_the_stand_in_arrives_as_a_hint(sandbox: SandboxProcess, http: Http) -> None:
    with Receiver() as receiver:
        public = receiver.url.removesuffix("/hook")
        receiver.url = f"{public}/webhooks/ebay"
        more: dict[str, Any] = {"public_url": public, "verification_token": receiver.token, "alert_email": "alerts@haggle.example"}
        shop = await connected(sandbox, http, **more)
        live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
        order = sandbox.buy("ebay", live.external["listing"])
        delivery = receiver.next()
        [hint] = await EbayWebhook(shop.client).read(delivery.headers, delivery.body)
        assert (hint.topic, hint.resource) == ("order", order["orderId"])
        health = await shop.channel.check(shop.account)
        assert hint.account_external_id == health.external_id
        with pytest.raises(Refused):
            await EbayWebhook(shop.client).read(delivery.headers, delivery.body.replace(b"orderId", b"orderid"))
