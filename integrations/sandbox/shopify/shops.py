"""The shops of the stand-in and what they start with, ids, and the way to their documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.store import Doc
from integrations.sandbox.world import World

MARKET = "shopify"
API_VERSION = "2026-10"
ONLINE_STORE = "online_store"
POINT_OF_SALE = "pos"
SUFFIX = ".myshopify.com"


def gid(kind: str, number: int | str) -> str:
    """A global id as Shopify writes it."""
    return f"gid://shopify/{kind}/{number}"


def bare(wanted: str) -> str:
    """The number at the end of a global id, or the text itself."""
    return wanted.rpartition("/")[2]


def stamp(moment: datetime) -> str:
    """A time as Shopify writes it: whole seconds, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Shops:
    """Documents by kind: `shop` (by domain), `product`, `order`, `staged`, `subscription`, `grant`, `token`, `code`, `idempotency`."""

    def __init__(self, world: World) -> None:
        self.world = world

    # -- documents

    def get(self, kind: str, key: str) -> Doc | None:
        return self.world.store.get(f"{MARKET}.{kind}", key)

    def put(self, kind: str, key: str, doc: Doc) -> None:
        self.world.store.put(f"{MARKET}.{kind}", key, doc)

    def delete(self, kind: str, key: str) -> None:
        self.world.store.delete(f"{MARKET}.{kind}", key)

    def all(self, kind: str, shop: str | None = None) -> Iterator[Doc]:
        """Every document of a kind, of one shop or of all."""
        found = list(self.world.store.all(f"{MARKET}.{kind}").values())
        return (one for one in found if shop is None or one["shop"] == shop)

    def number(self) -> int:
        """The next id; ids look like Shopify's, which are long."""
        return self.world.store.number(f"{MARKET}-id", 8_100_000_000_001)

    def now(self) -> str:
        return stamp(self.world.now())

    # -- shops

    def open(self, domain: str) -> Doc:
        """A shop by its domain, set up when it is new: two locations, an online store and a point of sale."""
        found = self.get("shop", domain)
        if found is None:
            found = {
                "shop": domain,
                "name": domain.removesuffix(SUFFIX).replace("-", " ").title(),
                "currency": "USD",
                "location": gid("Location", self.number()),
                "warehouse": gid("Location", self.number()),
                "publications": {ONLINE_STORE: gid("Publication", self.number()), POINT_OF_SALE: gid("Publication", self.number())},
            }
            self.put("shop", domain, found)
        return found

    # -- products

    def product(self, shop: str, wanted: str | None) -> Doc | None:
        """A shop's product by id."""
        found = self.get("product", bare(wanted or ""))
        return found if found and found["shop"] == shop else None

    def products_by(self, shop: str, field: str, value: str) -> list[Doc]:
        return [one for one in self.all("product", shop) if one[field] == value]

    def save_product(self, product: Doc) -> None:
        """Keep a change; when it stops being for sale is noted for the control's state."""
        product["updated_at"] = self.now()
        if self.buyable(product):
            product["ended_at"] = None
        elif product["ended_at"] is None:
            product["ended_at"] = product["updated_at"]
        self.put("product", product["number"], product)

    def listed(self, product: Doc) -> bool:
        """In the online store, whether or not any is left."""
        online = self.open(product["shop"])["publications"][ONLINE_STORE]
        return product["status"] in {"ACTIVE", "UNLISTED"} and online in product["publications"]

    def buyable(self, product: Doc, quantity: int = 1) -> bool:
        return self.listed(product) and (product["policy"] == "CONTINUE" or not product["tracked"] or self.left(product) >= quantity)

    def left(self, product: Doc) -> int:
        """What can be sold online, over all locations."""
        stock: int = sum(product["levels"].values())
        return max(stock, 0)

    def url(self, product: Doc) -> str:
        """The product's page in the stand-in's storefront."""
        return f"{self.world.base_url}/store/{MARKET}/item/{product['number']}"


class Refusal(Exception):
    """A user error: it becomes `userErrors` of the mutation that raised it."""

    def __init__(self, message: str, *field: str, code: str | None = None) -> None:
        super().__init__(message)
        self.shown: dict[str, Any] = {"message": message, "field": list(field) or None, "code": code}
