"""A job that wants more memory than its module may have."""

from __future__ import annotations

from typing import Any

MEMORY_CEILING = 200 * 1024 * 1024


def take(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    try:
        return {"got": len(bytearray(values["mib"] * 1024 * 1024))}, []
    except MemoryError:
        return {"got": 0}, []


JOBS = {"take": take}
