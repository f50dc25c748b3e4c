"""eBay as a channel: the port of core, put together from its parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.errors import Invalid
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
from core.values.states import Condition
from core.words import Told
from integrations.ebay import mapping
from integrations.ebay.adopting import Adopting
from integrations.ebay.catalogue import Catalogue
from integrations.ebay.client import Client
from integrations.ebay.desk import Desk
from integrations.ebay.health import Checkup
from integrations.ebay.listings import Listings
from integrations.ebay.orders import Orders
from integrations.ebay.pages import Pages
from integrations.ebay.preview import preview
from integrations.ebay.trading import Trading
from integrations.oauth import Now, utc_now

LIMITS = Limits(
    title=mapping.TITLE,
    description=mapping.LISTING_DESCRIPTION,
    photos=mapping.PHOTOS,
    conditions=tuple(one for one in Condition if one is not Condition.UNKNOWN),
)


class EbayChannel:
    """Implements `core.ports.Channel` for all eBay accounts. What it keeps in memory (tokens, categories, photos' addresses) is
    only there to save calls. `Live.external`: `offer`, `listing`, `sku`, and `photos` as JSON of sha256 to address."""

    def __init__(self, client: Client, now: Now = utc_now) -> None:
        self._client = client
        self._catalogue = Catalogue(client, now)
        self._listings = Listings(client, self._catalogue)
        self._orders = Orders(client, now)
        trading = Trading(client)
        self._pages = Pages(client, trading, now)
        self._adopting = Adopting(client, trading, self._listings)
        self._desk = Desk(client, self._orders)
        self._checkup = Checkup(client)
        webhooks = bool(client.settings.webhook)
        self.capabilities = Capabilities("ebay", "eBay", native=True, limits=LIMITS, webhooks=webhooks, categories=True)

    async def ensure_listed(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        return await self._listings.listed(account, wanted, known)

    async def preview(self, account: Connection, wanted: Wanted) -> Preview:
        return await preview(self._catalogue, self._client.settings, account, wanted)

    async def ensure_absent(self, account: Connection, known: Ref) -> Live:
        return await self._listings.absent(account, known)

    async def revise(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        return await self._listings.revised(account, wanted, known)

    async def reprice(self, account: Connection, known: Ref, wanted: Wanted) -> Live:
        return await self._listings.repriced(account, known, wanted.price)

    async def set_quantity(self, account: Connection, known: Ref, quantity: int, *, may_raise: bool) -> Live:
        if quantity < 1:
            raise Invalid(Told("A listing needs a quantity of at least 1. Take it down instead."))
        return await self._listings.with_quantity(account, known, quantity, may_raise=may_raise)

    async def state(self, account: Connection, known: Ref) -> Live:
        return await self._listings.state(account, known)

    async def order(self, account: Connection, external_id: str) -> ChannelOrder:
        return await self._orders.one(account, external_id)

    async def orders_since(self, account: Connection, since: datetime) -> OrderPage:
        return await self._orders.since(account, since)

    async def page(self, account: Connection, cursor: str, since: datetime | None) -> ListingPage:
        return await self._pages.page(account, cursor, since)

    async def adopt(self, account: Connection, found: Found, sku: str) -> Live:
        return await self._adopting.adopted(account, found, sku)

    async def picture(self, account: Connection, url: str) -> bytes:
        return await self._pages.picture(account, url)

    async def ship(self, account: Connection, external_id: str, parcel: ChannelParcel, lines: Mapping[str, int]) -> ChannelOrder:
        return await self._desk.ship(account, external_id, parcel, lines)

    async def refund(self, account: Connection, external_id: str, amount: Money, already: Money) -> ChannelOrder:
        return await self._desk.refund(account, external_id, amount, already)

    async def cancel_order(self, account: Connection, external_id: str, reason: str) -> ChannelOrder:
        return await self._desk.cancel_order(account, external_id, reason)

    async def check(self, account: Connection) -> Health:
        return await self._checkup.run(account)

    async def categories(self, account: Connection, title: str) -> Sequence[CategoryChoice]:
        return await self._catalogue.categories(title)

    async def aspects(self, account: Connection, category: str) -> Sequence[Aspect]:
        return await self._catalogue.aspects(category)

    def forget(self, account: Connection) -> None:
        """Drop what is remembered of an account that was disconnected."""
        self._client.tokens.forget(account.account_id)
        self._orders.complaints.forget(account)
