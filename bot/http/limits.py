"""Rate limits at our own doors (TABLES.md): token buckets in memory. A restart forgives everybody, which harms nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import Busy
from core.words import Told

MANY = 10_000  # buckets of one limit; above that the full ones are forgotten


class Buckets:
    """`capacity` tokens at most for each key, `per_second` new ones. `seconds` is a monotonic clock."""

    def __init__(self, capacity: float, per_second: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._capacity = capacity
        self._rate = per_second
        self._seconds = seconds
        self._held: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> None:
        """Take a token. Raises `Busy` with the wait until there is one."""
        now = self._seconds()
        there = self._there(key, now)
        if there < 1:
            raise Busy(Told("That was too much at once. Wait a moment, then try again."), retry_after=(1 - there) / self._rate)
        if len(self._held) >= MANY:
            self._forget(now)
        self._held[key] = (there - 1, now)

    def _there(self, key: str, now: float) -> float:
        held, at = self._held.get(key, (self._capacity, now))
        return min(self._capacity, held + (now - at) * self._rate)

    def _forget(self, now: float) -> None:
        self._held = {key: held for key, held in self._held.items() if self._there(key, now) < self._capacity}


def a_minute(count: int) -> Buckets:
    return Buckets(count, count / 60)


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of ours. Keys: an address for strangers, sign-ins and writes, a member for theirs, a source for webhooks."""

    strangers: Buckets = field(default_factory=lambda: a_minute(100))
    stranger_bursts: Buckets = field(default_factory=lambda: Buckets(10, 10))
    sign_ins: Buckets = field(default_factory=lambda: a_minute(5))
    members: Buckets = field(default_factory=lambda: a_minute(1000))
    writes: Buckets = field(default_factory=lambda: a_minute(60))
    uploads: Buckets = field(default_factory=lambda: a_minute(30))
    webhooks: Buckets = field(default_factory=lambda: Buckets(100, 100))
