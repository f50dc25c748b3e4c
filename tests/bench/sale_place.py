"""Where the sale benches sell: stand-ins with 50 ms a call, the whole of Haggle, and on PostgreSQL some workers beside it."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import psutil

from bot.settings import variable_of
from storage.keys import new_key
from tests.chaos.rows import Rows
from tests.chaos.stage import Haggle, free_port
from tests.requires import ROOT
from tests.sandbox_process import SandboxProcess
from tests.shop import settings_for

LATENCY = 0.05
SHOPIFY_POINTS = 100_000
PATIENCE = 240.0  # seconds for what is not down after the last purchase

RESULTS = """
SELECT sales_order.external_id AS bought, min(inbox_event.received_at) AS arrived_at, max(change.finished_at) AS ended_at
FROM sales_order
JOIN change ON change.order_id = sales_order.id AND change.kind = 'delist'
JOIN inbox_event ON {resource} = sales_order.external_id
GROUP BY sales_order.id, sales_order.external_id
HAVING count(CASE WHEN change.state = 'done' THEN 1 END) = count(*) AND count(DISTINCT change.listing_id) = 2
"""


@dataclass(frozen=True, slots=True)
class Load:
    """`rate` in sales a second, 0 for all at once. Targets in seconds for the median and the 99th percentile; None where there is none."""

    name: str
    rate: float
    sales: int
    p50: float | None = None
    p99: float | None = None


@dataclass
class Place:
    """`database` is the address of a PostgreSQL database, "" for SQLite. `lost`: no webhook ever arrives."""

    folder: Path
    sandbox: SandboxProcess
    database: str = ""
    workers: int = 0
    lost: bool = False
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: new_key() + new_key())
    _listed: int = 0

    @classmethod
    def made(cls, folder: Path, **more: Any) -> Place:
        (folder / "haggle").mkdir(parents=True)
        return cls(folder, SandboxProcess.start(folder / "sandbox", shopify_points=SHOPIFY_POINTS), **more)

    async def stock(self, count: int) -> Iterator[int]:
        """List so many new items, quickly. Answers their numbers."""
        first, self._listed = self._listed + 1, self._listed + count
        self._begin(0.0)
        async with self._haggle(first, count):
            pass
        self._begin(LATENCY)
        return iter(range(first, first + count))

    def _begin(self, latency: float) -> None:
        self.sandbox.stop()
        self.sandbox.settings["latency"] = latency
        self.sandbox.up()
        if self.lost:
            self.sandbox.fault("webhook_lost", marketplace="*")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[list[psutil.Process]]:
        """Haggle runs. Gives its processes."""
        async with self._haggle(0, 0) as process:
            workers = [Haggle(self._environment(), self.folder / f"worker-{number}.log") for number in range(self.workers)]
            try:
                for one in workers:
                    one.start()
                yield [psutil.Process(process.pid), *(psutil.Process(one.pid) for one in workers)]
            finally:
                for one in workers:
                    one.stop()

    @asynccontextmanager
    async def _haggle(self, first: int, count: int) -> AsyncIterator[Process]:
        command = [sys.executable, "-m", "tests.bench.sale_shop", str(first), str(count)]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, env=self._environment())
        assert process.stdout is not None
        try:
            if await process.stdout.readline() != b"ready\n":
                raise RuntimeError("Haggle did not start")
            yield process
        finally:
            await process.communicate(b"")  # which closes its standard input: it ends then

    def _environment(self) -> dict[str, str]:
        """Settings, for all processes the same."""
        settings = settings_for(
            self.folder / "haggle", self.sandbox, port=self.port, public_url=f"http://127.0.0.1:{self.port}", log_level="warning",
            ebay_alert_email="seller@haggle.example", database_url=self.database, ebay_verification_token=self.token,
        )  # fmt: skip
        ours = {variable_of(name): str(value) for name, value in settings.model_dump(exclude_unset=True).items() if value != ""}
        return {**{name: value for name, value in os.environ.items() if not name.startswith("HAGGLE_")}, **ours}

    def rows(self) -> Rows:
        return Rows(self.database or str(self.folder / "haggle" / "haggle.db"))

    async def sell(self, load: Load, numbers: Iterator[int]) -> dict[str, float]:
        """Buyers come at the load's rate, on both marketplaces in turns. Answers when each order was bought, by its id there."""
        bought: dict[str, float] = {}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

            async def buy(marketplace: str, number: int) -> None:
                at = time.time()
                wish = {"marketplace": marketplace, "listing": f"SHELF-{number}"}
                order = (await client.post(f"{self.sandbox.url}/control/buy", json=wish)).raise_for_status().json()
                bought[order["orderId"] if marketplace == "ebay" else order["admin_graphql_api_id"]] = at

            started = time.perf_counter()
            async with asyncio.TaskGroup() as buyers:
                for count, (marketplace, number) in enumerate(
                    zip(cycle(("ebay", "shopify")), islice(numbers, load.sales), strict=False), 1
                ):
                    buyers.create_task(buy(marketplace, number))
                    if load.rate:
                        await asyncio.sleep(max(0.0, started + count / load.rate - time.perf_counter()))
        return bought

    async def until_gone(self, orders: set[str]) -> dict[str, tuple[float, float]]:
        """Arrival of the webhook and the last delist's proof, per order. Raises TimeoutError when some are never proven."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await asyncio.to_thread(self._results)
                if orders <= found.keys():
                    return {order: found[order] for order in orders}
                await asyncio.sleep(1)

    def _results(self) -> dict[str, tuple[float, float]]:
        rows = self.rows()
        try:
            resource = "inbox_event.body ->> 'resource'" if self.database else "json_extract(inbox_event.body, '$.resource')"
            found = rows.all(RESULTS.format(resource=resource))
            return {str(one["bought"]): (one["arrived_at"].timestamp(), one["ended_at"].timestamp()) for one in found}
        finally:
            rows.close()

    def standin(self) -> psutil.Process:
        return psutil.Process(json.loads((self.folder / "sandbox" / "sandbox.json").read_text())["pid"])

    def close(self) -> None:
        self.sandbox.close()


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of processor time that they have used."""
    return sum(float(one.cpu_times().user + one.cpu_times().system) for one in processes)


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile of sorted values."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]
