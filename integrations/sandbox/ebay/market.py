"""The eBay stand-in as the framework sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.sandbox.ebay import account, fulfillment, inventory, offers, orders, taxonomy
from integrations.sandbox.ebay.answers import Refusal, wire
from integrations.sandbox.ebay.media import Media
from integrations.sandbox.ebay.notification import Notification
from integrations.sandbox.ebay.oauth import OAuth
from integrations.sandbox.ebay.shop import Shop, stock_of
from integrations.sandbox.ebay.signing import Signer
from integrations.sandbox.ebay.topics import ITEM_AVAILABILITY, ORDER_CONFIRMATION, availability_data, order_data
from integrations.sandbox.market import BuyerOffer, Envelope, Purchase, Row, Unbuyable
from integrations.sandbox.store import Doc
from integrations.sandbox.world import World


class EbayMarket:
    """Implements `integrations.sandbox.market.Market`."""

    name = "ebay"

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._world = world
        self._shop = Shop(world)
        self._signer = Signer(world)
        self._notification = Notification(self._shop, self._signer)
        self._oauth = OAuth(self._shop)
        self._media = Media(self._shop)
        self._shop.on_availability = lambda listing: self._notification.announce(ITEM_AVAILABILITY, availability_data(listing))
        if not self._store.all("ebay.program"):
            account.seed(self._shop)

    def routes(self) -> Sequence[BaseRoute]:
        shop = self._shop
        apis = (inventory.routes(shop), offers.routes(shop), fulfillment.routes(shop), account.routes(shop), taxonomy.routes(shop))
        return [*(one for api in apis for one in api), *self._media.routes(), *self._notification.routes(), *self._oauth.routes()]

    def broken(self) -> Response:
        return Refusal(500, 25001, "API_SANDBOX", "A system error has occurred.").response()

    def busy(self, retry_after: float) -> Response:
        return Refusal(429, 2001, "ACCESS", "Too many requests.", headers={"Retry-After": f"{retry_after:g}"}).response()

    # -- buyers

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        listing = self._live(purchase.listing)
        if not 1 <= purchase.quantity <= listing["quantity"]:
            raise Unbuyable(f"Only {listing['quantity']} of “{listing['title']}” are left.")
        try:
            price = Decimal(purchase.price or listing["price"])
        except InvalidOperation:
            raise Unbuyable(f"{purchase.price} is not a price.") from None
        offer = self._store.get("ebay.offer", listing["offer_id"])
        if offer is None:
            raise Unbuyable("The listing has ended.")
        order = orders.make(self._shop, listing, purchase.quantity, price, paid=purchase.paid)
        self._shop.take(offer, purchase.quantity)
        if purchase.paid:
            for line in order["lineItems"]:
                self._notification.announce(ORDER_CONFIRMATION, order_data(order, line))
        return order

    def offer(self, offer: BuyerOffer) -> dict[str, Any]:
        listing = self._live(offer.listing)
        key = str(self._store.number("ebay.best_offer", 4000000001))
        kept = {
            "id": key,
            "listing_id": listing["id"],
            "sku": listing["sku"],
            "price": offer.price,
            "currency": listing["currency"],
            "quantity": offer.quantity,
            "message": offer.message,
            "state": "ACTIVE",
            "created_at": wire(self._world.now()),
        }
        self._store.put("ebay.best_offer", key, kept)
        return kept

    def cancel(self, order_id: str) -> dict[str, Any]:
        order = self._store.get("ebay.order", order_id)
        if order is None or order["cancelStatus"]["cancelState"] == "CANCELED":
            raise Unbuyable(f"There is no open order {order_id}.")
        if order["orderFulfillmentStatus"] == "FULFILLED":
            raise Unbuyable(f"Order {order_id} was shipped.")
        orders.cancel(self._shop, order)
        return order

    def _live(self, key: str) -> Doc:
        listing = self._shop.live_listing(key)
        if listing is None or listing["status"] != "ACTIVE":
            raise Unbuyable(f"{key} is not for sale.")
        return listing

    # -- looking

    def snapshot(self) -> dict[str, Any]:
        listings = sorted(self._store.all("ebay.listing").values(), key=lambda one: str(one["id"]))
        found = sorted(self._store.all("ebay.order").values(), key=lambda one: str(one["creationDate"]))
        items = sorted(self._store.all("ebay.item").values(), key=lambda one: str(one["created"]))
        best = sorted(self._store.all("ebay.best_offer").values(), key=lambda one: str(one["id"]))
        return {
            "listings": list(map(self._listing, listings)),
            "orders": list(map(_order, found)),
            "items": list(map(_item, items)),
            "offers": best,
        }

    def storefront(self) -> Sequence[Row]:
        listings = sorted(self._store.all("ebay.listing").values(), key=lambda one: str(one["id"]), reverse=True)
        return [
            Row(
                id=one["id"],
                title=one["title"],
                price=one["price"],
                currency=one["currency"],
                left=one["quantity"],
                sold=one["sold"],
                live=one["status"] == "ACTIVE",
                picture=one["picture"],
                description=one["description"],
            )
            for one in listings
        ]

    def _listing(self, one: Doc) -> dict[str, Any]:
        shown = ("id", "sku", "title", "price", "currency", "quantity", "sold", "offer_id", "created_at", "ended_at", "seller", "status")
        state = "ACTIVE" if one["status"] == "ACTIVE" else "ENDED"
        return {name: one[name] for name in shown} | {"state": state, "url": self._shop.url(one)}

    # -- the framework's own

    def seal(self, delivery: Mapping[str, Any], attempt: int) -> Envelope:
        return self._signer.seal(delivery["payload"], attempt)

    def gave_up(self, delivery: Mapping[str, Any]) -> None:
        self._notification.mark_down(delivery["url"])

    def reset(self) -> None:
        self._store.wipe("ebay.")
        self._media.forget()
        account.seed(self._shop)


def _order(one: Doc) -> dict[str, Any]:
    lines = [
        {"listing_id": line["legacyItemId"], "sku": line["sku"], "quantity": line["quantity"], "price": line["lineItemCost"]["value"]}
        for line in one["lineItems"]
    ]
    return {
        "id": one["orderId"],
        "state": "CANCELLED" if one["cancelStatus"]["cancelState"] == "CANCELED" else "OPEN",
        "paid": any(payment["paymentStatus"] == "PAID" for payment in one["paymentSummary"]["payments"]),
        "total": one["pricingSummary"]["total"]["value"],
        "currency": one["pricingSummary"]["total"]["currency"],
        "created_at": one["creationDate"],
        "lines": lines,
    }


def _item(one: Doc) -> dict[str, Any]:
    return {"sku": one["sku"], "quantity": stock_of(one), "title": one["body"].get("product", {}).get("title", "")}
