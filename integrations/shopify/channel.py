"""Shopify as a channel: the port of `core.ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from core.errors import Missing, Refused
from core.money import Money
from core.values.channel import (
    Aspect,
    Capabilities,
    CategoryChoice,
    ChannelOrder,
    ChannelParcel,
    Connection,
    Found,
    Health,
    Limits,
    ListingPage,
    Live,
    OrderPage,
    Preview,
    Ref,
    Wanted,
)
from core.values.states import OrderState
from core.words import Told
from integrations.http import Http
from integrations.oauth import Now, utc_now
from integrations.shopify import mapping, operations, order_operations, orders
from integrations.shopify.client import Client, shop_of
from integrations.shopify.desk import Desk, cancelling
from integrations.shopify.health import Found as Shop
from integrations.shopify.health import look, orders_problem, problems, webhooks
from integrations.shopify.listings import Listings, Places
from integrations.shopify.pages import read_page
from integrations.shopify.preview import preview
from integrations.shopify.settings import ShopifySettings

log = structlog.get_logger("shopify.orders")

# Shopify's search index of orders follows the orders themselves by some seconds: each poll reads this much again.
INDEX_LAG = timedelta(minutes=2)


class ShopifyChannel:
    """Every account of kind "shopify". Raises `core.errors`; calls are idempotent as the port demands."""

    def __init__(self, http: Http, settings: ShopifySettings, now: Now = utc_now) -> None:
        self._client = Client(http, settings, now)
        self._settings = settings
        self._now = now
        limits = Limits(title=mapping.TITLE_LIMIT, photos=mapping.PHOTO_LIMIT, conditions=tuple(mapping.CONDITIONS))
        # Not `categories`: it knows some, and needs none.
        self.capabilities = Capabilities("shopify", "Shopify", native=True, limits=limits, webhooks=bool(settings.webhook))
        self._places: dict[str, Places] = {}  # by shop, for accounts whose settings do not hold them yet

    # -- listings

    async def ensure_listed(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        return await (await self._listings(account)).put_up(wanted, known)

    async def preview(self, account: Connection, wanted: Wanted) -> Preview:
        return preview(account, wanted)

    async def ensure_absent(self, account: Connection, known: Ref) -> Live:
        return await (await self._listings(account)).take_down(known)

    async def revise(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        return await (await self._listings(account)).revise(wanted, known)

    async def reprice(self, account: Connection, known: Ref, wanted: Wanted) -> Live:
        return await (await self._listings(account)).reprice(known, wanted.price)

    async def set_quantity(self, account: Connection, known: Ref, quantity: int, *, may_raise: bool) -> Live:
        return await (await self._listings(account)).set_quantity(known, quantity, may_raise=may_raise)

    async def state(self, account: Connection, known: Ref) -> Live:
        found = await (await self._listings(account)).find(known)
        return mapping.live(found) if found else Live(live=False)

    async def _listings(self, account: Connection) -> Listings:
        return Listings(self._client, account, await self._where(account))

    async def _where(self, account: Connection) -> Places:
        """Publication and location: from the account's settings, where `check` has put them, else asked once."""
        own = account.settings
        if own.get("publication") and own.get("location"):
            return Places(str(own["publication"]), str(own["location"]))
        shop = shop_of(account)
        if shop not in self._places:
            found = await look(self._client, account)
            lacking = problems(found, self._settings)
            if not found.publication or not found.location:
                raise Refused(lacking[0])
            self._places[shop] = Places(found.publication, found.location)
        return self._places[shop]

    async def page(self, account: Connection, cursor: str, since: datetime | None) -> ListingPage:
        return await read_page(self._client, account, await self._where(account), cursor, since)

    async def adopt(self, account: Connection, found: Found, sku: str) -> Live:
        """Any product can be handled as it is."""
        return await self.state(account, Ref(sku, {"product": found.listing}, found.listing))

    async def picture(self, account: Connection, url: str) -> bytes:
        return await self._client.picture(account, url)

    # -- orders

    async def order(self, account: Connection, external_id: str) -> ChannelOrder:
        data = await self._client.run(account, order_operations.ORDER, {"id": external_id}, orders.PERSONAL)
        if not data["order"]:
            raise Missing(orders.UNKNOWN)
        return await self._whole(account, data["order"])

    async def orders_since(self, account: Connection, since: datetime) -> OrderPage:
        found: list[ChannelOrder] = []
        problems: list[str] = []
        after: str | None = None
        while True:
            variables = {"search": orders.changed_since(since - INDEX_LAG), "after": after}
            page = (await self._client.run(account, order_operations.ORDERS, variables, orders.PERSONAL))["orders"]
            for node in page["nodes"]:
                try:
                    found.append(await self._whole(account, node))
                except orders.Nonsense as error:  # it must not hide the others
                    log.error("order left out", order=str(node.get("id")), cause=error.cause)
                    problems.append(orders.left_out(node))
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        found.sort(key=lambda one: one.changed_at)
        return OrderPage(tuple(found), max([since, *(one.changed_at for one in found)]), tuple(problems))

    async def _whole(self, account: Connection, node: Mapping[str, Any]) -> ChannelOrder:
        """An order with the lines that did not fit on its first page, and once something was sent with what came after."""
        lines, after = orders.first_lines(node)
        while after:
            more = (await self._client.run(account, order_operations.ORDER_LINES, {"id": node["id"], "after": after}))["order"]["lineItems"]
            lines += more["nodes"]
            after = more["pageInfo"]["endCursor"] if more["pageInfo"]["hasNextPage"] else ""
        order = orders.order(node, lines)
        if not order.parcels:
            return order
        more = {"id": order.external_id, "labels": orders.labels_since(order)}
        return orders.after_sale(order, await self._client.run(account, order_operations.AFTER_SALE, more, orders.AFTER_SALE))

    async def ship(self, account: Connection, external_id: str, parcel: ChannelParcel, lines: Mapping[str, int]) -> ChannelOrder:
        await Desk(self._client, account).ship(external_id, parcel, lines)
        return await self.order(account, external_id)

    async def refund(self, account: Connection, external_id: str, amount: Money, already: Money) -> ChannelOrder:
        await Desk(self._client, account).refund(external_id, amount, already, self._now())
        return await self.order(account, external_id)

    async def cancel_order(self, account: Connection, external_id: str, reason: str) -> ChannelOrder:
        found = await self.order(account, external_id)
        if found.state is OrderState.CANCELLED:
            return found
        if found.parcels:
            raise Refused(Told("A part of the order was sent, so Shopify does not cancel it. Give the money back with /refund instead."))
        refused: Refused | None = None
        try:
            await Desk(self._client, account).cancel(external_id, reason)
        except Refused as error:  # because it is being cancelled already, perhaps: the order knows
            refused = error
        found = await self.order(account, external_id)
        if found.state is not OrderState.CANCELLED:
            raise refused or cancelling()
        return found

    # -- the account

    async def check(self, account: Connection) -> Health:
        """Finds the shop, its online store, location and permissions, and sets up webhooks where we have a public address."""
        found: Shop = await look(self._client, account)
        sentences = problems(found, self._settings) + await orders_problem(self._client, account, found)
        kept = {"shop": found.shop, "currency": found.currency, "publication": found.publication, "location": found.location}
        learned = {key: value for key, value in kept.items() if value} | await webhooks(self._client, account, self._settings.webhook)
        return Health(found.name, found.shop, tuple(sentences), learned)

    async def categories(self, account: Connection, title: str) -> Sequence[CategoryChoice]:
        data = await self._client.run(account, operations.CATEGORIES, {"search": title})
        nodes = (data["taxonomy"] or {"categories": {"nodes": []}})["categories"]["nodes"]
        return [CategoryChoice(one["id"], one["name"], one["fullName"]) for one in nodes if not one["isArchived"]]

    async def aspects(self, account: Connection, category: str) -> Sequence[Aspect]:
        """Shopify asks for none: item specifics go into the description."""
        return []

    def forget(self, account: Connection) -> None:
        """Drop what is remembered in memory of an account that is disconnected."""
        self._client.forget(account)
        self._places.pop(str(account.credentials.get("shop", "")), None)
