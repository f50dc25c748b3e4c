"""The seller's main job as a seller sees it: in a browser, with a buyer in another tab."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, shoot
from tests.browser.test_chat_page import drop, fits
from tests.sandbox_process import SandboxProcess, sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, open_shop, picture

pytestmark = pytest.mark.browser


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess) -> AsyncIterator[TestShop]:  # noqa: F811
    async with open_shop(tmp_path, sandbox) as opened:
        yield opened


def value(card: Locator, label: str) -> Locator:
    """What a card says beside a label."""
    return card.locator(".row").filter(has=card.page.get_by_text(label, exact=True)).locator(".value")


async def answer_everything(page: Page, draft: Locator) -> None:
    """Press the first button of each question until none is left."""
    publish = draft.get_by_role("button", name=re.compile("^Publish on"))
    asked = draft.locator(".row", has_text="Still to answer")
    for _ in range(8):
        await expect(publish.or_(asked).first).to_be_visible()
        if await publish.count():
            return
        question = await asked.locator(".value").inner_text()
        await draft.locator(".card-buttons button").first.click()
        await expect(asked.filter(has_text=question)).to_have_count(0)
    raise AssertionError(await draft.inner_text())


@pytest.mark.parametrize("width", [1280, 375])
async def test_photos_to_live_to_sold_to_gone(shop: TestShop, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width, height=1600 if width == 375 else 1100) as page:
        await page.goto((await shop.app.sign_in_links(shop.url))[0])
        await expect(page.locator("#line")).to_have_attribute("data-state", "live")
        back = picture("LX-200 40W", "maroon")
        await drop(page, ("lamp.jpg", "image/jpeg", picture("ACME LAMP")), ("back.jpg", "image/jpeg", back))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(2)
        await page.fill("#words", "Acme brass desk lamp, paid 20, want 80 min 60")
        await page.press("#words", "Enter")
        draft = page.locator(".card").filter(has=page.get_by_role("heading", name=re.compile("Item 1: Acme brass desk lamp"))).first
        await expect(draft.locator(".thumb")).to_have_count(2)
        await expect(value(draft, "Price")).to_have_text("$80.00")
        await shoot(page, f"job-1-draft-{width}")
        await draft.get_by_role("button", name="Good", exact=True).click()
        await expect(value(draft, "Condition")).to_have_text("Good")
        await answer_everything(page, draft)
        assert await fits(page)
        await shoot(page, f"job-2-ready-{width}")
        await draft.get_by_role("button", name=re.compile("^Publish on")).click()

        outcome = page.locator(".card").filter(has=page.get_by_text("yours to list")).last
        await expect(value(outcome, "eBay")).to_have_text("live at $80.00")
        await expect(value(outcome, "Shopify")).to_have_text("live at $80.00")
        await expect(value(outcome, "Poshmark")).to_contain_text("yours to list")
        assert await shop.live(1) == ["ebay", "shopify"]
        await shoot(page, f"job-3-live-{width}")
        task = page.locator(".card").filter(has=page.get_by_role("heading", name=re.compile("^Task 1:")))
        await task.get_by_role("button", name="It is up").click()
        await expect(task).to_contain_text("Done by Sam")
        assert await fits(page)
        await shoot(page, f"job-4-up-{width}")

        await buy(page, shop)
        sale = page.locator(".card").filter(has=page.get_by_role("heading", name=re.compile("^Sold on eBay")))
        await expect(sale.locator(".row", has_text="Shopify").last).to_contain_text("verified")
        await expect(value(sale, "Poshmark")).to_contain_text("yours to take down")
        await expect(value(sale, "Earned")).to_be_visible()
        assert await shop.live() == []
        assert await fits(page)
        await shoot(page, f"job-5-sold-{width}")
        down = page.locator(".card").filter(has=page.get_by_role("heading", name=re.compile("^Task 2:")))
        await down.get_by_role("button", name="It is down").click()
        await expect(down).to_contain_text("Done by Sam")
        await expect(value(sale, "Poshmark")).to_contain_text("gone at")
        await shoot(page, f"job-6-done-{width}")


async def buy(page: Page, shop: TestShop) -> None:
    """A buyer, in a tab of their own, finds the picture and presses Buy."""
    async with await page.context.new_page() as buyer:
        await buyer.goto(f"{shop.sandbox.url}/store/ebay")
        offered = buyer.locator("article", has_text="Acme brass desk lamp")
        await expect(offered.locator("img")).to_be_visible()
        await offered.get_by_role("button", name="Buy").click()
        await expect(buyer.get_by_text("Nothing is for sale.")).to_be_visible()
