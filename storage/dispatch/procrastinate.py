"""Wake-ups between processes: procrastinate spreads them over every worker on every machine.

A job says "look at these rows"; whichever process takes it tells its own in-process dispatcher, which claims. A process takes
no job while it has no room, so that the others do. Jobs are hints: one that is lost costs a sweep, a doubled one finds nothing.

A hint stays here when this process carries the table and has room for it (no round trip, no job), and becomes a job otherwise.
A job never waits in PostgreSQL for its time: procrastinate only polls for those (seconds late), so the delay goes along and
the taker's own timer, exact to the millisecond, keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import procrastinate
import structlog
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.types import JSONDict
from sqlalchemy.engine import make_url

from storage.dispatch.inprocess import InProcess

log = structlog.get_logger()

TASK = "wake"
CONCURRENCY = 1  # a job takes no time; one that waits for room keeps only itself from the other processes
SHARE = 16  # rows of one job: a bulk command is shared out among the processes
RESTART = 5.0  # seconds until the worker is started again after the database was away
# psycopg's pool: one connection listens, the others fetch, finish and defer. All are opened when needed only.
POOL = 4


class Procrastinate:
    """The dispatcher of one process on PostgreSQL. Implements `core.ports.Dispatcher`."""

    def __init__(self, db_url: str, local: InProcess) -> None:
        self._local = local
        conninfo = make_url(db_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=POOL))
        self._app.task(name=TASK)(self._woken)
        self._working: asyncio.Task[None] | None = None

    async def tell(self, table: str, ids: Sequence[str], *, priority: int = 5, delay: float = 0.0) -> None:
        keep = 0
        if table in self._local.tables:
            keep = len(ids) if delay > 0 else self._local.room
            await self._local.tell(table, ids[:keep], priority=priority, delay=delay)
        if rest := list(ids[keep:]):
            await self._pass_on(table, rest, priority, delay)

    async def _pass_on(self, table: str, ids: list[str], priority: int, delay: float) -> None:
        job = self._app.configure_task(TASK, queue=queue_of(table), priority=-priority)  # theirs: the larger comes first
        told: list[JSONDict] = [
            {"table": table, "ids": list(ids[at : at + SHARE]), "priority": priority, "delay": delay} for at in range(0, len(ids), SHARE)
        ]
        try:
            await job.batch_defer_async(*told)
        except ProcrastinateException as error:  # the rows are committed; the sweep finds them
            log.warning("could not pass on a wake-up", table=table, rows=len(ids), error=repr(error))

    async def start(self) -> None:
        """Open the pool and work in the background. Raises what procrastinate raises when PostgreSQL is not there."""
        await self._app.open_async()
        self._working = asyncio.create_task(self._work(), name="procrastinate")

    async def stop(self) -> None:
        """Call before the local dispatcher stops: jobs that wait for its room are let go."""
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)
        await self._app.close_async()

    async def _woken(self, table: str, ids: list[str], priority: int, delay: float) -> None:
        await self._local.wait_for_room()
        await self._local.tell(table, ids, priority=priority, delay=delay)

    async def _work(self) -> None:
        while True:
            try:
                await self._forget_stalled()
                await self._app.run_worker_async(
                    queues=[queue_of(table) for table in self._local.tables],
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    listen_notify=True,
                    delete_jobs=DeleteJobCondition.ALWAYS,  # a hint that failed is worth nothing either
                    shutdown_graceful_timeout=1.0,
                )
            except Exception:  # PostgreSQL is away: sweeps and this process's own hints go on, and we come back
                log.exception("the wake-up worker stopped")
            await asyncio.sleep(RESTART)

    async def _forget_stalled(self) -> None:
        """Delete the jobs that killed processes had taken."""
        for job in await self._app.job_manager.get_stalled_jobs():
            await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=True)


def queue_of(table: str) -> str:
    """A queue per table, so that a process takes only what it carries."""
    return f"haggle-{table}"
