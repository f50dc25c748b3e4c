"""Buyers: what is known of them is sealed, and forgotten when they ask for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.flows.house import House
from storage import audit
from storage.models import Order


async def forget(session: AsyncSession, house: House, handle: str, *, actor: str) -> int:
    """Erase what we know of a buyer and prove it on the trail. Answers how many orders were cleaned."""
    keys = house.keyring.search_keys(handle)
    if not keys:
        return 0
    found = list((await session.execute(select(Order).where(Order.buyer_key.in_(keys)))).scalars())
    for order in found:
        order.buyer, order.buyer_key = b"", ""
        data: dict[str, Any] = {"asked": "erasure"}
        audit.record(
            session, workspace=order.workspace_id, at=house.db.now(), actor=actor, action="buyer.forgotten", subject=("order", order.id),
            data=data,
        )  # fmt: skip
    return len(found)
