"""What tests of buyers look at: their orders, the whole database, cards as they are read, the trail, papers."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pypdf import PdfReader
from sqlalchemy import select

from core.flows import passing, privacy
from core.flows.people import Person
from core.ports import Paper
from core.values.card import CardFile
from core.values.channel import Hint
from storage.inbox import Delivery
from storage.keys import new_key
from storage.models import AuditEntry, Order
from storage.models.base import Base
from tests.shop import TestShop

SECRET = ("Sandra Boxer", "1 Sandbox Way", "5035550100", "buyer@sandbox.example", "sandbox_buyer_")  # the stand-in's buyer


async def sold(shop: TestShop, marketplace: str = "ebay", **more: Any) -> Order:
    number = await shop.item("Acme brass desk lamp")
    await shop.say(f"/publish {number}")
    await shop.buy(marketplace, number, **more)
    return await order_of(shop)


async def order_of(shop: TestShop) -> Order:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Order).order_by(Order.number.desc()).limit(1))).scalar_one()


async def rows(shop: TestShop) -> str:
    """Everything in the database, as Python shows it."""
    found: list[str] = []
    async with shop.app.house.db.read() as session:
        for table in Base.metadata.sorted_tables:
            found += [f"{table.name}: {tuple(row)!r}" for row in (await session.execute(select(table))).all()]
    return "\n".join(found)


async def shown(shop: TestShop) -> list[dict[str, Any]]:
    """The buyer's cards as the page reads them."""
    keyring = shop.app.house.keyring
    return [dict(passing.shown(keyring, post)) for post in await shop.posts() if post.subject_kind == passing.SUBJECT]


async def trail(shop: TestShop, action: str) -> list[tuple[str, str, dict[str, Any]]]:
    async with shop.app.house.db.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return [(one.actor, one.subject_id, one.data) for one in (await session.execute(query)).scalars()]


async def slip(shop: TestShop, order: Order, by: Person | None = None) -> Paper:
    return await shop.app.house.papers.make(CardFile("slip.pdf", "slip", order.id, (by or shop.person).member_id))


def text_of(paper: Paper) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(paper.data)).pages)


async def told_by(shop: TestShop, source: str, topic: str, *lines: str, account: str = "") -> None:
    """A marketplace asks something about a buyer."""
    hint = Hint(new_key(), topic, "\n".join(lines), account)
    delivery = Delivery(source, hint.event_id, account=account, topic=topic, body=privacy.sealed(shop.app.house, hint))
    await shop.app.house.inbox.put(delivery)
    await shop.idle()
