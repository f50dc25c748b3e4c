"""Outgoing webhooks: recorded with the change that causes them, sent at once, tried again until they are taken.

A delivery is a document of kind `delivery`, so a killed stand-in goes on where it was. How it is signed is the
marketplace's business (`Market.seal`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx
import structlog

from integrations.sandbox.faults import WEBHOOK_KINDS, Fault

if TYPE_CHECKING:
    from integrations.sandbox.world import World

log = structlog.get_logger(__name__)


class Outbox:
    """`sent` counts deliveries that were taken (2xx), `failed` attempts that were not, since the start."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._next_sent = asyncio.Event()
        self.sent = 0
        self.failed = 0

    def send(self, market: str, url: str, topic: str, payload: Mapping[str, Any], **more: Any) -> None:
        """Record a delivery and start it. `payload` and `more` are JSON values that `Market.seal` gets back."""
        for fault in self._world.faults.strike(WEBHOOK_KINDS, market, topic):
            match fault.kind:
                case "webhook_lost":
                    return
                case "webhook_duplicate":
                    self._record(market, url, topic, payload, more, None)
                case _:
                    self._record(market, url, topic, payload, more, fault)
                    return
        self._record(market, url, topic, payload, more, None)

    def resume(self) -> None:
        """Start what an earlier process left unsent."""
        for delivery in list(self._world.store.all("delivery").values()):
            if not delivery["given_up"]:
                self._start(delivery, None)

    def pending(self) -> list[dict[str, Any]]:
        """What has not been taken yet, given up or not."""
        return list(self._world.store.all("delivery").values())

    def _record(self, market: str, url: str, topic: str, payload: Mapping[str, Any], more: Mapping[str, Any], fault: Fault | None) -> None:
        key = str(self._world.store.number("delivery", 1))
        delivery = {
            "id": key,
            "market": market,
            "url": url,
            "topic": topic,
            "payload": dict(payload),
            "attempts": 0,
            "given_up": False,
            **more,
        }
        self._world.store.put("delivery", key, delivery)
        self._start(delivery, fault)

    def _start(self, delivery: dict[str, Any], fault: Fault | None) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(delivery, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, delivery: dict[str, Any], fault: Fault | None) -> None:
        if fault is not None and fault.kind == "webhook_delay":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "webhook_reorder":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._next_sent.wait(), fault.seconds)
        waits = self._world.settings.delivery_waits
        while self._world.store.get("delivery", delivery["id"]) is delivery:
            delivery["attempts"] += 1
            self._world.store.flush()
            if await self._attempt(delivery):
                self.sent += 1
                self._world.store.delete("delivery", delivery["id"])
                self._next_sent.set()
                self._next_sent = asyncio.Event()
                return
            self.failed += 1
            if delivery["attempts"] > len(waits):
                delivery["given_up"] = True
                self._world.store.put("delivery", delivery["id"], delivery)
                self._world.markets[delivery["market"]].gave_up(delivery)
                self._world.store.flush()
                return
            self._world.store.put("delivery", delivery["id"], delivery)
            await asyncio.sleep(waits[delivery["attempts"] - 1])

    async def _attempt(self, delivery: dict[str, Any]) -> bool:
        sealed = self._world.markets[delivery["market"]].seal(delivery, delivery["attempts"])
        try:
            answer = await self.client.post(delivery["url"], content=sealed.body, headers=dict(sealed.headers))
        except httpx.HTTPError as error:
            log.info("webhook not taken", topic=delivery["topic"], error=type(error).__name__)
            return False
        return answer.is_success

    @property
    def client(self) -> httpx.AsyncClient:
        """The one client for calls to subscribers."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._world.settings.delivery_timeout, trust_env=False)
        return self._client

    async def close(self) -> None:
        """Stop sending; what is left stays recorded."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None
