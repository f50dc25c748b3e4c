"""The independent checker: reads the marketplaces' own state and the database, by plain SQL, and says what is not as promised.

It shares no code with what it checks: the fold of the ledger and the hash chain are computed here once more.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.chaos.plan import MARKETS, STOCK
from tests.chaos.rows import Rows

State = Mapping[str, Any]


@dataclass
class Truth:
    """What became of an item, from the marketplaces' orders and what the seller said."""

    number: int
    sku: str
    stock: int
    sold: int = 0  # in orders that were not cancelled
    cancelled: int = 0
    wanted: bool = False  # the seller's last word was to put it up
    published: bool = False
    price: str = "80"
    live: dict[str, int] = field(default_factory=dict)  # quantity that can be bought, by marketplace

    @property
    def left(self) -> int:
        return max(0, self.stock - self.sold)


def check(state: State, rows: Rows, said: Sequence[str]) -> list[str]:
    """Every broken promise, as a sentence. `said` are the commands that the seller gave, in their order."""
    truths = _truths(state, rows, said)
    return [
        *_sold_is_gone(truths),
        *_unsold_is_live(truths, state),
        *_nothing_twice(state),
        *_orders(state, rows),
        *_ledger(truths, rows),
        *_chain(rows),
        *_work(rows),
        *_tasks(truths, rows),
        *_cards(truths, rows),
        *_listings(truths, rows),
    ]


def _truths(state: State, rows: Rows, said: Sequence[str]) -> dict[str, Truth]:
    there = rows.all("SELECT number, sku FROM item ORDER BY number")
    truths = {row["sku"]: Truth(row["number"], row["sku"], STOCK[row["number"]]) for row in there}
    numbers = {one.number: one for one in truths.values()}
    for text in said:
        command, number, *more = text.split()
        one = numbers[int(number)]
        match command:
            case "/publish":
                one.wanted = one.published = True
            case "/delist":
                one.wanted = False
            case "/price":
                one.price = more[0]
    for market in MARKETS:
        for order in state[market]["orders"]:
            for line in order["lines"]:
                if order["state"] == "CANCELLED":
                    truths[line["sku"]].cancelled += line["quantity"]
                else:
                    truths[line["sku"]].sold += line["quantity"]
        for listing in state[market]["listings"]:
            if listing["state"] == "ACTIVE":
                truths[listing["sku"]].live[market] = listing["quantity"]
    return truths


def _sold_is_gone(truths: Mapping[str, Truth]) -> list[str]:
    found = [
        f"item {one.number} is sold and can still be bought on {', '.join(one.live)}"
        for one in truths.values()
        if not one.left and one.live
    ]
    for one in truths.values():
        found += [
            f"item {one.number}: {there} can be bought on {market}, {one.left} are left"
            for market, there in one.live.items()
            if 0 < one.left < there
        ]
    return found


def _unsold_is_live(truths: Mapping[str, Truth], state: State) -> list[str]:
    """What nobody bought stays up, with its price and quantity. An order that was cancelled takes a thing down on purpose."""
    found = []
    prices = {(market, one["sku"]): one["price"] for market in MARKETS for one in state[market]["listings"] if one["state"] == "ACTIVE"}
    for one in truths.values():
        if not one.left or one.cancelled:
            continue
        if not one.wanted:
            found += [f"item {one.number} was taken down by hand and is live on {market}" for market in one.live]
            continue
        for market in MARKETS:
            if market not in one.live:
                found.append(f"item {one.number} is not sold and is not live on {market}")
            elif one.live[market] != one.left:
                found.append(f"item {one.number}: {one.live[market]} on {market} instead of {one.left}")
            elif Decimal(prices[market, one.sku]) != Decimal(one.price):
                found.append(f"item {one.number} costs {prices[market, one.sku]} on {market} instead of {one.price}")
    return found


def _nothing_twice(state: State) -> list[str]:
    """One product of a sku on Shopify; on eBay one item and never two listings up at once (a relisted one has a new number)."""
    found = []
    products = Counter(one["sku"] for one in state["shopify"]["listings"])
    found += [f"{count} products of {sku} on Shopify" for sku, count in products.items() if count > 1]
    items = Counter(one["sku"] for one in state["ebay"]["items"])
    found += [f"{count} items of {sku} on eBay" for sku, count in items.items() if count > 1]
    for market in MARKETS:
        up = Counter(one["sku"] for one in state[market]["listings"] if one["state"] == "ACTIVE")
        found += [f"{count} listings of {sku} up on {market}" for sku, count in up.items() if count > 1]
    return found


def _orders(state: State, rows: Rows) -> list[str]:
    """Each order of a marketplace is one order here, with the same money and end, and nothing else is."""
    found = []
    known: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows.all("SELECT channel, external_id, state, total, paid FROM sales_order"):
        known[row["channel"], row["external_id"].rpartition("/")[2]].append(row)
    for market in MARKETS:
        for order in state[market]["orders"]:
            ours = known.pop((market, str(order["id"]).rpartition("/")[2]), [])
            if len(ours) != 1:
                found.append(f"order {order['id']} of {market} is here {len(ours)} times")
                continue
            if ours[0]["total"] != int(Decimal(order["total"]) * 100):
                found.append(f"order {order['id']} of {market}: {ours[0]['total']} instead of {order['total']}")
            if (order["state"] == "CANCELLED") != (ours[0]["state"] in ("cancelled", "refunded")):
                found.append(f"order {order['id']} of {market} is {ours[0]['state']} here and {order['state']} there")
    return found + [f"order {key} was never made there" for key in known]


def _ledger(truths: Mapping[str, Truth], rows: Rows) -> list[str]:
    found = []
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    query = (
        "SELECT item.sku AS sku, kind, total, reserved, total_after, reserved_after, key FROM stock_entry JOIN item ON item.id = item_id"
    )
    for row in rows.all(f"{query} ORDER BY stock_entry.id"):
        entries[row["sku"]].append(row)
    stock = {row["sku"]: row for row in rows.all("SELECT sku, total, reserved FROM stock JOIN item ON item.id = item_id")}
    for sku, one in truths.items():
        total = reserved = 0
        for entry in entries[sku]:
            total, reserved = total + entry["total"], reserved + entry["reserved"]
            if min(total, reserved, total - reserved) < 0 or (total, reserved) != (entry["total_after"], entry["reserved_after"]):
                found.append(f"ledger of item {one.number} does not add up at {entry['key']}")
        if (total, reserved) != (stock[sku]["total"], stock[sku]["reserved"]):
            found.append(f"stock of item {one.number} is not the fold of its entries")
        if total - reserved != one.left:
            found.append(f"item {one.number}: {total - reserved} in the ledger, {one.left} by the marketplaces' orders")
        repeated = [key for key, count in Counter(entry["key"] for entry in entries[sku]).items() if count > 1]
        found += [f"ledger of item {one.number} has {key} twice" for key in repeated]
    return found


def _chain(rows: Rows) -> list[str]:
    """The audit trail, hashed again from the first entry."""
    before, expected = "", 1
    for row in rows.all("SELECT * FROM audit_entry WHERE seq IS NOT NULL ORDER BY seq"):
        told = [
            before, expected, row["id"], row["workspace_id"], row["at"].isoformat(), row["actor"], row["action"], row["subject_kind"],
            row["subject_id"], row["data"],
        ]  # fmt: skip
        wanted = hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        if (row["seq"], row["prev"], row["hash"]) != (expected, before, wanted):
            return [f"the audit chain breaks at {expected}"]
        before, expected = row["hash"], expected + 1
    return [] if expected > 1 else ["the audit trail is empty"]


def _work(rows: Rows) -> list[str]:
    """Everything has come to an end; what failed says why and is one of the ends that a person can explain."""
    changes = rows.all(
        "SELECT change.kind, change.state, change.last_error, item.number AS number, item.state AS item_state, "
        "EXISTS (SELECT 1 FROM order_line WHERE order_line.item_id = item.id) AS was_sold FROM change "
        "JOIN item ON item.id = change.item_id WHERE change.state IN ('approved', 'running', 'failed')"
    )
    found = []
    for one in changes:
        sold = one["state"] == "failed" and one["was_sold"]  # sold, or sold and cancelled since
        refused = one["kind"] in ("publish", "relist") and "is sold" in one["last_error"]
        sold_meanwhile = one["kind"] in ("reprice", "revise", "quantity") and "is not live" in one["last_error"]
        if not (sold and (refused or sold_meanwhile)):
            found.append(f"{one['kind']} of item {one['number']} ({one['item_state']}) is {one['state']}: {one['last_error']}")
    bad = rows.all("SELECT source, topic, state, last_error FROM inbox_event WHERE state NOT IN ('done', 'duplicate')")
    found += [f"inbox {one['source']} {one['topic']} is {one['state']}: {one['last_error']}" for one in bad]
    held = ("change", "inbox_event", "card_post", "draft", "manual_task")
    for table in held:
        if count := rows.one(f"SELECT count(*) FROM {table} WHERE lease_until IS NOT NULL"):
            found.append(f"{count} rows of {table} are still held")
    lost = rows.all("SELECT name, state FROM account WHERE state != 'active'")
    return found + [f"account {one['name']} is {one['state']}" for one in lost]


def _tasks(truths: Mapping[str, Truth], rows: Rows) -> list[str]:
    """What a person put up by hand and is sold must be theirs to take down, or taken down."""
    tasks = rows.all(
        "SELECT item.sku AS sku, manual_task.kind AS kind, manual_task.state AS state FROM manual_task "
        "JOIN item ON item.id = manual_task.item_id ORDER BY manual_task.id"
    )
    found = []
    for one in truths.values():
        mine = [task for task in tasks if task["sku"] == one.sku]
        up = False
        for task in mine:
            if task["kind"] == "list" and task["state"] == "done":
                up = True
            if task["kind"] == "take_down" and task["state"] in ("done", "open"):
                up = False
        if up and not one.left and not one.cancelled:
            found.append(f"item {one.number} is sold, was put up by hand, and nobody is asked to take it down")
        if not one.left and any(task["kind"] == "list" and task["state"] == "open" for task in mine):
            found.append(f"item {one.number} is sold and a person is asked to put it up")
        if (
            one.left
            and one.wanted
            and not one.cancelled
            and not up
            and not any(task["kind"] == "list" and task["state"] == "open" for task in mine)
        ):
            found.append(f"item {one.number} is for sale and nobody is asked to put it up by hand")
    return found


def _cards(truths: Mapping[str, Truth], rows: Rows) -> list[str]:
    """No living card of a sold item says that it is live."""
    query = """
        SELECT DISTINCT card_post.id AS id, card_post.view AS view, card_post.card AS card, item.sku AS sku FROM card_post
        LEFT JOIN change ON card_post.subject_kind = 'batch' AND change.batch = card_post.subject_id
        LEFT JOIN order_line ON card_post.subject_kind = 'order' AND order_line.order_id = card_post.subject_id
        LEFT JOIN manual_task ON card_post.subject_kind = 'task' AND manual_task.id = card_post.subject_id
        JOIN item ON item.id = COALESCE(change.item_id, order_line.item_id, manual_task.item_id, card_post.subject_id)
        WHERE card_post.view != '' AND card_post.state = 'posted'
    """
    if rows.is_postgres:
        query = query.replace("card_post.card AS card", "card_post.card::text AS card")
    found = []
    for row in rows.all(query):
        one = truths[row["sku"]]
        shown = [f"{line.get('label')}: {line.get('value')}" for line in row["card"].get("lines", [])]
        lies = [line for line in shown if "live" in line.lower() or "publishing" in line or "taking it down" in line]
        if not one.left and lies:
            found.append(f"the {row['view']} card of item {one.number}, which is sold, says “{lies[0]}”")
    return found


def _listings(truths: Mapping[str, Truth], rows: Rows) -> list[str]:
    """What we believe about each listing is what the marketplace shows."""
    found = []
    columns = "item.sku AS sku, item.state AS item_state, channel, listing.state AS state, needs_person"
    for row in rows.all(f"SELECT {columns} FROM listing JOIN item ON item.id = item_id"):
        one = truths[row["sku"]]
        if row["channel"] not in MARKETS:
            continue
        believed, is_live = row["state"] == "active", row["channel"] in one.live
        if believed != is_live:
            found.append(f"item {one.number} is {'live' if is_live else 'not live'} on {row['channel']} and listed here as {row['state']}")
        if row["needs_person"]:
            found.append(f"item {one.number} on {row['channel']} waits for a person and nothing says why")
        if not one.left and row["item_state"] != "sold":
            found.append(f"item {one.number} is sold and is {row['item_state']} here")
    return found
