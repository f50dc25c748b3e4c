"""The Admin API's root: each query and mutation of our part of the schema, the permission it needs, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from integrations.sandbox.shopify import catalogue, files, inventory, order_views, orders, parcels, products
from integrations.sandbox.shopify.shops import Refusal, Shops, bare, gid

View = dict[str, Any]
Info = GraphQLResolveInfo[Any]
CUSTOMER_DATA = "https://shopify.dev/docs/apps/launch/protected-customer-data"
CATEGORIES = (
    ("aa-1-13", "Clothing Tops", "Apparel & Accessories > Clothing > Clothing Tops"),
    ("aa-8", "Shoes", "Apparel & Accessories > Shoes"),
    ("co", "Cameras & Optics", "Cameras & Optics"),
    ("el", "Electronics", "Electronics"),
    ("me", "Media", "Media"),
    ("tg", "Toys & Games", "Toys & Games"),
)


class Admin:
    """One request's view of a shop: graphql-core finds each root field here by its name and calls it."""

    def __init__(self, shops: Shops, shop: str, scopes: frozenset[str], tell: Callable[..., None]) -> None:
        self._shops = shops
        self._tell = tell  # `tell(order, *topics)` sends an order's webhooks
        self._shop = shop
        self._scopes = scopes

    def _need(self, scope: str) -> None:
        """The permission to write includes the one to read."""
        if not self._scopes & {scope, scope.replace("read_", "write_", 1)}:
            raise GraphQLError(f"access denied, required: `{scope}`", extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}`"})

    def _need_customer_data(self) -> None:
        """Orders are customers' data, for which Shopify approves an app, whatever a shop has granted it."""
        self._need("read_orders")
        if not self._shops.world.settings.shopify_customer_data:
            text = f"This app is not approved to access the Order object. See {CUSTOMER_DATA} for more details."
            raise GraphQLError(text, extensions={"code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes"})

    # -- queries

    def shop(self, _: Info) -> View:
        found = self._shops.open(self._shop)
        return {"name": found["name"], "myshopifyDomain": self._shop, "currencyCode": found["currency"]}

    def currentAppInstallation(self, _: Info) -> View:
        return {"accessScopes": [{"handle": one} for one in sorted(self._scopes)]}

    def product(self, _: Info, id: str) -> View | None:
        self._need("read_products")
        found = self._shops.product(self._shop, id)
        return products.view(self._shops, found) if found else None

    def productByIdentifier(self, _: Info, identifier: View) -> View | None:
        self._need("read_products")
        if identifier.get("id"):
            found = self._shops.product(self._shop, identifier["id"])
        else:
            found = next(iter(self._shops.products_by(self._shop, "handle", identifier["handle"])), None)
        return products.view(self._shops, found) if found else None

    def productVariants(self, _: Info, first: int = 50, query: str = "") -> View:
        self._need("read_products")
        return products.search_variants(self._shops, self._shop, query, first)

    def products(self, _: Info, first: int = 50, after: str | None = None, query: str = "", sortKey: str = "ID") -> View:
        self._need("read_products")
        return catalogue.search(self._shops, self._shop, query=query, first=first, after=after, sort=sortKey)

    def publications(self, _: Info, first: int = 50, catalogType: str | None = None) -> View:
        self._need("read_publications")
        found = products.publications(self._shops, self._shop) if catalogType in {None, "APP"} else []
        return {"nodes": found[:first]}

    def locations(self, _: Info, first: int = 50) -> View:
        self._need("read_locations")
        shop = self._shops.open(self._shop)
        nodes = [{"id": shop[name], "isActive": True, "fulfillsOnlineOrders": name == "location"} for name in ("warehouse", "location")]
        return {"nodes": nodes[:first]}

    def order(self, _: Info, id: str) -> View | None:
        self._need_customer_data()
        found = orders.find(self._shops, id)
        return order_views.view(self._shops, found) if found and found["shop"] == self._shop else None

    def orders(self, _: Info, sortKey: str, first: int = 50, after: str | None = None, query: str = "") -> View:
        self._need_customer_data()
        return order_views.search(self._shops, self._shop, query=query, first=first, after=after, sort=sortKey)

    def shopifyPaymentsAccount(self, _: Info) -> View:
        self._need("read_shopify_payments_payouts")
        return parcels.balance(self._shops, self._shop)

    def webhookSubscriptions(self, _: Info, first: int = 50, topics: list[str] | None = None) -> View:
        found = [one for one in self._shops.all("subscription", self._shop) if topics is None or one["topic"] in topics]
        return {"nodes": found[:first]}

    def taxonomy(self, _: Info) -> View:
        def categories(_: Any, first: int = 50, search: str = "") -> View:
            words = {word.rstrip("s") for word in search.lower().split() if len(word) > 2}
            hits = [one for one in CATEGORIES if any(word in one[2].lower() for word in words)]
            nodes = [{"id": gid("TaxonomyCategory", key), "name": name, "fullName": full, "isArchived": False} for key, name, full in hits]
            return {"nodes": nodes[:first]}

        return {"categories": categories}

    # -- mutations

    def stagedUploadsCreate(self, _: Info, input: list[View]) -> View:
        self._need("write_files")
        return _refusable({"stagedTargets": None}, lambda: {"stagedTargets": files.stage(self._shops, self._shop, input)})

    def productSet(self, _: Info, input: View, identifier: View | None = None, synchronous: bool = True) -> View:
        self._need("write_products")
        if not synchronous:
            raise GraphQLError("the stand-in works synchronously only", extensions={"code": "BAD_REQUEST"})
        wanted = identifier or {}
        return _refusable({"product": None}, lambda: {"product": self._seen(products.product_set(self._shops, self._shop, wanted, input))})

    def productUpdate(self, _: Info, product: View) -> View:
        self._need("write_products")
        return _refusable({"product": None}, lambda: {"product": self._seen(products.update(self._shops, self._shop, product))})

    def productDelete(self, _: Info, input: View) -> View:
        self._need("write_products")
        return _refusable({"deletedProductId": None}, lambda: {"deletedProductId": products.delete(self._shops, self._shop, input["id"])})

    def productVariantsBulkUpdate(self, _: Info, productId: str, variants: list[View]) -> View:
        self._need("write_products")

        def work() -> View:
            return {"productVariants": [products.variant(self._shops, products.reprice(self._shops, self._shop, productId, variants))]}

        return _refusable({"productVariants": None}, work)

    def publishablePublish(self, _: Info, id: str, input: list[View]) -> View:
        self._need("write_publications")

        def work() -> View:
            products.publish(self._shops, self._shop, id, input)
            return {}

        return _refusable({}, work)

    def inventorySetQuantities(self, info: Info, input: View) -> View:
        self._need("write_inventory")

        def work() -> View:
            return {"inventoryAdjustmentGroup": inventory.once(self._shops, self._shop, info, input, lambda: self._set(input))}

        return _refusable({"inventoryAdjustmentGroup": None}, work)

    def _set(self, wish: View) -> View:
        return inventory.set_quantities(self._shops, self._shop, wish)

    def inventoryActivate(self, info: Info, **args: Any) -> View:
        self._need("write_inventory")

        def work() -> View:
            done = inventory.once(self._shops, self._shop, info, args, lambda: inventory.activate(self._shops, self._shop, args))
            return {"inventoryLevel": done}

        return _refusable({"inventoryLevel": None}, work)

    # -- mutations on orders

    def fulfillmentCreate(self, _: Info, fulfillment: View) -> View:
        self._need("write_merchant_managed_fulfillment_orders")

        def work() -> View:
            order, made = parcels.ship(self._shops, self._shop, fulfillment)
            self._tell(order, "orders/updated")
            return {"fulfillment": made}

        return _refusable({"fulfillment": None}, work)

    def refundCreate(self, info: Info, input: View) -> View:
        self._need("write_orders")

        def work() -> View:
            made = inventory.once(self._shops, self._shop, info, input, lambda: parcels.refund(self._shops, self._shop, input))
            if order := parcels.own(self._shops, self._shop, input["orderId"]):
                self._tell(order, "orders/updated")
            return {"refund": made}

        return _refusable({"refund": None}, work)

    def orderCancel(self, _: Info, **args: Any) -> View:
        self._need("write_orders")
        try:
            order, job = parcels.cancel(self._shops, self._shop, args)
        except Refusal as refusal:
            return {"job": None, "orderCancelUserErrors": [refusal.shown]}
        self._tell(order, "orders/cancelled", "orders/updated")
        return {"job": job, "orderCancelUserErrors": []}

    # -- webhooks

    def webhookSubscriptionCreate(self, _: Info, topic: str, webhookSubscription: View) -> View:
        uri = str(webhookSubscription.get("uri") or "")

        def work() -> View:
            self._check_uri(uri)
            if topic.startswith("ORDERS_") and not self._shops.world.settings.shopify_customer_data:
                told = f"containing protected customer data. See {CUSTOMER_DATA} for more details."
                raise Refusal(f"This app is not approved to subscribe to webhook topics {told}", "webhookSubscription", "topic")
            if any(one["topic"] == topic and one["uri"] == uri for one in self._shops.all("subscription", self._shop)):
                raise Refusal("Address for this topic has already been taken", "webhookSubscription", "uri")
            return {"webhookSubscription": self._subscribe(gid("WebhookSubscription", self._shops.number()), topic, uri)}

        return _refusable({"webhookSubscription": None}, work)

    def webhookSubscriptionUpdate(self, _: Info, id: str, webhookSubscription: View) -> View:
        def work() -> View:
            found = self._shops.get("subscription", bare(id))
            if found is None or found["shop"] != self._shop:
                raise Refusal("Webhook subscription does not exist", "id")
            uri = str(webhookSubscription.get("uri") or found["uri"])
            self._check_uri(uri)
            return {"webhookSubscription": self._subscribe(id, found["topic"], uri)}

        return _refusable({"webhookSubscription": None}, work)

    def _check_uri(self, uri: str) -> None:
        """The real Shopify takes https only; a stand-in on loopback is told http addresses too."""
        if not uri.startswith(("https://", "http://")):
            raise Refusal("Address protocol is not supported", "webhookSubscription", "uri")

    def _subscribe(self, subscription: str, topic: str, uri: str) -> View:
        made = {"shop": self._shop, "id": subscription, "topic": topic, "uri": uri}
        self._shops.put("subscription", bare(subscription), made)
        return made

    def _seen(self, product: View) -> View:
        return products.view(self._shops, product)


def _refusable(nothing: View, work: Callable[[], View]) -> View:
    """A mutation's payload: what it made, or nothing and the user error."""
    try:
        return {**work(), "userErrors": []}
    except Refusal as refusal:
        return {**nothing, "userErrors": [refusal.shown]}
