"""Whether an account is able to sell: its shop, online store, location, permissions and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import Refused
from core.values.channel import Connection
from integrations.shopify import operations
from integrations.shopify.client import Client
from integrations.shopify.errors import check_user_errors
from integrations.shopify.settings import ShopifySettings

# ORDERS_UPDATED also comes when an order is paid, shipped or refunded.
TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "APP_UNINSTALLED")
ONLINE_STORE = "online_store"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the shop gave; empty strings for what is not there. `shop` is the myshopify domain."""

    name: str
    shop: str
    currency: str
    publication: str
    location: str
    scopes: frozenset[str]


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
    sentences = []
    if not found.publication:
        sentences.append("The shop has no Online Store channel. Add it in Shopify's admin under Sales channels.")
    if not found.location:
        sentences.append("The shop has no active location. Add one in Shopify's admin under Settings, Locations.")
    # The permission to write includes the one to read.
    granted = found.scopes | {scope.replace("write_", "read_", 1) for scope in found.scopes}
    lacking = sorted(set(settings.scopes) - granted)
    if lacking:
        sentences.append(f"The app lacks permissions in the shop: {', '.join(lacking)}. Connect the shop again to grant them.")
    return sentences


async def subscribe(client: Client, account: Connection, uri: str) -> list[str]:
    """Make each topic come to `uri`, moving a subscription that leads elsewhere: the app has one address. Gives sentences on what
    failed, which is no reason not to sell: orders are polled too."""
    data = await client.run(account, operations.SUBSCRIPTIONS, {"topics": list(TOPICS)})
    there: dict[str, list[Mapping[str, Any]]] = {}
    for one in data["webhookSubscriptions"]["nodes"]:
        there.setdefault(one["topic"], []).append(one)
    for topic in TOPICS:
        known = there.get(topic, [])
        if any(one["uri"] == uri for one in known):
            continue
        try:
            if known:
                data = await client.run(account, operations.RESUBSCRIBE, {"id": known[0]["id"], "uri": uri})
                check_user_errors(data["webhookSubscriptionUpdate"])
            else:
                data = await client.run(account, operations.SUBSCRIBE, {"topic": topic, "uri": uri})
                check_user_errors(data["webhookSubscriptionCreate"])
        except Refused as error:
            return [f"Shopify does not send news to {uri}, so sales come by polling. {error.sentence}"]
    return []
