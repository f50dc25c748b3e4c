"""Many items at once, as if each had been photographed, read and approved: rows only, no photo is read and no marketplace asked."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from core.flows import intake, ledger
from core.flows.house import House
from core.flows.people import Person
from core.rules.drafts import said_by_seller
from core.values.draft import Draft as Sheet
from core.values.states import DraftState, ItemState, StockKind
from storage.keys import new_key
from storage.models import Account, Draft, Item, ItemPhoto, Workspace
from tests.shop import picture

LAMPS = "112581"  # a category of eBay that asks for a brand and no more
SAID = {"description": "Works.", "condition": "good", "brand": "Acme"}


async def photo(house: House, person: Person) -> str:
    """The sha256 of a picture that items may share."""
    stored = await house.photos.put(picture(side=64))
    async with house.db.write() as session:
        await intake.keep_photo(session, house.db, person.workspace_id, stored)
    return stored.sha256


async def shelve(
    session: AsyncSession, house: House, person: Person, shops: Sequence[Account], photo: str, number: int, *, quantity: int = 1,
    price: int = 8000, cost: int | None = None,
) -> Item:  # fmt: skip
    """One item that is ready to be published. Its sku is `SHELF-number`; numbers are the caller's, see `numbered`."""
    now = house.db.now()
    item = Item(
        id=new_key(), workspace_id=person.workspace_id, number=number, sku=f"SHELF-{number}", state=ItemState.READY,
        title=f"Acme brass desk lamp {number}", currency="USD", price=price, cost=cost, created_at=now, changed_at=now,
    )  # fmt: skip
    session.add(item)
    await session.flush()
    session.add(ItemPhoto(item_id=item.id, sha256=photo, position=0))
    lamps = {one.id: {"id": LAMPS, "name": "Lamps"} for one in shops if one.channel == "ebay"}
    choices = {"categories": lamps, "channels": [one.id for one in shops]}
    sheet = Sheet({name: said_by_seller(value) for name, value in SAID.items()}, reader="test")
    session.add(
        Draft(
            workspace_id=person.workspace_id, item_id=item.id, fields=sheet.to_json(), choices=choices, member_id=person.member_id,
            created_at=now, state=DraftState.APPROVED, due_at=now,
        )
    )  # fmt: skip
    await ledger.post(session, house.db, item, StockKind.INITIAL, quantity, key="shelved", source="test")
    return item


async def numbered(session: AsyncSession, person: Person, count: int) -> None:
    """The numbers 1 to `count` are given away."""
    (await session.get_one(Workspace, person.workspace_id)).next_item = count + 1
