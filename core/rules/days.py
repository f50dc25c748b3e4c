"""Times of day in a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def last_time(now: datetime, hour: int, minute: int, zone: str) -> datetime:
    """When it was last so late in the zone, as UTC."""
    there = now.astimezone(ZoneInfo(zone))
    at = there.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if at.astimezone(UTC) > now:
        at -= timedelta(days=1)  # by the calendar: a day may have 23 hours
    return at.astimezone(UTC)
