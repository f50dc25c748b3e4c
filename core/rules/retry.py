"""When to try again: a pure function of the error and of how often it was tried. `None` means that a person must look."""

from __future__ import annotations

from core.errors import Busy, HaggleError, Unreachable

# A sold thing that can still be bought is the worst that can happen, so taking it down is tried for ever.
URGENT = (0.5, 2.0, 8.0, 30.0, 120.0, 600.0)
USUAL = (2.0, 8.0, 30.0, 120.0, 600.0)
INTAKE = (30.0, 120.0, 600.0)


def wait_before_retry(error: HaggleError, attempts: int, *, urgent: bool = False, steps: tuple[float, ...] = USUAL) -> float | None:
    """Seconds to wait before the next try, given that `attempts` (1 and up) were made. `Busy` says itself how long,
    as often as it likes: it is no failed try, and cards show that it waits."""
    if isinstance(error, Busy):
        return error.retry_after
    if not isinstance(error, Unreachable):
        return None
    if urgent:
        return URGENT[min(attempts, len(URGENT)) - 1]
    return steps[attempts - 1] if attempts <= len(steps) else None
