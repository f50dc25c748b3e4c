"""Sales: from a webhook's arrival to the last native delist that was read back.

    python -m tests.bench sales

Processes on this machine besides the bench itself: the stand-in marketplaces, which answer each call after 50 ms, and the whole
of Haggle, which gets their signed webhooks. Items are listed on eBay and Shopify beforehand; buyers then come at a steady rate, on
both in turns, or a hundred at once. The stand-in's Shopify is given more query points than the standard plan's 100 a second, which
would allow some four delists a second.

`ratio` is the median over what the calls alone take: an order is fetched, and a listing is looked at, ended and looked at again,
one call after the other. `highest` is the highest rate of those tried whose 99th percentile stays within 5 s.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.bench.sale_place import LATENCY, Load, Place, cpu, percentile

CALLS_IN_A_ROW = 4
IDEAL = CALLS_IN_A_ROW * LATENCY
BEARABLE = 5.0  # seconds that the 99th percentile may take at the highest rate
PROBES, PROBE_SECONDS = 3, 10
LOADS = (
    Load("1 a second", 1, 20),
    Load("10 a second", 10, 200, 0.4, 1.0),
    Load("50 a second", 50, 1000, None, 3.0),
    Load("100 a second", 100, 1500),
    Load("burst of 100", 0, 100),
)


def run(loads: Sequence[Load] = LOADS, probes: int = PROBES) -> list[dict[str, Any]]:
    """A row for each load, and the highest rate. Times in seconds, CPU in cores."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(all_of("SQLite", Place.made(Path(folder)), loads, probes))


async def all_of(name: str, place: Place, loads: Sequence[Load] = LOADS, probes: int = PROBES) -> list[dict[str, Any]]:
    try:
        numbers = await place.stock(sum(load.sales for load in loads))
        async with place.open() as haggle:
            found = [await measured(name, place, haggle, load, numbers) for load in loads]
        return [*found, await highest(name, place, {one["rate"]: one["p99"] for one in found if one["rate"]}, probes)]
    finally:
        place.close()


async def highest(name: str, place: Place, p99: dict[float, float], probes: int) -> dict[str, Any]:
    """Halve the gap between the highest rate that is borne and the lowest that is not, a few times."""
    for _ in range(probes):
        rate = next_rate(p99)
        load = Load(f"{rate:g} a second", rate, round(rate * PROBE_SECONDS))
        numbers = await place.stock(load.sales)
        async with place.open() as haggle:
            p99[rate] = (await measured(name, place, haggle, load, numbers))["p99"]
    borne = [rate for rate, worst in p99.items() if worst <= BEARABLE]
    return {"name": f"{name}, highest rate", "rate": max(borne, default=0.0), "tried": {f"{rate:g}": p99[rate] for rate in sorted(p99)}}


def next_rate(p99: dict[float, float]) -> float:
    """Half way between what is borne and what is not; half as much again while nothing is too much."""
    low = max((rate for rate, worst in p99.items() if worst <= BEARABLE), default=0.0)
    high = min((rate for rate, worst in p99.items() if worst > BEARABLE and rate > low), default=0.0)
    return round((low + high) / 2, 1) if high else round(low * 1.5, 1)


async def measured(name: str, place: Place, haggle: list[psutil.Process], load: Load, numbers: Iterator[int]) -> dict[str, Any]:
    """Sell at this load, wait until everything is proven gone, and count."""
    theirs = [place.standin()]
    calls, cpus, started = sum(place.sandbox.calls().values()), (cpu(haggle), cpu(theirs)), time.time()
    bought = await place.sell(load, numbers)
    done = await place.until_gone(set(bought))
    seconds = time.time() - started
    used = [(cpu(one) - before) / seconds for one, before in zip((haggle, theirs), cpus, strict=True)]
    calls = sum(place.sandbox.calls().values()) - calls
    from_webhook = sorted(ended - arrived for arrived, ended in done.values())
    from_purchase = sorted(done[order][1] - at for order, at in bought.items())
    drain = max(ended for _, ended in done.values()) - min(arrived for arrived, _ in done.values())
    p50, p99 = percentile(from_webhook, 50), percentile(from_webhook, 99)
    return {
        "name": f"{name}, {load.name}", "rate": load.rate,
        "p50": round(p50, 3), "p99": round(p99, 3), "worst": round(from_webhook[-1], 3),
        "p50_from_purchase": round(percentile(from_purchase, 50), 3), "p99_from_purchase": round(percentile(from_purchase, 99), 3),
        "drain": round(drain, 3), "ratio": round(p50 / IDEAL, 2), "ratio_p99": round(p99 / IDEAL, 2),
        "calls_per_sale": round(calls / load.sales, 2), "cpu_ms_per_sale": round(used[0] * seconds / load.sales * 1000, 1),
        "cpu_haggle": round(used[0], 2), "cpu_standin": round(used[1], 2),
        "target_p50": load.p50, "target_p99": load.p99,
        "met": None if load.p99 is None else p99 <= load.p99 and (load.p50 is None or p50 <= load.p50),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
