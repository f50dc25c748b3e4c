"""The chat page in a real browser, at the width of a desk and of a phone."""

from __future__ import annotations

import base64

import pytest
from playwright.async_api import Page, expect

from core.flows.posts import put_card
from core.values.card import Button, Card, Line
from tests.browser.conftest import OpenPage, shoot
from tests.home import Home, picture

pytestmark = pytest.mark.browser
WIDTHS = pytest.mark.parametrize("width", [1280, 375])


async def enter(page: Page, home: Home) -> None:
    await page.goto(f"{home.url}/enter?code={await home.code()}")
    await expect(page.locator("#line")).to_have_attribute("data-state", "live")


async def say(page: Page, words: str) -> None:
    await page.fill("#words", words)
    await page.press("#words", "Enter")


async def drop(page: Page, *files: tuple[str, str, bytes]) -> None:
    """Drop files on the page as a hand would."""
    told = [{"name": name, "type": kind, "data": base64.b64encode(data).decode()} for name, kind, data in files]
    transfer = await page.evaluate_handle(
        """(files) => {
            const transfer = new DataTransfer();
            for (const one of files) {
                const bytes = Uint8Array.from(atob(one.data), (letter) => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], one.name, { type: one.type }));
            }
            return transfer;
        }""",
        told,
    )
    await page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    await expect(page.locator("#drop")).to_be_visible()
    await page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    await expect(page.locator("#drop")).to_be_hidden()


async def fits(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@WIDTHS
async def test_a_new_seller_drops_photos_and_gets_a_draft(home: Home, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width) as page:
        await enter(page, home)
        await expect(page.get_by_role("heading", name="What would you like to sell?")).to_be_visible()
        await shoot(page, f"empty-{width}")
        await drop(
            page, ("lamp.jpg", "image/jpeg", picture()), ("back.jpg", "image/jpeg", picture("LAMP", "maroon")), ("notes.txt", "", b"x")
        )
        await expect(page.locator(".tile[data-state=done]")).to_have_count(2)
        await expect(page.locator(".tile-error")).to_contain_text(["", "", "notes.txt is not a photo"])
        await page.fill("#words", "Acme desk lamp, want 80")
        await shoot(page, f"tray-{width}")
        await page.press("#words", "Enter")
        card = page.locator(".card").last
        await expect(card.get_by_role("heading")).to_contain_text("Item 1: Acme desk lamp")
        await expect(card.locator(".thumb")).to_have_count(2)
        await expect(card.get_by_text("Still to answer")).to_be_visible()
        await expect(page.locator(".post.mine .bubble")).to_contain_text("Acme desk lamp, want 80")
        await expect(page.locator(".fate")).to_have_count(0)
        assert await fits(page)
        await shoot(page, f"draft-{width}")
        await card.get_by_role("button", name="Good").click()
        await expect(card.locator(".row", has=page.get_by_text("Condition", exact=True)).locator(".value")).to_have_text("Good")
        await shoot(page, f"answered-{width}")


async def test_a_photo_opens_large_and_closes_by_the_keyboard(home: Home, open_page: OpenPage) -> None:
    async with open_page() as page:
        await enter(page, home)
        await drop(page, ("a.jpg", "image/jpeg", picture()), ("b.jpg", "image/jpeg", picture("B", "green")))
        await expect(page.locator(".tile[data-state=done]")).to_have_count(2)
        await page.press("#words", "Enter")
        await page.locator(".card .thumb").first.click()
        await expect(page.locator("#viewer-place")).to_have_text("1 of 2")
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#viewer-place")).to_have_text("2 of 2")
        await shoot(page, "viewer")
        await page.keyboard.press("Escape")
        await expect(page.locator("#viewer")).to_be_hidden()


@WIDTHS
async def test_the_palette_offers_commands(home: Home, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width) as page:
        await enter(page, home)
        await page.locator("#words").press_sequentially("/")
        await expect(page.get_by_role("option")).not_to_have_count(0)
        await shoot(page, f"palette-{width}")
        await page.locator("#words").press_sequentially("chan")
        await expect(page.get_by_role("option").first).to_contain_text("/channels")
        await page.keyboard.press("Tab")
        await expect(page.locator("#words")).to_have_value("/channels ")
        await page.keyboard.press("Enter")
        await expect(page.locator(".card").last).to_contain_text("Channels")
        await shoot(page, f"channels-{width}")


SALE = Card(
    "Sold on eBay! Order 12", "", mood="good",
    lines=(
        Line("Item 42", "Nike Dunk Low Panda, size 10", "$120.00"),
        Line("eBay", "sold here", "verified gone 14:02", "good"),
        Line("Shopify", "taking it down…", "", "busy"),
        Line("Poshmark", "yours to take down, due Friday 18:00", "task 3", "warn"),
        Line("Etsy", "not taken down", "Etsy refuses: the shop is on vacation. Open it, then try again.", "bad"),
        Line("Fees", "not known yet", "the marketplace reports them later"),
        Line("Earned", "$61.35", "fees not known yet", "good", weak=True),
    ),
    buttons=((Button("Try Etsy again", {"do": "say", "text": "/items"}), Button("It is down", {"do": "say", "text": "/tasks"}, "primary")),
             (Button("Copy title", copy="Nike Dunk Low Panda"), Button("Open eBay", url="https://ebay.example/1"),
              Button("Discard", {"do": "say", "text": "/help"}, "danger"))),
    subject=("item", "none"),
)  # fmt: skip


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, False), (1280, True), (375, True)])
async def test_a_card_with_everything(home: Home, open_page: OpenPage, width: int, dark: bool) -> None:
    person, token = await home.member()
    db = home.app.house.db
    async with db.write() as session:
        await put_card(session, db, ("web", person.member_id), SALE, workspace=person.workspace_id)
    async with open_page(width=width, dark=dark) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=home.url)
        await page.context.add_cookies([{"name": "haggle_session", "value": token, "url": home.url}])
        await page.goto(home.url)
        card = page.locator(".card")
        await expect(card.get_by_text("Earned")).to_be_visible()
        assert await card.locator(".row", has_text="Shopify").get_by_text("Working:").count() == 1  # never by colour alone
        await card.get_by_role("button", name="Copy title").click()
        await expect(card.get_by_role("button", name="Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == "Nike Dunk Low Panda"
        assert await fits(page)
        await shoot(page, f"sale-{width}-{'dark' if dark else 'light'}")


async def test_a_card_that_is_longer_than_the_window_is_read_from_its_beginning(home: Home, open_page: OpenPage) -> None:
    async with open_page(width=375) as page:
        await enter(page, home)
        await say(page, "/help")
        card = page.locator(".card").last
        await expect(card.get_by_text("Sell something").first).to_be_visible()
        top = "getBoundingClientRect().top"
        begins = f"document.querySelector('.post:last-child').{top} - document.getElementById('scroll').{top}"
        await page.wait_for_function(f"Math.abs({begins}) < 40")
        await page.evaluate("document.getElementById('scroll').scrollBy({ top: 300, behavior: 'instant' })")
        await say(page, "/items")  # what comes after a long card is come to, from wherever in it one was reading
        await expect(page.locator(".card", has_text="Send me photos").last).to_be_in_viewport()


async def test_an_edit_moves_nothing_that_is_being_read_and_keeps_the_focus(home: Home, open_page: OpenPage) -> None:
    person, token = await home.member()
    owner, db = home.browser(Authorization=f"Bearer {token}", **{"X-Haggle": "1"}), home.app.house.db
    await owner.post("/api/v1/photos", files={"photos": ("a.jpg", picture())})
    async with open_page() as page:
        await page.context.add_cookies([{"name": "haggle_session", "value": token, "url": home.url}])
        await page.goto(home.url)
        await expect(page.locator("#line")).to_have_attribute("data-state", "live")
        await drop(page, ("a.jpg", "image/jpeg", picture()))
        await say(page, "Acme lamp")
        draft = page.locator(".card", has_text="Item 1: Acme lamp")
        await expect(draft).to_be_visible()
        async with db.write() as session:
            for count in range(12):
                await put_card(session, db, ("web", person.member_id), Card(f"Card {count}", "words " * 60), workspace=person.workspace_id)
        await expect(page.get_by_role("heading", name="Card 11")).to_be_visible()
        await page.evaluate("document.getElementById('scroll').scrollTo({ top: 900, behavior: 'instant' })")
        await page.wait_for_function("!document.querySelector('#older').matches(':focus')")
        place = "[...document.querySelectorAll('.card')].find((one) => one.textContent.includes('Card 5')).getBoundingClientRect().top"
        before = await page.evaluate(place)
        await owner.post("/api/v1/chat/messages", json={"event_id": "edit-in-place", "text": "/edit 1 title Acme brass desk lamp"})
        await expect(page.locator("#moved")).to_contain_text("Acme brass desk lamp")
        assert abs(await page.evaluate(place) - before) < 2
        await shoot(page, "moved")
        await page.locator("#moved").click()
        await expect(page.get_by_role("heading", name="Acme brass desk lamp").first).to_be_in_viewport()
        button = page.locator(".card", has_text="Acme brass desk lamp").first.get_by_role("button", name="Price…")
        await button.focus()
        await owner.post("/api/v1/chat/messages", json={"event_id": "edit-again", "text": "/edit 1 title Acme lamp of brass"})
        await expect(page.get_by_role("heading", name="Acme lamp of brass").first).to_be_visible()
        assert await page.evaluate("document.activeElement.textContent") == "Price…"
        assert "Acme lamp of brass" in await page.locator("#announcer").inner_text()


async def test_what_is_written_without_a_connection_is_sent_once_it_is_back(home: Home, open_page: OpenPage) -> None:
    async with open_page(allowed=("ERR_INTERNET_DISCONNECTED",)) as page:
        await enter(page, home)
        await page.context.set_offline(True)
        await expect(page.locator("#offline")).to_be_visible()
        await say(page, "/help")
        await expect(page.locator(".fate")).to_have_text("Sending…")
        await shoot(page, "offline")
        await page.context.set_offline(False)
        await expect(page.locator(".card")).to_contain_text("/items")
        await expect(page.locator("#offline")).to_be_hidden()
        await expect(page.locator(".post.mine")).to_have_count(1)
        await expect(page.locator(".fate")).to_have_count(0)


@WIDTHS
async def test_a_stranger_reads_how_to_get_in(home: Home, open_page: OpenPage, width: int) -> None:
    async with open_page(width=width, allowed=("401",)) as page:
        await page.goto(home.url)
        await expect(page.get_by_text("open the link that it printed")).to_be_visible()
        await shoot(page, f"stranger-{width}")
