"""Who holds a data folder: one process at a time serves from it.

The lock is the kernel's (`flock`), so it goes with its process however that ends. What the file says is for people and for
`haggle talk`, which reads there where the running server is.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Invalid

NAME = "haggle.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that serves from a folder. `address` is its http address, empty until it listens; `started` is ISO 8601."""

    pid: int
    address: str
    started: str


class FolderLock:
    """A held data folder. `take` makes one; it is held until `release` or until the process ends."""

    def __init__(self, handle: int, folder: Path, held: Holder) -> None:
        self._handle = handle
        self.folder = folder
        self.holder = held

    @classmethod
    def take(cls, folder: Path, address: str = "") -> FolderLock:
        """Raises `Invalid` when another process holds the folder: which one, where it listens, and how to choose another."""
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(handle):
            other = _read(handle)
            os.close(handle)
            raise Invalid(_taken(folder, other))
        lock = cls(handle, folder, Holder(os.getpid(), address, datetime.now(UTC).isoformat(timespec="seconds")))
        lock._write()
        return lock

    def announce(self, address: str) -> None:
        """Say where we listen, once we do."""
        self.holder = Holder(self.holder.pid, address, self.holder.started)
        self._write()

    def release(self) -> None:
        os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def _write(self) -> None:
        told = json.dumps(asdict(self.holder)).encode()
        os.pwrite(self._handle, told, 0)
        os.ftruncate(self._handle, len(told))


def holder(folder: Path) -> Holder | None:
    """Who holds the folder now; None when nobody does, whatever a dead process left written."""
    try:
        handle = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)
    finally:
        os.close(handle)
    return None


def _locked(handle: int) -> bool:
    """Take it, unless another holds it for longer than `holder` needs to look."""
    for _ in range(5):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def _read(handle: int) -> Holder:
    """What the holder wrote; zeros while it is still writing."""
    try:
        told = json.loads(os.pread(handle, 4096, 0))
        return Holder(int(told["pid"]), str(told["address"]), str(told["started"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, "", "")


def _taken(folder: Path, other: Holder) -> str:
    who = f"process {other.pid}" if other.pid else "another process"
    where = f" at {other.address}" if other.address else ""
    return f"The data folder {folder} is in use by {who}{where}. Stop that one, or choose another folder: make run DATA=DIR, or --data."
