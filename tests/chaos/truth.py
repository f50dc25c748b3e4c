"""What is true at the end of a run: from the marketplaces' own state, the database as plain SQL, and the diary."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.people import Diary
from tests.chaos.plan import MARKETS
from tests.chaos.rows import Rows

State = Mapping[str, Any]
_COUNTED = re.compile(r"/stock (\d+) ([+-]\d+)")


@dataclass
class Truth:
    """What became of an item."""

    number: int
    sku: str
    stock: int = 0  # there were so many, found and broken ones counted
    sold: int = 0  # in orders that were not cancelled
    cancelled: int = 0
    wanted: bool = False  # the seller's last word was to put it up
    published: bool = False
    price: str = "80"
    was_out: bool = False  # at some moment none was left
    broken: int = 0
    live: dict[str, int] = field(default_factory=dict)  # quantity that can be bought, by marketplace

    @property
    def left(self) -> int:
        return max(0, self.stock - self.sold)

    @property
    def down_on_purpose(self) -> bool:
        """What was sold out, or came back, is not put up again without the seller."""
        return bool(self.cancelled) or self.was_out


@dataclass
class Case:
    """All that the promises are held against. `truths` are by the skus of our items and of their listings."""

    state: State
    rows: Rows
    diary: Diary
    truths: dict[str, Truth]
    entries: dict[str, list[dict[str, Any]]]  # the ledger, by our items' sku
    asked: dict[str, list[dict[str, Any]]]  # differences, by the marketplace's id of the listing

    def items(self) -> Iterator[Truth]:
        return iter({one.number: one for one in self.truths.values()}.values())

    def asked_about(self, ref: str, *kinds: str) -> list[dict[str, Any]]:
        """Differences of a listing of which nobody has said yet what is right, or "not now"."""
        return [one for one in self.asked.get(bare(ref), []) if one["kind"] in kinds and one["state"] in ("open", "left", "importing")]


def bare(key: object) -> str:
    """An id without what Shopify writes before it."""
    return str(key).rpartition("/")[2]


def find(state: State, rows: Rows, diary: Diary, stock: Mapping[int, int]) -> Case:
    there = rows.all("SELECT number, sku FROM item ORDER BY number")
    truths = {row["sku"]: Truth(row["number"], row["sku"], stock.get(row["number"], 0)) for row in there}
    numbers = {one.number: one for one in truths.values()}
    for row in rows.all("SELECT listing.sku AS sku, item.number AS number FROM listing JOIN item ON item.id = item_id"):
        truths.setdefault(row["sku"], numbers[row["number"]])
    entries = _entries(rows)
    for sku, mine in entries.items():
        _counted(truths[sku], mine, diary)
    for text in diary.said:
        _said(numbers[int(text.split()[1])], text)
    kept = {bare(row["external_id"]) for row in rows.all("SELECT external_id FROM sales_order WHERE state != 'cancelled'")}
    for market in MARKETS:
        _market(state[market], market, truths, kept)
    asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.all("SELECT ref, kind, state, theirs, decided_by, listing_id FROM difference ORDER BY id"):
        asked[bare(row["ref"])].append(row)
    return Case(state, rows, diary, truths, entries, asked)


def _entries(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    query = (
        "SELECT item.sku AS sku, kind, place, total, reserved, total_before, reserved_before, total_after, reserved_after, key, "
        "stock_entry.at AS at FROM stock_entry JOIN item ON item.id = item_id ORDER BY item.sku, place"
    )
    for row in rows.all(query):
        entries[row["sku"]].append(row)
    return entries


def _counted(one: Truth, entries: list[dict[str, Any]], diary: Diary) -> None:
    """How many were found, lost, broken or taken over is the ledger's word; `ledger` holds it against what was said."""
    for entry in entries:
        fresh = entry["at"] > diary.began
        if (entry["kind"] in ("adjust", "damage") and fresh) or entry["kind"] == "bulk_import":
            one.stock += entry["total"]
            one.broken -= min(0, entry["total"])
        one.was_out |= fresh and entry["total_after"] - entry["reserved_after"] < 1


def _said(one: Truth, text: str) -> None:
    command, _, *more = text.split()
    match command:
        case "/publish":
            one.wanted = one.published = True
        case "/delist":
            one.wanted = False
        case "/price":
            one.price = more[0]


def said_counts(diary: Diary, number: int) -> list[int]:
    """What the seller said was found (positive) or lost of an item."""
    found = [_COUNTED.match(text) for text in diary.said]
    return [int(one[2]) for one in found if one is not None and int(one[1]) == number]


def _market(there: State, market: str, truths: Mapping[str, Truth], kept: Collection[str]) -> None:
    """What was sent or refunded before it was cancelled is not back (`kept`): a person is asked, and nobody answers in a run."""
    for order in there["orders"]:
        for line in order["lines"]:
            if (one := truths.get(line["sku"])) is not None:
                if order["state"] == "CANCELLED" and bare(order["id"]) not in kept:
                    one.cancelled += line["quantity"]
                else:
                    one.sold += line["quantity"]
    for listing in there["listings"]:
        if listing["state"] == "ACTIVE" and (one := truths.get(listing["sku"])) is not None:
            one.live[market] = listing["quantity"]
