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


def connector(url: str) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """What makes connections for `create_async_engine(async_creator=…)`."""
    database = make_url(url).database or ""
    opened = partial(sqlite3.connect, database, check_same_thread=False, uri=database.startswith("file:"))

    async def connect() -> aiosqlite.Connection:
        made = InlineConnection(opened, 64)
        made._thread.daemon = True
        return await made

    return connect
