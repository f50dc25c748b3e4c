"""The Notification API's topics that the stand-in sends, and their payloads.

The ids are eBay's own (developer.ebay.com/api-docs/master/commerce/notification/asyncapi). ORDER_CONFIRMATION comes when a
buyer has paid, once for each line of an order; its data are those of deliveries that were captured in public (2026-06).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.sandbox.ebay.calls import BASE
from integrations.sandbox.store import Doc

ORDER_CONFIRMATION = "ORDER_CONFIRMATION"
ITEM_AVAILABILITY = "ITEM_AVAILABILITY"
ITEM_MARKED_SHIPPED = "ITEM_MARKED_SHIPPED"
ACCOUNT_DELETION = "MARKETPLACE_ACCOUNT_DELETION"


@dataclass(frozen=True, slots=True)
class Topic:
    """`scopes` are needed to subscribe; a topic of scope USER needs a seller's token, one of scope APPLICATION the application's."""

    id: str
    description: str
    context: str
    scope: str
    scopes: tuple[str, ...]

    def shown(self) -> dict[str, Any]:
        payload = {"format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": False}
        return {
            "topicId": self.id,
            "description": self.description,
            "status": "ENABLED",
            "context": self.context,
            "scope": self.scope,
            "authorizationScopes": list(self.scopes),
            "filterable": False,
            "supportedPayloads": [payload],
        }


_SUBSCRIBE = f"{BASE}/commerce.notification.subscription"
TOPICS = {
    one.id: one
    for one in (
        Topic(ORDER_CONFIRMATION, "A buyer has paid for an item", "SELL", "USER", (f"{BASE}/sell.fulfillment", _SUBSCRIBE)),
        Topic(ITEM_AVAILABILITY, "An item can be bought, or no longer", "SELL", "USER", (f"{BASE}/sell.inventory", _SUBSCRIBE)),
        Topic(ITEM_MARKED_SHIPPED, "A seller has shipped what a buyer bought", "BUY", "USER", (f"{BASE}/commerce.shipping",)),
        Topic(ACCOUNT_DELETION, "A user asks for deletion of their data", "COMMERCE", "APPLICATION", (BASE,)),
    )
}


def order_data(order: Doc, line: Doc) -> dict[str, Any]:
    item = {"orderLineItemId": line["lineItemId"], "listingId": line["legacyItemId"], "quantity": line["quantity"]}
    return {
        "user": {"userId": f"sandbox-{order['sellerId']}", "username": order["sellerId"]},
        "order": {"orderId": order["orderId"], "orderLineItems": [item]},
    }


def availability_data(listing: Doc) -> dict[str, Any]:
    state = {"ACTIVE": "AVAILABLE", "OUT_OF_STOCK": "TEMPORARILY_UNAVAILABLE"}.get(listing["status"], "UNAVAILABLE")
    return {"itemId": f"v1|{listing['id']}|0", "listingMarketplaceId": listing["marketplace"], "availability": state}


def deletion_data(username: str) -> dict[str, Any]:
    return {"username": username, "userId": f"sandbox-{username}", "eiasToken": f"eias-{username}"}
