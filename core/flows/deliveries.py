"""Carries the inbox: what people said goes to the conversation, what webhooks hinted at is fetched and taken in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError, Missing
from core.flows import accounts, notices, sales
from core.flows.house import House
from core.rules.retry import wait_before_retry
from core.values.card import Inbound
from core.values.states import AccountState, InboxState, Severity
from storage import work
from storage.models import Account, InboxEvent, Workspace
from storage.work import Claim

log = structlog.get_logger()

HOLD = 60.0  # what waits while the house is paused looks again this often; resuming wakes it at once
PAUSED = "Paused: nothing leaves the house."


class InboxFlow:
    """Carries `inbox_event` rows."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def carry(self, claim: Claim) -> None:
        async with self._house.db.read() as session:
            event = await session.get_one(InboxEvent, claim.id)
            found, paused = await self._accounts(session, event)
        if paused or (event.source in self._house.channels and not self._house.outward):
            await self._wait(claim)
        elif event.source in self._house.channels:
            await self._hint(claim, event, found)
        else:
            await self._house.listener.hear(Inbound.of_json(event.body), Settle(claim))

    async def _wait(self, claim: Claim) -> None:
        """Nothing leaves the house now, so what the hint speaks of cannot be fetched. Waiting is no failed try."""
        db = self._house.db
        async with db.write() as session:
            waits = {"due_at": db.now() + timedelta(seconds=HOLD), "attempts": claim.attempts - 1, "last_error": PAUSED}
            await work.finish(session, claim, state=InboxState.RECEIVED, **waits)

    async def _hint(self, claim: Claim, event: InboxEvent, found: list[Account]) -> None:
        """A webhook is only a hint: what it speaks of is fetched from the marketplace."""
        house = self._house
        settle = partial(self._settle, claim, event)
        if event.topic == "order" and len(found) == 1:
            if await self._order(found[0], event, settle):
                return  # settled together with what it caused
        elif event.topic == "order":
            for account in found:
                await self._order(account, event)
        elif event.topic == "orders":
            for account in found:
                await accounts.ask_soon(self._house, account.id)
        async with house.db.write() as session:
            await settle(session)

    async def _settle(self, claim: Claim, event: InboxEvent, session: AsyncSession) -> None:
        if event.topic == "account_deletion":
            for name in str(event.body.get("resource", "")).split():
                await sales.forget_buyer(session, self._house, name, actor=f"channel:{event.source}")
        await self._heard(session, event)
        # Who asked to be forgotten is not kept here either.
        body = {} if event.topic == "account_deletion" else event.body
        await work.finish(session, claim, state=InboxState.DONE, body=body, last_error="")

    async def _accounts(self, session: AsyncSession, event: InboxEvent) -> tuple[list[Account], bool]:
        """The accounts that a hint is about, and whether its business is paused."""
        if event.source not in self._house.channels:
            return [], False
        query = select(Account, Workspace.paused).join(Workspace, Workspace.id == Account.workspace_id)
        query = query.where(Account.channel == event.source, Account.state == AccountState.ACTIVE)
        if event.account:
            query = query.where(Account.external_id == event.account)
        found = (await session.execute(query)).all()
        return [account for account, _paused in found], any(paused for _account, paused in found)

    async def _order(self, account: Account, event: InboxEvent, also: Callable[[AsyncSession], Awaitable[None]] | None = None) -> bool:
        """Fetch the order and take it in. True when that wrote something, and with it what `also` had to add."""
        house = self._house
        try:
            told = await house.channels[account.channel].order(accounts.connection(house, account), str(event.body.get("resource", "")))
        except Missing:
            # Somebody else's order, or the index lags: the poll will see it when it is ours.
            log.info("an order was hinted at and is not there", channel=account.channel)
            await accounts.ask_soon(self._house, account.id)
            return False
        return await sales.take(house, account, told, seen_by="webhook", also=also) is not None

    async def _heard(self, session: AsyncSession, event: InboxEvent) -> None:
        statement = update(Account).where(Account.channel == event.source)
        if event.account:
            statement = statement.where(Account.external_id == event.account)
        now = self._house.db.now()
        # One write a second is enough for a heartbeat, and keeps bursts from rewriting one row over and over.
        old = (Account.last_webhook_at.is_(None)) | (Account.last_webhook_at < now - timedelta(seconds=1))
        await session.execute(statement.where(old).values(last_webhook_at=now, last_ok_at=now))

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """The poll is the safety net; a webhook that waits is no news yet."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        """Listed under /webhooks with a button to replay it."""
        db = self._house.db
        async with db.write() as session:
            event = await session.get_one(InboxEvent, claim.id)
            await work.finish(session, claim, state=InboxState.FAILED, last_error=str(error))
            account = (await session.execute(select(Account).where(Account.channel == event.source).limit(1))).scalar()
            if account is not None:
                await notices.tell(
                    session, db, workspace=account.workspace_id, severity=Severity.WARNING, type="system_alert",
                    key=f"webhook:{event.id}", subject=("webhook", event.id),
                    title=f"A message from {event.source} could not be taken in.",
                    body=f"{error} The poll finds missed sales by itself; /webhooks lists it and can replay it.",
                )  # fmt: skip
        if isinstance(error, AuthLost) and account is not None:
            await accounts.lost(self._house, account.id, error)

    async def lost(self, claim: Claim) -> None:
        """Fetching changes nothing outside, and an order is taken in once."""


class Settle:
    """Finishes an inbox row in the transaction of what it caused, so that neither happens without the other."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    async def __call__(self, session: AsyncSession) -> None:
        await work.finish(session, self._claim, state=InboxState.DONE, last_error="")
