"""Taking over a listing that the seller made on eBay's own site: moved to the Inventory API, which is the one that we list and end by."""

from __future__ import annotations

from core.errors import Missing, Refused, Unreachable
from core.values.channel import Connection, Found, Live, Ref
from core.words import Told
from integrations.ebay.client import Client
from integrations.ebay.errors import NONSENSE, of_errors
from integrations.ebay.listings import Listings
from integrations.ebay.trading import Trading


class Adopting:
    """Look, move, read back: the same call twice moves once."""

    def __init__(self, client: Client, trading: Trading, listings: Listings) -> None:
        self._client = client
        self._trading = trading
        self._listings = listings

    async def adopted(self, account: Connection, found: Found, sku: str) -> Live:
        """`sku` is what it is to be called: its own where it has one. Raises `Refused` for what eBay does not move (an auction, a listing
        without business policies)."""
        known = Ref(sku, {"listing": found.listing}, found.listing)
        there = await self._listings.state(account, known)
        if there.external.get("offer") and there.external.get("listing") == found.listing:
            return there  # a program has made it, or it was moved by an earlier try
        if not found.sku:
            await self._trading.call(account, "ReviseFixedPriceItem", {"Item": {"ItemID": found.listing, "SKU": sku}})
        offer = await self._move(account, found.listing)
        live = await self._listings.state(account, Ref(sku, {"listing": found.listing, "offer": offer}, found.listing))
        if live.external.get("listing") != found.listing:
            raise Unreachable(Told("eBay does not show the listing yet. I will look again."), cause="not there after moving")
        return live

    async def _move(self, account: Connection, listing: str) -> str:
        """The id of the offer that eBay makes of it."""
        url = f"{self._client.settings.inventory}/bulk_migrate_listing"
        answer = (await self._client.as_seller(account, "POST", url, json={"requests": [{"listingId": listing}]})).object()
        one = next(iter(answer.get("responses") or []), None)
        if one is None:
            raise Unreachable(NONSENSE, cause="no answer about the listing")
        if int(one.get("statusCode") or 200) >= 400:
            error = (
                of_errors(one["errors"], int(one["statusCode"])) if one.get("errors") else Missing(Told("eBay does not have it any more."))
            )
            raise Refused(error.sentence, code=error.code, cause=error.cause) if isinstance(error, Missing) else error
        items = one.get("inventoryItems") or []
        if len(items) != 1:
            raise Refused(Told("It has several variations on eBay, and I handle one thing at one price."), cause=f"{len(items)} items")
        return str(items[0]["offerId"])
