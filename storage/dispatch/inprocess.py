"""Wake-ups inside one process: a queue of hints, a batch claim, up to `capacity` rows carried at once. Idle, it sleeps.

Hints that are told together are claimed together. What its lane or turn holds back is parked until something finishes.
What is lost here (a crash, a full machine) is found by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from storage import work
from storage.db import Database
from storage.work import Claim

log = structlog.get_logger()

Carry = Callable[[Claim], Coroutine[Any, Any, None]]


class InProcess:
    """The embedded dispatcher. `tables` are the tables that this process carries."""

    def __init__(self, db: Database, worker: str, carry: Carry, *, tables: Sequence[str] = tuple(work.KINDS), capacity: int = 64) -> None:
        self._db = db
        self._worker = worker
        self._carry = carry
        self._tables = tables
        self._capacity = capacity
        self._hints: dict[str, dict[str, tuple[int, float]]] = {table: {} for table in tables}
        self._parked: dict[str, dict[str, int]] = {table: {} for table in tables}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._loop: asyncio.Task[None] | None = None

    @property
    def held(self) -> list[Claim]:
        """The claims being carried now."""
        return list(self._running.values())

    async def tell(self, table: str, ids: Sequence[str], *, priority: int = 5, delay: float = 0.0) -> None:
        if table not in self._hints:
            return
        due = asyncio.get_running_loop().time() + delay
        hints = self._hints[table]
        for key in ids:
            known = hints.get(key)
            hints[key] = (min(priority, known[0]), min(due, known[1])) if known else (priority, due)
        self._idle.clear()
        self._news.set()

    def start(self) -> None:
        self._loop = asyncio.create_task(self._run(), name="dispatcher")

    async def stop(self) -> None:
        """Stop taking work, let what runs end for a moment, then let go: leases run out and others go on."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=5)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def sweep(self) -> int:
        """Find what is due and free, whoever was told. Answers how many hints that made."""
        found = 0
        for table in self._tables:
            ids = await work.due_ids(self._db, table)
            found += len(ids)
            if ids:
                await self.tell(table, ids)
        return found

    async def idle(self) -> None:
        """Wait until nothing runs and nothing is due now (hints for later do not count)."""
        while self._running or self._due_now():
            self._idle.clear()
            await self._idle.wait()

    def _due_now(self) -> bool:
        now = asyncio.get_running_loop().time()
        return any(due <= now for hints in self._hints.values() for _, due in hints.values()) or any(self._parked.values())

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._claim_due()
            except Exception:  # the rows are still there and the sweep tells of them again
                log.exception("claiming failed")
                await asyncio.sleep(1)
            if not self._running and not self._due_now():
                self._idle.set()
            await self._wait()

    async def _wait(self) -> None:
        """Until news come or the next hint is due. With no free runner only a finish (which is news) helps."""
        nearest = min((due for hints in self._hints.values() for _, due in hints.values()), default=None)
        timeout = None
        if nearest is not None and len(self._running) < self._capacity:
            timeout = max(0.0, nearest - asyncio.get_running_loop().time())
        try:
            await asyncio.wait_for(self._news.wait(), timeout)
        except TimeoutError:
            return

    async def _claim_due(self) -> None:
        now = asyncio.get_running_loop().time()
        ready: list[tuple[int, str, list[str]]] = []
        for table, hints in self._hints.items():
            due = sorted((priority, key) for key, (priority, at) in hints.items() if at <= now)
            if due:
                ready.append((due[0][0], table, [key for _, key in due]))
        for _, table, keys in sorted(ready):
            free = self._capacity - len(self._running)
            if free <= 0:
                return
            await self._claim(table, keys[:256], free)

    async def _claim(self, table: str, keys: list[str], free: int) -> None:
        hints = self._hints[table]
        taken = {key: hints.pop(key) for key in keys}
        try:
            got = await work.claim(self._db, table, self._worker, ids=keys, limit=free)
        except BaseException:
            hints.update(taken)
            raise
        for key in got.blocked:
            self._parked[table][key] = taken[key][0]
        for claim in got.claims:
            task = asyncio.create_task(self._carry(claim), name=f"{table} {claim.id}")
            self._running[task] = claim
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        claim = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("carrying failed", table=claim.table, id=claim.id, exc_info=error)
        now = asyncio.get_running_loop().time()
        for table, parked in self._parked.items():
            for key, priority in parked.items():
                self._hints[table].setdefault(key, (priority, now))
            parked.clear()
        self._news.set()
