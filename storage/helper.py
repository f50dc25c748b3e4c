"""Heavy computing in a niced child process, one job at a time, so that the process that answers sales stays responsive.

    parent                                    child (storage/helper_child.py)
      frame: length, JSON header, blobs  ->     JOBS[header.job](values, blobs)
      answer, or an error of ours        <-     answer, its memory in bytes

The child starts at the first job and ends by itself when its standard input closes, so a parent that was killed leaves
nothing behind. It is replaced after `jobs_limit` jobs, when it has grown past `memory_limit`, when a job takes longer
than `seconds`, and when it died; after `idle_seconds` without work it is let go, and its memory with it.

A job whose child died gets one more child, since something else may have killed the first; when that dies too the job
is to blame and fails alone. Nothing here knows what the jobs are: `module` names them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from core import errors
from core.words import Told, of_stored

log = structlog.get_logger(__name__)

MIB = 1024 * 1024
_LENGTH = 4  # bytes of the length before each JSON header, big-endian
_QUEUE_WAIT = 5.0  # seconds after which a caller that found the queue full may ask again

# One thread for every library that would start its own; and memory goes back to the system after each job instead of
# staying with the allocator (measured: 160 MiB instead of 410 MiB kept by a child that reads text).
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "PYTHONUTF8": "1",
}


class _Died(Exception):
    """The child went away in the middle of a job."""


class Helper:
    """Runs the jobs of `module` (its `JOBS`: name to `function(values, blobs) -> (values, blobs)`) in a child process."""

    def __init__(
        self,
        module: str,
        *,
        memory_limit: int = 450 * MIB,
        jobs_limit: int = 500,
        seconds: float = 60.0,
        waiting: int = 64,
        idle_seconds: float = 300.0,
    ) -> None:
        self.module = module
        self.memory_limit = memory_limit
        self.jobs_limit = jobs_limit
        self.seconds = seconds
        self.waiting_limit = waiting
        self.idle_seconds = idle_seconds
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._child: _Child | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._farewells: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.process.pid if self._child else None

    @property
    def memory(self) -> int:
        """Bytes that the child held after its last job, 0 while there is none."""
        return self._child.memory if self._child else 0

    async def run(self, job: str, values: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> tuple[dict[str, Any], list[bytes]]:
        """Do one job. Raises what the job raised, `Busy` when `waiting` jobs wait already, `Unreachable` when it took
        longer than `seconds` (with the code `TOO_SLOW`) or no child can be started, `Invalid` when it killed two children."""
        if self._closed:
            raise errors.Unreachable(Told("Haggle is stopping: try again when it runs."), cause=f"helper {self.module} is closed")
        if self._waiting >= self.waiting_limit:
            raise errors.Busy(Told("Too many photos are waiting: try again in a few seconds."), retry_after=_QUEUE_WAIT)
        self._waiting += 1
        try:
            async with self._lock:
                self._stay_awake()
                return await self._twice(job, values, blobs)
        finally:
            self._waiting -= 1
            if not self._waiting and not self._closed:
                self._idle = asyncio.get_running_loop().call_later(self.idle_seconds, self._let_go)

    async def close(self) -> None:
        """End the child. A job that is under way fails; later jobs are refused."""
        self._closed = True
        self._stay_awake()
        self._let_go()
        await asyncio.gather(*self._farewells)

    async def _twice(self, job: str, values: Mapping[str, Any], blobs: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        try:
            return await self._once(job, values, blobs)
        except _Died as first:
            log.warning("helper_died", module=self.module, job=job, cause=str(first))
        try:
            return await self._once(job, values, blobs)
        except _Died as second:
            log.warning("helper_died_again", module=self.module, job=job, cause=str(second))
            sentence = Told("This could not be worked on, it breaks the program that reads it: leave it out.")
            raise errors.Invalid(sentence, cause=str(second)) from second

    async def _once(self, job: str, values: Mapping[str, Any], blobs: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        child = self._child
        if child is None or child.process.returncode is not None:
            self._let_go()
            child = self._child = await _Child.start(self.module)
        keep = False
        try:
            async with asyncio.timeout(self.seconds):
                header, answer = await child.exchange({"job": job, "values": dict(values)}, blobs)
            keep = child.jobs < self.jobs_limit and child.memory <= self.memory_limit
        except TimeoutError:
            cause = f"{self.module}.{job} took longer than {self.seconds:g} s"
            log.warning("helper_too_slow", module=self.module, job=job, seconds=self.seconds)
            sentence = Told("This took too long to work on: try again, or send it smaller.")
            raise errors.Unreachable(sentence, code=errors.TOO_SLOW, cause=cause) from None
        finally:
            # Also after a cancelled caller: its answer would otherwise be read by the next job.
            if not keep:
                self._let_go()
        if "error" in header:
            raise _error(header["error"])
        return header["values"], answer

    def _stay_awake(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if child:
            task = asyncio.get_running_loop().create_task(child.stop())
            self._farewells.add(task)
            task.add_done_callback(self._farewells.discard)


class _Child:
    """One process and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process, module: str) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.module = module
        self.jobs = 0
        self.memory = 0
        self._in = process.stdin
        self._out = process.stdout
        self._complaints: deque[str] = deque(maxlen=20)
        self._listener = asyncio.get_running_loop().create_task(self._listen(process.stderr))

    @classmethod
    async def start(cls, module: str) -> _Child:
        environment = {**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "storage.helper_child", module,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment, limit=MIB,
            start_new_session=True,  # Ctrl-C in the terminal is for the parent, which then ends the child
        )  # fmt: skip
        child = cls(process, module)
        ready = False
        try:
            await child._receive()
            ready = True
        except _Died as died:
            sentence = Told("The part of Haggle that works on photos cannot start: run `haggle doctor`.")
            raise errors.Unreachable(sentence, cause=str(died)) from died
        finally:
            if not ready:
                await child.stop()
        return child

    async def exchange(self, header: dict[str, Any], blobs: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
        head = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
        self.jobs += 1
        try:
            self._in.writelines([len(head).to_bytes(_LENGTH, "big"), head, *blobs])
            await self._in.drain()
        except (BrokenPipeError, ConnectionResetError) as lost:
            raise _Died(await self._obituary()) from lost
        return await self._receive()

    async def _receive(self) -> tuple[dict[str, Any], list[bytes]]:
        try:
            length = int.from_bytes(await self._out.readexactly(_LENGTH), "big")
            header: dict[str, Any] = json.loads(await self._out.readexactly(length))
            blobs = [await self._out.readexactly(size) for size in header["blobs"]]
        except (asyncio.IncompleteReadError, ConnectionResetError) as lost:
            raise _Died(await self._obituary()) from lost
        self.memory = header["memory"]
        return header, blobs

    async def stop(self) -> None:
        """Kill and reap it: it holds no state, so there is nothing to say goodbye for."""
        if self.process.returncode is None:
            self.process.kill()
        self._in.close()
        await self._drain()
        await self._listener
        await self.process.wait()

    async def _drain(self) -> None:
        # Unread output keeps the pipe, and with it the transport, open.
        while await self._out.read(MIB):
            pass

    async def _obituary(self) -> str:
        await self.process.wait()
        await self._listener
        return f"exit {self.process.returncode}: " + " | ".join(self._complaints)

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.readline():
            self._complaints.append(line.decode("utf-8", "replace").strip()[:500])


def _error(data: dict[str, Any]) -> errors.HaggleError:
    """The error that a job raised, as itself again."""
    kind, sentence, code, cause = data["kind"], of_stored(data["sentence"]), data["code"], data["cause"]
    match kind:
        case "Busy":
            return errors.Busy(sentence, retry_after=float(data["retry_after"]), code=code, cause=cause)
        case "Missing":
            return errors.Missing(sentence, field=data["field"], code=code, cause=cause)
        case "Refused":
            return errors.Refused(sentence, code=code, cause=cause)
        case "Unreachable":
            return errors.Unreachable(sentence, code=code, cause=cause)
        case _:
            return errors.Invalid(sentence, code=code, cause=cause)
