"""The processes of a run: Haggle and the stand-in marketplaces, on a copy of folders that were prepared once.

Preparing connects the accounts and drafts the items through the real conversation. A stage keeps its two ports, since
both sides remember each other's address.
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
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any

import httpx

from bot.demo import connect_all
from bot.serving import owner, running
from bot.settings import Settings, variable_of
from bot.standins import SHOP
from core.flows import people
from tests.chaos.plan import STOCK
from tests.chaos.rows import Rows, now
from tests.clock import TestClock
from tests.requires import ROOT
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, settings_for

WORK = ("change", "inbox_event", "card_post", "draft", "account", "manual_task")
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
    """What a run plays on: a stand-in, Haggle, its database as plain SQL, and the owner's way in."""

    folder: Path
    sandbox: SandboxProcess
    haggle: Haggle
    rows: Rows
    url: str
    token: str

    def expire_leases(self) -> None:
        """What 15 seconds would do to the leases of a process that is dead."""
        for table in WORK:
            self.rows.run(f"UPDATE {table} SET lease_until = :past WHERE lease_until IS NOT NULL", past=now(-1))

    def restart(self) -> None:
        self.haggle.kill()
        self.expire_leases()
        self.haggle.start()

    def close(self) -> None:
        self.haggle.kill()
        self.sandbox.kill()
        self.sandbox.close()
        self.rows.close()


class Stage:
    """Prepared folders. `open` copies them for one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = free_port(), free_port()
        self.token = ""
        self._values: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def _sandbox(self, folder: Path) -> SandboxProcess:
        sandbox = SandboxProcess(folder, dict(SANDBOX))
        sandbox.url = f"http://127.0.0.1:{self.ports[1]}"
        sandbox.up()
        return sandbox

    def _settings(self, data: Path, sandbox: SandboxProcess, **more: Any) -> Settings:
        values = {
            "port": self.ports[0], "public_url": self.url, "poll_seconds": 1, "ebay_alert_email": "sam@example.com",
            "ebay_verification_token": "x" * 40, "log_level": "info", **more,
        }  # fmt: skip
        return settings_for(data, sandbox, **values)

    def prepare(self) -> None:
        """Make the template: accounts connected, items drafted and every question answered."""
        asyncio.run(self._prepare())

    async def _prepare(self) -> None:
        (self.folder / "data").mkdir(parents=True)
        sandbox = self._sandbox(self.folder / "sandbox")
        try:
            await self._draft_everything(sandbox)
        finally:
            sandbox.stop()
            sandbox.close()

    async def _draft_everything(self, sandbox: SandboxProcess) -> None:
        settings = self._settings(self.folder / "data", sandbox)
        async with running(settings) as house:
            person = await owner(house.app)
            self.token = await people.open_session(house.app.house, person)
            await connect_all(house.app, SHOP)
            shop = TestShop(house.app, person, sandbox, TestClock())
            for number, quantity in STOCK.items():
                assert await shop.item(f"Acme brass lamp {number}", price=8000, quantity=quantity) == number

    def open(self, folder: Path) -> Theatre:
        """A fresh copy, running."""
        shutil.copytree(self.folder / "data", folder / "data")
        shutil.copytree(self.folder / "sandbox", folder / "sandbox")
        sandbox = self._sandbox(folder / "sandbox")
        try:
            haggle = self._haggle(folder, sandbox)
        except BaseException:
            sandbox.kill()
            raise
        return Theatre(folder, sandbox, haggle, Rows(str(folder / "data" / "haggle.db")), self.url, self.token)

    def _haggle(self, folder: Path, sandbox: SandboxProcess) -> Haggle:
        settings = self._settings(folder / "data", sandbox)
        environment = {variable_of(name): str(value) for name, value in settings.model_dump(exclude_unset=True).items()}
        haggle = Haggle(environment, folder / "haggle.log", f"{self.url}/healthz")
        haggle.start()
        return haggle
