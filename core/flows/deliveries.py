"""Carries the inbox: what people said goes to the conversation, what webhooks hinted at is fetched and taken in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, HaggleError, Missing, Unreachable
from core.flows import accounts, notices, privacy, sales, watching
from core.flows.house import House
from core.flows.people import who
from core.flows.posts import put_card, put_said
from core.rules.retry import wait_before_retry
from core.values.card import Button, Card, Inbound
from core.values.states import AccountState, InboxState
from core.words import Told, joined, speaking
from storage import work
from storage.asking import table_of
from storage.models import Account, InboxEvent, Workspace
from storage.work import Claim

log = structlog.get_logger()

HOLD = 60.0  # what waits while the house is paused looks again this often; resuming wakes it at once
SALES_TOPICS = ("order", "orders", "listing")
SAID = (2.0, 8.0, 30.0)
LOOKS = 4  # for an order that was hinted at and is not there yet
Also = Callable[[AsyncSession], Awaitable[None]]
# One write a second is enough for a heartbeat, and keeps bursts from rewriting one row over and over.
HEARTBEAT = timedelta(seconds=1)

_OF_CHANNEL = (
    select(Account, Workspace.paused)
    .join(Workspace, Workspace.id == Account.workspace_id)
    .where(Account.channel == bindparam("channel"), Account.state == AccountState.ACTIVE)
)
_NAMED = _OF_CHANNEL.where(Account.external_id == bindparam("account"))
_A = table_of(Account).c
_HEARD = (
    update(table_of(Account))
    .where(_A.channel == bindparam("of_channel"), _A.last_webhook_at.is_(None) | (_A.last_webhook_at < bindparam("old")))
    .values(last_webhook_at=bindparam("now"))
)
_HEARD_NAMED = _HEARD.where(_A.external_id == bindparam("account"))


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
            waits = {"due_at": db.now() + timedelta(seconds=HOLD), "attempts": claim.attempts - 1, "last_error": watching.PAUSED}
            await work.finish(session, claim, state=InboxState.RECEIVED, **waits)

    async def _hint(self, claim: Claim, event: InboxEvent, found: list[Account]) -> None:
        """A webhook is only a hint: what it speaks of is fetched from the marketplace."""
        house = self._house
        settle = partial(self._settle, claim, event)
        if event.topic == "order" and len(found) == 1:
            if await self._order(claim, found[0], event, settle):
                return  # settled together with what it caused
        elif event.topic == "order":
            for account in found:
                await self._order(claim, account, event)
        if event.topic == "orders" or (event.topic == "order" and not found):
            for account in found or await self._all_of(event.source):
                await accounts.ask_soon(self._house, account.id)
        async with house.db.write() as session:
            await settle(session)

    async def _settle(self, claim: Claim, event: InboxEvent, session: AsyncSession) -> None:
        if event.topic in privacy.TOPICS:
            await privacy.take(session, self._house, event)
        await self._heard(session, event)
        # Who asked to be forgotten is not kept here either.
        body = {} if event.topic in privacy.TOPICS else event.body
        await work.finish(session, claim, state=InboxState.DONE, body=body, last_error="")

    async def _accounts(self, session: AsyncSession, event: InboxEvent) -> tuple[list[Account], bool]:
        """The accounts that a hint is about, and whether its business is paused."""
        if event.source not in self._house.channels:
            return [], False
        query = _NAMED if event.account else _OF_CHANNEL
        found = (await session.execute(query, {"channel": event.source, "account": event.account})).all()
        return [account for account, _paused in found], any(paused for _account, paused in found)

    async def _all_of(self, channel: str) -> list[Account]:
        """Where a hint names an account that nobody knows, each of its marketplace is asked."""
        query = select(Account).where(Account.channel == channel, Account.state == AccountState.ACTIVE)
        async with self._house.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def _order(self, claim: Claim, account: Account, event: InboxEvent, also: Also | None = None) -> bool:
        """Fetch the order and take it in. True when `also` was done in the same transaction."""
        house = self._house
        try:
            told = await house.channels[account.channel].order(accounts.connection(house, account), str(event.body.get("resource", "")))
        except Missing as missing:
            # Not ours, or not to be had yet: the poll is asked too, since it may see it first.
            log.info("an order was hinted at and is not there", channel=account.channel)
            await accounts.ask_soon(self._house, account.id)
            if also is not None and claim.attempts < LOOKS:
                raise Unreachable(missing.sentence, cause="hinted at, and not there yet") from missing
            return False
        await sales.take(house, account, told, seen_by="webhook", also=also)
        return also is not None

    async def _heard(self, session: AsyncSession, event: InboxEvent) -> None:
        """What comes about orders and listings is the heartbeat of webhooks. It proves nothing about our own calls."""
        if event.topic not in SALES_TOPICS:
            return
        now = self._house.db.now()
        values = {"of_channel": event.source, "account": event.account, "now": now, "old": now - HEARTBEAT}
        await session.execute(_HEARD_NAMED if event.account else _HEARD, values)

    def again_in(self, error: HaggleError, claim: Claim) -> float | None:
        if claim.table == "chat_event":  # somebody waits for an answer
            return wait_before_retry(error, claim.attempts, steps=SAID)
        return wait_before_retry(error, claim.attempts)

    async def retrying(self, claim: Claim, error: HaggleError) -> None:
        """The poll is the safety net; a webhook that waits is no news yet."""

    async def fail(self, claim: Claim, error: HaggleError) -> None:
        """A webhook is listed under /webhooks with a button to replay it; who said something reads that it was not understood."""
        db = self._house.db
        async with db.write() as session:
            event = await session.get_one(InboxEvent, claim.id)
            await work.finish(session, claim, state=InboxState.FAILED, last_error=error.sentence)
            if event.source not in self._house.channels:
                await self._apologise(session, event, error)
                return
            account = await _account_of(session, event)
            if account is not None:
                await notices.tell(
                    session, db, workspace=account.workspace_id, type="review_needed", channel=account.channel,
                    key=f"webhook:{event.id}", subject=("webhook", event.id),
                    title=Told("A message from {channel} could not be taken in.", channel=self._house.capabilities[event.source].name),
                    body=joined(error.sentence, Told("The poll finds missed sales by itself; /webhooks lists it and can replay it.")),
                )  # fmt: skip
        if isinstance(error, AuthLost) and account is not None:
            await accounts.lost(self._house, account.id, error)

    async def _apologise(self, session: AsyncSession, event: InboxEvent, error: HaggleError) -> None:
        """What was said is kept, and a button takes it in again."""
        inbound = Inbound.of_json(event.body)
        person = await who(self._house, inbound.surface, inbound.person)
        workspace = person.workspace_id if person else None
        place = (inbound.surface, inbound.chat)
        if workspace and inbound.text:
            put_said(session, self._house.db, place, {"text": inbound.text, "photos": [], "event": inbound.event_id}, workspace=workspace)
        with speaking(self._house.speech_of(person.language if person else inbound.language)):
            again = Button(Told("Try again"), {"do": "said.again", "event": event.id}, "primary")
            text = joined(Told("I could not do what you just asked, and nothing of it was done."), error.sentence)
            card = Card(text=text, mood="bad", buttons=((again,),))
        await put_card(session, self._house.db, place, card, workspace=workspace, priority=2)

    async def lost(self, claim: Claim) -> None:
        """Fetching changes nothing outside, and an order is taken in once."""


async def _account_of(session: AsyncSession, event: InboxEvent) -> Account | None:
    """The account that a webhook named; the channel's only one where it named none."""
    query = select(Account).where(Account.channel == event.source, Account.state != AccountState.DISCONNECTED)
    if event.account:
        query = query.where(Account.external_id == event.account)
    found = list((await session.execute(query.limit(2))).scalars())
    return found[0] if len(found) == 1 else None


class Settle:
    """Finishes an inbox row in the transaction of what it caused, so that neither happens without the other.

    What was said is in the chat's own rows from then on; kept here too it would be kept twice, secrets in pasted addresses included.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    async def __call__(self, session: AsyncSession) -> None:
        await work.finish(session, self._claim, state=InboxState.DONE, body={}, last_error="")
