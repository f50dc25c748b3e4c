"""`haggle serve` and `haggle worker`: one process from its first check to its last, graceful within 8 s."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import demo, standins
from bot.chat.strangers import greeting
from bot.footing import lost_key, migrated, prepare
from bot.http.server import Server
from bot.listening import ANY_ADDRESS, address_of, listen, own_addresses
from bot.settings import Settings
from bot.wiring import App, build
from core.errors import HaggleError, Invalid, Unreachable
from core.flows import people, sessions
from core.flows.people import Person
from core.flows.posts import put_card
from storage.lock import FolderLock

log = structlog.get_logger()

TOKEN = "talk.token"  # the name of the file  # noqa: S105
REQUESTS_SECONDS = 3  # for requests that are being answered when we stop
WORK_SECONDS = 4.0  # for work that is being done; what does not end is taken up by the next process when its lease runs out
IMPATIENT = 1.0
_HERE = ANY_ADDRESS | {"127.0.0.1", "::1", "localhost"}


@dataclass(slots=True)
class Running:
    """A server that answers. `address` is for people on this machine, `token` is the owner's session for `haggle talk`."""

    app: App
    address: str
    token: str
    settings: Settings
    failed: asyncio.Task[None]
    connected: list[str]


class _Server(Server):
    """Leaves signals to us: the server stops first, then the work."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Running]:
    """A whole Haggle. Raises `Invalid` when the folder or the port is taken, `Unreachable` without a database."""
    folder = prepare(settings)
    async with AsyncExitStack() as stack:
        lock = FolderLock.take(folder)
        stack.callback(lock.release)
        listener = listen(settings.host, settings.port)
        stack.callback(listener.close)
        port = listener.getsockname()[1]
        settings = settings.model_copy(update={"port": port})
        kinds = standins.kinds_of(settings) if settings.sandbox else set()
        if settings.sandbox:
            stand_ins = await standins.run(settings)
            stack.push_async_callback(stand_ins.stop)
            settings = standins.point(settings, stand_ins)
        app = await _start(settings)
        stack.push_async_callback(_stop, app)
        address = address_of("localhost" if settings.host in _HERE else settings.host, port)
        app.house.address = address
        serving = await stack.enter_async_context(_answering(app, listener))
        person = await owner(app)
        token = await stack.enter_async_context(_token(app, person, folder / TOKEN))
        lock.announce(address)
        connected = await _connect(app, kinds) if settings.sandbox else []
        yield Running(app, address, token, settings, serving, connected)


async def serve(settings: Settings) -> None:
    """Serve until a signal comes."""
    if not settings.surfaces:
        await work(settings)
        return
    async with stop_signal() as stop, running(settings) as house:
        await _greet(house)
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, house.failed}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if house.failed.done():
            house.failed.result()
            raise Unreachable("The web server stopped by itself. The log says why.")
        log.info("stopping")


async def work(settings: Settings) -> None:
    """Carry work until a signal comes; people are served by `haggle serve`."""
    if settings.on_sqlite:
        raise Invalid("A worker needs PostgreSQL: set HAGGLE_DATABASE_URL. On SQLite `haggle serve` carries all work itself.")
    prepare(settings)
    if settings.sandbox:
        settings = await standins.beside(settings)
    async with stop_signal() as stop:
        app = await _start(settings.model_copy(update={"surfaces": False}))
        try:
            sys.stdout.write(f"Haggle's worker {app.engine.worker} carries work. Ctrl-C ends it.\n")
            if app.unopened:
                sys.stdout.write(lost_key(settings, app.unopened) + "\n")
            sys.stdout.flush()
            await stop.wait()
        finally:
            await _stop(app)


async def owner(app: App) -> Person:
    """Whose machine this is: the first owner, made at the first start. Every sign-in link leads to this member."""
    person = await people.the_owner(app.house)
    if person is not None:
        return person
    person = await people.enter(app.house, await people.owner_code(app.house), "web", "", name="")
    async with app.house.db.write() as session:
        await put_card(session, app.house.db, ("web", person.member_id), greeting(), workspace=person.workspace_id)
    return person


@asynccontextmanager
async def stop_signal() -> AsyncIterator[asyncio.Event]:
    """Set when we are asked to end. Asked again by somebody who has waited, we end at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = 0.0

    def asked() -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
        elif loop.time() - first > IMPATIENT:  # `make` passes on what its whole group got already, so one request may come twice
            os._exit(1)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _start(settings: Settings) -> App:
    await migrated(settings)
    app = await build(settings)
    try:
        await app.start()
    except BaseException:
        await _stop(app)
        raise
    return app


async def _stop(app: App) -> None:
    try:
        async with asyncio.timeout(WORK_SECONDS):
            await app.stop()
    except TimeoutError:
        log.warning("work did not end in time; it goes on with the next process")


@asynccontextmanager
async def _answering(app: App, listener: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    assert app.http is not None
    assert app.web is not None
    server = _Server(app.http, app.web, host=app.settings.host, port=app.settings.port)
    server.config.timeout_graceful_shutdown = REQUESTS_SECONDS
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        yield task
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=REQUESTS_SECONDS + 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _token(app: App, person: Person, path: Path) -> AsyncIterator[str]:
    """A session of the owner in a file that only this user may read: whoever may read it owns the data folder anyway."""
    token = await sessions.open_session(app.house, person, name=sessions.TERMINAL)
    _write_private(path, token)
    try:
        yield token
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        with contextlib.suppress(SQLAlchemyError):  # the database may be away, and sessions end by themselves
            await sessions.close_session(app.house, token)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


async def _connect(app: App, kinds: set[str]) -> list[str]:
    try:
        return await demo.connect_all(app, standins.SHOP, kinds)
    except HaggleError as error:
        log.warning("the stand-ins could not be connected", error=str(error), cause=error.cause)
        return [f"The stand-in marketplaces could not be connected: {error}"]


async def _greet(house: Running) -> None:
    """What the terminal says: where it is, how to get in, and what to try first."""
    others = [address_of(one, house.settings.port) for one in own_addresses(house.settings.host)]
    link, *more = await house.app.sign_in_links(house.settings.public_url or house.address, *others)
    lines = [f"Haggle is at {house.address}", "", f"  Sign in (this link works once):  {link}"]
    lines += [f"  The same from other machines:    {one}" for one in more]
    telegram = await house.app.telegram_link()
    if telegram:
        lines.append(f"  In Telegram (works once too):    {telegram}")
    if slack := await house.app.slack_words():
        lines.append(f"  In Slack, write this to         {slack}")
    if house.settings.sandbox:
        lines.append(f"  The stand-in marketplaces:       {house.settings.sandbox_url}")
    lines += ["", *(f"  {one}" for one in house.connected), ""] if house.connected else [""]
    if house.settings.sandbox:
        lines += [
            "Try this first: open the link, drop a photo of something to sell, answer what it asks, press Publish.",
            "Then buy it at the stand-in marketplace, and watch it disappear from the other one.",
        ]
    else:
        lines.append("Try this first: open the link, type /connect ebay or /connect shopify, then drop photos of something to sell.")
        if standins.were_used(house.settings.data_folder):
            lines.append("This data folder was used with stand-in marketplaces, which are off now. To sell for real, take another: --data.")
    if house.app.unopened:
        lines.append(lost_key(house.settings, house.app.unopened))
    if not house.settings.outward:
        lines.append("HAGGLE_OUTWARD is off: no marketplace and no model is called, Changes wait. Chats go on.")
    sys.stdout.write("\n".join([*lines, "Ctrl-C stops it.", ""]))
    sys.stdout.flush()
