"""What is promised of listings: we believe what the marketplace shows, or somebody is asked, as about what the seller changed there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.chaos.plan import MARKETS
from tests.chaos.truth import Case, bare

Row = Mapping[str, Any]


def check(case: Case) -> list[str]:
    return [*_listings(case), *_prices(case), *_orphans(case)]


def _listings(case: Case) -> Iterator[str]:
    """What we believe about each listing is what the marketplace shows, or a difference is asked about."""
    columns = "item.sku AS sku, item.state AS item_state, channel, listing.state AS state, needs_person, listing_ref, quantity"
    for row in case.rows.all(f"SELECT {columns} FROM listing JOIN item ON item.id = item_id"):
        one = case.truths[row["sku"]]
        if row["channel"] not in MARKETS:
            continue
        asked = case.asked_about(row["listing_ref"], "gone", "live", "up", "quantity", "price")
        believed, is_live = row["state"] in ("active", "out_of_sync"), row["channel"] in one.live
        if believed != is_live and not asked:
            shown = "live" if is_live else "not live"
            yield f"item {one.number} is {shown} on {row['channel']} and listed here as {row['state']}"
        if believed and is_live and row["quantity"] != one.live[row["channel"]] and not asked:
            yield f"item {one.number}: {one.live[row['channel']]} on {row['channel']} and {row['quantity']} here, and nobody is asked"
        if row["needs_person"] and not asked:
            yield f"item {one.number} on {row['channel']} waits for a person and nothing says why"
        if not one.left and one.sold and not one.broken and row["item_state"] != "sold":
            yield f"item {one.number} is sold and is {row['item_state']} here"


def _prices(case: Case) -> Iterator[str]:
    """A price that the seller set on the marketplace's own site: it is still there and was asked about, or a person's word came after."""
    last = {(market, sku): (price, at) for market, sku, price, at in case.diary.prices}
    for (market, sku), (price, at) in last.items():
        shown = [one for one in case.state[market]["listings"] if one["sku"] == sku and one["state"] == "ACTIVE"]
        if not shown:
            continue
        one, number = shown[0], case.truths[sku].number
        if Decimal(one["price"]) == Decimal(price):
            asked = [row for row in case.asked.get(bare(one["id"]), []) if row["kind"] == "price"]
            if Decimal(price) != Decimal(case.truths[sku].price) and not asked:
                yield f"item {number} costs {price} on {market}, set there, and nobody was asked"
            continue
        query = (
            "SELECT count(*) FROM change JOIN item ON item.id = change.item_id JOIN listing ON listing.id = change.listing_id "
            "WHERE item.number = :number AND listing.channel = :market AND change.\"by\" = 'member' AND change.finished_at > :at "
            "AND change.kind IN ('publish', 'relist', 'reprice', 'revise')"
        )
        if not case.rows.one(query, number=number, market=market, at=at):
            yield f"item {number} costs {one['price']} on {market}: the {price} that was set there is overwritten, and nobody said so"


def _orphans(case: Case) -> Iterator[str]:
    """What was listed there by hand is known as such, or is an item now."""
    ours = {bare(row["listing_ref"]) for row in case.rows.all("SELECT listing_ref FROM listing")}
    for market in MARKETS:
        for one in case.state[market]["listings"]:
            if one["title"] not in case.diary.orphans or one["state"] != "ACTIVE":
                continue
            if not case.asked_about(one["id"], "orphan") and bare(one["id"]) not in ours:
                yield f"“{one['title']}” was listed on {market} by hand, and nobody knows of it"
