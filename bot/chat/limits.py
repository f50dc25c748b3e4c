"""Members who look after some marketplaces only: which marketplaces a command or a button is about.

Whatever names one account is refused where it is not theirs; whatever acts everywhere does so on theirs, and says what it left out
(`Context.theirs`). What is one for all marketplaces (quantity, a sale outside, a pause) is everybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import Account, Change, Difference, Listing, ManualTask, Order, OrderLine

# A button's value that names something of one marketplace, and how that marketplace is found.
_NAMING: dict[str, Select[Any]] = {
    "account": select(Account.channel),
    "listing": select(Listing.channel),
    "task": select(Listing.channel).join(ManualTask, ManualTask.listing_id == Listing.id),
    "change": select(Listing.channel).join(Change, Change.listing_id == Listing.id),
    "difference": select(Account.channel).join(Difference, Difference.account_id == Account.id),
    "line": select(Account.channel).join(Order, Order.account_id == Account.id).join(OrderLine, OrderLine.order_id == Order.id),
}
_KEYS = {
    "account": Account.id,
    "listing": Listing.id,
    "task": ManualTask.id,
    "change": Change.id,
    "difference": Difference.id,
    "line": OrderLine.id,
}


async def channels_named(session: AsyncSession, values: Mapping[str, Any]) -> list[str]:
    """The marketplaces that arguments name: accounts that were typed, and the ids that buttons carry."""
    found = [value.channel for value in values.values() if isinstance(value, Account)]
    for name, query in _NAMING.items():
        if isinstance(key := values.get(name), str):
            found += (await session.execute(query.where(_KEYS[name] == key))).scalars()
    return list(dict.fromkeys(found))


async def channels_of_changes(session: AsyncSession, changes: Iterable[Change]) -> dict[str, str]:
    """Change id to marketplace."""
    keys = [one.id for one in changes]
    query = select(Change.id, Listing.channel).join(Listing, Listing.id == Change.listing_id).where(Change.id.in_(keys))
    found = (await session.execute(query)).all()
    return {row[0]: row[1] for row in found}
