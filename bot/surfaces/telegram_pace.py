"""How fast Telegram lets a bot talk, as token buckets. Pure: the time comes in, the wait goes out.

Telegram's FAQ for bots: about one message a second in a chat (short bursts are let through), 20 a minute in a group, 30 a second
in all. Whoever is told to wait tries again then; nobody sleeps here. What Telegram itself asks for (`hold`) comes before our own sums.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL = (30.0, 30.0)  # a second, at once
PRIVATE = (1.0, 5.0)
GROUP = (20 / 60, 5.0)
_MANY = 2000  # chats that are remembered before those that are at rest are forgotten


@dataclass(slots=True)
class _Bucket:
    tokens: float
    since: float
    held_until: float = 0.0


class ChatPace:
    """One per bot. Times are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._all = _Bucket(ALL[1], 0.0)
        self._chats: dict[str, _Bucket] = {}

    def take(self, chat: str, now: float, messages: int = 1) -> float:
        """0 when the messages may be sent now; otherwise the seconds to wait, and nothing was taken.

        Messages that belong together (an album) go together, so a bucket may be overdrawn by them; what follows waits longer.
        """
        rate, most = GROUP if chat.startswith("-") else PRIVATE
        if len(self._chats) > _MANY:
            self._forget(now)
        bucket = self._chats.setdefault(chat, _Bucket(most, now))
        wait = max(_wait(bucket, now, rate, most), _wait(self._all, now, *ALL))
        if wait == 0:
            bucket.tokens -= messages
            self._all.tokens -= messages
        return wait

    def hold(self, chat: str, now: float, seconds: float) -> None:
        """Telegram said how long to leave this chat alone."""
        bucket = self._chats.setdefault(chat, _Bucket(0.0, now))
        bucket.held_until = max(bucket.held_until, now + seconds)

    def _forget(self, now: float) -> None:
        """Drop the chats that have been left alone for so long that their bucket is full anyway."""
        rest = GROUP[1] / GROUP[0] + 60
        self._chats = {chat: one for chat, one in self._chats.items() if one.held_until > now or now - one.since < rest}


def _wait(bucket: _Bucket, now: float, rate: float, most: float) -> float:
    """Fill up to now; seconds until a message may go."""
    bucket.tokens = min(most, bucket.tokens + (now - bucket.since) * rate)
    bucket.since = now
    short = 0.0 if bucket.tokens >= 1 else (1 - bucket.tokens) / rate
    return max(short, bucket.held_until - now, 0.0)
