"""axe-core looks at the page in its main states, at desk and phone width, light and dark: no serious and no critical fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from core.flows.posts import put_card
from core.values.card import CardPhoto
from tests.browser.conftest import OpenPage
from tests.browser.test_bell import signed_in, tell
from tests.browser.test_chat_page import SALE, drop, say
from tests.home import Home, picture

pytestmark = pytest.mark.browser
STATES = pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, False), (1280, True), (375, True)])
GRAVE = ("serious", "critical")


async def faults(page: Page) -> list[str]:
    """What is seriously wrong, each with where it is."""
    # Nothing is judged in the middle of a fade.
    await page.wait_for_function(
        "document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"
    )
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
        assert await faults(page) == [], "an empty chat"
        await drop(page, ("lamp.jpg", "image/jpeg", picture()))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(1)
        await page.fill("#words", "Acme desk lamp, want 80")
        assert await faults(page) == [], "about to send"
        await page.press("#words", "Enter")
        await expect(page.get_by_text("Still to answer", exact=True)).to_be_visible()
        db = home.app.house.db
        chart = await home.app.house.photos.put(picture("CHART"))
        async with db.write() as session:
            place = ("web", person.member_id)
            sale = replace(SALE, photos=(CardPhoto(chart.sha256, "A chart", dark=chart.sha256),))
            await put_card(session, db, place, sale, workspace=person.workspace_id)
        await expect(page.locator(".thumb.chart img")).to_be_visible()
        assert await faults(page) == [], "cards"
        await page.locator("#words").press_sequentially("/")
        await expect(page.get_by_role("option")).not_to_have_count(0)
        assert await faults(page) == [], "the palette"


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
    async with open_page(width=width, dark=dark, allowed=("401",)) as page:
        await page.goto(home.url)
        await expect(page.get_by_role("heading")).not_to_have_count(0)
        assert await faults(page) == []


async def test_what_a_photo_shows_in_large(home: Home, open_page: OpenPage) -> None:
    async with open_page(width=375) as page:
        await signed_in(home, page)
        await drop(page, ("a.jpg", "image/jpeg", picture()), ("b.jpg", "image/jpeg", picture("B", "green")))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(2)
        await say(page, "Two lamps")
        await page.locator(".card .thumb").first.click()
        await expect(page.locator("#viewer-place")).to_have_text("1 of 2")
        assert await faults(page) == []
