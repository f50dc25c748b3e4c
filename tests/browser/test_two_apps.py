"""One item in two apps: what is approved in Slack shows on the page while somebody looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests import requires
from tests.bot.slack.test_two_chats import propose
from tests.bot.slack_server import SlackServer
from tests.browser.conftest import OpenPage, shoot
from tests.browser.test_chat_page import fits
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import open_shop

pytestmark = pytest.mark.browser


@pytest.fixture
async def slack() -> AsyncIterator[SlackServer]:
    async with SlackServer(requires.specs()) as server:
        yield server
    assert server.complaints == []


@pytest.mark.parametrize("width", [1280, 375])
async def test_an_approval_in_slack_arrives_live(
    tmp_path: Path,
    sandbox: SandboxProcess,  # noqa: F811
    slack: SlackServer,
    open_page: OpenPage,
    width: int,
) -> None:
    settings: dict[str, Any] = {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_api_url": slack.url}
    async with open_shop(tmp_path, sandbox, **settings) as shop, open_page(width=width) as page:
        await slack.bring(slack.message((await shop.app.slack_words() or "").partition(": ")[2]))
        await slack.until(lambda: slack.last("Hello! I am Haggle."))
        number = await shop.item(floor=5000)
        await shop.say(f"/publish {number}")
        await page.goto((await shop.app.sign_in_links(shop.url))[0])
        await expect(page.locator("#line")).to_have_attribute("data-state", "live")

        await propose(shop, number, ("slack", slack.direct()), shop.place)
        copy = await slack.until(lambda: slack.with_button("Yes"))
        card = page.locator(".card").last
        await expect(card.get_by_role("button", name="Yes")).to_be_visible()
        assert await fits(page)
        await shoot(page, f"asked-{width}")
        await slack.bring(slack.press(copy, "Yes"))
        await expect(card.get_by_text("Approved by Sam.")).to_be_visible()
        await expect(card.get_by_role("button", name="Yes")).to_have_count(0)
        await shoot(page, f"approved-{width}")
        await expect(card.get_by_text("live at $75.00")).to_be_visible()
        await shop.idle()
        assert await shop.live(number) == ["ebay", "shopify"]
