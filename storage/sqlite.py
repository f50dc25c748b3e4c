"""SQLite connections whose statements run in the event loop's own thread; only commits, which wait for the disk, go to another.

A statement of ours takes some 20 µs. Handing each to a thread and back cost a hundred times that as soon as the loop was busy,
because the thread waits for the interpreter's lock (5 ms at worst, at every hop) while everybody queues for the one writer.
So a statement must never read a whole big table: what has to (backup, export) opens a connection of its own (`storage.rows.snapshot`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy.engine import make_url

LOCKED_SECONDS = 10.0  # how long another process may hold the database before we give up
RETRY_SECONDS = 0.005
LOST = "the transaction was rolled back by SQLite itself"


class InlineConnection(aiosqlite.Connection):
    """An aiosqlite connection that needs its thread for commits only."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or not self._connection:
            raise ValueError("Connection closed")
        if args and args[0] == "BEGIN IMMEDIATE":
            return await self._begin(partial(fn, *args, **kwargs))
        return fn(*args, **kwargs)

    async def commit(self) -> None:
        if self._conn.in_transaction:
            await super()._execute(self._conn.commit)  # type: ignore[no-untyped-call]

    async def _begin(self, begin: Callable[[], Any]) -> Any:
        """Another process may be writing: wait for it without holding up the loop."""
        give_up = time.monotonic() + LOCKED_SECONDS
        while True:
            try:
                return begin()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
            await asyncio.sleep(RETRY_SECONDS)


class WritingConnection(InlineConnection):
    """The one connection that writes. Transactions that come right after each other share one commit, since a commit costs ten times
    what a statement costs, and everybody queues while the disk is waited for.

    The first of a group begins it. Each that follows is a savepoint in it, so that it still fails alone; its commit only releases
    the savepoint. `commit_all` ends the group. Nobody may be told that their work is kept before that.
    """

    _shared = False  # the open transaction holds ended work that waits for `commit_all`
    _nested = False  # a savepoint is open in it

    async def _begin(self, begin: Callable[[], Any]) -> Any:
        if not self._shared:
            return await super()._begin(begin)
        if not self._conn.in_transaction:
            raise sqlite3.OperationalError(LOST)
        self._nested = True
        return self._conn.execute("SAVEPOINT one")

    async def commit(self) -> None:
        if self._nested:
            self._conn.execute("RELEASE one")  # which fails where SQLite has rolled all of it back
            self._nested = False
        self._shared = self._shared or self._conn.in_transaction

    async def rollback(self) -> None:
        """Undo the work of whoever writes now. The pool calls this after each commit too: then there is none."""
        if self._nested and self._conn.in_transaction:
            self._conn.execute("ROLLBACK TO one")
            self._conn.execute("RELEASE one")
        elif not self._shared:
            self._conn.rollback()
        self._nested = False

    async def commit_all(self) -> None:
        """Keep the work of everybody in the group. When it raises, nothing of it was kept."""
        if not self._shared:
            return
        try:
            if not self._conn.in_transaction:  # a full disk, say: SQLite rolls back more than what failed
                raise sqlite3.OperationalError(LOST)
            await super().commit()
        except BaseException:
            self._conn.rollback()
            raise
        finally:
            self._shared = False


def connector(url: str, made_by: type[InlineConnection] = InlineConnection) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """What makes connections for `create_async_engine(async_creator=…)`."""
    database = make_url(url).database or ""
    opened = partial(sqlite3.connect, database, check_same_thread=False, uri=database.startswith("file:"))

    async def connect() -> aiosqlite.Connection:
        made = made_by(opened, 64)
        made._thread.daemon = True
        return await made

    return connect
