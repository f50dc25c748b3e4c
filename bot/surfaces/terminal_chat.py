"""The chat as a client sees it: what is on it now, kept up to date by the event stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bot.surfaces.terminal_text import flat
from core.values.card import Card
from storage.keys import new_key

OURS = {"X-Haggle": "1"}
AGAIN = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before the stream is opened anew
TRIES = 8  # of one call that the server refuses for being too fast


class ChatLost(Exception):
    """The server is gone or does not know us: there is nobody to talk with."""


class Refusal(Exception):
    """The server said no; the sentence is its own."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as it is now. `before` is the card that it replaced; `card` is None for what a person said."""

    id: str
    message: str
    changed: str
    card: Card | None
    before: Card | None = None

    @property
    def text(self) -> str:
        return flat(self.card) if self.card else ""


class Chat:
    """`show` is called for each card that comes or changes, in order."""

    def __init__(self, client: httpx.AsyncClient, show: Callable[[Shown], None]) -> None:
        self._client = client
        self._show = show
        self._posts: dict[str, Shown] = {}  # the one that changed last is at the end
        self._cursor = ""
        self._news = asyncio.Event()
        self._lost: ChatLost | None = None

    async def open(self) -> list[Shown]:
        """Read what is there. Answers it, oldest first, without showing it."""
        page = await self._page()
        for data in sorted(page["posts"], key=lambda one: (one["changed"], one["id"])):
            self._keep(data)
        return sorted(self._posts.values(), key=lambda one: one.id)

    async def follow(self) -> None:
        """Take news until cancelled, whatever happens to the connection in between. Raises `ChatLost` when the session is over."""
        failed = 0
        while True:
            try:
                async for kind, data in self._events():
                    failed = 0
                    if kind == "left":
                        self._lose("This session is over: sign in again.")
                    if kind == "news":
                        await self._take(data)
            except httpx.TransportError:
                pass  # the server restarts, or the network does
            await asyncio.sleep(AGAIN[min(failed, len(AGAIN) - 1)])
            failed += 1

    async def say(self, *, text: str = "", press: str = "", message: str = "", photos: Sequence[str] = ()) -> None:
        body = {"event_id": new_key(), "text": text, "press": press, "message": message, "photos": list(photos)}
        await self._call("POST", "/api/v1/chat/messages", json=body)

    async def upload(self, paths: Sequence[Path]) -> list[dict[str, str]]:
        """Keep photos. Answers for each its `sha256` or an `error`."""
        files = [("photos", (path.name, await asyncio.to_thread(_read, path))) for path in paths]
        answer = await self._call("POST", "/api/v1/photos", files=files, timeout=120)
        found: list[dict[str, str]] = answer["photos"]
        return found

    async def begin_roll(self) -> dict[str, Any]:
        """A camera roll that collects: its id, and what it has already."""
        return await self._call("POST", "/api/v1/rolls")

    async def put_photo(self, roll: str, query: Mapping[str, Any], chunks: Callable[[], AsyncIterator[bytes]]) -> dict[str, Any]:
        """One photo of a roll, streamed. `chunks` gives its bytes anew for each try."""
        return await self._call("PUT", f"/api/v1/rolls/{roll}/photos", params=dict(query), chunks=chunks, timeout=120)

    async def end_roll(self, roll: str) -> None:
        await self._call("POST", f"/api/v1/rolls/{roll}/end")

    async def file(self, path: str) -> bytes:
        """A card's file, made now."""
        return (await self._answer("GET", path, timeout=120)).content

    async def idle(self) -> bool:
        """Wait until nothing is left to do, and then see all of it. False when that takes over 30 s."""
        answer = await self._call("GET", "/api/v1/idle", timeout=40)
        await self._take(await self._page())
        return bool(answer["idle"])

    async def changed(self) -> None:
        """Wait for the next news. Raises `ChatLost` when none can come any more."""
        if self._lost:
            raise self._lost
        await self._news.wait()
        self._news.clear()

    def latest(self) -> list[Shown]:
        """Cards, the one that was shown last first."""
        return [one for one in reversed(self._posts.values()) if one.card]

    def asked(self) -> bool:
        """Whether the last word in this chat is a question of ours that words answer. Edits of other cards do not count."""
        spoken = [one for one in self._posts.values() if one.card is None or one.card.asks]
        newest = max(spoken, key=lambda one: one.id, default=None)
        return newest is not None and newest.card is not None

    def copied(self, shown: Shown) -> bool:
        """Whether another copy of this card says the same already."""
        about = shown.card.subject if shown.card else None
        others = (one for one in self._posts.values() if one.id != shown.id and one.card and one.card.subject == about)
        return about is not None and any(one.text == shown.text for one in others)

    def texts(self) -> list[str]:
        return [one.text for one in self._posts.values()]

    async def _take(self, data: dict[str, Any]) -> None:
        if data.get("flood"):
            data = await self._page()
        for post in sorted(data["posts"], key=lambda one: (one["changed"], one["id"])):
            shown = self._keep(post)
            if shown is not None:
                self._show(shown)
        for gone in data.get("gone", []):
            self._posts.pop(gone, None)
        self._news.set()

    def _keep(self, data: dict[str, Any]) -> Shown | None:
        """The post, unless it is known in this state or a newer one: news come by two ways."""
        old = self._posts.get(data["id"])
        if old is not None and data["changed"] <= old.changed:
            return None
        card = Card.of_json(data["card"]) if data["card"] else None
        shown = Shown(data["id"], data["message"], data["changed"], card, old.card if old else None)
        self._posts.pop(data["id"], None)
        self._posts[data["id"]] = shown
        return shown

    async def _page(self) -> dict[str, Any]:
        page = await self._call("GET", "/api/v1/chat?limit=200")
        self._cursor = page["cursor"]
        return page

    async def _events(self) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        query = {"since": self._cursor}
        timeout = httpx.Timeout(10, read=60)  # the server says something every 20 s
        async with self._client.stream("GET", "/api/v1/events", params=query, timeout=timeout) as answer:
            if answer.status_code == 401:
                self._lose("This session is over: sign in again.")
            kind = ""
            async for line in answer.aiter_lines():
                name, _colon, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    self._cursor = value
                elif name == "data":
                    yield kind, json.loads(value)

    async def _call(
        self, method: str, path: str, *, chunks: Callable[[], AsyncIterator[bytes]] | None = None, **options: Any
    ) -> dict[str, Any]:
        found: dict[str, Any] = (await self._answer(method, path, chunks=chunks, **options)).json()
        return found

    async def _answer(
        self, method: str, path: str, *, chunks: Callable[[], AsyncIterator[bytes]] | None = None, **options: Any
    ) -> httpx.Response:
        """Raises `Refusal`. Waits and tries again when the server says that it was too much at once."""
        for _ in range(TRIES):
            try:
                answer = await self._client.request(method, path, headers=OURS, content=chunks() if chunks else None, **options)
            except httpx.TransportError as error:
                raise ChatLost(f"Haggle does not answer ({type(error).__name__}): is it running?") from error
            if answer.status_code != 429:
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
        if answer.status_code == 401:
            self._lose(_sentence(answer))
        if answer.is_error:
            raise Refusal(_sentence(answer))
        return answer

    def _lose(self, sentence: str) -> None:
        self._lost = ChatLost(sentence)
        self._news.set()
        raise self._lost


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal(f"I cannot open {path}: {error.strerror or error}.") from error


def _sentence(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"Haggle answered {answer.status_code}."
