"""Keys are changed under way: everything is sealed anew, and what a lost key had sealed is counted."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from storage import contacts, sealed
from storage.db import Database
from storage.keys import new_key
from storage.models import Account, Order
from storage.pages import PAGE
from storage.sealed import Report
from storage.secrets import Keyring
from tests.rows import add_listing

OLD, NEW, OTHER = (os.urandom(32) for _ in range(3))


def order_row(account: Account, number: int, ring: Keyring, now: datetime) -> Order:
    key, handle = new_key(), f"buyer{number}"
    return Order(
        id=key, workspace_id=account.workspace_id, number=number, account_id=account.id, channel="ebay", external_id=key, state="confirmed",
        paid=True, currency="USD", total=100, placed_at=now, changed_at=now, seen_at=now,
        buyer=ring.seal({"handle": handle, "name": f"Ann {number}", "recipient": {"name": "Bea"}}, key),
    )  # fmt: skip


async def fill(db: Database, ring: Keyring, orders: int = 2) -> None:
    """An account and orders whose values are sealed, and an order that has none."""
    listing = await add_listing(db)
    async with db.write() as session:
        account = await session.get_one(Account, listing.account_id)
        account.credentials = ring.seal({"token": "t"}, account.id)
        rows = [order_row(account, number, ring, db.now()) for number in range(orders + 1)]
        rows[-1].buyer = b""
        session.add_all(rows)
        await session.flush()
        for number, row in enumerate(rows[:-1]):
            await contacts.keep(session, ring, row.id, {"handle": f"buyer{number}", "name": f"Ann {number}", "recipient": {"name": "Bea"}})


async def opened(db: Database, ring: Keyring) -> list[dict[str, Any]]:
    async with db.read() as session:
        rows = [(row.id, row.credentials) for row in (await session.execute(select(Account))).scalars()]
        rows += [(row.id, row.buyer) for row in (await session.execute(select(Order).order_by(Order.number))).scalars()]
    return [ring.open(value, key) for key, value in rows]


async def test_what_an_older_key_sealed_is_sealed_anew_and_found(database: Database) -> None:
    before, both, after = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    await fill(database, before, PAGE + 5)
    held = await opened(database, before)
    assert await sealed.report(database, both.ids) == Report(old=PAGE + 6, lost=0)
    assert await sealed.report(database, after.ids) == Report(old=0, lost=PAGE + 6)

    assert await sealed.reseal(database, both) == PAGE + 6
    assert await sealed.reseal(database, both) == 0
    assert await sealed.report(database, after.ids) == Report()
    assert await opened(database, after) == held, "the old key is not needed any more"
    async with database.read() as session:
        [found] = await contacts.orders_of(session, after, "Buyer7 ")
        assert (await session.get_one(Order, found)).number == 7
        assert await contacts.orders_of(session, before, "buyer7") == []


async def test_what_cannot_be_opened_keeps_nobody_else_from_the_new_key(database: Database) -> None:
    await fill(database, Keyring([OLD]), 3)
    async with database.write() as session:
        broken = (await session.execute(select(Order).where(Order.number == 1))).scalar_one()
        broken.buyer = broken.buyer[:-1] + bytes([broken.buyer[-1] ^ 1])
        await session.execute(update(Order).where(Order.number == 2).values(buyer=Keyring([OTHER]).seal({"handle": "x"}, "y")))
    ring = Keyring([NEW, OLD])
    assert await sealed.reseal(database, ring) == 2
    assert await sealed.report(database, ring.ids) == Report(old=1, lost=1)


async def test_without_any_key_everything_is_lost(database: Database) -> None:
    await fill(database, Keyring([OLD]))
    assert await sealed.report(database, ()) == Report(old=0, lost=3)
