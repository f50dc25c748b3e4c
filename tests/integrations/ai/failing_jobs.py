"""The reader's jobs, with photos on which they fail: their bytes say how."""

from __future__ import annotations

from typing import Any

from core.errors import TOO_SLOW, Unreachable
from integrations.ai import jobs
from tests.integrations.ai.drawn import BROKEN, SLOW


def read(values: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    if blobs[0] == SLOW.data:
        raise Unreachable("This took too long.", code=TOO_SLOW)
    if blobs[0] == BROKEN.data:
        raise Unreachable("The part that reads cannot start.")
    return jobs.read(values, blobs)


JOBS = {"read": read, "warm": jobs.warm}
