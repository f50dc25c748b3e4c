"""What all stand-ins share: store, clock, faults, outgoing webhooks, pictures, and the way every marketplace call takes."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integrations.sandbox.faults import CALL_KINDS, Faults
from integrations.sandbox.market import Market
from integrations.sandbox.settings import SandboxSettings
from integrations.sandbox.store import Store
from integrations.sandbox.webhooks import Outbox


class _Hang(Response):
    """Never answers: waits until the client has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


class _Drop(Response):
    """Begins an answer and breaks off, which makes the server close the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


class World:
    """One per process. `markets` is filled by `app.build`."""

    def __init__(self, folder: Path, settings: SandboxSettings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings = settings
        self.base_url = settings.base_url.rstrip("/")
        self.store = Store(folder / "sandbox.db")
        self.faults = Faults(self.store)
        self.markets: dict[str, Market] = {}
        self.outbox = Outbox(self)
        self.calls: Counter[str] = Counter()
        self._offset = timedelta(seconds=float((self.store.get("world", "clock") or {"offset": 0})["offset"]))

    # -- the clock

    def now(self) -> datetime:
        """The stand-ins' time, aware UTC, which control may shift."""
        return datetime.now(UTC) + self._offset

    def shift_clock(self, seconds: float) -> None:
        """Move the clock on (or back); shifts add up."""
        self._offset += timedelta(seconds=seconds)
        self.store.put("world", "clock", {"offset": self._offset.total_seconds()})

    def reset_clock(self) -> None:
        self._offset = timedelta(0)
        self.store.delete("world", "clock")

    # -- things kept beside the store

    def credential(self, market: str, name: str, make: Callable[[], str]) -> str:
        """A secret of this folder, made at the first use and kept in sandbox.json, never in the repository."""
        path = self.folder / "sandbox.json"
        known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        own: dict[str, str] = known.setdefault(market, {})
        if name not in own:
            own[name] = make()
            path.write_text(json.dumps(known, indent=2) + "\n")
            path.chmod(0o600)
        return own[name]

    def keep_picture(self, data: bytes) -> str:
        """Keep an uploaded picture and give its name; it is served at `picture_url`."""
        name = sha256(data).hexdigest()[:32]
        folder = self.folder / "pictures"
        folder.mkdir(exist_ok=True)
        if not (folder / name).exists():
            (folder / name).write_bytes(data)
        return name

    def picture_url(self, name: str) -> str:
        return f"{self.base_url}/pictures/{name}"

    # -- the way of every marketplace call

    async def serve(self, market: str, operation: str, request: Request, work: Callable[[Request], Awaitable[Response]]) -> Response:
        """Count the call, let faults strike, do the work. Stand-ins call this for each API operation, by the API's own name for it."""
        self.calls[f"{market}.{operation}"] += 1
        faults = {one.kind: one for one in self.faults.strike(CALL_KINDS, market, operation)}
        wait = self.settings.latency + (faults["latency"].seconds if "latency" in faults else 0.0)
        if wait:
            await asyncio.sleep(wait)
        if "busy" in faults:
            return self.markets[market].busy(faults["busy"].retry_after)
        if "error500" in faults:
            return self.markets[market].broken()
        answer = await work(request)
        self.store.flush()
        if "hang" in faults:
            return _Hang()
        return _Drop() if "drop" in faults else answer
