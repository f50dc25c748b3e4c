"""Listing on Shopify: look first, act only on what differs, read back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

from core.errors import Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import Connection, Live, Photo, Ref, Wanted
from core.words import Told
from integrations.http import gather_some
from integrations.shopify import mapping, operations
from integrations.shopify.client import Client
from integrations.shopify.errors import check_user_errors
from integrations.shopify.mapping import Seen

_UPLOADS_AT_ONCE = 4
_GONE = Told("The listing is not live on Shopify any more. Publish it again if it should be.")


@dataclass(frozen=True, slots=True)
class Places:
    """Where an account sells: the online store's publication, and the location that holds the stock."""

    publication: str
    location: str

    def variables(self) -> dict[str, str]:
        return {"publication": self.publication, "location": self.location}


class Listings:
    """One account's listings, for the length of one call of the port."""

    def __init__(self, client: Client, account: Connection, places: Places) -> None:
        self._client = client
        self._account = account
        self._places = places
        self._currency = ""  # the shop's, from the last look

    async def _run(self, document: str, **variables: Any) -> dict[str, Any]:
        return await self._client.run(self._account, document, variables)

    # -- looking

    async def find(self, known: Ref, photos: int | None = None) -> Seen | None:
        """The product as it is now, or None. With `photos` its content too, and that many photos at most."""
        wide = {} if photos is None else {"photos": photos}
        product = known.external.get("product", "")
        if product:
            document = operations.PULSE_BY_ID if photos is None else operations.LISTING_BY_ID
            data = await self._run(document, id=product, **self._places.variables(), **wide)
            if data["product"]:
                return self._read(data, data["product"], known)
        key = {"handle": mapping.handle(known.sku), "search": mapping.sku_search(known.sku)}
        document = operations.PULSE_BY_KEY if photos is None else operations.LISTING_BY_KEY
        data = await self._run(document, **key, **self._places.variables(), **wide)
        return self._read(data, mapping.choose(data, known.sku), known)

    def _read(self, data: Mapping[str, Any], product: Mapping[str, Any] | None, known: Ref) -> Seen | None:
        self._currency = data["shop"]["currencyCode"]
        if product is None:
            return None
        found, photos = mapping.seen(product, self._currency), mapping.known_photos(known.external)
        return found.remember(photos) if "media" in product else replace(found, photos=tuple(photos.items()))

    async def _again(self, found: Seen, sku: str) -> Seen | None:
        """Read a product back, by a query of its own."""
        return await self.find(Ref(sku, mapping.live(found).external))

    # -- acting

    async def put_up(self, wanted: Wanted, known: Ref) -> Live:
        """Make it live exactly once. An equal listing that is live already costs one look and nothing else.

        The stock of a listing that is in the store already is never raised here: less than wanted means that some were sold since
        an answer was lost, and putting them back would sell them twice.
        """
        found = await self.find(known, photos=len(wanted.photos) + 1)
        if found and found.status == "ACTIVE" and found.live and found.available == wanted.quantity and mapping.same(found, wanted):
            return mapping.live(found)
        if found is None or not mapping.same(found, wanted):
            found = await self._set(wanted, found)
        if _lowers(found, wanted.quantity) or (not found.listed and found.available != wanted.quantity):
            await self._stock(found, wanted.quantity)
        if found.status != "ACTIVE" or not found.published:
            data = await self._run(operations.GO_LIVE, product=found.product, publication=self._places.publication)
            check_user_errors(data["publishablePublish"])
            check_user_errors(data["productUpdate"])
        return _proven(await self._again(found, wanted.sku), quantity=wanted.quantity, price=wanted.price)

    async def take_down(self, known: Ref) -> Live:
        """Make it unbuyable on every sales channel: one look, one act, one read back. The stock is left alone. What a publish that came to
        nothing left half made is removed."""
        found = await self.find(known)
        if found is None:
            return Live(live=False)
        if mapping.never_listed(found, known):
            data = await self._run(operations.REMOVE, product=found.product)
            with suppress(Missing):
                check_user_errors(data["productDelete"])
            return Live(live=False)
        if found.status not in mapping.FOR_SALE:
            return mapping.live(found)
        data = await self._run(operations.TAKE_DOWN, product=found.product)
        with suppress(Missing):  # deleted since the look, which is as absent as can be
            check_user_errors(data["productUpdate"])
        after = await self._again(found, known.sku)
        if after and after.status in mapping.FOR_SALE:
            raise Unreachable(Told("Shopify took the call but still shows the listing. I will try again."), cause=f"status {after.status}")
        return mapping.live(after) if after else Live(live=False)

    async def revise(self, wanted: Wanted, known: Ref) -> Live:
        """Set everything, stay live. The stock may get less and never more."""
        found = await self._live(known, photos=len(wanted.photos) + 1)
        found = await self._set(wanted, found)
        if _lowers(found, wanted.quantity):
            await self._stock(found, wanted.quantity)
        return _proven(await self._again(found, wanted.sku), quantity=wanted.quantity, price=wanted.price)

    async def reprice(self, known: Ref, price: Money) -> Live:
        found = await self._live(known)
        self._check_currency(price)
        if found.price == price:
            return mapping.live(found)
        data = await self._run(operations.SET_PRICE, product=found.product, variants=[{"id": found.variant, "price": price.wire()}])
        check_user_errors(data["productVariantsBulkUpdate"])
        return _proven(await self._again(found, known.sku), price=price)

    async def set_quantity(self, known: Ref, quantity: int, *, may_raise: bool) -> Live:
        """When it may raise, it also lifts a listing that is sold out but still in the store."""
        found = await self.find(known)
        if found is None or not found.listed:
            raise Missing(_GONE)
        if found.available == quantity or not (may_raise or _lowers(found, quantity)):
            return mapping.live(found)
        await self._stock(found, quantity)
        return _proven(await self._again(found, known.sku), quantity=quantity)

    async def _live(self, known: Ref, photos: int | None = None) -> Seen:
        found = await self.find(known, photos)
        if found is None or not found.live:
            raise Missing(_GONE)
        return found

    async def _set(self, wanted: Wanted, found: Seen | None) -> Seen:
        """`productSet`, by id where the product is known, else by our handle: sent twice it makes one product."""
        if found and found.variants > 1:
            raise Refused(Told("The product has several variants in Shopify now, and I would delete them. Change it in Shopify's admin."))
        self._check_currency(wanted.price)
        have = {name for _, name in found.photos} if found else set()
        uploaded = await self._upload([photo for photo in wanted.photos if mapping.stem(photo) not in have])
        data = await self._run(
            operations.SET_PRODUCT,
            identifier={"id": found.product} if found else {"handle": mapping.handle(wanted.sku)},
            input=mapping.product_input(wanted, found, self._places.location, uploaded),
            photos=len(wanted.photos) + 1,
            **self._places.variables(),
        )
        payload = data["productSet"]
        check_user_errors(payload)
        product = payload["product"]
        if not product:
            raise Unreachable(Told("Shopify gave an answer that makes no sense. I will look again."), cause="productSet without a product")
        after = mapping.seen(product, self._currency)
        # Photos come back in the order in which they were sent.
        names = [mapping.stem(photo) for photo in wanted.photos]
        sent = {media: name for (media, _), name in zip(after.photos, names, strict=False)}
        return after.remember(sent)

    async def _upload(self, photos: list[Photo]) -> dict[str, str]:
        """Staged uploads of photos that Shopify does not have yet: resource address by stem."""
        if not photos:
            return {}
        bodies: list[bytes] = await gather_some(_UPLOADS_AT_ONCE, [partial(photo.open, "jpeg") for photo in photos])
        names = [mapping.stem(photo) for photo in photos]
        data = await self._run(operations.STAGE_UPLOADS, input=mapping.uploads_input(names, [len(body) for body in bodies]))
        payload = data["stagedUploadsCreate"]
        check_user_errors(payload)
        targets: list[Mapping[str, Any]] = payload["stagedTargets"] or []
        if len(targets) != len(photos):
            raise Unreachable(Told("Shopify gave an answer that makes no sense. I will try again."), cause="staged targets missing")
        calls = [partial(self._client.upload, target, body) for target, body in zip(targets, bodies, strict=True)]
        await gather_some(_UPLOADS_AT_ONCE, list(calls))
        return {name: str(target["resourceUrl"]) for name, target in zip(names, targets, strict=True)}

    async def _stock(self, found: Seen, quantity: int) -> None:
        """Set the stock at our location. The key is new each time: a repeat is harmless, because the quantity that it must
        change from is part of the call."""
        key = str(uuid4())
        if found.available is None:
            data = await self._run(operations.STOCK_AT, item=found.item, location=self._places.location, available=quantity, key=key)
            check_user_errors(data["inventoryActivate"])
        else:
            wish = mapping.quantity_input(found, self._places.location, quantity)
            data = await self._run(operations.SET_QUANTITY, input=wish, key=key)
            check_user_errors(data["inventorySetQuantities"])

    def _check_currency(self, price: Money) -> None:
        if price.currency != self._currency:
            raise Refused(
                Told(
                    "The Shopify shop sells in {sold_in}, not in {currency}. Set the price in {sold_in}.",
                    sold_in=self._currency,
                    currency=price.currency,
                )
            )


def _lowers(found: Seen, quantity: int) -> bool:
    """Is this less than the shop shows? More is left alone where it is in the store: what is missing there was sold, heard of or not."""
    return found.available is not None and found.available > quantity


def _proven(after: Seen | None, *, quantity: int | None = None, price: Money | None = None) -> Live:
    """What was read back, if it is what was meant. Less stock than meant is fine: something was sold meanwhile."""
    problem = ""
    if after is None or not after.listed:
        problem = "not in the store"
    elif price is not None and after.price != price:
        problem = f"price {after.price.wire()}"
    elif quantity is not None and (after.available or 0) > quantity:
        problem = f"stock {after.available}"
    if after is None or problem:
        raise Unreachable(Told("Shopify took the change but does not show it yet. I will look again."), cause=problem)
    return mapping.live(after)
