"""A camera roll and the order of photos on the page."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from tests.bot.test_rolls import shot
from tests.browser.conftest import OpenPage, shoot
from tests.browser.test_chat_page import enter, fits, say
from tests.home import Home

pytestmark = pytest.mark.browser


def files(count: int) -> list[FilePayload]:
    """Two photos of each thing, which were taken far apart."""
    return [
        {"name": f"IMG_{place:03}.jpg", "mimeType": "image/jpeg", "buffer": shot(f"{place}", place // 2 * 2000 + place % 2 * 3)}
        for place in range(count)
    ]


@pytest.mark.parametrize("width", [1280, 375])
async def test_a_roll_is_sent_gone_on_with_and_confirmed(home: Home, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width) as page:
        await enter(page, home)
        await say(page, "/bulk")
        bar = page.locator("#roll")
        await expect(bar).to_be_visible()
        await page.set_input_files("#files", files(6))
        await expect(page.locator("#roll-text")).to_contain_text("6 photos sent")
        await shoot(page, f"roll-{width}")

        # The page is closed and opened again; who chooses everything once more sends only what is new.
        await page.reload()
        await expect(bar).to_be_visible()
        await page.set_input_files("#files", files(10))
        await expect(page.locator("#roll-text")).to_contain_text("photos sent. Add more")
        card = page.locator(".card", has=page.get_by_role("heading", name="Camera roll 1")).last
        await expect(card.get_by_text("10 photos so far.")).to_be_visible()
        await page.click("#roll-end")
        await expect(bar).to_be_hidden()
        overview = page.locator(".card", has=page.get_by_role("heading", name="5 items?"))
        await expect(overview.locator(".thumb-mark")).to_have_text(["1", "2", "3", "4", "5"])
        assert await fits(page)
        await shoot(page, f"overview-{width}")
        await overview.get_by_role("button", name="Join 1+2").click()
        await expect(page.get_by_role("heading", name="4 items?")).to_be_visible()
        await page.get_by_role("button", name="Make 4 items").click()
        await expect(page.get_by_text("4 of 4 read. 4 need you.", exact=True)).to_be_visible()
        await shoot(page, f"progress-{width}")


async def test_more_photos_than_an_item_has_are_a_roll(home: Home, open_page: OpenPage) -> None:
    async with open_page() as page:
        await enter(page, home)
        await page.set_input_files("#files", files(26))
        await expect(page.locator("#roll-text")).to_contain_text("26 photos sent", timeout=30_000)
        await page.click("#roll-end")
        await expect(page.get_by_role("heading", name="13 items?")).to_be_visible()


async def test_photos_are_put_in_order_by_keyboard(home: Home, open_page: OpenPage) -> None:
    async with open_page() as page:
        await enter(page, home)
        await page.set_input_files("#files", files(3))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(3)
        await say(page, "Acme lamp")
        await page.get_by_role("button", name="Photos…").press("Enter")
        card = page.locator(".card", has=page.get_by_role("heading", name="Photos of item 1"))
        shown = card.locator(".thumb img")
        before = [await shown.nth(place).get_attribute("src") for place in range(3)]
        await card.get_by_role("button", name="3 first").press("Enter")
        await expect(shown.nth(0)).to_have_attribute("src", before[2] or "")
        await card.get_by_role("button", name="Remove 1").press("Enter")
        await expect(shown).to_have_count(2)
        await card.get_by_role("button", name="Undo").press("Enter")
        await expect(shown).to_have_count(3)
        await shoot(page, "photos")
