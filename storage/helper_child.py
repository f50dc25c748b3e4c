"""The other end of `storage/helper.py`: `python -m storage.helper_child MODULE` does that module's JOBS until its input ends.

It knows no photos and no models. Errors of ours go back as answers; any other exception ends the process, and the parent
starts another: a broken library state is not worth saving. A module that names a `MEMORY_CEILING` (bytes) gets no more
memory than that, whatever its libraries ask for.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from core.errors import HaggleError
from core.words import to_stored

Job = Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]

NICENESS = 10


def main() -> None:
    os.nice(NICENESS)
    source, sink = _pipes()
    module = importlib.import_module(sys.argv[1])
    jobs: Mapping[str, Job] = module.JOBS
    _confine(getattr(module, "MEMORY_CEILING", resource.RLIM_INFINITY))
    _send(sink, {}, [])
    while frame := _receive(source):
        header, blobs = frame
        try:
            values, answer = jobs[header["job"]](header["values"], blobs)
        except HaggleError as error:
            _send(sink, {"error": _error(error)}, [])
        else:
            _send(sink, {"values": values}, answer)


def _confine(ceiling: int) -> None:
    """Have the system refuse to allocate more (Linux counts all private memory; macOS takes the number and ignores it)."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    within_hard = ceiling if hard == resource.RLIM_INFINITY else min(ceiling, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (within_hard, hard))


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our ends of the parent's pipes. Whatever a library prints goes to standard error, not between two frames."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return source, sink


def _receive(source: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """The next frame, None when the parent is gone."""
    length = source.read(4)
    if len(length) < 4:
        return None
    header: dict[str, Any] = json.loads(source.read(int.from_bytes(length, "big")))
    blobs = [source.read(size) for size in header["blobs"]]
    return (header, blobs) if [len(blob) for blob in blobs] == header["blobs"] else None


def _send(sink: BinaryIO, header: dict[str, Any], blobs: list[bytes]) -> None:
    head = json.dumps({**header, "memory": _memory(), "blobs": [len(blob) for blob in blobs]}).encode()
    sink.write(len(head).to_bytes(4, "big"))
    sink.write(head)
    for blob in blobs:
        sink.write(blob)
    sink.flush()


def _memory() -> int:
    """Resident bytes now; where the system does not say (macOS), the highest so far."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _error(error: HaggleError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "sentence": to_stored(error.sentence),
        "code": error.code,
        "cause": error.cause,
        "field": getattr(error, "field", ""),
        "retry_after": getattr(error, "retry_after", 0),
    }


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)  # the parent is gone: nobody is left to answer, and closing the pipe would complain
