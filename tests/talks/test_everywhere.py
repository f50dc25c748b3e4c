"""The ten talks that people have most, on each of the four surfaces with the same expectations: the real app, real clients, local servers
in the platforms' place. Each surface has one app for all ten, and each talk a member and a chat of its own.

Beside what every talk may say (test_talks.py), `{1}` is the number of the first item of a talk, and `propose {1} shopify` is a new price
there that waits for a yes.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.surfaces.terminal import Extra, talk
from core.flows import sessions
from core.values.states import Role
from storage.models import Item, Member
from tests import requires
from tests.bot.people import propose
from tests.bot.slack_server import SlackServer
from tests.bot.telegram_server import TelegramServer
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, open_shop
from tests.talks.surfaces import NAME, PATIENCE, InSlack, InTelegram, OnTheWeb, Surface, enter, expect, settle
from tests.talks.test_talks import World, lines, pictures  # noqa: F401 - a fixture among them

TALKS = {path.stem: path.read_text("utf-8") for path in sorted((Path(__file__).parent / "everywhere").glob("*.talk"))}

Begin = Callable[[int], Awaitable[Surface]]


def test_there_are_ten() -> None:
    assert len(TALKS) == 10


class Numbers:
    """Puts numbers of items into a talk: those of a business with other items already."""

    def __init__(self, shop: TestShop) -> None:
        self._shop = shop
        self._before = 0

    async def begin(self) -> None:
        async with self._shop.app.house.db.read() as session:
            self._before = (await session.execute(select(func.max(Item.number)))).scalar() or 0

    def put(self, line: str) -> str:
        return re.sub(r"\{(\d)\}", lambda found: str(self._before + int(found[1])), line)


def extras_of(shop: TestShop) -> dict[str, Extra]:
    async def propose_price(words: str) -> str:
        number, channel = words.split()
        await propose(shop, int(number), (channel,))
        return "proposed"

    return {**World(shop).extras(), "propose": propose_price}


async def tell(shop: TestShop, surface: Surface, script: str, pictures: Path) -> None:  # noqa: F811
    """Go through a talk."""
    extras, numbers = extras_of(shop), Numbers(shop)
    await numbers.begin()
    for line in map(numbers.put, script.splitlines()):
        word, _space, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if word == "expect":
            await expect(shop, surface, rest)
            continue
        if word in extras:
            await extras[word](rest)
        elif word == "press":
            await surface.press(rest)
        elif word == "photo":
            names, _dashes, caption = rest.partition(" -- ")
            await surface.photos([(pictures / name).read_bytes() for name in names.split()], caption)
        else:
            await surface.say(line)
        await settle(shop)


async def tell_all(shop: TestShop, begin: Begin, pictures: Path, subtests: pytest.Subtests) -> None:  # noqa: F811
    """All ten, each by somebody new."""
    for place, (name, script) in enumerate(TALKS.items()):
        with subtests.test(name):
            surface = await begin(place)
            await settle(shop)
            await tell(shop, surface, script, pictures)
        await leave(shop)


async def leave(shop: TestShop) -> None:
    """Who talked goes, so that nobody tells them of the next talk."""
    async with shop.app.house.db.write() as session:
        await session.execute(update(Member).where(Member.name == NAME).values(active=False))


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


async def test_on_the_web(tmp_path: Path, sandbox: SandboxProcess, pictures: Path, subtests: pytest.Subtests) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as shop:

        async def begin(_place: int) -> Surface:
            return OnTheWeb(shop, (await enter(shop)).member_id)

        await tell_all(shop, begin, pictures, subtests)


async def test_in_the_terminal(tmp_path: Path, sandbox: SandboxProcess, pictures: Path, subtests: pytest.Subtests) -> None:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as shop:
        for name, script in TALKS.items():
            with subtests.test(name):
                assert await in_the_terminal(shop, script, pictures) == "fine"
            await leave(shop)


async def in_the_terminal(shop: TestShop, script: str, pictures: Path) -> str:  # noqa: F811
    """ "fine", or what was seen until it was not."""
    token = await sessions.open_session(shop.app.house, await enter(shop))
    numbers, out = Numbers(shop), io.StringIO()
    await numbers.begin()
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=shop.url, headers=headers, trust_env=False, timeout=30) as client:
        said = (numbers.put(line) async for line in lines(script, pictures))
        folder = shop.app.settings.data_folder
        code = await talk(client, said, out, interactive=False, extras=extras_of(shop), patience=PATIENCE, folder=folder)
    return out.getvalue() if code else "fine"


async def test_in_telegram(
    tmp_path: Path,
    sandbox: SandboxProcess,  # noqa: F811
    telegram: TelegramServer,
    pictures: Path,  # noqa: F811
    subtests: pytest.Subtests,
) -> None:
    async with open_shop(tmp_path, sandbox, telegram_bot_token=telegram.token, telegram_api_url=telegram.url) as shop:
        await shop.app.telegram.connected()

        async def begin(_place: int) -> Surface:
            surface = InTelegram(telegram, telegram.stranger(NAME))
            await surface.say(f"/start {await shop.app.join_code(Role.MANAGER)}")
            return surface

        await tell_all(shop, begin, pictures, subtests)


async def test_in_slack(
    tmp_path: Path,
    sandbox: SandboxProcess,  # noqa: F811
    slack: SlackServer,
    pictures: Path,  # noqa: F811
    subtests: pytest.Subtests,
) -> None:
    settings: dict[str, Any] = {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_api_url": slack.url}
    async with open_shop(tmp_path, sandbox, **settings) as shop:
        await shop.app.slack.connected()

        async def begin(place: int) -> Surface:
            who = f"U0MIA{place}"
            slack.names[who] = NAME
            surface = InSlack(slack, who)
            await surface.say(f"join {await shop.app.join_code(Role.MANAGER)}")
            return surface

        await tell_all(shop, begin, pictures, subtests)
