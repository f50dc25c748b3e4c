"""Keys: UUIDv7 as 32 hex digits. They sort by the time they were made, so an index on them stays compact and `ORDER BY id` is by age."""

from __future__ import annotations

import os
import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def new_key() -> str:
    """A fresh key. Keys made by one process strictly increase (RFC 9562, method 1: the 12 bits after the time count)."""
    global _last
    with _lock:
        ticks = time.time_ns() * 4096 // 1_000_000  # milliseconds with 12 further bits
        _last = max(ticks, _last + 1)
        ticks = _last
    stamp, counter = ticks >> 12, ticks & 0xFFF
    tail = int.from_bytes(os.urandom(8), "big") & (2**62 - 1)
    return f"{stamp << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail:032x}"


def short_code(length: int = 8) -> str:
    """A code that people may type: no vowels, nothing that looks like something else. 8 of them are 35 bits."""
    return "".join(secrets.choice("23456789BCDFGHJKMNPQRSTVWXZ") for _ in range(length))
