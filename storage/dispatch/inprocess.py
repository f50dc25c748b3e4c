"""Wake-ups inside one process: a queue of hints, a batch claim, up to `capacity` rows carried at once. Idle, it sleeps.

Hints that are told together are claimed together. What its lane or turn holds back is parked until something of that lane or
turn finishes. What is lost here (a crash, a full machine) is found by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from storage import work
from storage.db import Database, log_fault
from storage.dispatch.hints import Hints
from storage.work import Blocked, Claim, lane_name, turn_name

log = structlog.get_logger()

Carry = Callable[[Claim], Coroutine[Any, Any, None]]

BATCH = 256  # hints of one claim
UNPARK = 64  # of what waits behind a lane or turn, so many are tried when something of it ends: some may have become moot
PEEK = 0.3  # seconds until a blocked row is tried again where other processes work too: their finishes are no news here
LOCKED = 0.05  # seconds until a row is tried again that somebody's transaction had locked: a doubled webhook is counted in a few ms
URGENT = 1  # the priority of sales: their webhooks and delists
YIELD = 0.1  # seconds between two rows of a table that begin while a sale is being carried
PATIENCE = 5.0  # seconds that stopping waits for what runs


class InProcess:
    """The embedded dispatcher. `tables` are the tables that this process carries."""

    def __init__(self, db: Database, worker: str, carry: Carry, *, tables: Sequence[str] = tuple(work.KINDS), capacity: int = 64) -> None:
        self._db = db
        self._worker = worker
        self._carry = carry
        self.tables = tuple(tables)
        self._capacity = capacity
        self._hints = {table: Hints() for table in tables}
        self._parked: dict[str, dict[str, dict[str, int]]] = {table: {} for table in tables}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._ended = asyncio.Event()
        self._taking = 0  # hints that are being claimed this moment
        self._freed: set[tuple[str, str]] = set()  # lanes and turns of what ended during that moment
        self._stopping = False
        self._more = False  # the last sweep left something behind
        self._claimed_since_sweep = False
        self._turn_of = dict.fromkeys(tables, 0.0)  # when a table's next row may begin beside a sale
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._loop: asyncio.Task[None] | None = None

    @property
    def held(self) -> list[Claim]:
        """The claims being carried now."""
        return list(self._running.values())

    @property
    def room(self) -> int:
        """How many more rows that are due now would be claimed now."""
        return 0 if self._stopping else max(0, self._capacity - len(self._running) - self._taking - self._due_now())

    async def wait_for_room(self) -> None:
        while not self.room:
            self._ended.clear()
            await self._ended.wait()

    async def tell(self, table: str, ids: Sequence[str], *, priority: int = 5, delay: float = 0.0) -> None:
        if table not in self._hints:
            return
        now = self._now()
        for key in ids:
            self._hints[table].add(key, priority, now + delay, now)
        self._idle.clear()
        self._news.set()

    def start(self) -> None:
        self._stopping = False
        self._loop = asyncio.create_task(self._run(), name="dispatcher")

    async def stop(self) -> None:
        """Stop taking work, let what runs end for a moment, then let go: leases run out and others go on."""
        self._stopping = True
        self._news.set()
        if self._loop is not None:
            await _end([self._loop])
        await _end(list(self._running))

    async def sweep(self) -> int:
        """Find what is due and free, whoever was told. Answers how many hints that made."""
        found = 0
        self._more = self._claimed_since_sweep = False
        for table in self.tables:
            ids = await work.due_ids(self._db, table, BATCH)
            found += len(ids)
            self._more = self._more or len(ids) >= BATCH
            self._parked[table].clear()  # found again just now, unless another process took it
            if ids:
                await self.tell(table, ids)
        return found

    async def idle(self) -> None:
        """Wait until nothing runs and nothing is due now (hints for later do not count)."""
        while self._busy():
            self._idle.clear()
            await self._idle.wait()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _busy(self) -> bool:
        return bool(self._running or self._taking or self._due_now())

    def _due_now(self) -> int:
        """How many rows that we were told of are due."""
        now = self._now()
        return sum(hints.due(now) for hints in self._hints.values())

    async def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            try:
                await self._claim_due()
                if self._more and self._claimed_since_sweep and not self._busy():
                    await self.sweep()
            except Exception as error:  # noqa: BLE001 - the rows are still there and the sweep tells of them again
                log_fault(error, "claiming failed")
                await asyncio.sleep(1)
            if not self._busy():
                self._idle.set()
            await self._wait()

    async def _wait(self) -> None:
        """Until news come or the next hint is due. With no free runner only a finish (which is news) helps."""
        timeout = None
        if len(self._running) < self._capacity and (nearest := self._nearest()) is not None:
            timeout = max(0.0, nearest - self._now())
        try:
            await asyncio.wait_for(self._news.wait(), timeout)
        except TimeoutError:
            return

    def _nearest(self) -> float | None:
        """When there is something to claim."""
        now, urgent = self._now(), self._urgent()
        times: list[float] = []
        for table, hints in self._hints.items():
            if hints.due(now):
                best = hints.best()
                times.append(self._turn_of[table] if urgent and best is not None and best > URGENT else now)
            if (later := hints.next_at()) is not None:
                times.append(later)
        return min(times, default=None)

    async def _claim_due(self) -> None:
        now = self._now()
        ready = sorted((best, table) for table, hints in self._hints.items() if hints.due(now) and (best := hints.best()) is not None)
        for priority, table in ready:
            free = self._capacity - len(self._running)
            if free <= 0:
                return
            if priority > URGENT and self._urgent():
                if now < self._turn_of[table]:
                    continue
                self._turn_of[table], free = now + YIELD, 1
            await self._claim(table, free)

    def _urgent(self) -> bool:
        """Whether a sale is being carried: then everything else gets a row in now and then, so that it neither hinders nor starves."""
        return any(claim.priority <= URGENT for claim in self._running.values())

    async def _claim(self, table: str, free: int) -> None:
        taken = self._hints[table].take(BATCH)
        self._taking = len(taken)
        self._freed.clear()
        try:
            got = await work.claim(self._db, table, self._worker, ids=list(taken), limit=free)
        except BaseException:
            self._tell_again(table, taken)
            raise
        finally:
            self._taking = 0
        self._park(table, got.blocked, taken)
        self._tell_again(table, {key: taken[key] for key in got.locked}, LOCKED)
        for claim in got.claims:
            task = asyncio.create_task(self._carry(claim), name=f"{table} {claim.id}")
            self._running[task] = claim
            task.add_done_callback(self._finished)
            self._claimed_since_sweep = True

    def _park(self, table: str, blocked: Sequence[Blocked], taken: dict[str, int]) -> None:
        held_back = [one for one in blocked if one.behind and (table, one.behind) not in self._freed]
        at_once = {one.id for one in blocked} - {one.id for one in held_back}
        self._tell_again(table, {key: taken[key] for key in at_once})
        for one in held_back:
            self._parked[table].setdefault(one.behind, {})[one.id] = taken[one.id]
        if not self._db.is_sqlite:
            self._tell_again(table, {one.id: taken[one.id] for one in held_back[:UNPARK]}, PEEK)

    def _tell_again(self, table: str, taken: dict[str, int], delay: float = 0.0) -> None:
        now = self._now()
        for key, priority in taken.items():
            self._hints[table].add(key, priority, now + delay, now)

    def _finished(self, task: asyncio.Task[None]) -> None:
        claim = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()):
            log_fault(error, "carrying failed", table=claim.table, id=claim.id)
        for behind in (lane_name(claim.lane), turn_name(claim.turn)):
            self._freed.add((claim.table, behind))
            self._unpark(claim.table, behind)
        self._ended.set()
        self._news.set()

    def _unpark(self, table: str, behind: str) -> None:
        waiting = self._parked[table].pop(behind, {})
        best = sorted((priority, key) for key, priority in waiting.items())
        self._tell_again(table, {key: priority for priority, key in best[:UNPARK]})
        if rest := {key: priority for priority, key in best[UNPARK:]}:
            self._parked[table][behind] = rest


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Let tasks end by themselves for a moment, then cancel them."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=PATIENCE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
