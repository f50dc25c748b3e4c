"""When the key that opens credentials is lost, and when it is back: said at the start, not left to the first call that fails."""

from __future__ import annotations

from sqlalchemy import select

from core.flows import notices
from core.flows.house import House
from core.flows.posts import touch
from core.values.states import AccountState
from core.words import Told, joined
from storage import audit, sealed
from storage.db import wake
from storage.models import Account

KEY_LOST = Told("The key that opens its credentials is missing: put the old key back and restart Haggle, or connect it again.")


async def look_at(house: House) -> sealed.Report:
    """Accounts whose credentials cannot be opened are expired until the key is back, or they are connected anew. Answers how many values
    of any kind are sealed with a key that is not there."""
    found = await sealed.report(house.db, house.keyring.ids)
    async with house.db.read() as session:
        query = select(Account.id, Account.state, sealed.is_lost(Account.credentials, house.keyring.ids), Account.last_error)
        accounts = (await session.execute(query)).all()
    for key, state, is_lost, error in accounts:
        if is_lost and state == AccountState.ACTIVE:
            await _expire(house, key)
        elif not is_lost and state == AccountState.EXPIRED and error == KEY_LOST:
            await _revive(house, key)
    return found


async def _expire(house: House, account_id: str) -> None:
    async with house.db.write() as session:
        account = await session.get_one(Account, account_id)
        account.state, account.last_error = AccountState.EXPIRED, KEY_LOST
        await notices.tell(
            session, house.db, workspace=account.workspace_id, type="account_lost", channel=account.channel,
            key=f"account_lost:{account.id}", title=Told("The key to {name} is missing.", name=account.name),
            subject=("account", account.id),
            body=joined(KEY_LOST, Told("Nothing can be listed or taken down there until then (/connect {kind}).", kind=account.channel)),
        )  # fmt: skip
        audit.record(
            session, workspace=account.workspace_id, at=house.db.now(), actor="system", action="account.lost",
            subject=("account", account.id), data={"error": KEY_LOST},
        )  # fmt: skip
        await touch(session, house.db, ("channels", account.workspace_id))


async def _revive(house: House, account_id: str) -> None:
    async with house.db.write() as session:
        account = await session.get_one(Account, account_id)
        account.state, account.last_error, account.due_at = AccountState.ACTIVE, "", house.db.now()
        await notices.solved(session, house.db, account.workspace_id, f"account_lost:{account.id}")
        audit.record(
            session, workspace=account.workspace_id, at=house.db.now(), actor="system", action="account.opened",
            subject=("account", account.id),
        )  # fmt: skip
        await touch(session, house.db, ("account", account.id), ("channels", account.workspace_id))
        wake(session, "account", account.id)
