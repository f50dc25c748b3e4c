"""The seller's shop: documents, and what follows from changing them.

Store kinds: `ebay.item` by SKU, `ebay.offer`, `ebay.by_sku` (ids of a SKU's offers), `ebay.listing`, `ebay.location`, `ebay.policy`,
`ebay.order`, `ebay.transaction`, `ebay.best_offer`, `ebay.image`, `ebay.token` and the like, `ebay.destination`, `ebay.subscription`.
"""

from __future__ import annotations

from typing import Any

from integrations.sandbox.ebay.answers import Refusal, wire
from integrations.sandbox.store import Doc
from integrations.sandbox.world import World

REVISIONS_A_DAY = 250


class Shop:
    """One seller. `on_availability` is told the listing whenever it becomes buyable or stops being so."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = world.store
        self.seller = world.settings.ebay_seller
        self.on_availability: Any = lambda listing: None

    # -- offers and their listings

    def offers_of(self, sku: str) -> list[Doc]:
        ids = (self.store.get("ebay.by_sku", sku) or {"offers": []})["offers"]
        return [offer for one in ids if (offer := self.store.get("ebay.offer", one))]

    def listing_of(self, offer: Doc) -> Doc | None:
        """The listing of a published offer."""
        return self.store.get("ebay.listing", offer["listing"]) if offer["listing"] else None

    def available(self, offer: Doc) -> int:
        """What a buyer can buy: the offer's own quantity, never more than the item has."""
        item = self.store.get("ebay.item", offer["sku"])
        stock = stock_of(item) if item else 0
        own = offer["body"].get("availableQuantity")
        return stock if own is None else min(int(own), stock)

    def keep(self, listing: Doc) -> None:
        """Keep a listing that changed, and when."""
        listing["modified_at"] = wire(self.world.now())
        self.store.put("ebay.listing", listing["id"], listing)

    def add_offer(self, offer: Doc) -> None:
        self.store.put("ebay.offer", offer["id"], offer)
        ids = (self.store.get("ebay.by_sku", offer["sku"]) or {"offers": []})["offers"]
        self.store.put("ebay.by_sku", offer["sku"], {"offers": [*ids, offer["id"]]})

    def drop_offer(self, offer: Doc) -> None:
        """Delete an offer for good, ending its listing."""
        self.end(offer)
        self.store.delete("ebay.offer", offer["id"])
        ids = (self.store.get("ebay.by_sku", offer["sku"]) or {"offers": []})["offers"]
        self.store.put("ebay.by_sku", offer["sku"], {"offers": [one for one in ids if one != offer["id"]]})

    def check_revisions(self, offers: list[Doc]) -> None:
        """Raise when one of the offers' listings was revised too often today."""
        day = self.world.now().date().isoformat()
        for listing in filter(None, map(self.listing_of, offers)):
            if listing["revised"].get("day") == day and listing["revised"]["times"] >= REVISIONS_A_DAY:
                text = f"Listing {listing['id']} was revised {REVISIONS_A_DAY} times today and can be revised again tomorrow."
                raise Refusal(400, 25019, "inventory", text, {"listingId": listing["id"]})

    def revise(self, offers: list[Doc]) -> None:
        """Count a revision of each offer's listing, if it has one, and bring the listing up to date."""
        day = self.world.now().date().isoformat()
        for offer in offers:
            listing = self.listing_of(offer)
            if listing is not None:
                times = listing["revised"]["times"] if listing["revised"].get("day") == day else 0
                listing["revised"] = {"day": day, "times": times + 1}
                self.refresh(offer)

    def refresh(self, offer: Doc) -> None:
        """Bring a published offer's listing up to date with item and offer; sold out is OUT_OF_STOCK, not ended."""
        listing = self.listing_of(offer)
        if listing is None:
            return
        item = self.store.get("ebay.item", offer["sku"]) or {"body": {}}
        product = item["body"].get("product", {})
        before = listing["status"]
        listing |= {
            "title": product.get("title", ""),
            "picture": next(iter(product.get("imageUrls", [])), ""),
            "description": offer["body"].get("listingDescription") or product.get("description", ""),
            "price": offer["body"]["pricingSummary"]["price"]["value"],
            "currency": offer["body"]["pricingSummary"]["price"]["currency"],
            "quantity": self.available(offer),
        }
        listing["status"] = "ACTIVE" if listing["quantity"] > 0 else "OUT_OF_STOCK"
        self.keep(listing)
        if listing["status"] != before:
            self.on_availability(listing)

    def publish(self, offer: Doc) -> Doc:
        """Give an offer that was found in order a new listing."""
        now = wire(self.world.now())
        key = str(self.store.number("ebay.listing", 110000000001))
        listing: Doc = {
            "id": key,
            "offer_id": offer["id"],
            "sku": offer["sku"],
            "category": offer["body"]["categoryId"],
            "marketplace": offer["body"]["marketplaceId"],
            "seller": self.seller,
            "status": "NEW",
            "sold": 0,
            "created_at": now,
            "ended_at": None,
            "revised": {"times": 0},
        }
        self.keep(listing)
        offer["listing"] = key
        self.store.put("ebay.offer", offer["id"], offer)
        self.refresh(offer)
        return listing

    def end(self, offer: Doc) -> str | None:
        """End the listing of an offer; gives its id. The offer stays, unpublished."""
        listing = self.listing_of(offer)
        if listing is None:
            return None
        was_live = listing["status"] == "ACTIVE"
        listing |= {"status": "ENDED", "quantity": 0, "ended_at": wire(self.world.now())}
        self.keep(listing)
        offer["listing"] = None
        self.store.put("ebay.offer", offer["id"], offer)
        if was_live:
            self.on_availability(listing)
        return str(listing["id"])

    def take(self, offer: Doc, quantity: int) -> None:
        """Sell so many: item, offer and listing go down together."""
        item = self.store.get("ebay.item", offer["sku"])
        listing = self.listing_of(offer)
        if item is None or listing is None:
            raise ValueError("only a published offer can be sold")
        item["body"]["availability"]["shipToLocationAvailability"]["quantity"] = stock_of(item) - quantity
        self.store.put("ebay.item", item["sku"], item)
        if offer["body"].get("availableQuantity") is not None:
            offer["body"]["availableQuantity"] -= quantity
            self.store.put("ebay.offer", offer["id"], offer)
        listing["sold"] += quantity
        for one in self.offers_of(offer["sku"]):
            self.refresh(one)

    def live_listing(self, key: str) -> Doc | None:
        """A listing by its id, or the published one of a SKU."""
        listing = self.store.get("ebay.listing", key)
        if listing is not None:
            return listing
        return next((found for one in self.offers_of(key) if (found := self.listing_of(one))), None)

    def url(self, listing: Doc) -> str:
        return f"{self.world.base_url}/store/ebay/item/{listing['id']}"


def stock_of(item: Doc) -> int:
    """The ship-to-home quantity of an inventory item."""
    return int(item["body"].get("availability", {}).get("shipToLocationAvailability", {}).get("quantity") or 0)
