"""One process holds a data folder; the next is told which, where, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Invalid
from storage.lock import FolderLock, Holder, holder
from tests.requires import ROOT

HOLD = """
import sys
from pathlib import Path
from storage.lock import FolderLock
lock = FolderLock.take(Path(sys.argv[1]), "http://localhost:8080")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_free_folder_is_taken_and_given_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert holder(folder) is None
    lock = FolderLock.take(folder)
    assert holder(folder) == lock.holder == Holder(os.getpid(), "", lock.holder.started)
    lock.announce("http://localhost:8080")
    seen = holder(folder)
    assert seen is not None
    assert seen.address == "http://localhost:8080"
    lock.announce("http://a:1")
    assert holder(folder) == Holder(os.getpid(), "http://a:1", lock.holder.started)
    lock.release()
    assert holder(folder) is None
    FolderLock.take(folder).release()


def test_a_held_folder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Invalid) as refused:
            FolderLock.take(tmp_path)
        assert all(
            part in str(refused.value) for part in (str(other.pid), "http://localhost:8080", "make run DATA=DIR, or --data", str(tmp_path))
        )
        seen = holder(tmp_path)
        other.kill()
        other.wait()
    assert seen is not None
    assert (seen.pid, seen.address) == (other.pid, "http://localhost:8080")
    assert holder(tmp_path) is None, "a killed process holds nothing, whatever it left written"
    FolderLock.take(tmp_path).release()
