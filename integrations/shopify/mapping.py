"""Our values to Shopify's and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from typing import Any

from core.errors import Invalid, Unreachable
from core.money import Money, of_wire
from core.values.channel import Live, Photo, Ref, Wanted
from core.values.states import Condition
from core.words import Told

CONDITIONS = {
    Condition.NEW: "New",
    Condition.LIKE_NEW: "Like new",
    Condition.GOOD: "Good",
    Condition.FAIR: "Fair",
    Condition.POOR: "Poor",
    Condition.REFURBISHED: "Refurbished",
    Condition.FOR_PARTS: "For parts or not working",
}
TITLE_LIMIT = 255
PHOTO_LIMIT = 250

# An unlisted product is hidden from the shop's pages, but who has the link can buy it.
FOR_SALE = {"ACTIVE", "UNLISTED"}

_STEM = re.compile(r"/([0-9a-f]{32})[^/]*$")


@dataclass(frozen=True, slots=True)
class Seen:
    """A product as Shopify shows it. `available` is None where the stock is not kept at our location. `photos` are (media id, stem of
    the file's name) in order, the stem empty while Shopify still works on the photo; `title`, `html` and `barcode` are filled by the
    documents that ask for them."""

    product: str
    variant: str
    item: str
    sku: str
    status: str
    published: bool
    price: Money
    available: int | None
    sellable: int
    endless: bool  # sold on even when there is none left
    variants: int
    url: str
    title: str = ""
    html: str = ""
    barcode: str = ""
    photos: tuple[tuple[str, str], ...] = ()

    @property
    def listed(self) -> bool:
        """It is in the online store, whether or not any is left."""
        return self.status in FOR_SALE and self.published

    @property
    def live(self) -> bool:
        """A buyer can buy it now."""
        return self.listed and (self.endless or (self.available or 0) > 0 or self.sellable > 0)

    def remember(self, photos: Mapping[str, str]) -> Seen:
        """With the stems that we know (by media id) where Shopify does not show the file's name yet."""
        return replace(self, photos=tuple((media, stem or photos.get(media, "")) for media, stem in self.photos))


def seen(product: Mapping[str, Any], currency: str) -> Seen:
    """Read a product of the `Pulse` fragment, with `Content` or without."""
    variants = product["variants"]["nodes"]
    if not variants:
        raise Unreachable(Told("Shopify gave a product without a variant. I will look again."), cause=str(product["id"]))
    first = variants[0]
    item = first["inventoryItem"]
    level = item["inventoryLevel"]
    return Seen(
        product=product["id"],
        variant=first["id"],
        item=item["id"],
        sku=first["sku"] or "",
        status=product["status"],
        published=product["publishedOnPublication"],
        price=of_wire(first["price"], currency),
        available=int(level["quantities"][0]["quantity"]) if level else None,
        sellable=first["sellableOnlineQuantity"],
        endless=not item["tracked"] or first["inventoryPolicy"] == "CONTINUE",
        variants=len(variants),
        url=product["onlineStoreUrl"] or product["onlineStorePreviewUrl"] or "",
        title=product.get("title", ""),
        html=product.get("descriptionHtml", ""),
        barcode=first.get("barcode") or "",
        photos=tuple(_media(one) for one in (product.get("media") or {"nodes": []})["nodes"]),
    )


def _media(node: Mapping[str, Any]) -> tuple[str, str]:
    url = ((node.get("image") or {}).get("url") or "").split("?", 1)[0]
    found = _STEM.search(url)
    return node["id"], found[1] if found and node.get("fileStatus") != "FAILED" else ""


def choose(data: Mapping[str, Any], sku: str) -> Mapping[str, Any] | None:
    """The product of a look by key: the one with our handle, else the one whose variant has exactly our sku (the seller may have
    changed the handle; the search matches more than the exact word)."""
    if data["byHandle"]:
        found: Mapping[str, Any] = data["byHandle"]
        return found
    return next((one["product"] for one in data["bySku"]["nodes"] if one["sku"] == sku), None)


def live(found: Seen) -> Live:
    """What a flow gets. The photos go along so that the next call knows them while Shopify still works on them."""
    photos = " ".join(f"{media.rpartition('/')[2]}={stem}" for media, stem in found.photos if stem)
    external = {"product": found.product, "variant": found.variant, "item": found.item, "photos": photos}
    return Live(found.live, found.price, found.available, found.url, {key: value for key, value in external.items() if value})


def never_listed(found: Seen, known: Ref) -> bool:
    """Has it never been for sale? A publish makes a draft first, and what came to nothing then is neither in the store nor known to us."""
    return found.status == "DRAFT" and not found.published and not known.external.get("product")


def known_photos(external: Mapping[str, str]) -> dict[str, str]:
    """Stems by media id, from what `live` gave."""
    pairs = (one.split("=", 1) for one in external.get("photos", "").split() if "=" in one)
    return {f"gid://shopify/MediaImage/{number}": stem for number, stem in pairs}


def handle(sku: str) -> str:
    """A product's handle made from our sku, always the same: it is what makes `productSet` idempotent. A handle holds lower-case
    letters, digits and hyphens; the digest keeps apart what the rewriting throws together."""
    slug = re.sub(r"[^a-z0-9]+", "-", sku.lower()).strip("-")[:60] or "item"
    return f"{slug}-{sha256(sku.encode()).hexdigest()[:8]}"


def sku_search(sku: str) -> str:
    """Shopify's search syntax for one sku."""
    word = sku.replace("\\", "\\\\").replace('"', '\\"')
    return f'sku:"{word}"'


def stem(photo: Photo) -> str:
    """How a photo's file is named at Shopify, without the ending: by it we know a photo that is there already."""
    return photo.sha256[:32]


def same(found: Seen, wanted: Wanted) -> bool:
    """Does the product show what is wanted (its stock and whether it is for sale aside)?"""
    return (
        found.title == wanted.title
        and found.html == description(wanted)
        and found.price == wanted.price
        and found.sku == wanted.sku
        and found.barcode == barcode(wanted)
        and not found.endless
        and [one for _, one in found.photos] == [stem(photo) for photo in wanted.photos]
    )


def barcode(wanted: Wanted) -> str:
    return next((wanted.ids[kind] for kind in ("upc", "ean", "isbn") if wanted.ids.get(kind)), "")


def description(wanted: Wanted) -> str:
    """The description as HTML. Shopify has no fields for condition and item specifics, so buyers read them here."""
    written = [one.strip() for one in re.split(r"\n\s*\n", wanted.description)]
    paragraphs = [f"<p>{escape(one).replace(chr(10), '<br>')}</p>" for one in written if one]
    condition = CONDITIONS.get(wanted.condition)
    if condition is None:
        raise Invalid(Told("The condition is not known. Say what condition the item is in."))
    note = f". {escape(wanted.condition_note)}" if wanted.condition_note else ""
    paragraphs.append(f"<p>Condition: {condition}{note}</p>")
    facts = {"Brand": [wanted.ids.get("brand", "")], "MPN": [wanted.ids.get("mpn", "")], **wanted.aspects}
    lines = [f"<li>{escape(name)}: {escape(', '.join(values))}</li>" for name, values in facts.items() if any(values)]
    return "".join(paragraphs) + (f"<ul>{''.join(lines)}</ul>" if lines else "")


def product_input(wanted: Wanted, found: Seen | None, location: str, uploaded: Mapping[str, str]) -> dict[str, Any]:
    """`ProductSetInput`. A new product is a draft with its stock; of one that is there, status and stock stay as they are.

    `uploaded` gives the resource address of each new photo by stem. Lists are replaced by Shopify, so files and variants are complete.
    """
    have = {name: media for media, name in found.photos if name} if found else {}
    files = []
    for photo in wanted.photos:
        name = stem(photo)
        fresh = {"originalSource": uploaded.get(name), "filename": f"{name}.jpg", "contentType": "IMAGE", "alt": wanted.title}
        files.append({"id": have[name]} if name in have else fresh)
    item: dict[str, Any] = {"tracked": True, "requiresShipping": True}
    if wanted.weight_grams:
        item["measurement"] = {"weight": {"value": float(wanted.weight_grams), "unit": "GRAMS"}}
    variant: dict[str, Any] = {
        "optionValues": [{"optionName": "Title", "name": "Default Title"}],
        "sku": wanted.sku,
        "price": wanted.price.wire(),
        "barcode": barcode(wanted),
        "inventoryPolicy": "DENY",
        "inventoryItem": item,
    }
    product: dict[str, Any] = {
        "title": wanted.title,
        "descriptionHtml": description(wanted),
        "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
        "variants": [variant],
        "files": files,
    }
    if wanted.ids.get("brand"):
        product["vendor"] = wanted.ids["brand"]
    if wanted.category:
        product["category"] = wanted.category
    if found:
        variant["id"] = found.variant
    else:
        variant["inventoryQuantities"] = [{"locationId": location, "name": "available", "quantity": wanted.quantity}]
        product |= {"handle": handle(wanted.sku), "status": "DRAFT"}
    return product


def uploads_input(names: Sequence[str], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """`StagedUploadInput` for JPEG photos. A 64-bit number is a string on the wire."""
    return [
        {"filename": f"{name}.jpg", "mimeType": "image/jpeg", "resource": "IMAGE", "httpMethod": "POST", "fileSize": str(size)}
        for name, size in zip(names, sizes, strict=True)
    ]


def quantity_input(found: Seen, location: str, quantity: int) -> dict[str, Any]:
    """`InventorySetQuantitiesInput`: only if the stock is still what we saw, because a sale may come in between."""
    line = {"inventoryItemId": found.item, "locationId": location, "quantity": quantity, "changeFromQuantity": found.available}
    return {"name": "available", "reason": "correction", "quantities": [line]}
