"""What is promised of orders: each once, with the marketplace's money and end; nothing given back or sent twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.chaos.plan import MARKETS
from tests.chaos.truth import Case, bare

Row = Mapping[str, Any]
ENDS = ("cancelled", "refunded")
SENT = ("shipped", "delivered", "completed", "disputed", "refund_requested", "refunded")


def check(case: Case) -> list[str]:
    known: dict[tuple[str, str], list[Row]] = defaultdict(list)
    query = "SELECT id, number, channel, external_id, state, total, paid, refunded, refund_asked FROM sales_order"
    for row in case.rows.all(query):
        known[row["channel"], bare(row["external_id"])].append(row)
    changes: dict[str, list[Row]] = defaultdict(list)
    asked = "SELECT order_id, kind, state, after FROM change WHERE kind IN ('ship', 'refund', 'cancel_order')"
    for row in case.rows.all(asked):
        changes[row["order_id"]].append(row)
    parcels: dict[str, list[str]] = defaultdict(list)
    for row in case.rows.all("SELECT order_id, tracking FROM parcel"):
        parcels[row["order_id"]].append(row["tracking"])
    found = []
    for market in MARKETS:
        for order in case.state[market]["orders"]:
            name = f"order {bare(order['id'])} of {market}"
            ours = known.pop((market, bare(order["id"])), [])
            if len(ours) != 1:
                found.append(f"{name} is here {len(ours)} times")
                continue
            told = (*_same(case, order, ours[0]), *_money(case, order, ours[0], changes), *_parcels(order, ours[0], changes, parcels))
            found += [f"{name} {one}" for one in told]
    return found + [f"order {key} was never made there" for key in known]


def _same(case: Case, order: Row, ours: Row) -> Iterator[str]:
    if ours["total"] != cents(order["total"]):
        yield f"is {ours['total']} here instead of {order['total']}"
    told = case.rows.one("SELECT count(*) FROM notice WHERE key = :key", key=f"order_state:{ours['id']}:cancelled")
    if order["state"] == "CANCELLED" and ours["state"] not in ENDS and not told:  # what was sent before is for a person to look at
        yield f"is {ours['state']} here and cancelled there"
    back = sum(map(cents, order["refunds"]))
    if order["state"] != "CANCELLED" and (ours["state"] in ENDS) and not (ours["state"] == "refunded" and back >= ours["total"]):
        yield f"is {ours['state']} here and open there, with {back} given back"
    if order["state"] != "CANCELLED" and bool(order["paid"]) != bool(ours["paid"]):
        yield f"is {'' if ours['paid'] else 'not '}paid here and {'' if order['paid'] else 'not '}paid there"


def _money(case: Case, order: Row, ours: Row, changes: Mapping[str, list[Row]]) -> Iterator[str]:
    """The money is given back as often as it was asked for, and an amount that differs is asked about."""
    back = sum(map(cents, order["refunds"]))
    if (ours["refunded"] or 0) != back:
        yield f"has {ours['refunded']} given back here and {back} there"
    if back > ours["total"]:
        yield f"has {back} of {ours['total']} given back"
    mine = [one for one in changes[ours["id"]] if one["kind"] == "refund"]
    done = sum(int(one["after"]["amount"]) for one in mine if one["state"] == "done")
    tried = sum(int(one["after"]["amount"]) for one in mine if one["state"] in ("done", "failed"))
    there = cents(str(case.diary.given.get(order["id"], Decimal(0))))
    if order["state"] == "CANCELLED":
        return  # all that was paid went back, by whoever cancelled it
    if not there and not done <= back <= tried:
        yield f"has {back} given back, and {done} was asked for"
    if back > tried + there:
        yield f"has {back} given back, of {tried} asked for here and {there} there"
    if ours["refund_asked"] is not None and ours["refunded"] is not None and ours["refund_asked"] != ours["refunded"]:
        key = f"refund:{ours['id']}"
        if not case.rows.one("SELECT count(*) FROM notice WHERE key = :key AND solved_at IS NULL", key=key):
            yield f"has {ours['refunded']} given back of {ours['refund_asked']}, and nobody is told"


def _parcels(order: Row, ours: Row, changes: Mapping[str, list[Row]], parcels: Mapping[str, list[str]]) -> Iterator[str]:
    sent: list[str] = order["parcels"]
    twice = [key for key, count in Counter(sent).items() if count > 1]
    if twice:
        yield f"was sent {twice} twice"
    pushed = {one["after"]["tracking"] for one in changes[ours["id"]] if one["kind"] == "ship" and one["state"] == "done"}
    if missing := pushed - set(sent):
        yield f"was said to be sent with {missing}, and is not there"
    if unknown := set(sent) - set(parcels[ours["id"]]):
        yield f"has parcels {unknown} that are not known here"
    if sent and order["state"] != "CANCELLED" and ours["state"] not in SENT:
        yield f"was sent and is {ours['state']} here"


def cents(amount: str) -> int:
    return int(Decimal(amount) * 100)
