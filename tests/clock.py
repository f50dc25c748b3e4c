"""The clock of tests: real time, moved by an offset that the database's own time follows (leases run out without waiting)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class TestClock:
    """Implements `core.ports.Clock`."""

    __test__ = False  # not a test class, whatever its name

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def move(self, **by: float) -> None:
        """`move(seconds=20)`: from now on it is 20 s later."""
        self.offset += timedelta(**by)


class WrongClock(TestClock):
    """The clock of a machine that is wrong by so much, beside a database whose clock is right."""

    def __init__(self, **wrong: float) -> None:
        super().__init__()
        self._wrong = timedelta(**wrong)

    def now(self) -> datetime:
        return super().now() + self._wrong
