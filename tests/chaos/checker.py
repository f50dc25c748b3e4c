"""The independent checker: reads the marketplaces' own state and the database, by plain SQL, and says what is not as promised.

It shares no code with what it checks: the fold of the ledger and the hash chain are computed here once more. What it holds the orders and
what was done on the marketplaces' own sites against is in `check_orders.py` and `check_sites.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

from tests.chaos import check_orders, check_sites
from tests.chaos.people import Diary
from tests.chaos.plan import MARKETS
from tests.chaos.rows import Rows
from tests.chaos.truth import Case, State, Truth, find, said_counts

HELD = ("change", "inbox_event", "card_post", "draft", "manual_task", "reconciliation", "notice_copy")
ORDER_KINDS = ("ship", "refund", "cancel_order")


def check(state: State, rows: Rows, diary: Diary, stock: Mapping[int, int]) -> list[str]:
    """Every broken promise, as a sentence. `stock` is how many there were of each item by number."""
    case = find(state, rows, diary, stock)
    parts = (_sold_is_gone, _unsold_is_live, _nothing_twice, _ledger, _chain, _work, _tasks, _cards)
    return [
        *(one for part in parts for one in part(case)),
        *check_orders.check(case),
        *check_sites.check(case),
    ]


def _sold_is_gone(case: Case) -> list[str]:
    found = [
        f"item {one.number} is sold and can still be bought on {', '.join(one.live)}" for one in case.items() if not one.left and one.live
    ]
    for market in MARKETS:
        for listing in case.state[market]["listings"]:
            one = case.truths.get(listing["sku"])
            if one is None or listing["state"] != "ACTIVE" or not 0 < one.left < listing["quantity"]:
                continue
            if not case.asked_about(listing["id"], "quantity"):
                found.append(f"item {one.number}: {listing['quantity']} can be bought on {market}, {one.left} are left")
    return found


def _unsold_is_live(case: Case) -> list[str]:
    """What nobody bought stays up, with its price and quantity, unless the seller changed it on the marketplace's own site."""
    found = []
    prices = {
        (market, one["sku"]): one["price"] for market in MARKETS for one in case.state[market]["listings"] if one["state"] == "ACTIVE"
    }
    for one in case.items():
        if not one.left or one.down_on_purpose:
            continue
        if not one.wanted:
            found += [f"item {one.number} was taken down by hand and is live on {market}" for market in one.live if one.published]
            continue
        for market in MARKETS:
            if (market, one.sku) in case.diary.touched:
                continue
            if market not in one.live:
                found.append(f"item {one.number} is not sold and is not live on {market}")
            elif one.live[market] != one.left:
                found.append(f"item {one.number}: {one.live[market]} on {market} instead of {one.left}")
            elif Decimal(prices[market, one.sku]) != Decimal(one.price):
                found.append(f"item {one.number} costs {prices[market, one.sku]} on {market} instead of {one.price}")
    return found


def _nothing_twice(case: Case) -> list[str]:
    """One product of a sku on Shopify; on eBay one item and never two listings up at once (a relisted one has a new number)."""
    found = []
    products = Counter(one["sku"] for one in case.state["shopify"]["listings"] if one["sku"])
    found += [f"{count} products of {sku} on Shopify" for sku, count in products.items() if count > 1]
    items = Counter(one["sku"] for one in case.state["ebay"]["items"])
    found += [f"{count} items of {sku} on eBay" for sku, count in items.items() if count > 1]
    for market in MARKETS:
        up = Counter(one["sku"] for one in case.state[market]["listings"] if one["state"] == "ACTIVE" and one["sku"])
        found += [f"{count} listings of {sku} up on {market}" for sku, count in up.items() if count > 1]
    return found


def _ledger(case: Case) -> list[str]:
    found = []
    stock = {row["sku"]: row for row in case.rows.all("SELECT sku, total, reserved FROM stock JOIN item ON item.id = item_id")}
    for one in case.items():
        total = reserved = 0
        entries = case.entries[one.sku]
        for place, entry in enumerate(entries, 1):
            starts = (place, total, reserved) == (entry["place"], entry["total_before"], entry["reserved_before"])
            total, reserved = total + entry["total"], reserved + entry["reserved"]
            ends = (total, reserved) == (entry["total_after"], entry["reserved_after"])
            if min(total, reserved, total - reserved) < 0 or not starts or not ends:
                found.append(f"ledger of item {one.number} does not add up at {entry['key']}")
        if (total, reserved) != (stock[one.sku]["total"], stock[one.sku]["reserved"]):
            found.append(f"stock of item {one.number} is not the fold of its entries")
        if total - reserved != one.left:
            found.append(f"item {one.number}: {total - reserved} in the ledger, {one.left} by the marketplaces' orders")
        repeated = [key for key, count in Counter(entry["key"] for entry in entries).items() if count > 1]
        found += [f"ledger of item {one.number} has {key} twice" for key in repeated]
        found += _counts(case, one)
    return found


def _counts(case: Case, one: Truth) -> list[str]:
    """What the seller said was found is there once; what was lost is gone at most once. Who keeps a marketplace's count says it there."""
    if any(row["kind"] == "quantity" and row["state"] == "settled" for rows in case.asked.values() for row in rows):
        return []
    said = said_counts(case.diary, one.number)
    fresh = [entry for entry in case.entries[one.sku] if entry["at"] > case.diary.began and entry["kind"] in ("adjust", "damage")]
    more, fewer = sum(max(0, entry["total"]) for entry in fresh), -sum(min(0, entry["total"]) for entry in fresh)
    if more != sum(max(0, count) for count in said) or fewer > -sum(min(0, count) for count in said):
        return [f"item {one.number}: +{more} -{fewer} in the ledger, and {said} was said"]
    return []


def _chain(case: Case) -> list[str]:
    """The audit trail, hashed again from the first entry."""
    before, expected = "", 1
    for row in case.rows.all("SELECT * FROM audit_entry WHERE seq IS NOT NULL ORDER BY seq"):
        told = [
            before, expected, row["id"], row["workspace_id"], row["at"].isoformat(), row["actor"], row["action"], row["subject_kind"],
            row["subject_id"], row["data"],
        ]  # fmt: skip
        wanted = hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        if (row["seq"], row["prev"], row["hash"]) != (expected, before, wanted):
            return [f"the audit chain breaks at {expected}"]
        before, expected = row["hash"], expected + 1
    return [] if expected > 1 else ["the audit trail is empty"]


def _work(case: Case) -> list[str]:
    """Everything has come to an end; what failed says why and is one of the ends that a person can explain."""
    rows = case.rows
    changes = rows.all(
        "SELECT change.kind AS kind, change.state AS state, change.last_error AS last_error, item.number AS number, item.sku AS sku, "
        "item.state AS item_state, listing.channel AS channel, "
        "EXISTS (SELECT 1 FROM notice WHERE notice.key = 'desk:' || change.id) AS told, "
        "EXISTS (SELECT 1 FROM order_line WHERE order_line.item_id = item.id) AS was_sold FROM change "
        "JOIN item ON item.id = change.item_id LEFT JOIN listing ON listing.id = change.listing_id "
        "WHERE change.state IN ('approved', 'running', 'failed')"
    )
    found = []
    for one in changes:
        failed = one["state"] == "failed"
        sold = failed and one["was_sold"]  # sold, or sold and cancelled since
        refused = one["kind"] in ("publish", "relist") and "is sold" in one["last_error"]
        sold_meanwhile = one["kind"] in ("reprice", "revise", "quantity") and "is not live" in one["last_error"]
        told = failed and one["kind"] in ORDER_KINDS and one["told"]  # the marketplace refused, and a person was told why
        ended = failed and sold_meanwhile and (one["channel"], one["sku"]) in case.diary.touched  # ended there by hand
        if not (told or ended or (sold and (refused or sold_meanwhile))):
            found.append(f"{one['kind']} of item {one['number']} ({one['item_state']}) is {one['state']}: {one['last_error']}")
    bad = rows.all("SELECT source, topic, state, last_error FROM inbox_event WHERE state NOT IN ('done', 'duplicate')")
    found += [f"inbox {one['source']} {one['topic']} is {one['state']}: {one['last_error']}" for one in bad]
    for table in HELD:
        if count := rows.one(f"SELECT count(*) FROM {table} WHERE lease_until IS NOT NULL"):
            found.append(f"{count} rows of {table} are still held")
    lost = rows.all("SELECT name, state FROM account WHERE state != 'active'")
    return found + [f"account {one['name']} is {one['state']}" for one in lost]


def _tasks(case: Case) -> list[str]:
    """What a person put up by hand and is sold must be theirs to take down, or taken down."""
    tasks = case.rows.all(
        "SELECT item.sku AS sku, manual_task.kind AS kind, manual_task.state AS state FROM manual_task "
        "JOIN item ON item.id = manual_task.item_id ORDER BY manual_task.id"
    )
    found = []
    for one in case.items():
        mine = [task for task in tasks if task["sku"] == one.sku]
        up = False
        for task in mine:
            if task["kind"] == "list" and task["state"] == "done":
                up = True
            if task["kind"] == "take_down" and task["state"] in ("done", "open"):
                up = False
        asked = any(task["kind"] == "list" and task["state"] == "open" for task in mine)
        if up and not one.left and not one.cancelled:
            found.append(f"item {one.number} is sold, was put up by hand, and nobody is asked to take it down")
        if not one.left and asked:
            found.append(f"item {one.number} is sold and a person is asked to put it up")
        if one.left and one.wanted and not one.down_on_purpose and not up and not asked:
            found.append(f"item {one.number} is for sale and nobody is asked to put it up by hand")
    return found


def _cards(case: Case) -> list[str]:
    """No living card of a sold item says that it is live."""
    query = """
        SELECT DISTINCT card_post.id AS id, card_post.view AS view, card_post.card AS card, item.sku AS sku FROM card_post
        LEFT JOIN change ON card_post.subject_kind = 'batch' AND change.batch = card_post.subject_id
        LEFT JOIN order_line ON card_post.subject_kind = 'order' AND order_line.order_id = card_post.subject_id
        LEFT JOIN manual_task ON card_post.subject_kind = 'task' AND manual_task.id = card_post.subject_id
        JOIN item ON item.id = COALESCE(change.item_id, order_line.item_id, manual_task.item_id, card_post.subject_id)
        WHERE card_post.view != '' AND card_post.state = 'posted'
    """
    if case.rows.is_postgres:
        query = query.replace("card_post.card AS card", "card_post.card::text AS card")
    found = []
    for row in case.rows.all(query):
        one = case.truths[row["sku"]]
        shown = [f"{line.get('label')}: {line.get('value')}" for line in row["card"].get("lines", [])]
        lies = [line for line in shown if "live" in line.lower() or "publishing" in line or "taking it down" in line]
        if not one.left and lies:
            found.append(f"the {row['view']} card of item {one.number}, which is sold, says “{lies[0]}”")
    return found
