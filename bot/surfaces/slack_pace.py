"""How fast Slack lets an app call it, as token buckets. Pure: the time comes in, the wait goes out.

Slack's guide on rate limits: each method has a tier (calls a minute, in a workspace; some more in a burst), and messages have their
own, about one a second in a channel. `hold` is Slack's own Retry-After, which comes before our own sums.
"""

from __future__ import annotations

from dataclasses import dataclass

TIERS = {2: 20, 3: 50, 4: 100}  # calls a minute
METHODS = {
    "chat.update": 3, "views.publish": 4, "views.open": 4, "chat.postEphemeral": 4, "conversations.open": 3, "users.info": 4,
    "files.info": 4, "files.getUploadURLExternal": 4, "files.completeUploadExternal": 4,
}  # fmt: skip
POST = "chat.postMessage"
IN_CHANNEL = (1.0, 5.0)  # a second, at once
_MANY = 2000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    since: float
    held_until: float = 0.0


class Pace:
    """One per app. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, method: str, channel: str, now: float) -> float:
        """0 when the call may be made now; otherwise the seconds to wait, and nothing was taken."""
        name, rate, most = _limit(method, channel)
        if len(self._buckets) > _MANY:
            self._forget(now)
        bucket = self._buckets.setdefault(name, _Bucket(most, now))
        bucket.tokens = min(most, bucket.tokens + (now - bucket.since) * rate)
        bucket.since = now
        short = 0.0 if bucket.tokens >= 1 else (1 - bucket.tokens) / rate
        wait = max(short, bucket.held_until - now, self._held(method) - now, 0.0)
        if wait == 0:
            bucket.tokens -= 1
        return wait

    def hold(self, method: str, now: float, seconds: float) -> None:
        """Slack said how long to leave this method alone."""
        bucket = self._buckets.setdefault(method, _Bucket(0.0, now))
        bucket.held_until = max(bucket.held_until, now + seconds)

    def _held(self, method: str) -> float:
        return self._buckets[method].held_until if method in self._buckets else 0.0

    def _forget(self, now: float) -> None:
        """Drop those that have been left alone for so long that they are full anyway."""
        self._buckets = {name: one for name, one in self._buckets.items() if one.held_until > now or now - one.since < 60}


def _limit(method: str, channel: str) -> tuple[str, float, float]:
    """The bucket's name, its calls a second, and how many at once."""
    if method == POST:
        return f"{method}:{channel}", *IN_CHANNEL
    minute = TIERS[METHODS.get(method, 2)]
    return method, minute / 60, minute / 3
