"""Nothing outlives a run, however it ends: its processes and its PostgreSQL server go with it.

The run is a process of its own, below one that does nothing but wait. Whatever it starts carries a mark in its environment, which
children and their children get too; when the run is over, what carries the mark and is still there is killed. When the waiting process
itself is killed, the run notices by its standard input and ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from types import FrameType

import psutil

from tests.requires import ROOT

MARK = "CHAOS_RUN"  # not one of ours: those are not passed on
SERVER = "PYTEST_XDIST_TESTRUNUID"  # by which all processes of a run share one PostgreSQL server, and by which its folder is called


def guarded(main: Callable[[], int]) -> int:
    """Run `main` in a process that is looked after. Answers its exit code."""
    if MARK in os.environ:
        threading.Thread(target=_end_with_the_guard, daemon=True).start()
        return main()
    mark = token_hex(8)
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *sys.argv[1:]], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True,
        env={**os.environ, MARK: mark, SERVER: mark},
    )  # fmt: skip
    signal.signal(signal.SIGTERM, _leave)
    try:
        return run.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        clear_away(mark)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _end_with_the_guard() -> None:
    """The guard never says anything: the pipe ends when it does."""
    while os.read(0, 1):
        pass
    clear_away(os.environ[MARK])
    os._exit(1)


def clear_away(mark: str) -> list[int]:
    """Kill what carries the mark, but not this process. Answers which processes these were."""
    gone = []
    for one in psutil.process_iter():
        try:
            if one.pid != os.getpid() and one.environ().get(MARK) == mark:
                one.kill()
                gone.append(one)
        except psutil.Error:  # it ended meanwhile, or is somebody else's
            continue
    psutil.wait_procs(gone, 10)
    shutil.rmtree(Path(tempfile.gettempdir()) / f"haggle-test-postgres-{mark}", ignore_errors=True)
    return [one.pid for one in gone]
