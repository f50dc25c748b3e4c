"""New prices for listings that are up: one Change each."""

from __future__ import annotations

from typing import Any

from bot.chat.context import Context
from core.flows import changes
from core.flows.wanted import price_of
from core.values.states import ChangeKind, ListingState
from storage.keys import new_key
from storage.models import Change, Item, Listing


def is_up(listing: Listing) -> bool:
    return listing.wanted == "live" and listing.state in (ListingState.ACTIVE, ListingState.PENDING, ListingState.OUT_OF_SYNC)


async def reprice_everywhere(ctx: Context, item: Item, *, before: int | None = None) -> int:
    """The item's price goes to every listing that is up and has no price of its own. Answers how many."""
    batch = new_key()
    count = 0
    for listing in await changes.listings_of(ctx.session, item.id):
        if is_up(listing) and listing.own_price is None:
            await reprice(ctx, item, listing, batch, {"own_price": None, "item_price_before": before})
            count += 1
    if count:
        await ctx.show("batch", ("batch", batch))
    return count


async def reprice(ctx: Context, item: Item, listing: Listing, batch: str, before: dict[str, Any]) -> Change:
    wanted = price_of(item, listing)
    assert wanted is not None
    after = {"price": wanted.amount, "item_price_before": before.get("item_price_before")}
    made = await changes.make(
        ctx.session, ctx.db, ChangeKind.REPRICE, item, listing, person=ctx.person, batch=batch, after=after, reason="new price"
    )
    made.before = {**made.before, "own_price": before["own_price"]}
    return made
