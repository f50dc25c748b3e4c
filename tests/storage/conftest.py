"""Worker processes for tests of storage: real ones, that can be killed and frozen."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.requires import ROOT


class WorkerProcess:
    """A process that runs `tests/storage/worker.py`. What it prints is read line by line."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def says(self, start: str) -> str:
        """The rest of the next line that begins with `start`; fails when the process ends before."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = line.decode().strip()
            if told.startswith(start):
                return told[len(start) :].strip()
        raise AssertionError(f"the worker ended (code {await self._process.wait()}) without saying {start!r}")

    async def all_lines(self) -> list[str]:
        """Everything until it ends."""
        assert self._process.stdout is not None
        return (await self._process.stdout.read()).decode().splitlines()

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def end(self) -> None:
        """Ask it to stop, and wait until it did."""
        self.tell("stop")
        await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone. Harmless when it is gone already."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


StartWorker = Callable[..., Awaitable[WorkerProcess]]


@pytest.fixture
async def start_worker(database_url: str) -> AsyncIterator[StartWorker]:
    """Starts `worker.py` on the test's database: `await start_worker("NAME", "MODE")`. Its modes are described there."""
    started: list[WorkerProcess] = []

    async def start(name: str, mode: str) -> WorkerProcess:
        command = [sys.executable, "-m", "tests.storage.worker", database_url, name, mode]
        started.append(WorkerProcess(await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE)))
        return started[-1]

    yield start
    for one in started:
        await one.kill()
