"""Jobs that behave badly in every way that a photo library might."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from core.errors import Busy, Missing

Answer = tuple[dict[str, Any], list[bytes]]
_kept: list[bytearray] = []


def echo(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    print("noise that a library might make")
    return {**values, "nice": os.nice(0), "threads": os.environ["OMP_NUM_THREADS"]}, blobs


def grow(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    _kept.append(bytearray(os.urandom(1024) * 1024 * values["mib"]))
    return {}, []


def die(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}, []


def die_once(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    mark = Path(values["mark"])
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return {"came": "back"}, []


def crash(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    raise RuntimeError("a library lost its mind")


def hang(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    Path(values["mark"]).touch()
    time.sleep(60)
    return {}, []


def refuse(values: dict[str, Any], blobs: list[bytes]) -> Answer:
    if values["kind"] == "busy":
        raise Busy("Later.", retry_after=7.5, code="E1", cause="why")
    raise Missing("Not here.", field="brand")


JOBS = {"variants": die, "echo": echo, "grow": grow, "die": die, "die_once": die_once, "crash": crash, "hang": hang, "refuse": refuse}
