"""Buyers: what is known of them is sealed, and forgotten when they ask for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.house import House
from storage import audit, contacts
from storage.models import Order


async def forget(session: AsyncSession, house: House, handle: str, *, actor: str) -> int:
    """Erase what we know of a buyer and prove it on the trail. Answers how many orders were cleaned."""
    found = await contacts.orders_of(session, house.keyring, handle)
    for key in found:
        order = await session.get_one(Order, key)
        order.buyer, order.forgotten_at = b"", house.db.now()
        await contacts.drop(session, key)
        data: dict[str, Any] = {"asked": "erasure"}
        audit.record(
            session, workspace=order.workspace_id, at=house.db.now(), actor=actor, action="buyer.forgotten", subject=("order", order.id),
            data=data,
        )  # fmt: skip
    return len(found)
