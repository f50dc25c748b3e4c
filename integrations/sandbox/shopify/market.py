"""The Shopify stand-in as the framework sees it."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.sandbox.market import BuyerOffer, Envelope, Handmade, Purchase, Row, Unbuyable
from integrations.sandbox.shopify import catalogue, engine, files, order_views, orders, parcels, products
from integrations.sandbox.shopify.admin import Admin
from integrations.sandbox.shopify.oauth import OAuth
from integrations.sandbox.shopify.shops import API_VERSION, MARKET, SUFFIX, Shops, bare, gid
from integrations.sandbox.store import Doc
from integrations.sandbox.world import World


class ShopifyMarket:
    """Any number of shops, each below `/shopify/{its myshopify domain}`; a shop comes into being at its first consent."""

    name = MARKET

    def __init__(self, world: World) -> None:
        self._world = world
        self._shops = Shops(world)
        self._oauth = OAuth(self._shops)
        self._buckets: dict[str, engine.Bucket] = {}
        engine.schema()  # read now, not in the first call
        self._shops.open(world.settings.shopify_shop + SUFFIX)

    # -- serving

    def routes(self) -> Sequence[BaseRoute]:
        base = "/shopify/{shop}"
        return [
            Route(f"{base}/admin/api/{API_VERSION}/graphql.json", self._graphql, methods=["POST"]),
            Route(f"{base}/admin/oauth/authorize", self._oauth.authorize, methods=["GET", "POST"]),
            Route(f"{base}/admin/oauth/access_token", self._token, methods=["POST"]),
            Route(f"{base}/staged/", self._staged, methods=["POST"]),
            Route(f"{base}/cdn/{{name}}", self._photo),
        ]

    async def _graphql(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            call = engine.Call(str(body["query"]), body.get("variables") or {})
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"errors": {"query": "Required parameter missing or invalid"}}, 400)

        async def work(_: Request) -> Response:
            return self._answer(request.path_params["shop"], request.headers.get("x-shopify-access-token", ""), call)

        return await self._world.serve(MARKET, engine.operation_name(call.text), request, work)

    def _answer(self, shop: str, token: str, call: engine.Call) -> Response:
        if self._shops.get("shop", shop) is None:
            return JSONResponse({"errors": "Not Found"}, 404)
        scopes = self._oauth.scopes(shop, token)
        if scopes is None:
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        bucket = self._buckets.setdefault(shop, engine.Bucket(self._world.settings.shopify_points))
        answer = engine.run(call, bucket, Admin(self._shops, shop, scopes, self._tell))
        return JSONResponse(answer, headers={"X-Shopify-API-Version": API_VERSION})

    async def _token(self, request: Request) -> Response:
        return await self._world.serve(MARKET, "access_token", request, self._oauth.token)

    async def _staged(self, request: Request) -> Response:
        async def work(one: Request) -> Response:
            return await files.receive(self._shops, one)

        return await self._world.serve(MARKET, "staged_upload", request, work)

    async def _photo(self, request: Request) -> Response:
        return await files.serve(self._shops, request)

    def broken(self) -> Response:
        return JSONResponse({"errors": "Internal Server Error"}, 500)

    def busy(self, retry_after: float) -> Response:
        """Not a 429: an empty bucket that holds enough again after so many seconds."""
        bucket = engine.Bucket(self._world.settings.shopify_points)
        bucket.take(bucket.size)
        return JSONResponse(engine.throttled(round(retry_after * bucket.restore), bucket))

    # -- what buyers do

    def _wanted(self, listing: str) -> Doc:
        found = self._shops.get("product", bare(listing))
        if found is None:
            named = [one for one in self._shops.all("product") if one["sku"] == listing]
            found = next((one for one in named if self._shops.buyable(one)), named[0] if named else None)
        if found is None:
            raise Unbuyable("There is no such product.")
        return found

    def buy(self, purchase: Purchase) -> dict[str, Any]:
        basket = [(self._wanted(pick.listing), pick) for pick in purchase.picks]
        order = orders.buy(self._shops, basket, paid=purchase.paid)
        self._tell(order, "orders/create", *(["orders/paid"] if purchase.paid else []))
        return order_views.payload(order)

    def offer(self, offer: BuyerOffer) -> dict[str, Any]:
        raise Unbuyable("Shopify has no offers.")

    def make(self, wish: Handmade) -> dict[str, Any]:
        return self._listing(catalogue.make(self._shops, self._world.settings.shopify_shop + SUFFIX, wish))

    def edit(self, listing: str, price: str | None, quantity: int | None) -> dict[str, Any]:
        product = self._wanted(listing)
        catalogue.edit(self._shops, product, price, quantity)
        return self._listing(product)

    def end(self, listing: str) -> dict[str, Any]:
        product = self._wanted(listing)
        catalogue.end(self._shops, product)
        return self._listing(product)

    def cancel(self, order_id: str) -> dict[str, Any]:
        order = self._order(order_id)
        orders.cancel(self._shops, order)
        self._tell(order, "orders/cancelled", "orders/updated")
        return order_views.payload(order)

    def pay(self, order_id: str) -> dict[str, Any]:
        order = self._order(order_id)
        orders.pay(self._shops, order)
        self._tell(order, "orders/paid", "orders/updated")
        return order_views.payload(order)

    def refund(self, order_id: str, amount: str | None) -> dict[str, Any]:
        order = self._order(order_id)
        orders.refund(self._shops, order, Decimal(amount) if amount else orders.left_to_refund(order))
        self._tell(order, "orders/updated")
        return order_views.payload(order)

    def deliver(self, order_id: str) -> dict[str, Any]:
        return self._after(order_id, lambda order: parcels.deliver(self._shops, order))

    def ask_back(self, order_id: str) -> dict[str, Any]:
        return self._after(order_id, lambda order: parcels.ask_back(self._shops, order))

    def dispute(self, order_id: str, outcome: str) -> dict[str, Any]:
        return self._after(order_id, lambda order: parcels.dispute(self._shops, order, outcome))

    def label(self, order_id: str, cost: str) -> dict[str, Any]:
        return self._after(order_id, lambda order: parcels.label(self._shops, order, Decimal(cost)))

    def _after(self, order_id: str, work: Callable[[Doc], None]) -> dict[str, Any]:
        order = self._order(order_id)
        work(order)
        self._tell(order, "orders/updated")
        return order_views.payload(order)

    def _order(self, order_id: str) -> Doc:
        order = orders.find(self._shops, order_id)
        if order is None:
            raise Unbuyable("There is no such order.")
        return order

    # -- webhooks

    def _tell(self, order: Doc, *topics: str) -> None:
        for topic in topics:
            wanted = topic.upper().replace("/", "_")
            for one in self._shops.all("subscription", order["shop"]):
                if one["topic"] == wanted:
                    ids = {"webhook_id": str(uuid4()), "event_id": str(uuid4()), "subscription": one["id"]}
                    more = {"shop": order["shop"], "triggered_at": self._world.now().isoformat(), **ids}
                    self._world.outbox.send(MARKET, one["uri"], topic, order_views.payload(order), **more)

    def seal(self, delivery: Mapping[str, Any], attempt: int) -> Envelope:
        body = json.dumps(delivery["payload"], separators=(",", ":")).encode()
        signature = hmac.new(self._oauth.client_secret.encode(), body, sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": delivery["topic"],
            "X-Shopify-Hmac-SHA256": b64encode(signature).decode(),
            "X-Shopify-Shop-Domain": delivery["shop"],
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": delivery["webhook_id"],
            "X-Shopify-Event-Id": delivery["event_id"],
            "X-Shopify-Triggered-At": delivery["triggered_at"],
        }
        return Envelope(headers, body)

    def gave_up(self, delivery: Mapping[str, Any]) -> None:
        """Shopify deletes a subscription that does not take its webhooks."""
        self._shops.delete("subscription", bare(delivery["subscription"]))

    # -- what control and the storefront show

    def snapshot(self) -> dict[str, Any]:
        found = list(self._shops.all("product"))
        items = [{"sku": one["sku"], "quantity": self._shops.left(one), "title": one["title"]} for one in found]
        return {
            "listings": [self._listing(one) for one in found],
            "orders": [_shown_order(one) for one in self._shops.all("order")],
            "items": items,
            "offers": [],
        }

    def _listing(self, product: Doc) -> dict[str, Any]:
        live = self._shops.buyable(product)
        return {
            "id": gid("Product", product["number"]),
            "sku": product["sku"],
            "title": product["title"],
            "price": product["price"],
            "currency": self._shops.open(product["shop"])["currency"],
            "quantity": self._shops.left(product) if live else 0,
            "sold": product["sold"],
            "state": "ACTIVE" if live else "ENDED",
            "url": self._shops.url(product),
            "offer_id": "",
            "created_at": product["created_at"],
            "ended_at": product["ended_at"],
            "seller": product["shop"],
        }

    def storefront(self) -> Sequence[Row]:
        found = sorted(self._shops.all("product"), key=lambda one: one["number"], reverse=True)
        return [self._row(one) for one in found]

    def _row(self, product: Doc) -> Row:
        live = self._shops.buyable(product)
        return Row(
            id=product["number"],
            title=product["title"],
            price=product["price"],
            currency=self._shops.open(product["shop"])["currency"],
            left=self._shops.left(product) if live else 0,
            sold=product["sold"],
            live=live,
            picture=products.storefront_picture(self._shops, product),
            description=product["html"],
        )

    def reset(self) -> None:
        self._world.store.wipe(f"{MARKET}.")
        self._buckets.clear()
        self._shops.open(self._world.settings.shopify_shop + SUFFIX)


def _shown_order(order: Doc) -> dict[str, Any]:
    lines = [
        {"listing_id": gid("Product", one["product"]), **{name: one[name] for name in ("sku", "quantity", "price")}}
        for one in order["lines"]
    ]
    return {
        "id": gid("Order", order["number"]),
        "state": "CANCELLED" if order["cancelled_at"] else "OPEN",
        "paid": order["financial"] in orders.PAID,
        "total": order["total"],
        "currency": order["currency"],
        "created_at": order["created_at"],
        "refunds": list(order["refunds"]),
        "parcels": [one["tracking"] for one in order.get("fulfillments", [])],
        "lines": lines,
    }
