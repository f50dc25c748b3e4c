"""How much comes in at our own doors: what is too much waits for its time, and nothing is turned away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

# Drafts that a business begins to have read, and in which time. A camera roll is exempt: it was confirmed as a whole.
DRAFTS = ((10, timedelta(minutes=1)), (100, timedelta(hours=1)))
LOOKED_AT = max(count for count, _ in DRAFTS)


def allowed_from(starts: Sequence[datetime], now: datetime) -> datetime:
    """When another draft may begin, given when the newest ones do (those that wait included): now, or later."""
    newest = sorted(starts, reverse=True)
    return max([now, *(newest[count - 1] + within for count, within in DRAFTS if len(newest) >= count)])
