"""Pacing: one token bucket an account, in the account's row, so that any number of processes share it.

Tokens are drawn in handfuls by one atomic UPDATE and spent from memory: one write for some twenty calls instead of one each.
A crash loses a handful, which errs on the safe side.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select, update

from core.errors import Busy
from core.words import Told
from storage.asking import table_of
from storage.db import Database
from storage.models import Account

HANDFUL = 20

_A = table_of(Account).c
_BUCKET = select(_A.tokens, _A.tokens_at).where(_A.id == bindparam("account")).with_for_update()
_DRAW = update(table_of(Account)).where(_A.id == bindparam("account")).values(tokens=bindparam("left"), tokens_at=bindparam("now"))


@dataclass(slots=True)
class Pace:
    """The tokens that this process holds, per account."""

    db: Database
    _held: dict[str, float] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def take(self, account_id: str, calls: int, *, rate: float, burst: float) -> None:
        """Take tokens for so many calls. Raises `Busy` with the wait when the bucket is empty."""
        if not self._spend(account_id, calls):
            async with self._locks.setdefault(account_id, asyncio.Lock()):  # calls that come at once draw one handful, not one each
                if self._spend(account_id, calls):
                    return
                drawn = await self._draw(account_id, max(calls, HANDFUL), rate, burst)
                self._held[account_id] = self._held.get(account_id, 0.0) + drawn
                if not self._spend(account_id, calls):
                    wait = (calls - self._held[account_id]) / rate
                    raise Busy(Told("Pausing, so that the marketplace does not block us."), retry_after=wait)

    def _spend(self, account_id: str, calls: int) -> bool:
        held = self._held.get(account_id, 0.0)
        if held < calls:
            return False
        self._held[account_id] = held - calls
        return True

    async def _draw(self, account_id: str, wanted: float, rate: float, burst: float) -> float:
        now = self.db.now()
        async with self.db.write() as session:
            row = (await session.execute(_BUCKET, {"account": account_id})).one_or_none()
            if row is None:
                return 0.0
            passed = (now - row.tokens_at).total_seconds() if row.tokens_at else burst / rate
            there = min(burst, row.tokens + max(0.0, passed) * rate)
            drawn = float(min(wanted, there))
            await session.execute(_DRAW, {"account": account_id, "left": there - drawn, "now": now})
        return drawn
