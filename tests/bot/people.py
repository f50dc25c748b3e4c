"""Further members of a test's shop, each with a chat of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.flows import changes, members, people
from core.flows.people import Person
from core.flows.posts import button_id, put_view, store_buttons
from core.values.card import Inbound
from core.values.states import ChangeKind, ChangeState, Role
from storage.inbox import from_chat
from storage.keys import new_key
from storage.models import AuditEntry, CardButton, Identity, Item, Listing, Member, Post
from tests.shop import TestShop


@dataclass
class Chat:
    """What one account says and reads on one surface. Surfaces that are not there keep their cards all the same."""

    shop: TestShop
    surface: str
    account: str
    chat: str
    name: str = ""
    language: str = ""

    async def put(self, **values: Any) -> None:
        """Something arrives; nothing is waited for."""
        said = Inbound(self.surface, self.chat, self.account, new_key(), name=self.name, language=self.language, **values)
        await self.shop.app.house.inbox.put(from_chat(self.surface, self.chat, said.event_id, said.to_json()))

    async def say(self, text: str) -> None:
        await self.put(text=text)
        await self.shop.idle()

    async def press(self, label: str) -> None:
        """Press the newest button that begins so."""
        await self.put(**await self.button(label))
        await self.shop.idle()

    async def button(self, label: str) -> dict[str, str]:
        """The newest button that begins so, as it would be pressed."""
        for post in reversed(await self.posts()):
            for row in post.card.get("buttons", []):
                for one in row:
                    if one["label"].startswith(label):
                        return {"press": one.get("id") or await self.stored(one["action"]), "message": post.message}
        raise AssertionError(f"no button “{label}” in:\n{await self.text()}")

    async def stored(self, action: dict[str, Any]) -> str:
        """The id of a button on a card that no surface has posted."""
        async with self.shop.app.house.db.read() as session:
            rows = (await session.execute(select(CardButton))).scalars()
            found = next((row.id for row in rows if row.action == action), "")
        if found:
            return found
        key = button_id(self.shop.person.workspace_id, action)
        async with self.shop.app.house.db.write() as session:
            await store_buttons(session, self.shop.app.house.db, {key: action}, self.shop.person.workspace_id)
        return key

    async def posts(self) -> list[Post]:
        query = select(Post).where(Post.surface == self.surface, Post.chat == self.chat).order_by(Post.id)
        async with self.shop.app.house.db.read() as session:
            return list((await session.execute(query)).scalars())

    async def last(self) -> str:
        """What the newest card says, as JSON text."""
        return json.dumps((await self.posts())[-1].card, ensure_ascii=False)

    async def text(self) -> str:
        """Everything that the chat shows now."""
        return "\n---\n".join(json.dumps(post.card or post.said, ensure_ascii=False) for post in await self.posts())


async def code_for(shop: TestShop, role: Role, *channels: str) -> str:
    async with shop.app.house.db.write() as session:
        return await members.invite(session, shop.app.house, shop.person, role, channels)


async def join(shop: TestShop, role: Role, *channels: str, name: str = "Ann") -> Chat:
    """Somebody new, who talks in the browser."""
    person = await people.enter(shop.app.house, await code_for(shop, role, *channels), "web", "", name=name)
    return Chat(shop, "web", person.member_id, person.member_id, name)


def owner_chat(shop: TestShop) -> Chat:
    return Chat(shop, "web", shop.person.member_id, shop.person.member_id)


async def member_named(shop: TestShop, name: str) -> Member:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Member).where(Member.name == name))).scalar_one()


async def accounts_of(shop: TestShop, member_id: str) -> list[tuple[str, str]]:
    """The member's accounts, as (surface, external id)."""
    query = select(Identity.surface, Identity.external_id).where(Identity.member_id == member_id).order_by(Identity.surface)
    async with shop.app.house.db.read() as session:
        return [(row[0], row[1]) for row in (await session.execute(query)).all()]


async def trail(shop: TestShop, action: str) -> list[AuditEntry]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id))).scalars())


async def person_of(shop: TestShop, chat: Chat) -> Person:
    person = await people.who(shop.app.house, chat.surface, chat.account)
    assert person is not None
    return person


async def propose(shop: TestShop, number: int, channels: Sequence[str], *chats: Chat) -> list[str]:
    """New prices that wait for a yes, in one batch, on a card in these chats. Answers their ids."""
    house, row, batch = shop.app.house, await shop.row(number), new_key()
    async with house.db.write() as session:
        item = await session.get_one(Item, row.id)
        there = (await session.execute(select(Listing).where(Listing.item_id == item.id).order_by(Listing.channel))).scalars().all()
        made = [
            await changes.make(
                session, house.db, ChangeKind.REPRICE, item, one, by="autopilot", state=ChangeState.PROPOSED, after={"price": 7500},
                batch=batch,
            )
            for one in there
            if one.channel in channels
        ]  # fmt: skip
        for chat in chats:
            await put_view(session, house.db, (chat.surface, chat.chat), "batch", ("batch", batch), workspace=item.workspace_id)
        keys = [one.id for one in made]
    await shop.idle()
    return keys
