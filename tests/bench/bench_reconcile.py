"""Reconciliation: 10,000 listings, half on eBay and half on Shopify, set beside what the marketplaces show.

    python -m tests.bench.bench_reconcile

The stand-in marketplaces run in a process of their own and answer each call after 50 ms; listings are made there by hand and our rows are
written as a publish leaves them. Nothing differs the first time; then twenty prices are edited there. `calls` beside `calls_least` (the
pages, and one look at the orders of each account) says what was asked for nothing. Memory is that of the process which holds Haggle,
when a fifth of the pages was read and at most afterwards.
"""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import insert, select

from bot import logs
from core.flows import reconciling
from storage.asking import table_of
from storage.keys import new_key
from storage.models import Account, Difference, Item, Listing, Reconciliation, Stock
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

LISTINGS = 10_000
EDITED = 20
LATENCY = 0.05
PAGES = {"ebay": 200, "shopify": 250}
AT_ONCE = 8
MEGABYTE = 1024 * 1024


def run() -> list[dict[str, Any]]:
    """A row for each time. Seconds, calls, megabytes."""
    logs.set_up("warning")
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[dict[str, Any]]:
    (folder / "haggle").mkdir()
    sandbox = SandboxProcess.start(folder / "sandbox", latency=LATENCY)
    try:
        async with open_shop(folder / "haggle", sandbox, poll_seconds=600) as shop:
            made = await _make_all(sandbox, LISTINGS // 2)
            await _know_all(shop, made)
            rows = [await _measured(shop, "nothing differs", 0)]
            for listing in made["shopify"][:EDITED]:
                await asyncio.to_thread(sandbox.edit, "shopify", listing["id"], price="12.00")
            return [*rows, await _measured(shop, f"{EDITED} prices edited there", EDITED)]
    finally:
        sandbox.close()


async def _make_all(sandbox: SandboxProcess, each: int) -> dict[str, list[dict[str, Any]]]:
    """So many listings on each marketplace, by the sku `BENCH-number`."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(trust_env=False, timeout=60, base_url=sandbox.url) as client:

        async def make(marketplace: str, number: int) -> dict[str, Any]:
            wish = {"marketplace": marketplace, "title": f"Thing {number}", "price": "10.00", "sku": f"BENCH-{number}"}
            async with gate:
                found: dict[str, Any] = (await client.post("/control/list", json=wish)).raise_for_status().json()
                return found

        return {kind: list(await asyncio.gather(*(make(kind, number) for number in range(1, each + 1)))) for kind in PAGES}


async def _know_all(shop: TestShop, made: dict[str, list[dict[str, Any]]]) -> None:
    """Our side of them, as publishing leaves it."""
    db, workspace, now = shop.app.house.db, shop.person.workspace_id, shop.app.house.db.now()
    async with db.read() as session:
        accounts = {one.channel: one.id for one in (await session.execute(select(Account))).scalars()}
    items = [
        {
            "id": new_key(), "workspace_id": workspace, "number": number, "sku": f"BENCH-{number}", "state": "live",
            "title": f"Thing {number}", "currency": "USD", "price": 1000, "created_at": now, "changed_at": now,
        }
        for number in range(1, len(made["ebay"]) + 1)
    ]  # fmt: skip
    listings = [
        {
            "id": new_key(), "workspace_id": workspace, "item_id": item["id"], "account_id": accounts[kind], "channel": kind,
            "sku": item["sku"], "state": "active", "needs_person": False, "wanted": "live", "price": 1000, "quantity": 1,
            "url": there["url"],
            "external": {"product" if kind == "shopify" else "listing": there["id"]}, "listing_ref": there["id"], "fields": {},
            "seen": {"price": 1000, "quantity": 1}, "listed_at": now, "reread_count": 0,
        }
        for kind, all_there in made.items()
        for item, there in zip(items, all_there, strict=True)
    ]  # fmt: skip
    stocks = [
        {"item_id": one["id"], "workspace_id": workspace, "total": 1, "reserved": 0, "low_at": 2, "reorder_at": 0, "peak": 1}
        for one in items
    ]
    for model, rows in ((Item, items), (Stock, stocks), (Listing, listings)):
        for start in range(0, len(rows), 500):
            async with db.write() as session:
                await session.execute(insert(table_of(model)), rows[start : start + 500])


async def _measured(shop: TestShop, name: str, differences: int) -> dict[str, Any]:
    db, process = shop.app.house.db, psutil.Process()
    before, cpu, started = shop.sandbox.calls(), process.cpu_times(), time.perf_counter()
    async with db.write() as session:
        there = list((await session.execute(select(Account).order_by(Account.id))).scalars())
        batch = await reconciling.begin(session, shop.app.house, shop.person.workspace_id, there, by=shop.person.actor)
    memory = await _until_done(shop, batch, process)
    seconds, used = time.perf_counter() - started, process.cpu_times()
    spent = {key: count - before.get(key, 0) for key, count in shop.sandbox.calls().items() if count > before.get(key, 0)}
    async with db.read() as session:
        asked = len((await session.execute(select(Difference.id).where(Difference.kind == "price", Difference.state == "open"))).all())
        counts = (await session.execute(select(Reconciliation.counts).where(Reconciliation.batch == batch))).scalars().all()
    pages = sum(math.ceil(LISTINGS / 2 / size) for size in PAGES.values())
    calls = sum(spent.values())
    least = pages + len(PAGES) + differences  # a difference is looked at by itself, before anybody is asked about it
    early = memory[len(memory) // 5]
    return {
        "name": f"reconcile, {name}", "listings": sum(one["compared"] for one in counts), "asked": asked, "seconds": round(seconds, 2),
        "calls": calls, "calls_least": least, "ratio_calls": round(calls / least, 3),
        "cpu_ms_per_listing": round((used.user + used.system - cpu.user - cpu.system) * 1000 / LISTINGS, 3),
        "memory_early_mb": round(early / MEGABYTE, 1), "memory_most_mb": round(max(memory) / MEGABYTE, 1),
        "ratio_memory": round(max(memory) / early, 3), "met": calls <= least and max(memory) / early <= 1.1,
    }  # fmt: skip


async def _until_done(shop: TestShop, batch: str, process: psutil.Process) -> list[int]:
    """The memory that was held, looked at now and then until all of the batch is done."""
    held: list[int] = [process.memory_info().rss]
    query = select(Reconciliation.state).where(Reconciliation.batch == batch)
    async with asyncio.timeout(600):
        while True:
            async with shop.app.house.db.read() as session:
                states = set((await session.execute(query)).scalars())
            held.append(process.memory_info().rss)
            if "waiting" not in states:
                assert states == {"done"}, states
                return held
            await asyncio.wait({asyncio.create_task(shop.app.idle())}, timeout=0.1)


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
