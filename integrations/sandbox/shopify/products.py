"""Products: how they are shown, and the mutations on them. Each product of the stand-in has one variant."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.shopify import files
from integrations.sandbox.shopify.shops import ONLINE_STORE, Refusal, Shops, gid, stamp
from integrations.sandbox.store import Doc

TITLE_LIMIT = 255
# The search index follows the products; looking by id or handle does not use it.
INDEX_LAG = timedelta(seconds=1)

View = dict[str, Any]


# -- showing


def view(shops: Shops, product: Doc) -> View:
    """A product as the type `Product`. Fields with arguments are functions, which graphql-core calls."""
    online = shops.listed(product)

    def media(_: Any, first: int = 50) -> View:
        return {"nodes": [files.shown(shops, product["shop"], one) for one in product["media"][:first]]}

    return {
        "__typename": "Product",
        "id": gid("Product", product["number"]),
        "title": product["title"],
        "descriptionHtml": product["html"],
        "status": product["status"],
        "onlineStoreUrl": shops.url(product) if online else None,
        "onlineStorePreviewUrl": f"{shops.url(product)}?preview=1",
        "publishedOnPublication": lambda _, publicationId: publicationId in product["publications"],
        "variants": lambda _, first=50: {"nodes": [variant(shops, product)][:first]},
        "media": media,
        "featuredMedia": lambda _: next(iter(media(None)["nodes"]), None),
    }


def variant(shops: Shops, product: Doc) -> View:
    return {
        "id": gid("ProductVariant", product["variant"]),
        "sku": product["sku"],
        "barcode": product["barcode"],
        "price": product["price"],
        "inventoryPolicy": product["policy"],
        "sellableOnlineQuantity": shops.left(product),
        "product": lambda _: view(shops, product),
        "inventoryItem": {
            "id": gid("InventoryItem", product["item"]),
            "tracked": product["tracked"],
            "inventoryLevel": lambda _, locationId: level(product, locationId),
        },
    }


def level(product: Doc, location: str) -> View | None:
    """The stock at a location, None where it is not kept."""
    if location not in product["levels"]:
        return None
    quantity = product["levels"][location]

    def quantities(_: Any, names: list[str]) -> list[View]:
        return [{"quantity": quantity} for name in names if name in {"available", "on_hand"}]

    return {"id": gid("InventoryLevel", f"{product['item']}?location={location}"), "quantities": quantities}


def search_variants(shops: Shops, shop: str, query: str, first: int) -> View:
    """`productVariants`: the search knows `sku:"…"` only, and what the index has reached."""
    wanted = re.fullmatch(r'sku:(?:"((?:[^"\\]|\\.)*)"|(\S+))', query.strip())
    if wanted is None:
        return {"nodes": []}
    sku = re.sub(r"\\(.)", r"\1", wanted[1]) if wanted[1] is not None else wanted[2]
    reached = stamp(shops.world.now() - INDEX_LAG)
    found = [one for one in shops.all("product", shop) if one["sku"].lower() == sku.lower() and one["created_at"] <= reached]
    return {"nodes": [variant(shops, one) for one in found[:first]]}


# -- productSet


def product_set(shops: Shops, shop: str, identifier: dict[str, str], wish: dict[str, Any]) -> Doc:
    """Create or change, found by id or handle. Nothing is kept when anything is wrong."""
    found = _identified(shops, shop, identifier)
    handle = wish.get("handle") or identifier.get("handle") or (found or {}).get("handle") or _handle_of(wish.get("title") or "")
    if any(one is not found for one in shops.products_by(shop, "handle", handle)):
        raise Refusal("the handle is taken", "input", "handle", code="HANDLE_NOT_UNIQUE")
    product = dict(found) if found else fresh(shops, shop)
    product |= {"handle": handle, "levels": dict(product["levels"])}
    _set_plain(product, wish)
    _set_variant(shops, product, wish, new=found is None)
    if "files" in wish:
        files.attach(shops, product, wish["files"])
    shops.save_product(product)
    return product


def _identified(shops: Shops, shop: str, identifier: dict[str, str]) -> Doc | None:
    if identifier.get("id"):
        found = shops.product(shop, identifier["id"])
        if found is None:
            raise Refusal("there is no such product", "identifier", "id", code="PRODUCT_DOES_NOT_EXIST")
        return found
    if identifier.get("handle"):
        return next(iter(shops.products_by(shop, "handle", identifier["handle"])), None)
    return None


def _handle_of(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "product"


def fresh(shops: Shops, shop: str) -> Doc:
    now = shops.now()
    return {
        "shop": shop, "number": str(shops.number()), "variant": str(shops.number()), "item": str(shops.number()), "handle": "", "title": "",
        "html": "", "vendor": "", "category": "", "status": "ACTIVE", "publications": [], "media": [], "sku": "", "barcode": None,
        "price": "0.00", "policy": "DENY", "tracked": False, "levels": {shops.open(shop)["location"]: 0}, "sold": 0, "created_at": now,
        "updated_at": now, "ended_at": None,
    }  # fmt: skip


def _set_plain(product: Doc, wish: dict[str, Any]) -> None:
    title = wish.get("title", product["title"]) or ""
    if not title.strip():
        raise Refusal("Title can't be blank", "input", "title", code="INVALID_INPUT")
    if len(title) > TITLE_LIMIT:
        raise Refusal(f"Title is too long (maximum is {TITLE_LIMIT} characters)", "input", "title", code="INVALID_INPUT")
    names = {"title": "title", "descriptionHtml": "html", "vendor": "vendor", "category": "category", "status": "status"}
    product |= {ours: wish[theirs] for theirs, ours in names.items() if wish.get(theirs) is not None}


def _set_variant(shops: Shops, product: Doc, wish: dict[str, Any], *, new: bool) -> None:
    if ("productOptions" in wish) != ("variants" in wish):
        code = "VARIANTS_INPUT_MISSING" if "productOptions" in wish else "PRODUCT_OPTIONS_INPUT_MISSING"
        raise Refusal("options and variants are given together", "input", code=code)
    if "variants" not in wish:
        return
    if len(wish["variants"]) != 1:
        raise Refusal("the stand-in keeps one variant", "input", "variants", code="INVALID_INPUT")
    one = wish["variants"][0]
    offered = {(option["name"], value["name"]) for option in wish["productOptions"] for value in option.get("values") or []}
    if {(value.get("optionName"), value.get("name")) for value in one["optionValues"]} - offered:
        raise Refusal("an option value is not among the options", "input", "variants", "0", code="INVALID_VARIANT")
    if one.get("id") and one["id"] != gid("ProductVariant", product["variant"]):
        raise Refusal("there is no such variant", "input", "variants", "0", "id", code="PRODUCT_VARIANT_DOES_NOT_EXIST")
    names = {"sku": "sku", "barcode": "barcode", "inventoryPolicy": "policy"}
    product |= {ours: one[theirs] for theirs, ours in names.items() if one.get(theirs) is not None}
    if one.get("price") is not None:
        product["price"] = price_of(one["price"], "input", "variants", "0", "price", code="INVALID_VARIANT")
    item = one.get("inventoryItem") or {}
    product["tracked"] = item.get("tracked", product["tracked"])
    for line in one.get("inventoryQuantities") or []:
        if line["locationId"] != shops.open(product["shop"])["location"] or (not new and line["locationId"] not in product["levels"]):
            raise Refusal("the variant is not stocked there", "input", "variants", "0", "inventoryQuantities", code="INVALID_INPUT")
        product["levels"][line["locationId"]] = line["quantity"]


def price_of(value: Any, *field: str, code: str) -> str:
    """A price with two decimals."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise Refusal("the price is no number", *field, code=code) from error
    if amount < 0:
        raise Refusal("Price must be greater than or equal to 0", *field, code=code)
    return f"{amount:.2f}"


# -- the small mutations


def reprice(shops: Shops, shop: str, product_id: str, wishes: list[dict[str, Any]]) -> Doc:
    """`productVariantsBulkUpdate`, for prices."""
    product = shops.product(shop, product_id)
    if product is None:
        raise Refusal("Product does not exist", "productId", code="PRODUCT_DOES_NOT_EXIST")
    for place, wish in enumerate(wishes):
        if not wish.get("id"):
            raise Refusal("a variant's id is missing", "variants", str(place), "id", code="PRODUCT_VARIANT_ID_MISSING")
        if wish["id"] != gid("ProductVariant", product["variant"]):
            raise Refusal("Product variant does not exist", "variants", str(place), "id", code="PRODUCT_VARIANT_DOES_NOT_EXIST")
        if wish.get("price") is not None:
            product["price"] = price_of(wish["price"], "variants", str(place), "price", code="NEGATIVE_PRICE_VALUE")
    shops.save_product(product)
    return product


def update(shops: Shops, shop: str, wish: dict[str, Any]) -> Doc:
    """`productUpdate`, for status and title."""
    product = shops.product(shop, wish.get("id"))
    if product is None:
        raise Refusal("Product does not exist", "id")
    _set_plain(product, wish)
    shops.save_product(product)
    return product


def delete(shops: Shops, shop: str, product_id: str) -> str:
    """`productDelete`: gone for good, with its variant and stock."""
    product = shops.product(shop, product_id)
    if product is None:
        raise Refusal("Product does not exist", "id")
    shops.delete("product", product["number"])
    return product_id


def publish(shops: Shops, shop: str, product_id: str, wishes: list[dict[str, Any]]) -> None:
    """`publishablePublish`."""
    product = shops.product(shop, product_id)
    if product is None:
        raise Refusal("Resource does not exist", "id")
    publications = shops.open(shop)["publications"].values()
    for place, wish in enumerate(wishes):
        if wish.get("publicationId") not in publications:
            raise Refusal("Publication does not exist or is not publishable", "input", str(place), "publicationId")
        others = [one for one in product["publications"] if one != wish["publicationId"]]
        product["publications"] = [*others, wish["publicationId"]]
    shops.save_product(product)


def storefront_picture(shops: Shops, product: Doc) -> str:
    """The first photo that is there, for the storefront."""
    return next((shops.world.picture_url(one["picture"]) for one in product["media"] if one["picture"]), "")


def publications(shops: Shops, shop: str) -> list[View]:
    """The sales channels that every shop has here."""
    found = shops.open(shop)["publications"]
    return [
        {
            "id": publication,
            "catalog": {
                "__typename": "AppCatalog",
                "id": gid("AppCatalog", publication.rpartition("/")[2]),
                "apps": lambda _, first=10, handle=handle: {"nodes": [{"handle": handle}][:first]},
            },
        }
        for handle, publication in sorted(found.items(), key=lambda one: one[0] != ONLINE_STORE)
    ]
