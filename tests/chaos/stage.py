"""The processes of a run: Haggle and the stand-in marketplaces, on a copy of folders that were prepared once.

Preparing connects the accounts and puts items on the shelf, a block of them for each seed that is played at the same time. A stage
keeps its two ports, since both sides remember each other's address.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import httpx
from sqlalchemy import select

from bot.demo import connect_all
from bot.serving import owner, running
from bot.settings import Settings, variable_of
from bot.standins import SHOP
from core.flows import sessions
from storage.models import Account
from tests import shelf
from tests.chaos.plan import stock
from tests.chaos.rows import Rows, now
from tests.databases import postgres_server
from tests.requires import ROOT
from tests.sandbox_process import SandboxProcess
from tests.shop import settings_for

WORK = ("change", "inbox_event", "card_post", "draft", "roll", "account", "manual_task", "reconciliation", "notice_copy")
SANDBOX = {"delivery_waits": (0.2, 0.4, 0.8, 1.5, 3.0, 3.0)}
READY_SECONDS = 60.0


def free_port() -> int:
    """Below the range from which the system gives ports away by itself, so that it stays ours while nobody listens."""
    dice = SystemRandom()
    while True:
        port = dice.randint(15_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Haggle:
    """A process of Haggle that may be killed, frozen and started again. `log` is a file that all of its lives write to."""

    def __init__(self, environment: dict[str, str], log: Path, health: str = "") -> None:
        self._command = "serve" if health else "worker"
        self._environment = {**{name: value for name, value in os.environ.items() if not name.startswith("HAGGLE_")}, **environment}
        self._log = log
        self._health = health
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", self._command],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        if self._health:
            try:
                self._wait_until_ready()
            except BaseException:
                self.kill()
                raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False, timeout=5) as client:
            while time.monotonic() < deadline:
                assert self._process is not None
                if self._process.poll() is not None:
                    raise AssertionError(f"Haggle did not start (exit {self._process.returncode}):\n{self._log.read_text()[-3000:]}")
                try:
                    if client.get(self._health).status_code == 200:
                        return
                except httpx.HTTPError:
                    time.sleep(0.05)
        raise AssertionError("Haggle did not answer in time")

    @property
    def pid(self) -> int:
        """Its process id; 0 while there is no process."""
        return self._process.pid if self._process else 0

    def kill(self) -> None:
        """As the power going: no last words, no tidying."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """Ask it to end. Answers its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            return self._process.wait(20)
        finally:
            self.kill()


@dataclass
class Theatre:
    """What a run plays on: a stand-in, the processes of Haggle (the server first), their database as plain SQL, the owner's way in."""

    folder: Path
    sandbox: SandboxProcess
    processes: list[Haggle]
    rows: Rows
    url: str
    token: str

    def start(self) -> None:
        for one in self.processes:
            one.start()

    def kill(self) -> None:
        for one in self.processes:
            self._kill(one)

    def stop(self) -> list[int]:
        """Ask all to end. Answers their exit codes."""
        return [one.stop() for one in reversed(self.processes)]

    def restart(self, who: int) -> None:
        victim = self.processes[who % len(self.processes)]
        self._kill(victim)
        victim.start()

    def freeze(self, who: int, seconds: float) -> None:
        victim = self.processes[who % len(self.processes)]
        victim.freeze()
        self._expire_leases(victim.pid)
        time.sleep(seconds)
        victim.thaw()

    def _kill(self, victim: Haggle) -> None:
        pid = victim.pid
        victim.kill()
        self._expire_leases(pid)

    def _expire_leases(self, pid: int) -> None:
        """What 15 seconds do to the leases of a process that is dead or frozen. What somebody writes at this moment keeps its own."""
        for table in WORK:
            theirs = f"SELECT id FROM {table} WHERE lease_until IS NOT NULL AND worker LIKE :worker"
            if self.rows.is_postgres:
                theirs += " FOR UPDATE SKIP LOCKED"  # rows that are waited for in some order would be a deadlock of our own making
            self.rows.run(f"UPDATE {table} SET lease_until = :past WHERE id IN ({theirs})", past=now(-1), worker=f"%:{pid}:%")

    def close(self) -> None:
        for one in self.processes:
            one.kill()
        self.sandbox.kill()
        self.sandbox.close()
        self.rows.close()


class Stage:
    """Prepared folders, and with `several` a PostgreSQL database with a server and two workers on it. `open` copies them for a run.

    There are items for `blocks` seeds at the same time.
    """

    def __init__(self, folder: Path, *, several: bool = False, blocks: int = 1) -> None:
        self.folder = folder
        self.several = several
        self.stock = stock(blocks)
        self.ports = free_port(), free_port()
        self.token = ""
        self._held = ExitStack()
        self._postgres = self._held.enter_context(postgres_server()) if several else None
        self._template = self._postgres.create() if self._postgres else ""

    def close(self) -> None:
        self._held.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def prepare(self) -> None:
        """Make the template: accounts connected, items ready to be published."""
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        (self.folder / "data").mkdir(parents=True)
        sandbox = self._sandbox(self.folder / "sandbox")
        try:
            await self._fill(self._settings(self.folder / "data", sandbox, self._template), sandbox)
        finally:
            sandbox.stop()
            sandbox.close()

    async def _fill(self, settings: Settings, sandbox: SandboxProcess) -> None:
        async with running(settings) as house:
            person = await owner(house.app)
            self.token = await sessions.open_session(house.app.house, person)
            await connect_all(house.app, SHOP)
            photo = await shelf.photo(house.app.house, person)
            async with house.app.house.db.write() as session:
                await shelf.numbered(session, person, len(self.stock))
                shops = (await session.execute(select(Account))).scalars().all()
                for number, quantity in self.stock.items():
                    await shelf.shelve(session, house.app.house, person, shops, photo, number, quantity=quantity)

    def open(self, folder: Path) -> Theatre:
        """A fresh copy, running."""
        shutil.copytree(self.folder / "data", folder / "data")
        shutil.copytree(self.folder / "sandbox", folder / "sandbox")
        database = self._postgres.create(self._template) if self._postgres else ""
        sandbox = self._sandbox(folder / "sandbox")
        settings = self._settings(folder / "data", sandbox, database)
        rows = Rows(settings.database_url or str(folder / "data" / "haggle.db"))
        theatre = Theatre(folder, sandbox, self._processes(settings, folder), rows, self.url, self.token)
        try:
            theatre.start()
        except BaseException:
            theatre.close()
            raise
        return theatre

    def _sandbox(self, folder: Path) -> SandboxProcess:
        sandbox = SandboxProcess(folder, dict(SANDBOX))
        sandbox.url = f"http://127.0.0.1:{self.ports[1]}"
        sandbox.up()
        return sandbox

    def _settings(self, data: Path, sandbox: SandboxProcess, database: str) -> Settings:
        return settings_for(
            data, sandbox, port=self.ports[0], public_url=self.url, poll_seconds=1, ebay_alert_email="sam@example.com",
            ebay_verification_token="x" * 40, log_level="info", database_url=self._postgres.url(database) if self._postgres else "",
        )  # fmt: skip

    def _processes(self, settings: Settings, folder: Path) -> list[Haggle]:
        environment = {variable_of(name): str(value) for name, value in settings.model_dump(exclude_unset=True).items() if value != ""}
        serve = Haggle(environment, folder / "serve.log", f"{self.url}/healthz")
        return [serve, *(Haggle(environment, folder / f"worker-{number}.log") for number in range(2 if self.several else 0))]
