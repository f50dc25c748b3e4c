"""A dry run: what a new product on Shopify would be, and everything that Shopify would refuse of it. Asks for nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.errors import Invalid
from core.values.channel import Connection, Preview, Wanted
from core.values.states import Condition
from core.words import N_, Told
from integrations.shopify import mapping


def preview(account: Connection, wanted: Wanted) -> Preview:
    """`account.settings` are what `check` has found: currency, location, publication."""
    problems = tuple(_problems(account, wanted))
    if wanted.condition is Condition.UNKNOWN:  # without it there is no description to show
        return Preview((), {}, problems)
    product = mapping.product_input(wanted, None, str(account.settings.get("location") or ""), {})
    for file, photo in zip(product["files"], wanted.photos, strict=True):
        file["originalSource"] = photo.sha256
    return Preview(tuple(_fields(product, wanted)), {"product": product}, problems)


def _problems(account: Connection, wanted: Wanted) -> Iterator[str]:
    own = account.settings
    if not wanted.title.strip():
        yield Told("Shopify needs a title.")
    if len(wanted.title) > mapping.TITLE_LIMIT:
        long = N_("The title has {count} characters and Shopify takes {most}. Shorten it.")
        yield Told(long, count=len(wanted.title), most=mapping.TITLE_LIMIT)
    if len(wanted.photos) > mapping.PHOTO_LIMIT:
        many = N_("Shopify takes {most} photos and there are {count}. Take some away.")
        yield Told(many, count=len(wanted.photos), most=mapping.PHOTO_LIMIT)
    if own.get("currency") and own["currency"] != wanted.price.currency:
        told_in = {"sold_in": str(own["currency"]), "currency": wanted.price.currency}
        yield Told("The Shopify shop sells in {sold_in}, not in {currency}. Set the price in {sold_in}.", **told_in)
    if not own.get("publication") or not own.get("location"):
        yield Told("Shopify has no online store or no place that holds the stock. See /channels for what to do.")
    try:
        mapping.description(wanted)
    except Invalid as error:
        yield error.sentence


def _fields(product: dict[str, Any], wanted: Wanted) -> Iterator[tuple[str, str]]:
    [variant] = product["variants"]
    yield Told("Title"), product["title"]
    yield Told("Description"), product["descriptionHtml"]
    yield Told("Price"), f"{variant['price']} {wanted.price.currency}"
    yield Told("Quantity"), str(variant["inventoryQuantities"][0]["quantity"])
    yield Told("Category"), product.get("category", "")
    yield Told("Brand"), product.get("vendor", "")
    yield Told("Barcode"), variant["barcode"]
    yield Told("Photos"), str(len(product["files"]))
    yield Told("Ships from"), variant["inventoryQuantities"][0]["locationId"]
    yield Told("Address"), product["handle"]
    yield "SKU", variant["sku"]
