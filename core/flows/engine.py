"""Carries claimed rows: runs the flow of their table, keeps their leases alive, and decides what an error means.

A flow does its job and finishes its row in its own transaction. What it raises ends here: `Busy` and `Unreachable` become a later
`due_at`, everything else goes to the flow's own `fail`, which makes a card for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import structlog

from core.errors import Busy, HaggleError, Unreachable
from core.words import Told
from storage import work
from storage.db import Database, log_fault, wake
from storage.dispatch.inprocess import InProcess
from storage.work import KINDS, Claim, LostClaim

log = structlog.get_logger()


class Flow(Protocol):
    """The code that carries one table of work."""

    async def carry(self, claim: Claim) -> None:
        """Do it and finish the row. Raises `core.errors`."""

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        """Seconds until the next try, or None to give up."""

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """Tell people that it is being tried again, where that matters. The row was put back already."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        """Give up: finish the row as failed and tell a person. Raises `LostClaim`."""

    async def lost(self, claim: Claim) -> None:
        """Another worker has the row: look after what we may have done outside since it was taken from us."""


class Engine:
    """One per process. `flows` maps a table to its flow."""

    def __init__(self, db: Database, worker: str, flows: Mapping[str, Flow], *, capacity: int = 64) -> None:
        self._db = db
        self._flows = flows
        self.worker = worker
        self.local = InProcess(db, worker, self._carry, tables=tuple(flows), capacity=capacity)
        self._renewing: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.local.start()
        self._renewing = asyncio.create_task(self._renew(), name="leases")

    async def stop(self) -> None:
        await self.local.stop()
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(work.RENEW_EVERY.total_seconds())
            try:
                await work.renew(self._db, self.local.held)
            except Exception as error:  # noqa: BLE001 - a lease that is not renewed runs out; that is safe
                log_fault(error, "renewing leases failed")

    async def _carry(self, claim: Claim) -> None:
        flow = self._flows[claim.table]
        with structlog.contextvars.bound_contextvars(work=f"{claim.table}:{claim.id}", attempt=claim.attempts):
            try:
                await self._try(flow, claim)
            except LostClaim:
                log.info("lost the claim")
                await flow.lost(claim)

    async def _try(self, flow: Flow, claim: Claim) -> None:
        try:
            await flow.carry(claim)
        except LostClaim:
            raise
        except HaggleError as error:
            log.info("did not work", error=str(error), kind=type(error).__name__, cause=error.cause)
            await self._decide(flow, claim, error)
        except Exception as error:  # noqa: BLE001 - logged whole, tried again, and shown when it stays
            log_fault(error, "broke")
            await self._decide(flow, claim, Unreachable(Told("Something broke inside Haggle; the log says more."), cause=repr(error)))

    async def _decide(self, flow: Flow, claim: Claim, error: HaggleError) -> None:
        delay = flow.again_in(error, claim)
        if delay is None:
            await flow.fail(claim, error)
            return
        # Being asked to wait is no failed try: it must not use up those of a marketplace that is really away. A poll is tried for
        # ever, and for how often it failed tells that an account is silent.
        free = isinstance(error, Busy) and claim.table != "account"
        await put_back(self._db, replace(claim, attempts=claim.attempts - 1) if free else claim, delay, error)
        await flow.retrying(claim, error)


async def put_back(db: Database, claim: Claim, delay: float, error: HaggleError | None = None) -> None:
    """Free the row and make it due in `delay` seconds. Raises `LostClaim`."""
    kind = KINDS[claim.table]
    state = kind.waiting[0] if claim.state == kind.running else claim.state
    async with db.write() as session:
        due = db.now() + timedelta(seconds=delay)
        await work.finish(session, claim, state=state, due_at=due, attempts=claim.attempts, last_error=error.sentence if error else "")
        wake(session, claim.table, claim.id, priority=claim.priority, delay=delay)
