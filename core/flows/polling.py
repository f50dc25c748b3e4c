"""Polling: reading orders as the safety net under webhooks, and looking now and then whether an account can still sell."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError
from core.flows import notices, sales, watching
from core.flows.accounts import FIRST_LOOK, connection, lost, wake_waiting
from core.flows.house import House
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.rules.retry import wait_before_retry
from core.values.channel import Health
from core.words import N_, Told, joined
from storage import work
from storage.db import wake
from storage.models import Account
from storage.work import Claim

# Orders change while a page is read, and clocks differ: look back a little further than the last poll.
OVERLAP = timedelta(minutes=2)
SLOWEST_POLL = 300.0
# A marketplace may ask for a day's patience; a sale there must be noticed all the same, once it answers. After the slowest poll there is
# time for a second try before the account is called silent.
LONGEST_WAIT = 220.0
CHECK_EVERY = timedelta(hours=1)


async def poll_orders(house: House, account: Account) -> None:
    """Read what was ordered since the last time, and take it in. Raises `core.errors`; nothing is skipped then."""
    db = house.db
    read_to = account.orders_since or db.now() - FIRST_LOOK
    page = await house.channels[account.channel].orders_since(connection(house, account), read_to - OVERLAP)
    for order in page.orders:
        await sales.take(house, account, order, seen_by="poll")
    for problem in page.problems:
        await _say_left_out(house, account, problem)
    await watching.settle_doubts(house, account)
    now = db.now()
    values = {"orders_since": max(read_to, page.cursor), "last_poll_at": now, "last_ok_at": now, "last_error": ""}
    async with db.write() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(values))


async def _say_left_out(house: House, account: Account, problem: str) -> None:
    """An order that cannot be read is a sale that nobody else will notice: a person looks."""
    async with house.db.write() as session:
        await notices.tell(
            session, house.db, workspace=account.workspace_id, type="system_alert", channel=account.channel,
            key=f"order_left_out:{account.id}:{problem}", subject=("account", account.id),
            title=Told("An order on {name} could not be read.", name=account.name), body=problem,
        )  # fmt: skip


class AccountFlow:
    """Carries `account` rows: the poll for orders."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        house, db = self._house, self._house.db
        async with db.read() as session:
            account = await session.get_one(Account, claim.id)
            workspace = await the_workspace(session)
        if not house.outward or (workspace and workspace.paused) or account.channel not in house.channels:
            await self._next(claim, account, house.poll_seconds)
            return
        now = db.now()
        if account.settings.get("recheck") or self._is_old(account, now):
            await self._recheck(account)
        await poll_orders(house, account)
        healthy = account.last_webhook_at is not None and account.last_webhook_at > now - timedelta(hours=1)
        calm = max(house.poll_seconds, min(SLOWEST_POLL, house.poll_seconds * 3))
        await self._next(claim, account, calm if healthy else house.poll_seconds)

    def _is_old(self, account: Account, now: datetime) -> bool:
        """Whether what we know of the connection (may it sell, do webhooks come) was looked at too long ago."""
        checked = account.settings.get("checked_at")
        return checked is None or datetime.fromisoformat(checked) < now - CHECK_EVERY

    async def _recheck(self, account: Account) -> None:
        """Ask the marketplace whether the account can sell, and have webhooks that were lost set up again. Tells what changed only."""
        house, db = self._house, self._house.db
        health = await house.channels[account.channel].check(connection(house, account))
        async with db.write() as session:
            fresh = await session.get_one(Account, account.id, with_for_update={"key_share": True})
            before, asked = fresh.settings.get("problems"), bool(account.settings.get("recheck"))
            found = {"problems": list(health.problems), "checked_at": db.now().isoformat(), "recheck": False}
            fresh.settings = {"webhook_problem": "", **fresh.settings, **health.settings, **found}
            if asked or before != found["problems"]:
                await _tell_health(session, house, fresh, health)
            await touch(session, db, ("channels", fresh.workspace_id))
            await wake_waiting(session, db, fresh.id)

    async def _next(self, claim: Claim, account: Account, seconds: float) -> None:
        """The next poll; at once when somebody asked for one while this one was under way."""
        db = self._house.db
        async with db.write() as session:
            fresh = await session.get_one(Account, claim.id, with_for_update={"key_share": True})
            asked = fresh.due_at > account.due_at or (fresh.settings.get("recheck") and not account.settings.get("recheck"))
            wait = 0.0 if asked else seconds
            await work.finish(session, claim, due_at=db.now() + timedelta(seconds=wait), attempts=0)
            wake(session, "account", claim.id, priority=1 if asked else 6, delay=wait)

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        if isinstance(error, AuthLost):
            return None
        wait = wait_before_retry(error, min(claim.attempts, 4))
        return self._house.poll_seconds if wait is None else min(wait, LONGEST_WAIT)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """The heartbeat tick shouts when an account stays silent; one failed poll is no news."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        async with self._house.db.write() as session:
            await work.finish(session, claim, last_error=error.sentence, due_at=self._house.db.now())
        if isinstance(error, AuthLost):
            await lost(self._house, claim.id, error)

    async def lost(self, claim: Claim) -> None:
        """Polling changes nothing outside, and an order is taken in once."""


async def _tell_health(session: AsyncSession, house: House, account: Account, health: Health) -> None:
    db = house.db
    await notices.all_solved(session, db, "review_needed", account.id)
    await notices.tell(
        session, db, workspace=account.workspace_id, type="review_needed" if health.problems else "channel_connected",
        subject=("account", account.id), channel=account.channel, key=f"checked:{account.id}:{db.now().isoformat()}",
        title=Told(N_("{name} cannot sell yet.") if health.problems else N_("{name} is ready to sell."), name=account.name),
        body=joined(*health.problems),
    )  # fmt: skip
