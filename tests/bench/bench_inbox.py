"""Webhook intake against the least that a durable intake can do.

Ours: a Starlette endpoint that puts each request into the `Inbox` and answers once it is committed. Bare: an ASGI app that inserts
one row and commits (SQLite, WAL, synchronous=FULL) for each request. Both in their own uvicorn process on the loopback, loaded by the same
generator with the same number of connections, in turns, so that a noisy machine hits both. `ratio` is ours / bare in requests a second.

A disk makes the bare app wait for each commit, and ours shares commits, so `ratio` there is well above 1. `ratio_in_memory` is the same
on a file system without a disk: what our code costs when a commit costs nothing, the hardest comparison there is.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from storage import migrate
from storage.db import Database, sqlite_url
from storage.inbox import Delivery, Inbox
from tests.clock import TestClock
from tests.requires import ROOT

CONNECTIONS = 32
SECONDS = 1.0
ROUNDS = 3
MEMORY = Path("/dev/shm")
TARGET = 0.25

App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


def bare_app(folder: Path) -> App:
    """One insert and one commit a request, nothing else."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for line in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE delivery (id INTEGER PRIMARY KEY, body BLOB)"):
        database.execute(line)

    async def app(scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        message = await receive()
        database.execute("INSERT INTO delivery (body) VALUES (?)", (message["body"],))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app


def inbox_app(db: Database) -> App:
    """Parse, put, answer."""
    inbox = Inbox(db)

    async def take(request: Request) -> Response:
        body = await request.json()
        await inbox.put(Delivery("bench", body["id"], topic="orders/create", account="a", body=body, lane="webhook:a"))
        return Response()

    return Starlette(routes=[Route("/", take, methods=["POST"])])


async def serve(kind: str, folder: Path) -> None:
    """Run one of the two apps until standard input ends; say the port first."""
    await migrate.upgrade(sqlite_url(folder))
    db = Database(sqlite_url(folder), TestClock())
    app = inbox_app(db) if kind == "inbox" else bare_app(folder)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off", access_log=False))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await running
    await db.close()


@asynccontextmanager
async def served(kind: str, folder: Path) -> AsyncIterator[int]:
    await asyncio.to_thread(folder.mkdir)
    command = [sys.executable, "-m", "tests.bench.bench_inbox", kind, str(folder)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        await process.communicate(b"")


async def load(port: int, numbers: Iterator[int]) -> float:
    """Send requests over kept connections for a while. Answers how many a second were answered."""
    started = time.perf_counter()
    answered = 0

    async def connection() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - started < SECONDS:
            number = next(numbers)
            body = json.dumps({"id": f"event-{number}", "topic": "orders/create", "order": number, "note": "x" * 200}).encode()
            writer.write(
                b"POST / HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            answered += 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return answered / (time.perf_counter() - started)


async def compare(place: Path | None) -> tuple[float, float]:
    """Requests a second of both, with their databases in a temporary folder of `place`; the median of the rounds."""
    speeds: dict[str, list[float]] = {"inbox": [], "bare": []}
    numbers = count()
    with tempfile.TemporaryDirectory(dir=place) as folder:
        async with served("inbox", Path(folder, "ours")) as ours, served("bare", Path(folder, "bare")) as bare:
            for round_ in range(ROUNDS + 1):
                for kind, port in (("inbox", ours), ("bare", bare)):
                    speed = await load(port, numbers)
                    if round_:  # the first one warms up
                        speeds[kind].append(speed)
    return statistics.median(speeds["inbox"]), statistics.median(speeds["bare"])


async def run() -> dict[str, Any]:
    """Requests a second of both, their ratio, and the target."""
    inbox, bare = await compare(None)
    told = {
        "name": "webhook intake / bare commit",
        "inbox_per_second": round(inbox),
        "bare_per_second": round(bare),
        "ratio": round(inbox / bare, 3),
        "target": TARGET,
        "met": inbox / bare >= TARGET,
    }
    if await asyncio.to_thread(MEMORY.is_dir):
        inbox, bare = await compare(MEMORY)
        told["ratio_in_memory"] = round(inbox / bare, 3)
    return told


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
    else:
        print(json.dumps(asyncio.run(run()), indent=1))
