"""A worker process for tests: the real engine, carrying inbox events.

    python -m tests.storage.worker URL NAME MODE

Modes: `drain` carries whatever is due, then ends. `hang` takes what is due and never finishes it. `ask` carries on when told
"go". `listen` carries what it is woken for by procrastinate; it never sweeps. All but `drain` end when told "stop". They say
"ready", "carrying ID" and "finished ID yes|no".
"""

from __future__ import annotations

import asyncio
import sys
import threading

from core.errors import HaggleError
from core.flows.engine import Engine
from storage import work
from storage.db import Database
from storage.dispatch.procrastinate import Procrastinate
from storage.work import Claim
from tests.clock import TestClock


def say(*words: str) -> None:
    print(*words, flush=True)


class ScriptedFlow:
    """Implements `core.flows.engine.Flow`."""

    def __init__(self, db: Database, mode: str, go: asyncio.Event) -> None:
        self._db = db
        self._mode = mode
        self._go = go

    async def carry(self, claim: Claim) -> None:
        say("carrying", claim.id)
        if self._mode == "hang":
            await asyncio.get_running_loop().create_future()
        if self._mode == "ask":
            await self._go.wait()
        async with self._db.write() as session:
            await work.finish(session, claim, state="done", last_error=f"by {claim.worker}")
        say("finished", claim.id, "yes")

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return None

    async def retrying(self, claim: Claim, error: HaggleError) -> None: ...

    async def fail(self, claim: Claim, error: HaggleError) -> None: ...

    async def lost(self, claim: Claim) -> None:
        say("finished", claim.id, "no")


def _read_orders(loop: asyncio.AbstractEventLoop, go: asyncio.Event, stop: asyncio.Event) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(go.set if line.strip() == "go" else stop.set)


async def main(url: str, name: str, mode: str) -> None:
    db = Database(url, TestClock(), pool=3)
    go, stop = asyncio.Event(), asyncio.Event()
    threading.Thread(target=_read_orders, args=(asyncio.get_running_loop(), go, stop), daemon=True).start()
    engine = Engine(db, name, {"inbox_event": ScriptedFlow(db, mode, go)}, capacity=4)
    spread = Procrastinate(db.url, engine.local) if mode == "listen" else None
    engine.start()
    if spread is not None:
        await spread.start()
    say("ready")
    if mode != "listen":
        await engine.local.sweep()
    await (engine.local.idle() if mode == "drain" else stop.wait())
    if spread is not None:
        await spread.stop()
    await engine.stop()
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
