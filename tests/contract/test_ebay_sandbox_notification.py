"""Notifications of the eBay stand-in against eBay's documents, and their signatures."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.contract.ebay_referee import (
    Referee,
    call,
    error_of,
    listed,
    sandbox,
    sandbox_server,
)
from tests.receiver import Delivery, Receiver

__all__ = ["call", "sandbox", "sandbox_server"]


pytestmark = pytest.mark.specs

# -- notifications

NOTIFICATION = "/ebay/commerce/notification/v1"


def subscribed(call: Referee, receiver: Receiver, topic: str) -> str:
    """An enabled subscription; gives its id."""
    assert call("PUT", f"{NOTIFICATION}/config", {"alertEmail": "seller@haggle.example"}).status_code == 204
    config = {"endpoint": receiver.url, "verificationToken": receiver.token}
    made = call("POST", f"{NOTIFICATION}/destination", {"name": "haggle", "status": "ENABLED", "deliveryConfig": config})
    assert made.status_code == 201
    destination = made.headers["location"].rpartition("/")[2]
    payload = {"format": "JSON", "schemaVersion": "1.0", "deliveryProtocol": "HTTPS"}
    body = {"topicId": topic, "destinationId": destination, "status": "ENABLED", "payload": payload}
    answer = call("POST", f"{NOTIFICATION}/subscription", body)
    assert answer.status_code == 201
    assert error_of(call("POST", f"{NOTIFICATION}/subscription", body)) == (409, 195012)
    return str(answer.headers["location"].rpartition("/")[2])


def prove(call: Referee, delivery: Delivery) -> dict[str, Any]:
    """Check a delivery's signature with the published key, as eBay's own SDK does; gives its payload."""
    head = json.loads(base64.b64decode(delivery.headers["x-ebay-signature"]))
    assert (head["alg"], head["digest"]) == ("ecdsa", "SHA1")
    given = call("GET", f"{NOTIFICATION}/public_key/{head['kid']}", token=call.sandbox.ebay_app_token()).json()["key"]
    begin, end = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
    assert "\n" not in given
    pem = given.replace(begin, begin + "\n").replace(end, "\n" + end).encode()
    key = load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    compact = json.dumps(delivery.json(), separators=(",", ":")).encode()
    key.verify(base64.b64decode(head["signature"]), compact, ec.ECDSA(hashes.SHA1()))
    payload: dict[str, Any] = delivery.json()
    return payload


def test_a_sale_is_announced_signed_and_at_once(call: Referee) -> None:
    _, listing = listed(call)
    with Receiver() as receiver:
        subscribed(call, receiver, "ORDER_CONFIRMATION")
        order = call.sandbox.buy("ebay", listing)
        payload = prove(call, receiver.next())
    assert payload["metadata"]["topic"] == "ORDER_CONFIRMATION"
    assert payload["notification"]["publishAttemptCount"] == 1
    data = payload["notification"]["data"]
    assert set(data["user"]) == {"userId", "username"}
    assert (data["order"]["orderId"], data["order"]["orderLineItems"][0]["listingId"]) == (order["orderId"], listing)


def test_an_endpoint_that_refuses_is_tried_again(call: Referee) -> None:
    _, listing = listed(call)
    with Receiver(answers=[500]) as receiver:
        subscribed(call, receiver, "ORDER_CONFIRMATION")
        call.sandbox.buy("ebay", listing)
        first, second = prove(call, receiver.next()), prove(call, receiver.next())
    assert first["notification"]["notificationId"] == second["notification"]["notificationId"]
    assert [one["notification"]["publishAttemptCount"] for one in (first, second)] == [1, 2]


def test_availability_is_announced_when_the_last_one_goes(call: Referee) -> None:
    _, listing = listed(call)
    with Receiver() as receiver:
        subscribed(call, receiver, "ITEM_AVAILABILITY")
        call.sandbox.buy("ebay", listing, paid=False)
        data = prove(call, receiver.next())["notification"]["data"]
    assert data == {"itemId": f"v1|{listing}|0", "listingMarketplaceId": "EBAY_US", "availability": "TEMPORARILY_UNAVAILABLE"}


def test_subscriptions_are_switched_tested_and_deleted(call: Referee) -> None:
    with Receiver() as receiver:
        key = subscribed(call, receiver, "ORDER_CONFIRMATION")
        one = f"{NOTIFICATION}/subscription/{key}"
        assert call("POST", f"{one}/disable").status_code == 204
        assert call("GET", one).json()["status"] == "DISABLED"
        assert call("POST", f"{one}/test").status_code == 202
        assert receiver.next().json()["metadata"]["topic"] == "ORDER_CONFIRMATION"
        assert call("POST", f"{one}/enable").status_code == 204
        body = {name: value for name, value in call("GET", one).json().items() if name in ("destinationId", "payload")}
        assert call("PUT", one, body | {"status": "DISABLED"}).status_code == 204
        destination = f"{NOTIFICATION}/destination/{call('GET', one).json()['destinationId']}"
        assert error_of(call("DELETE", destination)) == (409, 195024)
        assert call("GET", f"{NOTIFICATION}/subscription").json()["total"] == 1
        assert call("DELETE", one).status_code == 204
        assert error_of(call("GET", one)) == (404, 195013)
        config = {"endpoint": receiver.url, "verificationToken": receiver.token}
        assert call("PUT", destination, {"status": "DISABLED", "deliveryConfig": config}).status_code == 204
        assert call("GET", destination).json()["status"] == "DISABLED"
        assert call("GET", f"{NOTIFICATION}/destination").json()["total"] == 1
        assert call("DELETE", destination).status_code == 204


def test_an_endpoint_must_answer_the_challenge(call: Referee) -> None:
    path = f"{NOTIFICATION}/destination"
    with Receiver() as receiver:
        config = {"endpoint": receiver.url, "verificationToken": "x" * 32}
        body = {"name": "haggle", "status": "ENABLED", "deliveryConfig": config}
        assert error_of(call("GET", f"{NOTIFICATION}/config")) == (404, 195026)
        assert error_of(call("POST", path, body)) == (409, 195003)
        assert error_of(call("PUT", f"{NOTIFICATION}/config", {"alertEmail": "nobody"})) == (400, 195025)
        call("PUT", f"{NOTIFICATION}/config", {"alertEmail": "seller@haggle.example"})
        assert error_of(call("POST", path, body)) == (409, 195020)
        config["verificationToken"] = "short"
        assert error_of(call("POST", path, body)) == (400, 195019)
        config |= {"verificationToken": receiver.token, "endpoint": "http://haggle.example/hook"}
        assert error_of(call("POST", path, body)) == (400, 195017)


def test_a_topic_needs_its_scopes(call: Referee) -> None:
    topics = {one["topicId"]: one for one in call("GET", f"{NOTIFICATION}/topic").json()["topics"]}
    assert {"ORDER_CONFIRMATION", "ITEM_AVAILABILITY", "MARKETPLACE_ACCOUNT_DELETION"} <= set(topics)
    assert call("GET", f"{NOTIFICATION}/topic/ORDER_CONFIRMATION").json() == topics["ORDER_CONFIRMATION"]
    assert error_of(call("GET", f"{NOTIFICATION}/topic/WEATHER")) == (404, 195002)
    body = {"topicId": "ORDER_CONFIRMATION", "destinationId": "1", "status": "ENABLED"}
    answer = call("POST", f"{NOTIFICATION}/subscription", body, token=call.sandbox.ebay_app_token())
    assert error_of(answer) == (403, 195011)
    unknown = call("POST", f"{NOTIFICATION}/subscription", body | {"topicId": "WEATHER"})
    assert error_of(unknown) == (400, 195027)
