"""A seller on each surface, for talks: what is said, sent and pressed, and what stands in the chat.

Each talks in a chat of their own, so what a talk sees is what came of it. Nothing is waited for by the clock: a line is over when nothing
is left to do. What waits for its turn, since a platform lets a bot write only so fast, gets it at once: the shop's clock is moved to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy import select

from bot.surfaces.terminal_text import flat, squeeze
from core.flows import people
from core.values.card import Card
from core.values.states import Role
from storage.asking import table_of
from storage.keys import new_key
from storage.work import KINDS
from tests.bot.people import Chat
from tests.bot.slack_people import Payload
from tests.bot.slack_people import Sent as InChannel
from tests.bot.slack_rules import texts
from tests.bot.slack_server import SlackServer
from tests.bot.telegram_chats import Person
from tests.bot.telegram_chats import Sent as InChat
from tests.bot.telegram_server import TelegramServer
from tests.shop import TestShop

NAME = "Mia"
SOON = timedelta(seconds=5)  # the time that fills a chat’s bucket; what is due later is nothing that somebody waits for
PATIENCE = 30.0
_WAIT = ("chat_event", "change", "draft", "roll", "card_post")


async def settle(shop: TestShop) -> None:
    """Until everything is done that somebody caused, also what is due soon."""
    async with asyncio.timeout(PATIENCE):
        await shop.idle()
        while await _waits(shop):
            shop.clock.move(seconds=SOON.total_seconds())
            await shop.app.engine.local.sweep()
            await shop.idle()


async def _waits(shop: TestShop) -> bool:
    """Whether some work is due soon."""
    db = shop.app.house.db
    async with db.read() as session:
        for table in _WAIT:
            c = table_of(KINDS[table].model).c
            query = select(c.id).where(c.state.in_(KINDS[table].claimable), c.due_at < db.now() + SOON).limit(1)
            if (await session.execute(query)).scalar() is not None:
                return True
    return False


class Surface(Protocol):
    """One seller's chat."""

    async def say(self, text: str) -> None: ...
    async def photos(self, files: Sequence[bytes], caption: str) -> None: ...
    async def press(self, label: str) -> None:
        """Press the newest button with this label, or one that begins so."""
        ...

    async def seen(self) -> str:
        """Everything that stands in the chat now."""
        ...

    async def news(self, known: str) -> None:
        """Wait until something else stands there than what is `known`."""
        ...


async def expect(shop: TestShop, surface: Surface, text: str) -> None:
    """Wait until the chat says this; "not …": now that everything is done, it does not."""
    wanted = squeeze(text.removeprefix("not ")).casefold()
    seen = await surface.seen()
    if text.startswith("not "):
        assert wanted not in squeeze(seen).casefold(), f"“{wanted}” was not to be seen:\n{seen}"
        return
    try:
        async with asyncio.timeout(PATIENCE):
            while wanted not in squeeze(seen).casefold():
                await surface.news(seen)
                await settle(shop)
                seen = await surface.seen()
    except TimeoutError:
        raise AssertionError(f"“{wanted}” did not come:\n{seen}") from None


def _label(labels: Sequence[str], wanted: str) -> str:
    """The label that is meant; "" when none is."""
    said = wanted.casefold()
    fits: tuple[Callable[[str], bool], ...] = (lambda one: one.casefold() == said, lambda one: one.casefold().startswith(said))
    return next((one for fit in fits for one in labels if fit(one)), "")


class OnTheWeb:
    """`chat` is the member's own."""

    def __init__(self, shop: TestShop, chat: str) -> None:
        self._shop = shop
        self._chat = Chat(shop, "web", chat, chat)

    async def say(self, text: str) -> None:
        await self._chat.put(text=text)

    async def photos(self, files: Sequence[bytes], caption: str) -> None:
        stored = [await self._shop.app.house.photos.put(one) for one in files]
        await self._chat.put(photos=tuple(one.sha256 for one in stored), text=caption, ended=True, album=new_key())

    async def press(self, label: str) -> None:
        await self._chat.put(**await self._chat.button(label))

    async def seen(self) -> str:
        return "\n".join(flat(Card.of_json(post.card)) for post in await self._chat.posts() if post.card)

    async def news(self, known: str) -> None:
        assert self._shop.app.web is not None
        with self._shop.app.web.listen(self._chat.chat) as bell:
            while await self.seen() == known:
                await bell.hear(PATIENCE)


class InTelegram:
    def __init__(self, server: TelegramServer, who: Person) -> None:
        self._server = server
        self._who = who

    async def say(self, text: str) -> None:
        self._server.say(text, who=self._who)
        await self._taken()

    async def photos(self, files: Sequence[bytes], caption: str) -> None:
        self._server.send_photos(files, caption=caption, who=self._who)
        await self._taken()

    async def press(self, label: str) -> None:
        sent, found = next((sent, found) for sent in reversed(self._sent()) if (found := _label(sent.labels, label)))
        self._server.press(sent, found, who=self._who)
        await self._taken()

    async def seen(self) -> str:
        return self._text()

    async def news(self, known: str) -> None:
        await self._server.until(lambda: self._text() != known, PATIENCE)

    def _sent(self) -> list[InChat]:
        return self._server.of(self._who.id)

    def _text(self) -> str:
        return "\n".join(" ".join((one.text, *one.labels)) for one in self._sent())

    async def _taken(self) -> None:
        """Until the bot has said that it has it, which it does when it is in the inbox."""
        await self._server.until(lambda: not self._server.pending, PATIENCE)


class InSlack:
    """What is asked in a window is answered there: the next words that are said go into it."""

    def __init__(self, server: SlackServer, who: str) -> None:
        self._server = server
        self._who = who
        self._window: Payload | None = None

    async def say(self, text: str) -> None:
        window, self._window = self._window, None
        said = self._server.submit(window, text, self._who) if window else self._server.message(text, who=self._who)
        await self._server.bring(said)

    async def photos(self, files: Sequence[bytes], caption: str) -> None:
        shared = [self._server.share(one, mime="image/jpeg") for one in files]
        await self._server.bring(self._server.message(caption, who=self._who, files=shared))

    async def press(self, label: str) -> None:
        sent, found = next((sent, found) for sent in reversed(self._sent()) if (found := _label(sent.labels, label)))
        before = len(self._server.windows)
        await self._server.bring(self._server.press(sent, found, self._who))
        self._window = self._server.windows[-1] if len(self._server.windows) > before else None

    async def seen(self) -> str:
        return self._text()

    async def news(self, known: str) -> None:
        await self._server.until(lambda: self._text() != known, PATIENCE)

    def _sent(self) -> list[InChannel]:
        return self._server.of(self._server.direct(self._who))

    def _text(self) -> str:
        window = " ".join(texts(self._window["blocks"])) if self._window else ""
        return "\n".join([*(" ".join((one.text, *one.labels)) for one in self._sent()), window])


async def enter(shop: TestShop) -> people.Person:
    """A new member, who talks in the browser or the terminal."""
    return await people.enter(shop.app.house, await shop.app.join_code(Role.MANAGER), "web", "", name=NAME)
