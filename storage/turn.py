"""Whose turn it is to write, on a database that has one writer at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turn:
    """A lock that is given to whoever waits, in their order; those who come `first` go before the others."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def mine(self, *, first: bool = False) -> AsyncIterator[None]:
        await self._take(first)
        try:
            yield
        finally:
            self._give()

    async def _take(self, first: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        waits = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if first else self._waiting.append)(waits)
        try:
            await waits
        except asyncio.CancelledError:
            if not waits.cancelled():  # it had just been given to us
                self._give()
            raise

    def _give(self) -> None:
        """To the next who still waits, and has it from this moment on: nobody comes in between."""
        while self._waiting:
            if not (waits := self._waiting.popleft()).done():
                waits.set_result(None)
                return
        self._taken = False
