"""Keyed hashes of who bought: an exact name, handle, e-mail or phone finds its orders, and none of them is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import OrderContact
from storage.secrets import Keyring

KINDS = ("handle", "name", "email", "phone")


async def keep(session: AsyncSession, keyring: Keyring, order_id: str, people: Mapping[str, Any]) -> None:
    """Make an order's people findable. `people` is what is sealed in `Order.buyer`: the buyer's fields, and `recipient` with the same."""
    both = (people, people.get("recipient") or {})
    found = {(kind, keyring.search_key(str(one.get(kind) or ""))) for one in both for kind in KINDS}
    rows = [{"order_id": order_id, "kind": kind, "key": key} for kind, key in sorted(found) if key]
    if rows:
        await session.execute(insert(OrderContact), rows)


async def drop(session: AsyncSession, order_id: str) -> None:
    await session.execute(delete(OrderContact).where(OrderContact.order_id == order_id))


async def orders_of(session: AsyncSession, keyring: Keyring, value: str) -> list[str]:
    """The orders in which exactly this handle, name, e-mail or phone occurs, oldest first."""
    query = select(OrderContact.order_id).where(OrderContact.key.in_(keyring.search_keys(value))).distinct()
    return list((await session.execute(query.order_by(OrderContact.order_id))).scalars())
