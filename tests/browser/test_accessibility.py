"""axe-core looks at the page in its main states, at desk and phone width, light and dark: no serious and no critical fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from core.flows.posts import put_card, put_said
from core.values.card import CardPhoto
from tests.browser.conftest import OpenPage
from tests.browser.test_bell import signed_in, tell
from tests.browser.test_chat_page import SALE, drop
from tests.home import Home, picture

pytestmark = pytest.mark.browser
STATES = pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, False), (1280, True), (375, True)])
GRAVE = ("serious", "critical")
SETTLED = """async () => {
    const going = () => document.getAnimations()
        .filter((one) => one.playState === "running" && one.effect.getTiming().iterations !== Infinity);
    for (let some = going(); some.length; some = going()) await Promise.allSettled(some.map((one) => one.finished));
}"""


async def faults(page: Page) -> list[str]:
    """What is seriously wrong, each with where it is."""
    await page.evaluate(SETTLED)  # nothing is judged in the middle of a fade
    found: dict[str, Any] = (await Axe().run(page, options={"resultTypes": ["violations"]})).response
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@STATES
async def test_a_chat_with_cards(home: Home, open_page: OpenPage, width: int, dark: bool) -> None:
    async with open_page(width=width, dark=dark) as page:
        person = await signed_in(home, page)
        await drop(page, ("lamp.jpg", "image/jpeg", picture()))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(1)
        await page.fill("#words", "Acme desk lamp, want 80")
        assert await faults(page) == [], "an empty chat, about to send"
        db, photo = home.app.house.db, (await home.app.house.photos.put(picture())).sha256
        sale = replace(SALE, photos=(CardPhoto(photo, "A lamp"), CardPhoto(photo, "A chart", dark=photo)))
        async with db.write() as session:
            put_said(session, db, ("web", person.member_id), {"text": "What sold?", "photos": [photo]}, workspace=person.workspace_id)
            await put_card(session, db, ("web", person.member_id), sale, workspace=person.workspace_id)
        await expect(page.locator(".thumb.chart img")).to_be_visible()
        await page.fill("#words", "")
        await page.locator("#words").press_sequentially("/")
        await expect(page.get_by_role("option")).not_to_have_count(0)
        assert await faults(page) == [], "cards and the palette"


@STATES
async def test_the_bell_s_list(home: Home, open_page: OpenPage, width: int, dark: bool) -> None:
    async with open_page(width=width, dark=dark) as page:
        person = await signed_in(home, page)
        told = ("new_order", "Order 1"), ("low_stock", "Low"), ("account_lost", "Lost"), ("channel_connected", "Connected")
        await tell(home, person, *told)
        await expect(page.locator("#bell-count")).to_have_text("4")
        assert await faults(page) == [], "with unread notices"
        await page.locator("#bell").click()
        await expect(page.locator(".told")).to_have_count(4)
        assert await faults(page) == [], "the list"


@STATES
async def test_the_way_in(home: Home, open_page: OpenPage, width: int, dark: bool) -> None:
    async with open_page(width=width, dark=dark, allowed=("401", "403", "ERR_FAILED")) as page:
        await page.goto(home.url)
        await expect(page.get_by_role("heading")).not_to_have_count(0)
        assert await faults(page) == [], "a stranger"
        await page.goto(f"{home.url}/enter?code=unknown")
        assert await faults(page) == [], "a link that does not work"
        await page.route("**/enter.js", lambda route: route.abort())  # the page would leave by itself
        await page.goto(f"{home.url}/enter?code={await home.code()}")
        await expect(page.get_by_role("button")).to_be_visible()
        assert await faults(page) == [], "the sign-in page"


async def test_a_photo_in_large(home: Home, open_page: OpenPage) -> None:
    async with open_page(width=375) as page:
        person = await signed_in(home, page)
        db, photo = home.app.house.db, (await home.app.house.photos.put(picture())).sha256
        async with db.write() as session:
            await put_card(session, db, ("web", person.member_id), replace(SALE, photos=(CardPhoto(photo),)), workspace=person.workspace_id)
        await page.locator(".card .thumb").first.click()
        await expect(page.locator("#viewer-photo")).to_be_visible()
        assert await faults(page) == []
