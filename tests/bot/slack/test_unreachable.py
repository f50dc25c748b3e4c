"""A chat app that does not accept us: told where we still talk, shown on `/channels`, and over when it works again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.surfaces import slack as of_slack
from bot.surfaces import telegram as of_telegram
from core.flows.reachable import LASTING, Reachable
from storage.models import Notice
from tests import requires
from tests.bot.slack_server import SlackServer
from tests.bot.telegram_server import TelegramServer
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

ALWAYS = 1_000_000


@dataclass
class Refused:
    """`mend` makes the app accept us; `until` waits as its server does."""

    shop: TestShop
    mend: Callable[[], None]
    until: Callable[..., Awaitable[Any]]


@asynccontextmanager
async def refused(which: str, slack: SlackServer, folder: Path, sandbox: SandboxProcess) -> AsyncIterator[Refused]:
    """A shop whose token is refused from the start."""
    more: dict[str, Any]
    if which == "Slack":
        slack.fail("auth.test", "invalid_auth", times=ALWAYS)
        more = {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_api_url": slack.url}
        async with open_shop(folder, sandbox, connect=False, **more) as shop:
            yield Refused(shop, slack.heal, slack.until)
        return
    async with TelegramServer(requires.specs()) as telegram:
        telegram.fail("getMe", 401, "Unauthorized", times=ALWAYS)
        more = {"telegram_bot_token": telegram.token, "telegram_api_url": telegram.url}
        async with open_shop(folder, sandbox, connect=False, **more) as shop:
            yield Refused(shop, telegram.no_faults, telegram.until)


async def alerts(shop: TestShop) -> list[Notice]:
    query = select(Notice).where(Notice.type == "system_alert").order_by(Notice.id)
    async with shop.app.house.db.read() as session:
        return list((await session.execute(query)).scalars())


@pytest.mark.parametrize(("which", "says"), [("Slack", "does not accept the app's token"), ("Telegram", "@BotFather")])
async def test_trouble_is_shown_told_and_solved_by_itself(
    tmp_path: Path, sandbox: SandboxProcess, slack: SlackServer, monkeypatch: pytest.MonkeyPatch, which: str, says: str
) -> None:
    for module in (of_slack, of_telegram):
        monkeypatch.setattr(module, "_CONNECT_STEPS", (0.05,))
    async with refused(which, slack, tmp_path, sandbox) as of:
        shop = of.shop
        surface, reachable = shop.app.house.surfaces[which.lower()], Reachable(shop.app.house)
        await of.until(lambda: surface.trouble)
        await shop.say("/channels")
        assert says in await shop.last()
        assert f'"label": "{which}", "value": "does not work"' in await shop.last()
        for _ in range(LASTING - 1):
            await reachable.look()
        assert await alerts(shop) == []  # it may be a short break of the line
        for _ in range(3):
            await reachable.look()
        [told] = await alerts(shop)
        assert (told.severity, told.solved_at) == ("critical", None)
        await shop.until(f"{which} does not work: nobody can talk with me there.", says)

        of.mend()
        await of.until(lambda: not surface.trouble)
        await reachable.look()
        [told] = await alerts(shop)
        assert told.solved_at is not None
        await shop.until("Solved at", f'"{which}",\n   "value": "we can talk there"')
