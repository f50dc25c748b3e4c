"""Webhooks at eBay: one destination for the app, and a subscription for each topic that we understand.

Topics of scope USER are subscribed with the seller's token, those of scope APPLICATION with the app's (Notification API 1.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from core.errors import HaggleError, Missing, Refused
from core.values.channel import Connection
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.settings import APP_SCOPE, SCOPES

log = structlog.get_logger("ebay.notifications")

TOPICS = ("ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED", "MARKETPLACE_ACCOUNT_DELETION")
NEEDED = "ORDER_CONFIRMATION"
EXISTS, NO_ALERT_ADDRESS, DESTINATION_EXISTS = "195012", "195003", "195021"
PAGE = {"limit": "100"}

Topic = Mapping[str, Any]


class Notifications:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._url = client.settings.notification

    async def ensure(self, account: Connection) -> dict[str, Any]:
        """Set up what is missing, again and again: what eBay has marked down or lost is put right. What came of it as account settings:
        `webhooks` (do orders come by them?), `webhook_problem` (why not, though they should), `destination`. Without webhooks selling
        works by polling, so their trouble is told and never raised."""
        if not self._client.settings.webhook:
            return {"webhooks": False, "webhook_problem": "", "destination": ""}
        try:
            destination = await self._destination()
            topics = await self._topics()
        except HaggleError as error:
            return {"webhooks": False, "webhook_problem": error.sentence, "destination": ""}
        problems = {name: await self._problem(account, destination, topics.get(name)) for name in TOPICS}
        return {"webhooks": not problems[NEEDED], "webhook_problem": problems[NEEDED], "destination": destination}

    async def _problem(self, account: Connection, destination: str, topic: Topic | None) -> str:
        """Subscribe to a topic; why that cannot be as a sentence, else empty. One topic's trouble is no reason to go without the others."""
        if topic is None:
            return Told("eBay does not offer to tell of orders at once.")
        try:
            await self._subscribe(account, destination, topic)
        except HaggleError as error:
            log.warning("not subscribed", topic=topic["topicId"], code=error.code, cause=error.cause, error=str(error))
            return error.sentence
        return ""

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
                Told("eBay sends no notifications before it has an address for alerts. Set HAGGLE_EBAY_ALERT_EMAIL."), field="alert_email"
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

    async def _topics(self) -> dict[str, Topic]:
        """What eBay offers of our topics."""
        answer = (await self._client.as_app("GET", f"{self._url}/topic", params=PAGE)).object()
        return {str(one.get("topicId")): one for one in answer.get("topics") or [] if one.get("status") == "ENABLED"}

    async def _subscribe(self, account: Connection, destination: str, topic: Topic) -> None:
        """Raises `Refused` for a topic whose permissions we lack, as eBay would (195011). Those that it names may be alternatives: one is
        enough for a try."""
        seller = account if topic.get("scope") == "USER" else None
        held = set(account.credentials.get("scopes") or SCOPES) if seller else {APP_SCOPE}
        named = set(topic.get("authorizationScopes") or [])
        if named and not named & held:
            names = ", ".join(sorted(one.rpartition("/")[2] for one in named))
            raise Refused(
                Told("eBay wants another permission for this: {names}. Connect eBay again to grant it.", names=names), code="scopes"
            )
        url = f"{self._url}/subscription"
        listed = (await self._call(seller, "GET", url, params=PAGE)).get("subscriptions") or []
        there = next((one for one in listed if one.get("topicId") == topic["topicId"]), None)
        body = {"destinationId": destination, "status": "ENABLED", "payload": _payload(topic)}
        if there is None:
            try:
                await self._call(seller, "POST", url, json={"topicId": topic["topicId"], **body})
            except Refused as error:
                if error.code != EXISTS:
                    raise
        elif there.get("status") != "ENABLED" or there.get("destinationId") != destination:
            await self._call(seller, "PUT", f"{url}/{there['subscriptionId']}", json=body)

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
