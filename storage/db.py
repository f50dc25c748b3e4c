"""Engines and transactions: SQLite by default, PostgreSQL by its URL, the same code on both.

`async with db.write() as tx` is one transaction; it commits at the end and then tells the dispatcher what it made due
(`wake`). Never hold one across a remote call. `async with db.read() as session` only reads.

Errors never show what a statement was given: chat text and buyers' data would go into logs.

SQLite: one writer at a time anyway, so writers queue on an asyncio lock and never meet "database is locked", and those who queue
share a commit (`WritingConnection`). The write engine begins with `BEGIN IMMEDIATE`, because a read that turns into a write would
otherwise lose updates. Reads use a second engine.
Statements run in the loop's own thread (`storage/sqlite.py`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event, select, text
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from core.ports import Clock, Dispatcher
from storage.models import DbNow
from storage.sqlite import WritingConnection, connector
from storage.turn import Turn

log = structlog.get_logger()

# Shorter than a lease: when others take over the rows of a frozen process, what it had locked is free too. A transaction of ours
# waits for nothing but its own statements, so one that stands still for so long belongs to a process that does.
PATIENCE = 10.0
LOOKS = 3  # at both clocks when they are compared: the one that the network and a busy loop disturbed least counts


def log_fault(error: BaseException, event: str, **more: Any) -> None:
    """What ended a piece of work that is tried again by itself: our own fault is logged whole, as an error.

    A connection that was lost is none: the server was restarted, or it ended the transaction of a process that stood still (`PATIENCE`).
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        log.warning("the database went away", cause=type(error.orig).__name__, **more)
    else:
        log.error(event, exc_info=error, **more)


def sqlite_url(folder: Path) -> str:
    """The database of a data folder."""
    return f"sqlite+aiosqlite:///{folder / 'haggle.db'}"


def normal_url(url: str) -> str:
    """`postgresql://…` as people write it becomes the driver's own form."""
    made = make_url(url)
    if made.drivername in ("postgresql", "postgres"):
        made = made.set(drivername="postgresql+psycopg")
    if made.drivername == "sqlite":
        made = made.set(drivername="sqlite+aiosqlite")
    return made.render_as_string(hide_password=False)


def _pragmas(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we begin ourselves
    cursor = connection.cursor()
    for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "cache_size=-16000"):
        cursor.execute(f"PRAGMA {line}")
    cursor.close()


def _wait_in_the_loop(connection: Any, _: Any) -> None:
    """A writer that must wait for another process is put off by `storage/sqlite.py`, not by a sleep inside SQLite."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=0")
    cursor.close()


def _let_go_of_the_frozen(seconds: float, connection: Any, _: Any) -> None:
    """A process that stands still in the middle of a transaction must not hold its locks for ever: the server ends the transaction."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {round(seconds * 1000)}")
    cursor.close()
    connection.commit()


def _tell_no_values(context: ExceptionContext) -> None:
    """PostgreSQL adds the failing row to some of its errors, as their detail."""
    told = str(context.original_exception)
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).replace(told, told.partition("\nDETAIL:")[0]), *error.args[1:])


def _begin_immediate(connection: SyncConnection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: SyncConnection) -> None:
    connection.exec_driver_sql("BEGIN")


def _sqlite_engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    writer = create_async_engine(url, poolclass=StaticPool, async_creator=connector(url, WritingConnection), hide_parameters=True)
    reader = create_async_engine(url, pool_size=8, max_overflow=0, async_creator=connector(url), hide_parameters=True)
    for engine, begin in ((writer, _begin_immediate), (reader, _begin)):
        event.listen(engine.sync_engine, "connect", _pragmas)
        event.listen(engine.sync_engine, "begin", begin)
    event.listen(writer.sync_engine, "connect", _wait_in_the_loop)
    return writer, reader


class Database:
    """The engines of one process. `dispatcher` is set once it exists; until then wake-ups are left to the sweep.

    `patience` is how many seconds PostgreSQL lets a transaction of ours stand still before it ends it.
    """

    def __init__(self, url: str, clock: Clock, *, pool: int = 16, patience: float = PATIENCE) -> None:
        self.url = normal_url(url)
        self.clock = clock
        self.is_sqlite = self.url.startswith("sqlite")
        self.dispatcher: Dispatcher | None = None
        self._writing: WritingConnection | None = None
        self._kept: asyncio.Future[None] | None = None  # what the open group of writers waits for: its commit, or why there is none
        self._commits: set[asyncio.Task[None]] = set()
        self.skew = timedelta(0)  # how far the database's clock is ahead of this process's, when they were last compared
        if self.is_sqlite:
            self._writer, self._reader = _sqlite_engines(self.url)
            event.listen(self._writer.sync_engine, "connect", self._know_writing)
            self._turn: Turn | None = Turn()
        else:
            self._writer = self._reader = create_async_engine(
                self.url, pool_size=pool, max_overflow=pool, pool_pre_ping=True, hide_parameters=True
            )
            event.listen(self._writer.sync_engine, "connect", partial(_let_go_of_the_frozen, patience))
            event.listen(self._writer.sync_engine, "handle_error", _tell_no_values)
            self._turn = None
        self._write = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read = async_sessionmaker(self._reader, expire_on_commit=False)

    def _know_writing(self, connection: Any, _: Any) -> None:
        self._writing = connection.driver_connection

    @asynccontextmanager
    async def write(self, *, first: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction. Leaves nothing behind when its body raises. `first`: somebody outside waits for it, so it goes before the
        writers who queue on SQLite, and so does the commit of what is done by then."""
        kept: asyncio.Future[None] | None = None
        async with self._turn.mine(first=first) if self._turn else nullcontext():
            async with self._write() as session, session.begin():
                yield session
                while last := session.info.pop("last", None):
                    for work in last.values():
                        await work(session)
                wakes: list[tuple[str, str, int, float]] = session.info.pop("wakes", [])
            if self._turn is not None:
                kept = self._join_group(self._turn, first)
        if kept is not None:
            await asyncio.shield(kept)  # others wait for it too
        await self._tell(wakes)

    def _join_group(self, turn: Turn, first: bool) -> asyncio.Future[None]:
        """What whoever has just written waits for. A group that is new, or that somebody in a hurry joined, gets a commit."""
        if self._kept is None or first:
            self._kept = self._kept or asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._commit_all(turn, first))
            self._commits.add(task)
            task.add_done_callback(self._commits.discard)
        return self._kept

    async def _commit_all(self, turn: Turn, first: bool) -> None:
        """End a group (`WritingConnection`). It queues as writers do, so that whoever queued before it is in the group: a write that
        nobody queues behind is committed at once."""
        async with turn.mine(first=first):
            kept, self._kept = self._kept, None
            if kept is None:  # somebody in a hurry has ended it
                return
            try:
                if self._writing is not None:
                    await self._writing.commit_all()
            except sqlite3.Error as error:
                kept.set_exception(OperationalError("COMMIT", None, error, hide_parameters=True))
            except BaseException:
                kept.cancel()
                raise
            else:
                kept.set_result(None)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, from one snapshot on SQLite."""
        async with self._read() as session:
            yield session

    def db_now(self, seconds: float = 0.0) -> DbNow:
        """The database's clock as an SQL expression, shifted by the clock's offset and by `seconds`."""
        return DbNow(self.clock.offset.total_seconds() + seconds)

    def now(self) -> datetime:
        """The database's time, as far as this process knows: what it makes due now is due now whatever its own clock says."""
        return self.clock.now() + self.skew

    async def compare_clocks(self) -> timedelta:
        """Measure `skew`. Always zero on SQLite, whose clock is this machine's."""
        if not self.is_sqlite:
            self.skew = min([await self._look_at_clocks() for _ in range(LOOKS)])[1]
        return self.skew

    async def _look_at_clocks(self) -> tuple[timedelta, timedelta]:
        """How long it took to ask, and the skew, right to within half of that."""
        async with self.read() as session:
            await session.connection()
            before = self.clock.now()
            there = (await session.execute(select(self.db_now()))).scalar_one()
            after = self.clock.now()
        return after - before, there - (before + (after - before) / 2)

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        if self._commits:  # what was written and not kept yet
            await asyncio.wait(self._commits)
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def _tell(self, wakes: list[tuple[str, str, int, float]]) -> None:
        if self.dispatcher is None:
            return
        groups: dict[tuple[str, int, float], list[str]] = {}
        for table, key, priority, delay in wakes:
            groups.setdefault((table, priority, delay), []).append(key)
        for (table, priority, delay), keys in groups.items():
            await self.dispatcher.tell(table, keys, priority=priority, delay=delay)


def before_commit(session: AsyncSession, name: str, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Do this at the end of the transaction, once, however often it is asked for by that name."""
    session.info.setdefault("last", {}).setdefault(name, work)


def wake(session: AsyncSession, table: str, key: str, *, priority: int = 5, delay: float | timedelta = 0.0) -> None:
    """After this transaction commits, tell the dispatcher that the row is due in `delay` seconds. A hint: the sweep finds it too."""
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    session.info.setdefault("wakes", []).append((table, key, priority, max(0.0, seconds)))
