"""Shopify's webhooks: prove the signature, say where to look. What a payload says is never believed beyond that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import loads
from typing import Any

from core.errors import Invalid, Refused
from core.values.channel import Hint
from core.words import Told
from integrations.shopify.settings import ShopifySettings
from integrations.shopify.signature import body_is_genuine


class ShopifyWebhookGate:
    """A `Hint` per delivery. A repeated delivery has the same X-Shopify-Webhook-Id, which is its `event_id`; `account_external_id`
    is the shop's myshopify domain."""

    source = "shopify"

    def __init__(self, settings: ShopifySettings) -> None:
        self._settings = settings

    async def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Raises `Refused` on a bad signature, `Invalid` on a genuine delivery that cannot be read."""
        given = {name.lower(): value for name, value in headers.items()}
        if not body_is_genuine(body, given.get("x-shopify-hmac-sha256", ""), self._settings):
            raise Refused(Told("This webhook is not signed by Shopify."))
        event = given.get("x-shopify-webhook-id", "")
        shop = given.get("x-shopify-shop-domain", "").lower()
        if not event or not shop:
            raise Invalid(Told("This webhook lacks its id or its shop."))
        topic, resource = _meaning(given.get("x-shopify-topic", ""), body)
        return [Hint(event, topic, resource, shop)]


# What Shopify asks of every app about its customers (shopify.dev, privacy law compliance). They are set in the app's own settings, not
# subscribed to.
_PRIVACY = {"customers/redact": "account_deletion", "customers/data_request": "data_request", "shop/redact": "shop_deletion"}


def _meaning(topic: str, body: bytes) -> tuple[str, str]:
    """Our topic and the thing to look at. An app that was uninstalled shows at the next poll, which finds its permission gone."""
    if topic == "app/uninstalled":
        return "orders", ""
    if topic in _PRIVACY:
        return _PRIVACY[topic], _buyer(_payload(body))
    if not topic.startswith("orders/"):
        return "ignored", ""
    order = _order_id(body)
    return ("order", order) if order else ("orders", "")


def _buyer(payload: Mapping[str, Any]) -> str:
    """Who it is about: e-mail and phone, and the orders that Shopify names, one a line."""
    customer = payload.get("customer")
    names = [str(customer[name]) for name in ("email", "phone") if customer.get(name)] if isinstance(customer, dict) else []
    orders = payload.get("orders_to_redact") or payload.get("orders_requested") or ()
    return "\n".join([*names, *(f"order:gid://shopify/Order/{one}" for one in orders)])


def _order_id(body: bytes) -> str:
    payload = _payload(body)
    if payload.get("admin_graphql_api_id"):
        return str(payload["admin_graphql_api_id"])
    return f"gid://shopify/Order/{payload['id']}" if payload.get("id") else ""


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload: Any = loads(body)
    except ValueError as error:
        raise Invalid(Told("This webhook's body is no JSON.")) from error
    if not isinstance(payload, dict):
        raise Invalid(Told("This webhook's body is no JSON object."))
    return payload
