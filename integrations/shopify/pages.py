"""A shop's products page by page, for comparing them with what we think."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import Invalid
from core.values.channel import Connection, Found, ListingPage
from integrations.shopify import mapping, operations
from integrations.shopify.client import Client
from integrations.shopify.listings import Places

# Shopify gives 250 of anything at most. What a connection costs by its size is not published; should a page cost too much, a smaller one
# is asked for.
PAGE, SMALLER_PAGE = 250, 50
TOO_DEAR = "MAX_COST_EXCEEDED"
FOR_SALE = "status:active,unlisted"
OVERLAP = timedelta(minutes=2)  # the search index lags behind the products


async def read_page(client: Client, account: Connection, places: Places, cursor: str, since: datetime | None) -> ListingPage:
    """Products that are for sale; with `since` those that changed since then, for sale or not."""
    variables = {"after": cursor or None, "search": changed_since(since) if since else FOR_SALE, **places.variables()}
    try:
        data = await client.run(account, operations.PRODUCTS, {"first": PAGE, **variables})
    except Invalid as error:
        if error.code != TOO_DEAR:
            raise
        data = await client.run(account, operations.PRODUCTS, {"first": SMALLER_PAGE, **variables})
    page, currency = data["products"], data["shop"]["currencyCode"]
    found = tuple(_found(one, currency) for one in page["nodes"] if one["variants"]["nodes"])
    return ListingPage(found, page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else "")


def changed_since(since: datetime) -> str:
    """Shopify's search syntax for products that changed."""
    return f"updated_at:>='{(since - OVERLAP).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _found(product: Mapping[str, Any], currency: str) -> Found:
    seen = mapping.seen(product, currency)
    preview = (product["featuredMedia"] or {}).get("preview") or {}
    return Found(
        listing=seen.product,
        sku=seen.sku,
        title=product["title"],
        live=seen.live,
        price=seen.price,
        quantity=seen.available,
        url=seen.url,
        photo=((preview.get("image") or {}).get("url")) or "",
        plain=seen.variants == 1,
    )
