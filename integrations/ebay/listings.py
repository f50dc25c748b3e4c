"""Listings on eBay: an inventory item, an offer on it, and the listing that publishing the offer makes.

Every step is found by looking before it is done, so that a lost answer is made good by simply doing all of it again: the item is
put, the offer is found by its sku, and a published offer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from core.errors import Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import SOLD_UNHEARD, Connection, Live, Ref, Wanted
from core.words import Told
from integrations.ebay import mapping
from integrations.ebay.catalogue import Catalogue
from integrations.ebay.client import Client
from integrations.ebay.conditions import choose
from integrations.ebay.errors import NONSENSE, PHOTO_IDS, of_errors
from integrations.ebay.photos import Photos

OFFER_EXISTS = "25002"  # a general id; only looking tells whether it was this
DELIST_SECONDS = 6.0  # a sale waits for this: rather ask again than wait the usual 20 s

Offer = Mapping[str, Any]


class Listings:
    def __init__(self, client: Client, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue
        self._photos = Photos(client)

    async def state(self, account: Connection, known: Ref) -> Live:
        return mapping.live_of(await self._find(account, known), known.external, self._client.settings)

    async def listed(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        """Live exactly once, and equal to `wanted`."""
        return await self._write(account, wanted, known, publish=True)

    async def revised(self, account: Connection, wanted: Wanted, known: Ref) -> Live:
        return await self._write(account, wanted, known, publish=False)

    async def absent(self, account: Connection, known: Ref) -> Live:
        """Ended, or never there. One look, one withdrawal, one look. What a publish that came to nothing left half made is removed."""
        offer = await self._find(account, known, DELIST_SECONDS)
        if offer is None or mapping.is_ended(offer):
            if mapping.never_listed(offer, known):
                await self._clear_up(account, known)
                offer = None
            return mapping.live_of(offer, known.external, self._client.settings)
        refused: Refused | Missing | None = None
        try:
            await self._post(account, f"/offer/{offer['offerId']}/withdraw", patience=DELIST_SECONDS)
        except (Refused, Missing) as error:
            refused = error  # perhaps because it ended a moment ago: the look tells
        after = await self._find(account, Ref(known.sku, {"offer": str(offer["offerId"])}), DELIST_SECONDS)
        if mapping.is_ended(after):
            external = mapping.live_of(offer, known.external, self._client.settings).external
            return mapping.live_of(after, external, self._client.settings)
        raise refused or Unreachable(Told("eBay still shows the listing after ending it. I will try again."), cause="live after withdraw")

    async def _clear_up(self, account: Connection, known: Ref) -> None:
        """Delete the item of a listing that never was, and with it an offer on it. Nobody could buy it, so nothing but leftovers goes."""
        url = f"{self._client.settings.inventory}/inventory_item/{quote(known.sku, safe='')}"
        with suppress(Missing):
            await self._client.as_seller(account, "DELETE", url, timeout=DELIST_SECONDS)

    async def repriced(self, account: Connection, known: Ref, price: Money) -> Live:
        offer = await self._live(account, known)
        if mapping.money_of((offer.get("pricingSummary") or {}).get("price")) != price:
            await self._bulk(account, mapping.price_body(known.sku, str(offer["offerId"]), price))
            offer = await self._again(account, offer)
            if mapping.money_of((offer.get("pricingSummary") or {}).get("price")) != price:
                raise Unreachable(Told("eBay still shows the old price. I will try again."), cause="price not taken")
        return mapping.live_of(offer, known.external, self._client.settings)

    async def with_quantity(self, account: Connection, known: Ref, quantity: int, *, may_raise: bool) -> Live:
        """When it may raise, it also brings a sold-out listing back, which eBay keeps for that. `Missing` when it has ended."""
        before = await self._find(account, known)
        if before is None or mapping.is_ended(before):
            raise _not_live()
        shown = mapping.shown_of(before)
        quantity = quantity if may_raise else min(quantity, shown)
        if shown == quantity:
            return mapping.live_of(before, known.external, self._client.settings)
        await self._bulk(account, mapping.quantity_body(known.sku, str(before["offerId"]), quantity))
        after = await self._again(account, before)
        if mapping.sold_between(before, after):
            raise _sold_unheard()
        if mapping.shown_of(after) != quantity:
            raise Unreachable(Told("eBay still shows the old quantity. I will try again."), cause="quantity not taken")
        return mapping.live_of(after, known.external, self._client.settings)

    # -- looking

    async def _find(self, account: Connection, known: Ref, patience: float | None = None) -> Offer | None:
        """The fixed-price offer of our sku on our marketplace: by its id where that is known, else by the sku. `patience` is in seconds."""
        base = f"{self._client.settings.inventory}/offer"
        if known.external.get("offer"):
            try:
                url = f"{base}/{quote(known.external['offer'], safe='')}"
                return _offer((await self._client.as_seller(account, "GET", url, timeout=patience)).object())
            except Missing:
                pass  # deleted on eBay; another may have been made for the sku
        params = {"sku": known.sku, "marketplace_id": self._client.settings.marketplace, "format": "FIXED_PRICE"}
        try:
            found = (await self._client.as_seller(account, "GET", base, params=params, timeout=patience)).object()
        except Missing:
            return None
        offers = [_offer(one) for one in found.get("offers") or []]
        if not offers and found.get("total") != 0:
            raise Unreachable(NONSENSE, cause="neither offers nor a total of 0")
        return next((one for one in offers if one.get("status") == "PUBLISHED"), offers[0] if offers else None)

    async def _live(self, account: Connection, known: Ref) -> Offer:
        offer = await self._find(account, known)
        if offer is None or not mapping.is_live(offer):
            raise _not_live()
        return offer

    async def _again(self, account: Connection, offer: Offer) -> Offer:
        url = f"{self._client.settings.inventory}/offer/{offer['offerId']}"
        return _offer((await self._client.as_seller(account, "GET", url)).object())

    async def _proven(self, account: Connection, before: Offer | None, offer_id: str, known: Ref, photos: Mapping[str, str]) -> Live:
        """What eBay shows now, which must be live. `before` is what it showed before something was written."""
        offer = await self._find(account, Ref(known.sku, {"offer": offer_id}))
        if offer is not None and (offer.get("listing") or {}).get("listingOnHold"):
            raise Refused(Told("eBay has put this listing on hold. Open it on eBay, see what is wrong and settle it there."), code="25096")
        if offer is not None and mapping.sold_between(before, offer):
            raise _sold_unheard()
        if offer is None or not mapping.is_live(offer):
            raise Unreachable(Told("eBay does not show the listing yet. I will look again."), cause="not live after writing")
        return mapping.live_of(offer, {**known.external, "photos": mapping.photos_text(photos)}, self._client.settings)

    # -- writing

    async def _write(self, account: Connection, wanted: Wanted, known: Ref, *, publish: bool) -> Live:
        """Make item, offer and listing as wanted, and read them back."""
        # Before anything is uploaded: is all there that the offer needs?
        mapping.offer_body(wanted, account.settings, self._client.settings)
        condition = choose(wanted.condition, await self._catalogue.conditions(account, wanted.category))
        photos = await self._photos.urls(account, wanted.photos, mapping.photos_of(known.external))
        try:
            return await self._put(account, wanted, known, condition, photos, publish)
        except Refused as error:
            if error.code not in PHOTO_IDS:
                raise
            # eBay forgets pictures that no listing has used for some days: with fresh ones it is a fair try.
            photos = await self._photos.urls(account, wanted.photos, {}, anew=True)
            return await self._put(account, wanted, known, condition, photos, publish)

    async def _put(self, account: Connection, wanted: Wanted, known: Ref, condition: str, photos: Mapping[str, str], publish: bool) -> Live:
        """Item, offer, listing. What eBay has already is not written: each write of a live listing counts among its 250 revisions of
        the day. The look is the last thing before the writes, for eBay cannot be told to set a quantity only if it is what we saw."""
        before = await self._find(account, known) if publish else await self._live(account, known)
        wanted = _within(wanted, before, known)
        item = mapping.item_body(wanted, condition, list(photos.values()))
        if before is None or not mapping.covers(await self._item(account, wanted.sku), item):
            await self._send(account, "PUT", f"/inventory_item/{quote(wanted.sku, safe='')}", item)
        offer = await (self._create(account, wanted, known) if before is None else self._update(account, wanted, before))
        if publish and not mapping.is_live(offer):
            await self._post(account, f"/offer/{offer['offerId']}/publish")
        return await self._proven(account, before, str(offer["offerId"]), known, photos)

    async def _update(self, account: Connection, wanted: Wanted, offer: Offer) -> Offer:
        body = mapping.offer_body(wanted, account.settings, self._client.settings)
        if mapping.covers(offer, body):
            return offer
        await self._send(account, "PUT", f"/offer/{offer['offerId']}", body)
        return await self._again(account, offer)

    async def _create(self, account: Connection, wanted: Wanted, known: Ref) -> Offer:
        body = mapping.new_offer_body(wanted, account.settings, self._client.settings)
        try:
            made = await self._send(account, "POST", "/offer", body)
        except Refused as error:
            there = await self._find(account, Ref(wanted.sku)) if error.code == OFFER_EXISTS else None
            if there is None:
                raise
            return await self._update(account, _within(wanted, there, known), there)
        if not made.get("offerId"):
            raise Unreachable(Told("eBay did not say what it made. I will look again."), cause="no offerId")
        return made

    async def _item(self, account: Connection, sku: str) -> Mapping[str, Any] | None:
        try:
            return (
                await self._client.as_seller(account, "GET", f"{self._client.settings.inventory}/inventory_item/{quote(sku, safe='')}")
            ).object()
        except Missing:
            return None

    async def _send(self, account: Connection, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Language": self._client.settings.site.language}
        answer = await self._client.as_seller(account, method, f"{self._client.settings.inventory}{path}", json=body, headers=headers)
        return answer.object()

    async def _post(self, account: Connection, path: str, patience: float | None = None) -> None:
        await self._client.as_seller(account, "POST", f"{self._client.settings.inventory}{path}", timeout=patience)

    async def _bulk(self, account: Connection, body: Mapping[str, Any]) -> None:
        """A bulk call of one; its answer is 200 or 207 and holds an error of its own for each part."""
        url = f"{self._client.settings.inventory}/bulk_update_price_quantity"
        answer = (await self._client.as_seller(account, "POST", url, json=body)).object()
        for one in answer.get("responses") or []:
            if int(one.get("statusCode") or 200) >= 400 and one.get("errors"):
                raise of_errors(one["errors"], int(one["statusCode"]))


def _offer(found: Mapping[str, Any]) -> Offer:
    """An answer that says nothing of an offer must not pass for one that is gone."""
    if not found.get("offerId"):
        raise Unreachable(NONSENSE, cause="an offer without an id")
    return found


def _within(wanted: Wanted, offer: Offer | None, known: Ref) -> Wanted:
    """`wanted` with no more than a live listing shows: what is missing there was sold, heard of or not."""
    if offer is None:
        return wanted
    if mapping.sold_unheard(offer, known):
        raise _sold_unheard()
    return replace(wanted, quantity=min(wanted.quantity, mapping.shown_of(offer))) if mapping.is_live(offer) else wanted


def _sold_unheard() -> Unreachable:
    return Unreachable(Told("It sold on eBay before I heard of it. I ask for the order first."), code=SOLD_UNHEARD)


def _not_live() -> Missing:
    return Missing(Told("It is not live on eBay. Publish it first."), code="not_live")
