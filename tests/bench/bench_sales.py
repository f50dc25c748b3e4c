"""Sales: from a webhook's arrival to the last native delist that was read back.

    python -m tests.bench.bench_sales

Two processes on this machine besides the bench itself: the stand-in marketplaces, which answer each call after 50 ms, and the whole
of Haggle, which gets their signed webhooks. Items are listed on eBay and Shopify beforehand; buyers then come at a steady rate, on
both in turns, or a hundred at once. The stand-in's Shopify is given more query points than the standard plan's 100 a second, which
would allow some four delists a second.

`ratio` is the median over what the calls alone take: an order is fetched, and a listing is looked at, ended and looked at again,
one call after the other.
"""

from __future__ import annotations

import asyncio
import json
import math
import socket
import sqlite3
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.requires import ROOT
from tests.sandbox_process import SandboxProcess

LATENCY = 0.05
SHOPIFY_POINTS = 100_000
CALLS_IN_A_ROW = 4
IDEAL = CALLS_IN_A_ROW * LATENCY
PATIENCE = 240.0  # seconds for what is not down after the last purchase

RESULTS = """
SELECT sales_order.external_id, min(inbox_event.received_at), max(change.finished_at)
FROM sales_order
JOIN change ON change.order_id = sales_order.id AND change.kind = 'delist'
JOIN inbox_event ON json_extract(inbox_event.body, '$.resource') = sales_order.external_id
GROUP BY sales_order.id
HAVING min(change.state = 'done') AND count(DISTINCT change.listing_id) = 2
"""


@dataclass(frozen=True, slots=True)
class Load:
    """`rate` in sales a second, 0 for all at once. Targets in seconds for the median and the 99th percentile; None where there is none."""

    name: str
    rate: float
    sales: int
    p50: float | None = None
    p99: float | None = None


LOADS = (
    Load("1 a second", 1, 20),
    Load("10 a second", 10, 200, 0.4, 1.0),
    Load("50 a second", 50, 1000, None, 2.0),
    Load("burst of 100", 0, 100),
)
ITEMS = sum(load.sales for load in LOADS)


def run() -> list[dict[str, Any]]:
    """A row for each load. Times in seconds, CPU in cores."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder)))


async def _run(folder: Path) -> list[dict[str, Any]]:
    (folder / "haggle").mkdir()
    port = _free_port()
    sandbox = SandboxProcess.start(folder / "sandbox", shopify_points=SHOPIFY_POINTS)
    try:
        async with shop(folder, sandbox, port, ITEMS):
            pass
        sandbox.stop()
        sandbox.settings["latency"] = LATENCY
        sandbox.up()
        numbers = iter(range(1, ITEMS + 1))
        async with shop(folder, sandbox, port) as process:
            return [await measured(folder, sandbox, process, load, numbers) for load in LOADS]
    finally:
        sandbox.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def shop(folder: Path, sandbox: SandboxProcess, port: int, items: int = 0) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "tests.bench.sale_shop", str(folder / "haggle"), sandbox.url, str(port), str(items)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError("Haggle did not start")
        yield process
    finally:
        await process.communicate(b"")  # which closes its standard input: it ends then


async def measured(folder: Path, sandbox: SandboxProcess, process: Process, load: Load, numbers: Iterator[int]) -> dict[str, Any]:
    """Sell at this load, wait until everything is proven gone, and count."""
    ours = psutil.Process(process.pid)
    theirs = psutil.Process(json.loads((folder / "sandbox" / "sandbox.json").read_text())["pid"])
    calls, cpus, started = sum(sandbox.calls().values()), (_cpu(ours), _cpu(theirs)), time.time()
    bought = await buy_all(sandbox.url, load, numbers)
    done = await _until_gone(folder / "haggle" / "haggle.db", set(bought))
    seconds = time.time() - started
    used = [(_cpu(one) - before) / seconds for one, before in zip((ours, theirs), cpus, strict=True)]
    calls = sum(sandbox.calls().values()) - calls
    from_webhook = sorted(ended - arrived for arrived, ended in done.values())
    from_purchase = sorted(done[order][1] - at for order, at in bought.items())
    drain = max(ended for _, ended in done.values()) - min(arrived for arrived, _ in done.values())
    p50, p99 = percentile(from_webhook, 50), percentile(from_webhook, 99)
    return {
        "name": f"sales, {load.name}",
        "p50": round(p50, 3), "p99": round(p99, 3), "worst": round(from_webhook[-1], 3),
        "p50_from_purchase": round(percentile(from_purchase, 50), 3), "p99_from_purchase": round(percentile(from_purchase, 99), 3),
        "drain": round(drain, 3), "ratio": round(p50 / IDEAL, 2), "ratio_p99": round(p99 / IDEAL, 2),
        "calls_per_sale": round(calls / load.sales, 2), "cpu_ms_per_sale": round(used[0] * seconds / load.sales * 1000, 1),
        "cpu_haggle": round(used[0], 2), "cpu_standin": round(used[1], 2),
        "target_p50": load.p50, "target_p99": load.p99,
        "met": None if load.p99 is None else p99 <= load.p99 and (load.p50 is None or p50 <= load.p50),
    }  # fmt: skip


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def buy_all(url: str, load: Load, numbers: Iterator[int]) -> dict[str, float]:
    """When each order was bought, by the marketplace's id of it."""
    bought: dict[str, float] = {}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

        async def buy(marketplace: str, number: int) -> None:
            at = time.time()
            answer = await client.post(f"{url}/control/buy", json={"marketplace": marketplace, "listing": f"SHELF-{number}"})
            order = answer.raise_for_status().json()
            bought[order["orderId"] if marketplace == "ebay" else order["admin_graphql_api_id"]] = at

        started = time.perf_counter()
        async with asyncio.TaskGroup() as buyers:
            for count, marketplace in zip(range(load.sales), cycle(("ebay", "shopify")), strict=False):
                buyers.create_task(buy(marketplace, next(numbers)))
                if load.rate:
                    await asyncio.sleep(max(0.0, started + (count + 1) / load.rate - time.perf_counter()))
    return bought


async def _until_gone(database: Path, orders: set[str]) -> dict[str, tuple[float, float]]:
    """Arrival of the webhook and the last delist's proof, per order. Raises TimeoutError when some are never proven."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await asyncio.to_thread(_results, database)
            if orders <= found.keys():
                return {order: found[order] for order in orders}
            await asyncio.sleep(1)


def _results(database: Path) -> dict[str, tuple[float, float]]:
    reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return {str(order): (_time(arrived), _time(ended)) for order, arrived, ended in reader.execute(RESULTS)}
    finally:
        reader.close()


def _time(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile of sorted values."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
