"""One story, told on all four surfaces with the same expectations: the real app, real clients, local servers in the platforms' place."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from bot.surfaces.terminal import talk
from core.flows import sessions
from tests import requires
from tests.bot.slack_server import SlackServer
from tests.bot.telegram_server import TelegramServer
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, open_shop
from tests.talks.test_talks import World, lines, pictures  # noqa: F401 - a fixture among them

STORY = (Path(__file__).parent / "everywhere.story").read_text("utf-8")


class Surface(Protocol):
    """A seller on one surface."""

    async def say(self, text: str) -> None: ...
    async def photos(self, files: list[bytes], caption: str) -> None: ...
    async def press(self, label: str) -> bool:
        """Press the newest button whose label is this; False while there is none."""
        ...

    async def seen(self) -> str:
        """Everything that stands in the chat now."""
        ...


class OnTheWeb:
    def __init__(self, shop: TestShop) -> None:
        self._shop = shop

    async def say(self, text: str) -> None:
        await self._shop.say(text)

    async def photos(self, files: list[bytes], caption: str) -> None:
        await self._shop.photos(*files, text=caption)

    async def press(self, label: str) -> bool:
        there = any(button["label"] == label for post in await self._shop.posts() for row in post.card.get("buttons", []) for button in row)
        if there:
            await self._shop.press(label)
        return there

    async def seen(self) -> str:
        return await self._shop.text()


class InTelegram:
    def __init__(self, server: TelegramServer) -> None:
        self._server = server

    async def say(self, text: str) -> None:
        self._server.say(text)
        await self._taken()

    async def photos(self, files: list[bytes], caption: str) -> None:
        self._server.send_photos(files, caption=caption)
        await self._taken()

    async def press(self, label: str) -> bool:
        sent = next((one for one in reversed(self._server.of()) if label in one.labels), None)
        if sent is not None:
            self._server.press(sent, label)
            await self._taken()
        return sent is not None

    async def seen(self) -> str:
        return "\n".join(" ".join((one.text, *one.labels)) for one in self._server.of())

    async def _taken(self) -> None:
        """Until the bot has asked for it."""
        await self._server.until(lambda: not self._server.pending)


class InSlack:
    def __init__(self, server: SlackServer) -> None:
        self._server = server

    async def say(self, text: str) -> None:
        await self._server.bring(self._server.message(text.lstrip("/")))

    async def photos(self, files: list[bytes], caption: str) -> None:
        await self._server.bring(self._server.message(caption, files=[self._server.share(one) for one in files]))

    async def press(self, label: str) -> bool:
        sent = next((one for one in reversed(self._server.of()) if label in one.labels), None)
        if sent is not None:
            await self._server.bring(self._server.press(sent, label))
        return sent is not None

    async def seen(self) -> str:
        return "\n".join(" ".join((one.text, *one.labels)) for one in self._server.of())


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer(requires.specs()) as server:
        yield server
    assert server.complaints == []


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer(requires.specs()) as server:
        yield server
    assert server.complaints == []


async def tell(shop: TestShop, surface: Surface, pictures: Path) -> None:  # noqa: F811
    """Go through the story; what is expected may take a moment, as on any platform that lets a bot write only so fast."""
    extras = World(shop).extras()
    for line in STORY.splitlines():
        word, _space, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if word in extras:
            await extras[word](rest)
        elif word == "photo":
            names, _dashes, caption = rest.partition(" -- ")
            await surface.photos([(pictures / name).read_bytes() for name in names.split()], caption)
        elif word == "press":
            await _until(shop, partial(surface.press, rest))
        elif word == "expect":
            await _until(shop, partial(_stands, surface, rest))
        else:
            await surface.say(line)
            await shop.idle()


async def _stands(surface: Surface, text: str) -> bool:
    return text in await surface.seen()


async def _until(shop: TestShop, done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await done():
            await shop.idle()
            # A platform lets a bot write only so fast, by the real clock; what waits for that is tried again by the shop's.
            shop.clock.move(seconds=1)
            await shop.app.engine.local.sweep()
            await asyncio.sleep(0.1)


async def test_on_the_web(tmp_path: Path, sandbox: SandboxProcess, pictures: Path) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as shop:
        await tell(shop, OnTheWeb(shop), pictures)


async def test_in_the_terminal(tmp_path: Path, sandbox: SandboxProcess, pictures: Path) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as shop:
        token = await sessions.open_session(shop.app.house, shop.person)
        out = io.StringIO()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=shop.url, headers=headers, trust_env=False, timeout=30) as client:
            code = await talk(client, lines(STORY, pictures), out, interactive=False, extras=World(shop).extras())
        assert code == 0, out.getvalue()


async def test_in_telegram(tmp_path: Path, sandbox: SandboxProcess, telegram: TelegramServer, pictures: Path) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox, telegram_bot_token=telegram.token, telegram_api_url=telegram.url) as shop:
        link = await shop.app.telegram_link()
        assert link is not None
        telegram.say(f"/start {link.partition('start=')[2]}")
        await telegram.until(lambda: telegram.last(containing="Hello! I am Haggle."))
        await tell(shop, InTelegram(telegram), pictures)


async def test_in_slack(tmp_path: Path, sandbox: SandboxProcess, slack: SlackServer, pictures: Path) -> None:  # noqa: F811
    settings: dict[str, Any] = {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_api_url": slack.url}
    async with open_shop(tmp_path, sandbox, **settings) as shop:
        words = await shop.app.slack_words()
        assert words is not None
        await slack.bring(slack.message(words.partition(": ")[2]))
        await slack.until(lambda: slack.last("Hello! I am Haggle."))
        await tell(shop, InSlack(slack), pictures)
