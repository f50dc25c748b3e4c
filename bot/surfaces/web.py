"""The web: a chat that lives in our own database. The page and the terminal read posts from there (`bot/http`).

Posting has nothing to send anywhere: the row is what people see. What remains is to say that a chat has news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Missing
from core.values.card import Card
from core.words import Told
from storage.keys import new_key

SURFACE = "web"
TABLES = 20  # files of orders that wait for their message


class News:
    """One listener's bell. It rings again for whatever happens after `hear` came back."""

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self.ended = False

    def ring(self) -> None:
        self._bell.set()

    def end(self) -> None:
        self.ended = True
        self._bell.set()

    async def hear(self, seconds: float) -> bool:
        """Wait for news, so long at most. Whoever hears it reads the database after this came back, so nothing is missed."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True


class WebSurface:
    """Implements `core.ports.Surface`. A chat's name is its member's id."""

    name = SURFACE
    threads = False
    trouble = ""  # whoever can read it is there

    def __init__(self) -> None:
        self._listeners: dict[str, set[News]] = {}
        self._closed = False
        self._tables: dict[str, bytes] = {}

    async def post(self, chat: str, card: Card, reply_to: str = "", *, aloud: bool = False) -> str:
        return new_key()

    def goes_on(self, card: Card) -> tuple[int, int]:
        """The page shows all of it."""
        return 0, 0

    async def edit(self, chat: str, message: str, card: Card) -> None:
        """The row that the caller writes is the edit."""

    def settled(self, chat: str) -> None:
        for news in self._listeners.get(chat, ()):
            news.ring()

    async def fetch(self, file: str) -> bytes:
        """A table that was uploaded a moment ago; photos are kept before they are spoken of. `Missing` for all else."""
        if (data := self._tables.get(file)) is None:
            raise Missing(Told("This file did not arrive: send it again."), cause=f"the web has no files of its own, asked for {file!r}")
        return data

    def hold(self, table: bytes) -> str:
        """Keep a table until somebody speaks of it, in memory: it may name buyers, so it is never stored. Answers what it is called."""
        while len(self._tables) >= TABLES:
            self._tables.pop(next(iter(self._tables)))
        name = new_key()
        self._tables[name] = table
        return name

    @contextmanager
    def listen(self, chat: str) -> Iterator[News]:
        """News of a chat, from now on."""
        news = News()
        if self._closed:
            news.end()
        self._listeners.setdefault(chat, set()).add(news)
        try:
            yield news
        finally:
            self._listeners[chat].discard(news)
            if not self._listeners[chat]:
                del self._listeners[chat]

    def close(self) -> None:
        """End every stream: a server waits for its open connections before it stops, and these would stay for ever."""
        self._closed = True
        for listeners in self._listeners.values():
            for news in listeners:
                news.end()
