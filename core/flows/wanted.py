"""What a listing should be, put together from the item, its draft and the account, just before it is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Missing
from core.flows.house import House
from core.money import Money
from core.rules.drafts import aspect_value
from core.values.channel import Photo, Ref, Wanted
from core.values.draft import Draft as Sheet
from core.values.states import Condition
from core.words import Told
from storage.models import Account, Draft, Item, ItemPhoto, Listing, Stock

IDS = ("brand", "mpn", "upc", "ean", "isbn")
# Fields that say something a buyer filters by, under the name that marketplaces give them.
ASPECT_NAMES = {"brand": "Brand", "model": "Model", "mpn": "MPN", "size": "Size", "colour": "Color", "material": "Material"}

_PHOTOS = select(ItemPhoto.sha256).where(ItemPhoto.item_id == bindparam("item")).order_by(ItemPhoto.position)


async def sheet_of(session: AsyncSession, item_id: str) -> tuple[Draft, Sheet]:
    """The item's newest draft row and its fields."""
    row = (await session.execute(select(Draft).where(Draft.item_id == item_id).order_by(Draft.id.desc()).limit(1))).scalar_one()
    return row, Sheet.of_json(row.fields)


async def photos_of(session: AsyncSession, item_id: str) -> list[str]:
    """The sha256 of an item's photos, primary first."""
    return list((await session.execute(_PHOTOS, {"item": item_id})).scalars())


def price_of(item: Item, listing: Listing) -> Money | None:
    """A listing's own price, else the item's; None is unknown."""
    amount = listing.own_price if listing.own_price is not None else item.price
    return None if amount is None else Money(amount, item.currency)


def floor_of(item: Item) -> Money | None:
    """The price that an item is never offered below; None is none."""
    return None if item.floor is None else Money(item.floor, item.currency)


def ref_of(listing: Listing) -> Ref:
    return Ref(listing.sku, {name: str(value) for name, value in listing.external.items()}, listing.listing_ref)


async def wanted_of(session: AsyncSession, house: House, item: Item, listing: Listing, account: Account) -> Wanted:
    """Raises `Missing` naming the first field that a listing cannot do without."""
    draft, sheet = await sheet_of(session, item.id)
    price = price_of(item, listing)
    stock = await session.get(Stock, item.id)
    condition = sheet.get("condition") or Condition.UNKNOWN.value
    if price is None:
        raise Missing(Told("Item {number} has no price. Type /price {number} 45.", number=item.number), field="price")
    if condition == Condition.UNKNOWN:
        raise Missing(Told("Item {number} has no condition yet. Choose one on its card.", number=item.number), field="condition")
    if not item.title:
        raise Missing(Told("Item {number} has no title yet. Type /edit {number} title …", number=item.number), field="title")
    if stock is None or stock.total - stock.reserved < 1:
        raise Missing(Told("There is none of item {number} left to sell.", number=item.number), field="quantity")
    chosen = draft.choices.get("categories", {}).get(account.id, {})
    return Wanted(
        sku=listing.sku,
        title=item.title,
        description=sheet.get("description") or item.title,
        price=price,
        quantity=stock.total - stock.reserved,
        condition=Condition(condition),
        category=str(chosen.get("id", "")),
        aspects=aspects_of(sheet, [one["name"] for one in chosen.get("aspects", [])]),
        ids={name: sheet.get(name) for name in IDS if sheet.get(name)},
        condition_note=sheet.get("condition_note"),
        photos=tuple(Photo(sha256, _opener(house, sha256)) for sha256 in await photos_of(session, item.id)),
    )


def aspects_of(sheet: Sheet, asked: Sequence[str] = ()) -> dict[str, list[str]]:
    """Item specifics: what the seller answered (`aspect:NAME`), the fields that are specifics by nature, and what the category asks."""
    aspects: dict[str, list[str]] = {}
    for name, label in ASPECT_NAMES.items():
        if value := sheet.get(name):
            aspects[label] = [value]
    for name, field in sheet.fields.items():
        if name.startswith("aspect:"):
            aspects[name.removeprefix("aspect:")] = field.value if isinstance(field.value, list) else [field.value]
    for name in asked:
        if name not in aspects and (value := aspect_value(sheet, name)):
            aspects[name] = [value]
    return aspects


def _opener(house: House, sha256: str) -> Callable[[str], Awaitable[bytes]]:
    async def read(kind: str) -> bytes:
        return await house.photos.jpeg(sha256) if kind == "jpeg" else await house.photos.read(sha256, "original")

    return read
