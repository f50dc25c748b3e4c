"""What a command works with: who asked, where, and the one transaction that everything it does belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.cards.parts import Easel
from bot.chat.limits import channels_named
from bot.chat.registry import REGISTRY
from core.errors import Invalid, Refused
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import put_card, put_view
from core.flows.stories import told_in
from core.rules.access import LEAST, Ability, left_out, may, may_on, not_theirs, refusal
from core.values.card import Card, Inbound
from core.values.states import AccountState, Role
from storage.db import Database
from storage.models import Account, Change, Item, ManualTask, OrderLine, Post, Question, Workspace

T = TypeVar("T")


class Offer(Invalid):
    """What was said cannot be done as it is. The card says why, and its buttons do what may be meant."""

    def __init__(self, card: Card) -> None:
        super().__init__(card.text or card.title)
        self.card = card


@dataclass(slots=True)
class Context:
    """One message or press. `session` is open while the command runs and commits with its inbox row. `bells` are chats of surfaces that
    read the database, beside this one, whose readers look again when it has committed."""

    house: House
    session: AsyncSession
    person: Person
    workspace: Workspace
    inbound: Inbound
    bells: list[tuple[str, str]] = field(default_factory=list)

    @property
    def db(self) -> Database:
        return self.house.db

    @property
    def place(self) -> tuple[str, str]:
        return self.inbound.surface, self.inbound.chat

    def now(self) -> datetime:
        return self.house.db.now()

    def easel(self) -> Easel:
        """For drawing within this transaction."""
        return Easel(self.house, self.session, self.workspace, self.person.timezone or self.workspace.timezone)

    async def say(self, card: Card | str) -> None:
        """Answer with a card that stays as it is."""
        made = Card(text=card) if isinstance(card, str) else card
        workspace, thread = self.person.workspace_id, await self._thread()
        await put_card(self.session, self.db, self.place, made, workspace=workspace, priority=2, thread=thread)

    async def show(self, view: str, subject: tuple[str, str]) -> None:
        """Answer with a living card."""
        thread = self.inbound.thread
        await put_view(
            self.session,
            self.db,
            self.place,
            view,
            subject,
            workspace=self.person.workspace_id,
            priority=2,
            thread=thread,
            aloud=not thread,
        )

    async def ask(self, text: str, action: dict[str, object], *, now: str = "") -> None:
        """Ask for words: the next plain message in this chat is the answer, handed to `action` as `answer`. A surface that asks in a
        window of its own shows what holds until then (`now`), and brings the answer together with the press."""
        if self.inbound.press and self.inbound.text.strip():
            values: dict[str, Any] = {**action, "answer": self.inbound.text.strip()}
            await self.act(str(values.pop("do")), values)
            return
        row = await self.session.get(Question, self.place)
        if row is None:
            row = Question(surface=self.place[0], chat=self.place[1], workspace_id=self.person.workspace_id, action={}, asked_at=self.now())
            self.session.add(row)
        row.action, row.asked_at = dict(action), self.now()
        await self.say(Card(text=text, asks=True))

    async def act(self, name: str, values: dict[str, Any]) -> None:
        """Do what a button or an answer stands for. Raises `Refused` when this person may not."""
        handler, needs = REGISTRY.actions[name]
        self.check(needs)
        await self.check_named(needs, values)
        await handler(self, **values)

    def check(self, needs: Ability) -> None:
        if not may(self.person.role, needs):
            raise Refused(refusal(self.person.role, needs))

    async def check_named(self, needs: Ability, values: Mapping[str, Any]) -> None:
        """Raises `Refused` when the arguments of what is to be done name a marketplace that is not this person's. Looking is free."""
        if self.person.channels and LEAST[needs] is not Role.VIEWER:
            self.check_on(*await channels_named(self.session, values))

    def check_on(self, *channels: str) -> None:
        """Raises `Refused` unless this person may act on all of these marketplaces."""
        foreign = [one for one in channels if not may_on(self.person.channels, one)]
        if foreign:
            easel = self.easel()
            raise Refused(not_theirs(*([easel.channel(one) for one in some] for some in (self.person.channels, foreign))))

    async def theirs(self, rows: Sequence[T], channel: Callable[[T], str]) -> list[T]:
        """Those of the rows that this person may act on; says what is left out. Raises `Refused` when that is everything."""
        mine = [one for one in rows if may_on(self.person.channels, channel(one))]
        foreign = list(dict.fromkeys(channel(one) for one in rows if one not in mine))
        if rows and not mine:
            self.check_on(*foreign)
        if foreign:
            await self.say(left_out([self.easel().channel(one) for one in foreign]).here())
        return mine

    async def _thread(self) -> str:
        """Where to answer in a chat with threads: where it was said, or in the story that the pressed card begins."""
        said = self.inbound
        if said.thread or not (said.press and said.message):
            return said.thread
        return said.message if await told_in(self.session, self.place, said.message) else ""

    async def accounts(self, *, active: bool = True) -> Sequence[Account]:
        """The workspace's accounts, oldest first."""
        query = select(Account).where(Account.workspace_id == self.person.workspace_id).order_by(Account.id)
        query = query.where(Account.state != AccountState.DISCONNECTED) if active else query
        return list((await self.session.execute(query)).scalars())

    async def replied_subject(self) -> tuple[str, str] | None:
        """What the card is about that this message answers or whose button was pressed."""
        if not self.inbound.message:
            return None
        query = select(Post.subject_kind, Post.subject_id).where(
            Post.surface == self.inbound.surface, Post.chat == self.inbound.chat, Post.message == self.inbound.message
        )
        found = (await self.session.execute(query)).first()
        if (not found or found[0] != "item") and (item := await told_in(self.session, self.place, self.inbound.message)):
            return "item", item
        return (found[0], found[1]) if found and found[0] else None

    async def replied_item(self) -> Item | None:
        """The one item that the card is about which this message answers: its own card, its outcome, its task, a sale of it."""
        kind, key = await self.replied_subject() or ("", "")
        wanted: dict[str, Select[Any]] = {
            "item": select(Item.id).where(Item.id == key),
            "batch": select(Change.item_id).where(Change.batch == key),
            "task": select(ManualTask.item_id).where(ManualTask.id == key),
            "order": select(OrderLine.item_id).where(OrderLine.order_id == key),
        }
        if kind not in wanted:
            return None
        found = (await self.session.execute(wanted[kind].distinct().limit(2))).scalars().all()
        return await self.session.get(Item, found[0]) if len(found) == 1 and found[0] else None
