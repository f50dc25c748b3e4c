"""Whether an account is able to sell: its shop, online store, location, permissions and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from core.errors import AuthLost, HaggleError, Refused
from core.values.channel import Connection
from core.words import N_, Told, joined
from integrations.shopify import operations, order_operations
from integrations.shopify.client import Client
from integrations.shopify.errors import check_user_errors
from integrations.shopify.settings import ShopifySettings

log = structlog.get_logger("shopify.health")

# ORDERS_UPDATED also comes when an order is paid, shipped or refunded.
TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "APP_UNINSTALLED")
NEEDED = "ORDERS_CREATE"
ONLINE_STORE = "online_store"
_LACKS = N_("The app lacks permissions in the shop: {names}. Connect the shop again to grant them.")


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the shop gave; empty strings for what is not there. `shop` is the myshopify domain."""

    name: str
    shop: str
    currency: str
    publication: str
    location: str
    scopes: frozenset[str]

    @property
    def granted(self) -> frozenset[str]:
        """The permission to write includes the one to read."""
        return self.scopes | {scope.replace("write_", "read_", 1) for scope in self.scopes}


async def look(client: Client, account: Connection) -> Found:
    data = await client.run(account, operations.SHOP, {})
    return Found(
        name=data["shop"]["name"],
        shop=data["shop"]["myshopifyDomain"],
        currency=data["shop"]["currencyCode"],
        publication=next((one["id"] for one in data["publications"]["nodes"] if _is_online_store(one)), ""),
        location=_location(data["locations"]["nodes"]),
        scopes=frozenset(one["handle"] for one in data["currentAppInstallation"]["accessScopes"]),
    )


def _is_online_store(publication: Mapping[str, Any]) -> bool:
    apps = ((publication["catalog"] or {}).get("apps") or {"nodes": []})["nodes"]
    return any(app["handle"] == ONLINE_STORE for app in apps)


def _location(nodes: Sequence[Mapping[str, Any]]) -> str:
    """The first active location, one that fulfils online orders if there is any."""
    active = [one for one in nodes if one["isActive"]]
    active.sort(key=lambda one: not one["fulfillsOnlineOrders"])
    return active[0]["id"] if active else ""


def problems(found: Found, settings: ShopifySettings) -> list[str]:
    """Sentences on what keeps the account from selling."""
    sentences: list[str] = []
    if not found.publication:
        sentences.append(Told("The shop has no Online Store channel. Add it in Shopify's admin under Sales channels."))
    if not found.location:
        sentences.append(Told("The shop has no active location. Add one in Shopify's admin under Settings, Locations."))
    if lacking := sorted(set(settings.scopes) - found.granted):
        sentences.append(Told(_LACKS, names=", ".join(lacking)))
    return sentences


async def orders_problem(client: Client, account: Connection, found: Found) -> list[str]:
    """Why sales could not be read, though the shop has granted it: Shopify itself must approve the app for customers' data."""
    if "read_orders" not in found.granted:
        return []
    try:
        await client.run(account, order_operations.NEWEST_ORDER, {})
    except Refused as error:
        return [joined(error.sentence, Told("I look again every hour."))]
    return []


async def webhooks(client: Client, account: Connection, uri: str) -> dict[str, Any]:
    """Make each topic come to `uri`, again and again: Shopify deletes subscriptions whose deliveries failed for some hours, and one that
    leads elsewhere is moved, since the app has one address. What came of it as account settings: `webhooks` (do sales come by them?) and
    `webhook_problem` (why not, though they should). It is no reason not to sell: orders are polled too."""
    if not uri:
        return {"webhooks": False, "webhook_problem": ""}
    problem = ""
    try:
        nodes = (await client.run(account, operations.SUBSCRIPTIONS, {"topics": list(TOPICS)}))["webhookSubscriptions"]["nodes"]
        for topic in TOPICS:
            refused = await _subscribe(client, account, uri, topic, [one for one in nodes if one["topic"] == topic])
            problem = refused if topic == NEEDED else problem
    except HaggleError as error:
        problem = error.sentence
    told = joined(Told("Shopify does not send news to {uri}, so sales come by polling.", uri=uri), problem) if problem else ""
    return {"webhooks": not problem, "webhook_problem": told}


async def _subscribe(client: Client, account: Connection, uri: str, topic: str, there: Sequence[Mapping[str, Any]]) -> str:
    """Why this topic does not come, else empty. What one is refused is no reason to go without the others."""
    if any(one["uri"] == uri for one in there):
        return ""
    try:
        if there:
            data = await client.run(account, operations.RESUBSCRIBE, {"id": there[0]["id"], "uri": uri})
            check_user_errors(data["webhookSubscriptionUpdate"])
        else:
            data = await client.run(account, operations.SUBSCRIBE, {"topic": topic, "uri": uri})
            check_user_errors(data["webhookSubscriptionCreate"])
    except (Refused, AuthLost) as error:
        log.warning("not subscribed", topic=topic, code=error.code, cause=error.cause)
        return error.sentence
    return ""
