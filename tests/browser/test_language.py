"""The page in another language: chosen while it is open, in every tab of its reader, and then sold with."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, shoot
from tests.browser.test_accessibility import faults
from tests.browser.test_bell import tell
from tests.browser.test_chat_page import drop, fits, say
from tests.browser.test_main_job import shop, value  # noqa: F401 - a fixture
from tests.home import Home
from tests.sandbox_process import sandbox, sandbox_server  # noqa: F401 - fixtures
from tests.shop import TestShop, picture

pytestmark = pytest.mark.browser
ENGLISH = re.compile(r"\b(the|and|not|what|your|with|of|is|to)\b", re.IGNORECASE)


async def speaks_spanish(page: Page) -> None:
    """The page's own words, those of the palette among them."""
    await expect(page.locator("html")).to_have_attribute("lang", "es")
    await expect(page.locator("#words")).to_have_attribute("placeholder", "Escribe, o / comandos")
    await expect(page.locator("#bell")).to_have_attribute("aria-label", re.compile("^Avisos"))
    await expect(page.locator("#me")).to_contain_text(", propietari")
    await expect(page.locator("#line-text")).to_have_text("Conectado")
    await expect(page.locator(".shortcuts button").first).to_have_text("Artículos")
    await page.fill("#words", "/pub")
    await expect(page.get_by_role("option").first).to_contain_text("Publicar un artículo")
    await page.fill("#words", "")


@pytest.mark.parametrize("width", [1280, 375])
async def test_spanish_is_chosen_on_an_open_page_and_sold_in(shop: TestShop, open_page: OpenPage, width: int) -> None:  # noqa: F811
    async with open_page(width=width, height=1600 if width == 375 else 1100) as page:
        await page.goto((await shop.app.sign_in_links(shop.url))[0])
        await expect(page.locator("#line")).to_have_attribute("data-state", "live")
        other = await page.context.new_page()
        await other.goto(shop.url)
        await expect(other.locator("#line")).to_have_attribute("data-state", "live")
        await say(page, "/channels")
        channels = page.locator(".card").filter(has=page.get_by_role("heading", name="Channels")).first
        await expect(channels).to_be_visible()
        await page.evaluate("window.notReloaded = true")
        await say(page, "/language español")
        await speaks_spanish(page)
        await speaks_spanish(other)
        assert await page.evaluate("window.notReloaded")
        await expect(page.get_by_role("heading", name="Canales")).to_be_visible()  # the card that was there
        await expect(page.locator(".day").first).to_have_text("Hoy")
        await other.close()

        await drop(page, ("lamp.jpg", "image/jpeg", picture("ACME LAMP")), ("back.jpg", "image/jpeg", picture("LX-200 40W", "maroon")))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(2)
        await expect(page.locator(".tile .away").first).to_have_attribute("aria-label", "Quitar lamp.jpg")
        await page.fill("#words", "Lámpara de latón Acme, pagué 20, quiero 80, mínimo 60")
        assert await faults(page) == [], "about to send"
        await page.press("#words", "Enter")
        draft = page.locator(".card").filter(has=page.get_by_role("heading", name=re.compile("^Artículo 1: Lámpara de latón Acme"))).first
        await expect(draft.locator(".thumb")).to_have_count(2)
        await expect(value(draft, "Precio")).to_contain_text("80,00")
        await draft.get_by_role("button", name="Bueno", exact=True).click()
        await expect(value(draft, "Estado")).to_have_text("Bueno")
        await answer_everything(page, draft)
        assert await fits(page)
        assert await faults(page) == [], "a draft"
        await shoot(page, f"es-1-draft-{width}")
        await draft.get_by_role("button", name=re.compile("^Publicar en")).click()
        outcome = page.locator(".card").filter(has=page.get_by_text("te toca publicarlo")).last
        await expect(value(outcome, "Shopify")).to_contain_text("a la venta")
        assert await shop.live(1) == ["ebay", "shopify"]
        assert await fits(page)
        assert await faults(page) == [], "published"
        await shoot(page, f"es-2-live-{width}")
        await expect(page.get_by_role("button", name="Copiar título")).to_be_visible()
        shown = (await page.locator(".post").last.inner_text()).replace("\n", " ")
        assert not ENGLISH.search(shown), shown


async def answer_everything(page: Page, draft: Locator) -> None:
    """Press the first button of each question until none is left."""
    publish = draft.get_by_role("button", name=re.compile("^Publicar en"))
    asked = draft.locator(".row", has_text="Falta responder")
    for _ in range(8):
        await expect(publish.or_(asked).first).to_be_visible()
        if await publish.count():
            return
        question = await asked.locator(".value").inner_text()
        await draft.locator(".card-buttons button").first.click()
        await expect(asked.filter(has_text=question)).to_have_count(0)
    raise AssertionError(await draft.inner_text())


async def test_back_to_english_with_the_bell_open(home: Home, open_page: OpenPage) -> None:
    async with open_page() as page:
        person, token = await home.member()
        await page.context.add_cookies([{"name": "haggle_session", "value": token, "url": home.url}])
        await page.goto(home.url)
        await say(page, "/language es")
        await expect(page.locator("html")).to_have_attribute("lang", "es")
        await page.reload()  # now it comes in Spanish
        await tell(home, person, ("account_lost", "eBay is lost"))
        await page.get_by_role("button", name="Avisos, 1 sin leer").click()
        await expect(page.locator(".told").get_by_text("sin leer", exact=True)).to_be_visible()
        await shoot(page, "es-bell")
        assert await faults(page) == []
        await page.keyboard.press("Escape")
        await say(page, "/language English")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await page.get_by_role("button", name="Notices, 1 unread").click()
        await expect(page.locator(".told").get_by_text("unread", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Mark all read")).to_be_visible()
        await expect(page.locator("#words")).to_have_attribute("placeholder", "Write, or / for commands")
