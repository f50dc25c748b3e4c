"""How long until a sale is heard of when no webhook ever comes: from the purchase to the order's row, one sale a second.

    python -m tests.bench polling

Nobody tells of a sale, so the poll must find it: every 90 s as Haggle is set up from the start (`HAGGLE_POLL_SECONDS`). Takes four minutes.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.sale_place import PATIENCE, Load, Place, percentile

SECONDS = 120
TARGET = 120.0  # TABLES: orders are polled every 60 to 120 s


def run(seconds: int = SECONDS) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Place.made(Path(folder), lost=True), Load("1 a second", 1, seconds)))


async def _run(place: Place, load: Load) -> dict[str, Any]:
    try:
        numbers = await place.stock(load.sales)
        async with place.open():
            bought = await place.sell(load, numbers)
            seen = await _until_seen(place, set(bought))
    finally:
        place.close()
    delays = sorted(seen[order] - at for order, at in bought.items())
    p50, p99 = percentile(delays, 50), percentile(delays, 99)
    return {
        "name": "heard of by polling alone", "p50": round(p50, 1), "p99": round(p99, 1), "worst": round(delays[-1], 1),
        "target_p99": TARGET, "met": p99 <= TARGET,
    }  # fmt: skip


async def _until_seen(place: Place, orders: set[str]) -> dict[str, float]:
    """When each order was first known here."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = place.rows()
            found = {one["external_id"]: one["seen_at"].timestamp() for one in rows.all("SELECT external_id, seen_at FROM sales_order")}
            rows.close()
            if orders <= found.keys():
                return {order: found[order] for order in orders}
            await asyncio.sleep(1)
