"""Notification: topics, configuration, destinations with their challenge, subscriptions, the public key."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.ebay.answers import Refusal, no_content, wire
from integrations.sandbox.ebay.calls import Api, Call
from integrations.sandbox.ebay.media import LOOPBACK
from integrations.sandbox.ebay.shop import Shop
from integrations.sandbox.ebay.signing import Signer
from integrations.sandbox.ebay.topics import TOPICS, Topic, availability_data, deletion_data, order_data
from integrations.sandbox.store import Doc

PATH = "/ebay/commerce/notification/v1"
SUBSCRIBE = ("", "commerce.notification.subscription")
STATES = ("ENABLED", "DISABLED")


class Notification:
    """Also sends: `announce` delivers to every enabled subscription of a topic."""

    def __init__(self, shop: Shop, signer: Signer) -> None:
        self._shop = shop
        self._store = shop.store
        self._signer = signer

    def routes(self) -> list[Route]:
        api = Api(self._shop, PATH, ("",))
        api.add("GET", "/topic", "getTopics", self._topics)
        api.add("GET", "/topic/{topic}", "getTopic", self._topic)
        api.add("GET", "/config", "getConfig", self._config)
        api.add("PUT", "/config", "updateConfig", self._put_config)
        api.add("GET", "/public_key/{key}", "getPublicKey", self._public_key)
        api.add("GET", "/destination", "getDestinations", self._destinations)
        api.add("POST", "/destination", "createDestination", self._create_destination)
        api.add("GET", "/destination/{destination}", "getDestination", self._destination)
        api.add("PUT", "/destination/{destination}", "updateDestination", self._update_destination)
        api.add("DELETE", "/destination/{destination}", "deleteDestination", self._delete_destination)
        reads = (*SUBSCRIBE, "commerce.notification.subscription.readonly")
        one = "/subscription/{subscription}"
        api.add("GET", "/subscription", "getSubscriptions", self._subscriptions, scopes=reads)
        api.add("POST", "/subscription", "createSubscription", self._subscribe, scopes=SUBSCRIBE)
        api.add("GET", one, "getSubscription", self._subscription, scopes=reads)
        api.add("PUT", one, "updateSubscription", self._update_subscription, scopes=SUBSCRIBE)
        api.add("DELETE", one, "deleteSubscription", self._unsubscribe, scopes=SUBSCRIBE)
        api.add("POST", f"{one}/enable", "enableSubscription", self._switch("ENABLED"), scopes=SUBSCRIBE)
        api.add("POST", f"{one}/disable", "disableSubscription", self._switch("DISABLED"), scopes=SUBSCRIBE)
        api.add("POST", f"{one}/test", "testSubscription", self._test, scopes=SUBSCRIBE)
        return api.routes

    # -- sending

    def announce(self, topic: str, data: dict[str, Any]) -> None:
        for one in self._store.all("ebay.subscription").values():
            if one["topicId"] == topic and one["status"] == "ENABLED":
                self._send(one, data)

    def _send(self, subscription: Doc, data: dict[str, Any]) -> None:
        destination = self._store.get("ebay.destination", subscription["destinationId"])
        if destination is None or destination["status"] != "ENABLED":
            return
        payload = {
            "metadata": {"topic": subscription["topicId"], "schemaVersion": "1.0", "deprecated": False},
            "notification": {"notificationId": secrets.token_hex(16), "eventDate": wire(self._shop.world.now()), "data": data},
        }
        self._shop.world.outbox.send("ebay", destination["deliveryConfig"]["endpoint"], subscription["topicId"], payload)

    def mark_down(self, endpoint: str) -> None:
        """What eBay does with an endpoint that does not take its notifications, until its owner enables it again."""
        for key, one in list(self._store.all("ebay.destination").items()):
            if one["deliveryConfig"]["endpoint"] == endpoint:
                self._store.put("ebay.destination", key, {**one, "status": "MARKED_DOWN"})

    # -- topics, configuration, key

    async def _topics(self, call: Call) -> Response:
        shown = [one.shown() for one in TOPICS.values()]
        return JSONResponse(
            {"topics": shown, "total": len(shown), "limit": 20, "href": f"{self._shop.world.base_url}{PATH}/topic?limit=20"}
        )

    async def _topic(self, call: Call) -> Response:
        topic = TOPICS.get(call.path("topic"))
        if topic is None:
            raise _wrong(404, 195002, "There is no such topic.")
        return JSONResponse(topic.shown())

    async def _config(self, call: Call) -> Response:
        config = self._store.get("ebay.config", "app")
        if config is None:
            raise _wrong(404, 195026, "There is no configuration yet.")
        return JSONResponse(config)

    async def _put_config(self, call: Call) -> Response:
        email = str(call.json().get("alertEmail", ""))
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise _wrong(400, 195025, "The alertEmail is not valid.")
        self._store.put("ebay.config", "app", {"alertEmail": email})
        return no_content()

    async def _public_key(self, call: Call) -> Response:
        if call.path("key") != self._signer.kid:
            raise _wrong(404, 195001, "There is no such key.")
        return JSONResponse({"key": self._signer.public_key(), "algorithm": "ECDSA", "digest": "SHA1"})

    # -- destinations

    async def _destinations(self, call: Call) -> Response:
        every = list(self._store.all("ebay.destination").values())
        return JSONResponse(
            {"destinations": every, "total": len(every), "limit": 20, "href": f"{self._shop.world.base_url}{PATH}/destination?limit=20"}
        )

    async def _create_destination(self, call: Call) -> Response:
        body = call.json()
        self._check_destination(body)
        if self._store.get("ebay.config", "app") is None:
            raise _wrong(409, 195003, "Set the alert email by /config first.")
        endpoint = body["deliveryConfig"]["endpoint"]
        if any(one["deliveryConfig"]["endpoint"] == endpoint for one in self._store.all("ebay.destination").values()):
            raise _wrong(409, 195021, "There is a destination for this endpoint.")
        await self._challenge(body["deliveryConfig"])
        key = secrets.token_hex(16)
        self._store.put("ebay.destination", key, {"name": "", **body, "destinationId": key})
        return JSONResponse({}, 201, {"Location": f"{self._shop.world.base_url}{PATH}/destination/{key}"})

    async def _destination(self, call: Call) -> Response:
        return JSONResponse(self._found_destination(call))

    async def _update_destination(self, call: Call) -> Response:
        known, body = self._found_destination(call), call.json()
        self._check_destination(body)
        if body["deliveryConfig"] != known["deliveryConfig"]:
            await self._challenge(body["deliveryConfig"])
        self._store.put("ebay.destination", known["destinationId"], {"name": "", **body, "destinationId": known["destinationId"]})
        return no_content()

    async def _delete_destination(self, call: Call) -> Response:
        known = self._found_destination(call)
        if any(one["destinationId"] == known["destinationId"] for one in self._store.all("ebay.subscription").values()):
            raise _wrong(409, 195024, "A subscription uses this destination.")
        self._store.delete("ebay.destination", known["destinationId"])
        return no_content()

    def _found_destination(self, call: Call) -> Doc:
        found = self._store.get("ebay.destination", call.path("destination"))
        if found is None:
            raise _wrong(404, 195022, "There is no such destination.")
        return found

    def _check_destination(self, body: dict[str, Any]) -> None:
        if body.get("status") not in STATES:
            raise _wrong(400, 195018, "The status is not valid.")
        config = body.get("deliveryConfig", {})
        if not re.fullmatch(r"[A-Za-z0-9_-]{32,80}", str(config.get("verificationToken", ""))):
            raise _wrong(400, 195019, "The verification token must have 32 to 80 letters, digits, _ or -.")
        url = urlsplit(str(config.get("endpoint", "")))
        # The real one takes public https addresses only; the stand-in takes this machine's as well.
        if not (url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)):
            raise _wrong(400, 195017, "The endpoint must be an https address.")
        if len(body.get("name", "")) > 64:
            raise _wrong(400, 195016, "The name is too long.")

    async def _challenge(self, config: dict[str, str]) -> None:
        """The endpoint must answer sha256(code + token + endpoint)."""
        code = secrets.token_hex(16)
        wanted = hashlib.sha256((code + config["verificationToken"] + config["endpoint"]).encode()).hexdigest()
        try:
            answer = await self._shop.world.outbox.client.get(config["endpoint"], params={"challenge_code": code})
            given = answer.json()["challengeResponse"] if answer.is_success else ""
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            given = ""
        if given != wanted:
            raise _wrong(409, 195020, "The endpoint did not answer the challenge.")

    # -- subscriptions

    async def _subscriptions(self, call: Call) -> Response:
        every = list(self._store.all("ebay.subscription").values())
        here = f"{self._shop.world.base_url}{PATH}/subscription?limit=20"
        return JSONResponse({"subscriptions": [_shown(one) for one in every], "total": len(every), "limit": 20, "href": here})

    async def _subscribe(self, call: Call) -> Response:
        body = call.json()
        topic = TOPICS.get(str(body.get("topicId", "")))
        if topic is None:
            raise _wrong(400, 195027, "The topic id is missing or unknown.")
        self._check_subscription(call, topic, body)
        for one in self._store.all("ebay.subscription").values():
            if (one["topicId"], one["user"]) == (topic.id, call.token["user"]):
                raise _wrong(409, 195012, "There is a subscription already.")
        key = secrets.token_hex(16)
        made = {**body, "subscriptionId": key, "creationDate": wire(self._shop.world.now()), "user": call.token["user"]}
        self._store.put("ebay.subscription", key, made)
        return JSONResponse({}, 201, {"Location": f"{self._shop.world.base_url}{PATH}/subscription/{key}"})

    def _check_subscription(self, call: Call, topic: Topic, body: dict[str, Any]) -> None:
        granted = set(topic.scopes) <= set(call.token["scopes"])
        if not granted or (topic.scope == "USER" and not call.token["user"]):
            raise _wrong(403, 195011, "Not authorized for this topic.")
        payload = body.get("payload", {})
        if payload.get("schemaVersion") != "1.0":
            raise _wrong(400, 195008, "The schema version is missing or unknown.")
        if payload.get("format") != "JSON":
            raise _wrong(400, 195009, "The format is not supported.")
        if payload.get("deliveryProtocol") != "HTTPS":
            raise _wrong(400, 195010, "The protocol is not supported.")
        if body.get("status") not in STATES:
            raise _wrong(400, 195006, "The status is not valid.")
        destination = self._store.get("ebay.destination", str(body.get("destinationId", "")))
        if destination is None:
            raise _wrong(400, 195007, "The destination id is missing or unknown.")
        if body["status"] == "ENABLED" and destination["status"] != "ENABLED":
            raise _wrong(409, 195015, "The destination is not enabled.")

    async def _subscription(self, call: Call) -> Response:
        return JSONResponse(_shown(self._found_subscription(call)))

    async def _update_subscription(self, call: Call) -> Response:
        known, body = self._found_subscription(call), call.json()
        self._check_subscription(call, TOPICS[known["topicId"]], body)
        self._store.put("ebay.subscription", known["subscriptionId"], {**known, **body})
        return no_content()

    async def _unsubscribe(self, call: Call) -> Response:
        self._store.delete("ebay.subscription", self._found_subscription(call)["subscriptionId"])
        return no_content()

    def _switch(self, state: str) -> Callable[[Call], Awaitable[Response]]:
        async def switch(call: Call) -> Response:
            known = self._found_subscription(call)
            destination = self._store.get("ebay.destination", known["destinationId"])
            if state == "ENABLED" and (destination is None or destination["status"] != "ENABLED"):
                raise _wrong(409, 195015, "The destination is not enabled.")
            self._store.put("ebay.subscription", known["subscriptionId"], {**known, "status": state})
            return no_content()

        return switch

    async def _test(self, call: Call) -> Response:
        known = self._found_subscription(call)
        self._send(known, _sample(known["topicId"], self._shop.seller))
        return Response(status_code=202)

    def _found_subscription(self, call: Call) -> Doc:
        found = self._store.get("ebay.subscription", call.path("subscription"))
        if found is None:
            raise _wrong(404, 195013, "There is no such subscription.")
        return found


def _shown(subscription: Doc) -> dict[str, Any]:
    return {name: value for name, value in subscription.items() if name != "user"}


def _sample(topic: str, seller: str) -> dict[str, Any]:
    """Made-up data for a test delivery."""
    match topic:
        case "ORDER_CONFIRMATION":
            line = {"lineItemId": "10000000000", "legacyItemId": "110000000000", "quantity": 1}
            return order_data({"sellerId": seller, "orderId": "00-00000-00000"}, line)
        case "ITEM_AVAILABILITY":
            return availability_data({"id": "110000000000", "marketplace": "EBAY_US", "status": "ENDED"})
        case _:
            return deletion_data("test_user")


def _wrong(status: int, error_id: int, message: str) -> Refusal:
    return Refusal(status, error_id, "notification", message)
