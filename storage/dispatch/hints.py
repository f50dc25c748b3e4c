"""What a process was told of one table: rows that are due, best priority first, and rows that will be, soonest first.

Ten thousand reminders that are due in days must cost a message of today nothing, so both are heaps: telling, asking and taking cost
O(log n). An entry of a heap that the dictionaries no longer bear out is stale and skipped when it comes to the top.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Hints:
    """Times are those of the event loop's clock, in seconds. A row that is told twice keeps its better priority and its earlier time."""

    def __init__(self) -> None:
        self._due: dict[str, int] = {}  # priority
        self._best: list[tuple[int, str]] = []
        self._later: dict[str, tuple[int, float]] = {}  # priority and time
        self._soonest: list[tuple[float, str]] = []

    def add(self, key: str, priority: int, at: float, now: float) -> None:
        if key in self._due:
            self._make_due(key, min(priority, self._due[key]))
            return
        known = self._later.pop(key, None)
        if known is not None:
            priority, at = min(priority, known[0]), min(at, known[1])
        if at <= now:
            self._make_due(key, priority)
            return
        self._later[key] = (priority, at)
        if known is None or at < known[1]:
            heappush(self._soonest, (at, key))

    def due(self, now: float) -> int:
        """How many rows are due."""
        while self._soonest and self._soonest[0][0] <= now:
            at, key = heappop(self._soonest)
            if self._is_later(key, at):
                self._make_due(key, self._later.pop(key)[0])
        return len(self._due)

    def best(self) -> int | None:
        """The best priority of what is due (as of the last `due`); None when nothing is."""
        while self._best and self._due.get(self._best[0][1]) != self._best[0][0]:
            heappop(self._best)
        return self._best[0][0] if self._best else None

    def take(self, most: int) -> dict[str, int]:
        """Forget the best of what is due, at most so many. Answers their priorities, best first."""
        taken: dict[str, int] = {}
        while len(taken) < most and self.best() is not None:
            priority, key = heappop(self._best)
            taken[key] = priority
            del self._due[key]
        return taken

    def next_at(self) -> float | None:
        """When the next row will be due that is not yet; None when there is none."""
        while self._soonest and not self._is_later(self._soonest[0][1], self._soonest[0][0]):
            heappop(self._soonest)
        return self._soonest[0][0] if self._soonest else None

    def _is_later(self, key: str, at: float) -> bool:
        return key in self._later and self._later[key][1] == at

    def _make_due(self, key: str, priority: int) -> None:
        if self._due.get(key) != priority:
            self._due[key] = priority
            heappush(self._best, (priority, key))
