"""Accounts: opening a connection for a call, connecting and disconnecting, and reading orders by poll as the safety net."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AuthLost, Invalid, Missing, Refused
from core.flows import notices
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import touch
from core.rules.access import Ability, may, may_on
from core.values.channel import Connection, Health
from core.values.states import AccountState, ListingState, Role
from core.words import N_, Told, joined
from storage import audit
from storage.db import Database, wake
from storage.keys import new_key
from storage.models import Account, Change, Listing, Member, Setting

CONSENT_LIFE = timedelta(hours=1)
FIRST_LOOK = timedelta(hours=1)


def connection(house: House, account: Account) -> Connection:
    """An account's way in, for one piece of work."""
    key, kind = account.id, account.channel
    able = house.capabilities[kind]

    async def save(credentials: Mapping[str, Any]) -> None:
        async with house.db.write() as session:
            sealed = house.keyring.seal(credentials, key)
            await session.execute(update(Account).where(Account.id == key).values(credentials=sealed))

    async def pace(calls: int) -> None:
        await house.pace.take(key, calls, rate=able.rate, burst=able.burst)

    return Connection(key, house.keyring.open(account.credentials, key), account.settings, save, pace)


async def begin_connect(house: House, session: AsyncSession, person: Person, kind: str, hint: str) -> str:
    """The link where the seller agrees. Its `state` is remembered for an hour, so that only our own consents come back."""
    connector = house.connectors.get(kind)
    if connector is None:
        raise Invalid(Told("I cannot connect “{kind}”. I know: {known}.", kind=kind, known=", ".join(sorted(house.capabilities))))
    state = secrets.token_urlsafe(24)
    url = connector.consent_url(state, hint)
    value = {"kind": kind, "hint": hint, "member": person.member_id, "until": (house.db.now() + CONSENT_LIFE).isoformat()}
    session.add(Setting(workspace_id=person.workspace_id, name=f"consent:{state}", value=value))
    return url


async def kind_of_consent(house: House, state: str) -> str:
    """Which marketplace a consent was asked of; empty when we did not ask."""
    async with house.db.read() as session:
        asked = (await session.execute(select(Setting).where(Setting.name == f"consent:{state}"))).scalar()
    return str(asked.value["kind"]) if asked else ""


async def finish_connect(house: House, kind: str, query: Mapping[str, str]) -> Told:
    """What came back from the consent page, by callback or pasted. Answers one sentence. Raises `core.errors`."""
    async with house.db.write() as session:
        asked = (await session.execute(select(Setting).where(Setting.name == f"consent:{query.get('state', '')}"))).scalar()
        if asked is None or asked.value["kind"] != kind or asked.value["until"] < house.db.now().isoformat():
            why = N_("This answer does not belong to a connection that was begun here. Type /connect {kind} and use the new link.")
            raise Refused(Told(why, kind=kind))
        workspace, hint, member = asked.workspace_id, str(asked.value["hint"]), str(asked.value["member"])
        began = await session.get_one(Member, member)
        if not (began.active and may(Role(began.role), Ability.CONNECT) and may_on(began.channels, kind)):
            raise Refused(Told("{name} began this connection, and may not connect {kind} any more.", name=began.name, kind=kind))
        await session.delete(asked)
    credentials = await house.connectors[kind].finish(query, hint)
    account, health = await store_account(house, workspace, kind, credentials, f"member:{member}")
    if health.problems:
        return Told("{name} is connected, but cannot sell yet: {problems}", name=account.name, problems=joined(*health.problems))
    return Told("{name} is connected and ready to sell.", name=account.name)


async def store_account(
    house: House, workspace: str, kind: str, credentials: Mapping[str, Any], actor: str, settings: Mapping[str, Any] | None = None
) -> tuple[Account, Health]:
    """Check new credentials with the marketplace and keep them; the same shop connected again is the same account."""
    trial = _TrialConnection(house, dict(credentials), dict(settings or {}))
    health = await house.channels[kind].check(trial.connection())
    db = house.db
    async with db.write() as session:
        query = select(Account).where(Account.workspace_id == workspace, Account.channel == kind, Account.external_id == health.external_id)
        account = (await session.execute(query)).scalar()
        if account is None:
            account = Account(
                id=new_key(), workspace_id=workspace, channel=kind, external_id=health.external_id, created_at=db.now(),
                orders_since=db.now() - FIRST_LOOK, state=AccountState.ACTIVE, due_at=db.now(), priority=6, settings={},
            )  # fmt: skip
            session.add(account)
        account.lane = f"poll:{account.id}"
        account.state = AccountState.ACTIVE
        account.name = f"{house.capabilities[kind].name} ({health.name})" if health.name else house.capabilities[kind].name
        account.credentials = house.keyring.seal(trial.credentials, account.id)
        found = {"problems": list(health.problems), "reached_at": house.public_url, "checked_at": db.now().isoformat()}
        account.settings = {**account.settings, **(settings or {}), **health.settings, **found}
        account.last_ok_at, account.due_at, account.last_error = db.now(), db.now(), ""
        await session.flush()
        audit.record(
            session, workspace=workspace, at=db.now(), actor=actor, action="account.connected", subject=("account", account.id),
            data={"channel": kind, "name": account.name},
        )  # fmt: skip
        await notices.tell(
            session, db, workspace=workspace, type="review_needed" if health.problems else "channel_connected",
            subject=("account", account.id), channel=kind,
            key=f"connected:{account.id}:{db.now().isoformat()}", title=Told("{name} is connected.", name=account.name),
            body=joined(*health.problems),
        )  # fmt: skip
        await notices.all_solved(session, db, "account_lost", account.id)
        await touch(session, db, ("account", account.id), ("channels", workspace))
        await wake_waiting(session, db, account.id)
        wake(session, "account", account.id, priority=6)
    return account, health


class _TrialConnection:
    """A connection before there is an account: refreshed credentials are kept here until it is stored."""

    def __init__(self, house: House, credentials: dict[str, Any], settings: dict[str, Any]) -> None:
        self._house = house
        self.credentials = credentials
        self._settings = settings

    def connection(self) -> Connection:
        async def save(credentials: Mapping[str, Any]) -> None:
            self.credentials = dict(credentials)

        async def pace(calls: int) -> None:
            """Nothing to pace yet."""

        return Connection(f"new-{new_key()}", self.credentials, self._settings, save, pace)


async def wake_waiting(session: AsyncSession, db: Database, account_id: str) -> None:
    """Changes of an account that wait (it was lost, or paused) are due now."""
    statement = (
        update(Change)
        .where(Change.state == "approved", Change.listing_id.in_(select(Listing.id).where(Listing.account_id == account_id)))
        .values(due_at=db.now())
        .returning(Change.id, Change.priority)
    )
    for key, priority in (await session.execute(statement)).all():
        wake(session, "change", key, priority=priority)


async def set_ship_from(house: House, session: AsyncSession, person: Person, account: Account, place: Mapping[str, str]) -> None:
    """Where things are sent from: {country, postcode, city, state}. The account is checked again with it."""
    account.settings = {**account.settings, "ship_from": dict(place), "recheck": True}
    account.due_at = house.db.now()
    wake(session, "account", account.id, priority=2)
    audit.record(
        session, workspace=account.workspace_id, at=house.db.now(), actor=person.actor, action="account.ship_from",
        subject=("account", account.id), data={"country": place.get("country", "")},
    )  # fmt: skip


async def add_assisted(house: House, session: AsyncSession, person: Person, kind: str) -> Account:
    """Switch on a marketplace without an API: its work becomes tasks with a kit to copy."""
    db = house.db
    query = select(Account).where(Account.workspace_id == person.workspace_id, Account.channel == kind)
    account = (await session.execute(query)).scalar()
    if account is None:
        account = Account(
            workspace_id=person.workspace_id, channel=kind, external_id="", created_at=db.now(), name=house.capabilities[kind].name,
            lane="", state=AccountState.ACTIVE, due_at=db.now() + timedelta(days=36500), settings={},
        )  # fmt: skip
        session.add(account)
        await session.flush()
    account.state = AccountState.ACTIVE
    audit.record(
        session, workspace=person.workspace_id, at=db.now(), actor=person.actor, action="account.connected",
        subject=("account", account.id), data={"channel": kind, "name": account.name},
    )  # fmt: skip
    return account


async def disconnect(house: House, session: AsyncSession, person: Person, account: Account) -> None:
    """Forget the tokens and keep the history. What is live there stays live and is no longer watched: the card asked about it first."""
    with suppress(Invalid):  # credentials that cannot be opened, since their key is lost, were not used either
        if account.channel in house.channels:
            house.channels[account.channel].forget(connection(house, account))
    account.state, account.credentials = AccountState.DISCONNECTED, b""
    audit.record(
        session, workspace=account.workspace_id, at=house.db.now(), actor=person.actor, action="account.disconnected",
        subject=("account", account.id), data={"channel": account.channel},
    )  # fmt: skip
    await notices.all_solved(session, house.db, "account_lost", account.id)
    await notices.all_solved(session, house.db, "account_silent", account.id)
    await notices.tell(
        session, house.db, workspace=account.workspace_id, type="channel_disconnected", subject=("account", account.id),
        key=f"disconnected:{account.id}:{house.db.now().isoformat()}", title=Told("{name} is disconnected.", name=account.name),
        body=Told("What is live there stays up and is not watched any more."), channel=account.channel,
    )  # fmt: skip
    await touch(session, house.db, ("account", account.id), ("channels", account.workspace_id))


async def live_listings(session: AsyncSession, account_id: str) -> list[Listing]:
    """What is up on an account, as far as we know."""
    up = (ListingState.ACTIVE, ListingState.PUBLISHING, ListingState.OUT_OF_SYNC)
    query = select(Listing).where(Listing.account_id == account_id, Listing.state.in_(up)).order_by(Listing.id)
    return list((await session.execute(query)).scalars())


async def ask_soon(house: House, account_id: str) -> None:
    """Read the account's orders now instead of at its next poll."""
    async with house.db.write() as session:
        await session.execute(update(Account).where(Account.id == account_id).values(due_at=house.db.now()))
        wake(session, "account", account_id, priority=1)


async def lost(house: House, account_id: str, error: AuthLost) -> None:
    """The marketplace refused our credentials for good: say so once, critically, until it is connected again."""
    db = house.db
    async with db.write() as session:
        account = await session.get_one(Account, account_id)
        if account.state in (AccountState.DISCONNECTED, AccountState.EXPIRED):  # told already, or nobody's business any more
            return
        account.state, account.last_error, account.silent_told_at = AccountState.EXPIRED, error.sentence, db.now()
        await shout_lost(session, db, account, key=f"account_lost:{account.id}")
        audit.record(
            session, workspace=account.workspace_id, at=db.now(), actor="system", action="account.lost", subject=("account", account.id),
            data={"error": str(error)},
        )  # fmt: skip
        await touch(session, db, ("channels", account.workspace_id))


async def shout_lost(session: AsyncSession, db: Database, account: Account, *, key: str) -> None:
    """Say that a marketplace lets us in no more: at once, and again every day (`upkeep.py`) until it is connected."""
    nothing = Told("Nothing can be listed or taken down there until you type /connect {kind}.", kind=account.channel)
    await notices.tell(
        session, db, workspace=account.workspace_id, type="account_lost", channel=account.channel, key=key,
        title=Told("{name} does not let Haggle in any more.", name=account.name), subject=("account", account.id),
        body=joined(account.last_error, nothing),
    )  # fmt: skip
    await touch(session, db, ("health", account.workspace_id))


def account_named(accounts: list[Account], name: str) -> Account:
    """The account that a person means by "ebay". Raises `Missing` with what is there."""
    wanted = name.strip().lower()
    for account in accounts:
        if account.channel == wanted or account.name.lower() == wanted or account.id == wanted:
            return account
    known = ", ".join(sorted({account.channel for account in accounts})) or Told("none yet")
    why = N_("There is no channel “{name}”. Connected: {known}. Type /connect {kind} to add it.")
    raise Missing(Told(why, name=name, known=known, kind=wanted))
