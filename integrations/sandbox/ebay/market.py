"""The eBay stand-in as the framework sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.sandbox.ebay import account, after_sale, fulfillment, inventory, offers, orders, seller, taxonomy, trading
from integrations.sandbox.ebay.answers import Refusal, wire
from integrations.sandbox.ebay.media import Media
from integrations.sandbox.ebay.notification import Notification
from integrations.sandbox.ebay.oauth import OAuth
from integrations.sandbox.ebay.shop import Shop, stock_of
from integrations.sandbox.ebay.signing import Signer
from integrations.sandbox.ebay.topics import ITEM_AVAILABILITY, ORDER_CONFIRMATION, availability_data, order_data
from integrations.sandbox.market import BuyerOffer, Envelope, Handmade, Pick, Purchase, Row, Unbuyable
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
        apis = (
            inventory.routes(shop),
            offers.routes(shop),
            fulfillment.routes(shop),
            after_sale.routes(shop),
            account.routes(shop),
            taxonomy.routes(shop),
        )
        more = (seller.routes(shop), trading.routes(shop))
        return [*(one for api in (*apis, *more) for one in api), *self._media.routes(), *self._notification.routes(), *self._oauth.routes()]

    def broken(self) -> Response:
        return Refusal(500, 25001, "API_SANDBOX", "A system error has occurred.").response()

    def busy(self, retry_after: float) -> Response:
        return Refusal(429, 2001, "ACCESS", "Too many requests.", headers={"Retry-After": f"{retry_after:g}"}).response()

    # -- buyers

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        lines = [self._bought(one) for one in purchase.picks]
        for line in lines:
            wanted = sum(one.quantity for one in lines if one.listing["id"] == line.listing["id"])
            if line.quantity < 1 or wanted > line.listing["quantity"]:
                raise Unbuyable(f"Only {line.listing['quantity']} of “{line.listing['title']}” are left.")
        order = orders.make(self._shop, lines, paid=purchase.paid)
        for line in lines:
            self._shop.take(line.offer, line.quantity)
        if purchase.paid:
            self._confirm(order)
        return order

    def pay(self, order_id: str) -> dict[str, Any]:
        order = self._open_order(order_id)
        if order["orderPaymentStatus"] != "PENDING":
            raise Unbuyable(f"Order {order_id} was paid.")
        orders.pay(self._shop, order)
        self._confirm(order)
        return order

    def _confirm(self, order: Doc) -> None:
        for shown in order["lineItems"]:
            self._notification.announce(ORDER_CONFIRMATION, order_data(order, shown))

    def _bought(self, pick: Pick) -> orders.Bought:
        listing = self._live(pick.listing)
        offer = self._store.get("ebay.offer", listing["offer_id"])
        if offer is None:
            raise Unbuyable("The listing has ended.")
        try:
            return orders.Bought(listing, offer, pick.quantity, Decimal(pick.price or listing["price"]))
        except InvalidOperation:
            raise Unbuyable(f"{pick.price} is not a price.") from None

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
        order = self._open_order(order_id)
        if order["orderFulfillmentStatus"] == "FULFILLED":
            raise Unbuyable(f"Order {order_id} was shipped.")
        orders.cancel(self._shop, order)
        return order

    def refund(self, order_id: str, amount: str | None) -> dict[str, Any]:
        order = self._open_order(order_id)
        left = orders.left_to_refund(order) if orders.is_paid(order) else Decimal(0)
        given = Decimal(amount) if amount else left
        if not 0 < given <= left:
            raise Unbuyable(f"Of order {order_id} {left} can be given back.")
        orders.refund(self._shop, order, given)
        orders.touch(self._shop, order)
        return order

    # -- the seller, on eBay's own pages

    def make(self, wish: Handmade) -> dict[str, Any]:
        return self._listing(seller.make(self._shop, wish))

    def edit(self, listing: str, price: str | None, quantity: int | None) -> dict[str, Any]:
        return self._listing(seller.edit(self._shop, listing, price, quantity))

    def end(self, listing: str) -> dict[str, Any]:
        return self._listing(seller.end(self._shop, listing))

    def deliver(self, order_id: str) -> dict[str, Any]:
        """eBay's order API does not show that something arrived: nothing changes."""
        order = self._open_order(order_id)
        if order["orderFulfillmentStatus"] == "NOT_STARTED":
            raise Unbuyable(f"Nothing of order {order_id} is on its way.")
        orders.touch(self._shop, order)
        return order

    def ask_back(self, order_id: str) -> dict[str, Any]:
        order = self._open_order(order_id)
        after_sale.ask_back(self._shop, order)
        return order

    def dispute(self, order_id: str, outcome: str) -> dict[str, Any]:
        order = self._open_order(order_id)
        after_sale.dispute(self._shop, order, outcome)
        return order

    def label(self, order_id: str, cost: str) -> dict[str, Any]:
        order = self._open_order(order_id)
        after_sale.label(self._shop, order, Decimal(cost))
        return order

    def _open_order(self, order_id: str) -> Doc:
        order = self._store.get("ebay.order", order_id)
        if order is None or order["cancelStatus"]["cancelState"] == "CANCELED":
            raise Unbuyable(f"There is no open order {order_id}.")
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
        "refunds": [given["amount"]["value"] for given in one["paymentSummary"]["refunds"]],
        "parcels": [where.rpartition("/")[2] for where in one["fulfillmentHrefs"]],
        "lines": lines,
    }


def _item(one: Doc) -> dict[str, Any]:
    return {"sku": one["sku"], "quantity": stock_of(one), "title": one["body"].get("product", {}).get("title", "")}
