"""The page's bell: unread notices counted live, their list, read and dismissed."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from core.flows import notices
from core.flows.people import Person
from tests.browser.conftest import OpenPage, shoot
from tests.home import Home

pytestmark = pytest.mark.browser


async def tell(home: Home, person: Person, *told: tuple[str, str]) -> None:
    """Notices, as (type, title)."""
    db = home.app.house.db
    async with db.write() as session:
        for type, title in told:
            await notices.tell(session, db, workspace=person.workspace_id, type=type, key=title, title=title, body="What to do about it.")
    await home.idle()


async def signed_in(home: Home, page: Page) -> Person:
    person, token = await home.member()
    await page.context.add_cookies([{"name": "haggle_session", "value": token, "url": home.url}])
    await page.goto(home.url)
    await expect(page.locator("#line")).to_have_attribute("data-state", "live")
    return person


@pytest.mark.parametrize("width", [1280, 375])
async def test_the_bell_counts_lists_and_clears(home: Home, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width) as page:
        person = await signed_in(home, page)
        await expect(page.locator("#bell-count")).to_be_hidden()
        await tell(home, person, ("low_stock", "Item 1 is running low"), ("account_lost", "eBay is lost"))
        await tell(home, person, ("draft_ready", "Draft 2 is ready"))
        await expect(page.locator("#bell-count")).to_have_text("3")
        await page.get_by_role("button", name="Notices, 3 unread").click()
        rows = page.locator(".told")
        await expect(rows).to_have_count(3)
        await shoot(page, f"bell-{width}")
        await expect(rows.filter(has_text="eBay is lost").get_by_role("button", name="Dismiss")).to_have_count(0)
        await rows.filter(has_text="running low").get_by_role("button", name="Dismiss").click()
        await expect(rows).to_have_count(2)
        await page.get_by_role("button", name="Mark all read").click()
        await expect(page.locator("#bell-count")).to_be_hidden()
        await expect(rows.get_by_text("unread", exact=True)).to_have_count(0)
        await tell(home, person, ("oversell", "Item 3 is oversold"))
        await expect(page.locator("#bell-count")).to_have_text("1")
        await expect(rows).to_have_count(3)
        await page.keyboard.press("Escape")
        await expect(page.locator("#notices")).to_be_hidden()
        await expect(page.locator("#bell")).to_be_focused()
