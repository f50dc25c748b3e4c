"""Webhooks at eBay: one destination for the app, and a subscription for each topic that we understand.

Topics of scope USER are subscribed with the seller's token, those of scope APPLICATION with the app's (Notification API 1.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import HaggleError, Missing, Refused
from core.values.channel import Connection
from integrations.ebay.client import Client

TOPICS = ("ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED", "MARKETPLACE_ACCOUNT_DELETION")
NEEDED = "ORDER_CONFIRMATION"
EXISTS, NO_ALERT_ADDRESS, DESTINATION_EXISTS = "195012", "195003", "195021"
PAGE = {"limit": "100"}


class Notifications:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._url = client.settings.notification

    async def ensure(self, account: Connection) -> dict[str, Any]:
        """Set up what is missing; what came of it as account settings: `webhooks` (do orders come by them?), `destination`,
        `webhook_problem`. Without webhooks selling works by polling, so their trouble is told and never raised."""
        own = self._client.settings
        if not own.webhook:
            return {"webhooks": False, "webhook_problem": "", "destination": ""}
        try:
            destination = await self._destination()
            topics = await self._subscribe(account, destination)
        except HaggleError as error:
            return {"webhooks": False, "webhook_problem": str(error), "destination": ""}
        return {"webhooks": NEEDED in topics, "webhook_problem": "", "destination": destination}

    # -- the destination, which belongs to the app

    async def _destination(self) -> str:
        found = await self._own_destination()
        if found is None:
            return await self._create()
        key = str(found.get("destinationId", ""))
        if found.get("status") != "ENABLED":
            # eBay marks an endpoint down that did not answer for a while.
            await self._client.as_app("PUT", f"{self._url}/destination/{key}", json=self._body())
        return key

    async def _own_destination(self) -> Mapping[str, Any] | None:
        answer = (await self._client.as_app("GET", f"{self._url}/destination", params=PAGE)).object()
        every = answer.get("destinations") or []
        return next((one for one in every if (one.get("deliveryConfig") or {}).get("endpoint") == self._client.settings.webhook), None)

    async def _create(self) -> str:
        try:
            return await self._post_destination()
        except Refused as error:
            if error.code != NO_ALERT_ADDRESS:
                raise
        email = self._client.settings.alert_email
        if not email:
            raise Missing(
                "eBay sends no notifications before it has an address for alerts. Set HAGGLE_EBAY_ALERT_EMAIL.", field="alert_email"
            )
        await self._client.as_app("PUT", f"{self._url}/config", json={"alertEmail": email})
        return await self._post_destination()

    async def _post_destination(self) -> str:
        try:
            answer = await self._client.as_app("POST", f"{self._url}/destination", json=self._body())
        except Refused as error:
            found = await self._own_destination() if error.code == DESTINATION_EXISTS else None
            if found is None:
                raise
            return str(found.get("destinationId", ""))
        return answer.headers.get("location", "").rstrip("/").rpartition("/")[2]

    def _body(self) -> dict[str, Any]:
        own = self._client.settings
        config = {"endpoint": own.webhook, "verificationToken": own.verification_token}
        return {"name": "Haggle", "status": "ENABLED", "deliveryConfig": config}

    # -- subscriptions

    async def _subscribe(self, account: Connection, destination: str) -> set[str]:
        """Subscribe to what eBay offers of our topics; gives those that are on."""
        answer = (await self._client.as_app("GET", f"{self._url}/topic", params=PAGE)).object()
        offered = [one for one in answer.get("topics") or [] if one.get("topicId") in TOPICS and one.get("status") == "ENABLED"]
        for seller in {one.get("scope") == "USER" for one in offered}:
            topics = [one for one in offered if (one.get("scope") == "USER") is seller]
            await self._subscribe_as(account if seller else None, destination, topics)
        return {str(one["topicId"]) for one in offered}

    async def _subscribe_as(self, account: Connection | None, destination: str, topics: list[dict[str, Any]]) -> None:
        url = f"{self._url}/subscription"
        listed = (await self._call(account, "GET", url, params=PAGE)).get("subscriptions") or []
        known = {str(one.get("topicId")): one for one in listed}
        for topic in topics:
            body = {"destinationId": destination, "status": "ENABLED", "payload": _payload(topic)}
            there = known.get(str(topic["topicId"]))
            if there is None:
                try:
                    await self._call(account, "POST", url, json={"topicId": topic["topicId"], **body})
                except Refused as error:
                    if error.code != EXISTS:
                        raise
            elif there.get("status") != "ENABLED" or there.get("destinationId") != destination:
                await self._call(account, "PUT", f"{url}/{there['subscriptionId']}", json=body)

    async def _call(
        self, account: Connection | None, method: str, url: str, *, json: Any = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        if account is None:
            return (await self._client.as_app(method, url, json=json, params=params)).object()
        return (await self._client.as_seller(account, method, url, json=json, params=params)).object()


def _payload(topic: Mapping[str, Any]) -> dict[str, str]:
    """The newest payload that eBay offers for a topic."""
    offered = [one for one in topic.get("supportedPayloads") or [] if not one.get("deprecated")] or [{}]
    version = max(str(one.get("schemaVersion") or "1.0") for one in offered)
    return {"format": "JSON", "schemaVersion": version, "deliveryProtocol": "HTTPS"}
