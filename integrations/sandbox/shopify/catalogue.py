"""A shop's products as lists, and what a seller does in Shopify's own admin: make one, edit it, end it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from graphql import GraphQLError

from integrations.sandbox.market import Handmade
from integrations.sandbox.shopify import products
from integrations.sandbox.shopify.shops import ONLINE_STORE, Shops
from integrations.sandbox.store import Doc

View = dict[str, Any]
KEYS = {"ID": "number", "UPDATED_AT": "updated_at", "CREATED_AT": "created_at"}


def search(shops: Shops, shop: str, *, query: str, first: int, after: str | None, sort: str) -> View:
    """`products`: the search knows `status:active,unlisted` and `updated_at:>='…'`."""
    key = KEYS[sort]
    found = sorted((one for one in shops.all("product", shop) if _matches(one, query)), key=lambda one: (one[key], one["number"]))
    if after is not None:
        passed = tuple(urlsafe_b64decode(after).decode().split(" ", 1))
        found = [one for one in found if (one[key], one["number"]) > passed]
    page = found[:first]
    cursor = urlsafe_b64encode(f"{page[-1][key]} {page[-1]['number']}".encode()).decode() if page else None
    nodes = [products.view(shops, one) for one in page]
    return {"nodes": nodes, "pageInfo": {"hasNextPage": len(found) > len(page), "endCursor": cursor}}


def _matches(product: Doc, query: str) -> bool:
    for term in query.split():
        status = re.fullmatch(r"status:([a-z,]+)", term)
        changed = re.fullmatch(r"updated_at:>='?([0-9TZ:+-]+)'?", term)
        if status is None and changed is None:
            raise GraphQLError("the stand-in does not know this search", extensions={"code": "BAD_REQUEST"})
        if status is not None and product["status"].lower() not in status[1].split(","):
            return False
        if changed is not None and product["updated_at"] < changed[1]:
            return False
    return True


def make(shops: Shops, shop: str, wish: Handmade) -> Doc:
    """A product that no program knows, in the online store."""
    product = products.fresh(shops, shop)
    place, online = shops.open(shop)["location"], shops.open(shop)["publications"][ONLINE_STORE]
    product |= {
        "handle": f"handmade-{product['number']}", "title": wish.title, "html": f"<p>{wish.title}</p>", "sku": wish.sku,
        "price": products.price_of(wish.price, "price", code="INVALID_INPUT"), "tracked": True, "levels": {place: wish.quantity},
        "publications": [online],
    }  # fmt: skip
    shops.save_product(product)
    return product


def edit(shops: Shops, product: Doc, price: str | None, quantity: int | None) -> None:
    if price is not None:
        product["price"] = products.price_of(price, "price", code="INVALID_INPUT")
    if quantity is not None:
        product["levels"] = {**product["levels"], shops.open(product["shop"])["location"]: quantity}
    shops.save_product(product)


def end(shops: Shops, product: Doc) -> None:
    product["status"] = "ARCHIVED"
    shops.save_product(product)
