"""Connecting a marketplace as a seller does it: a link, a consent page, and the way back, by the browser or by a pasted address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from bot.demo import connect_all
from core.values.states import AccountState, Severity, TaskKind, TaskState
from storage.models import Account, ManualTask, Notice
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop

LIFE_OF_A_GRANT = 48_000_000  # seconds; eBay's refresh tokens live for 18 months


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    """Nothing is connected yet."""
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as opened:
        yield opened


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    """The seller's browser. It is not signed in to Haggle, as when the consent was given on a phone."""
    async with httpx.AsyncClient(trust_env=False, timeout=20, headers={"Accept": "text/html"}) as client:
        yield client


async def link_to_agree(shop: TestShop, kind: str = "ebay") -> str:
    await shop.say(f"/connect {kind}")
    [[button]] = (await shop.posts())[-1].card["buttons"]
    return str(button["url"])


async def decide(browser: httpx.AsyncClient, link: str, answer: str = "agree") -> str:
    """Read the consent page and press one of its buttons. Answers where it leads back to."""
    asked = await browser.get(link)
    assert asked.status_code == 200
    assert "<form" in asked.text
    answered = await browser.post(link, data={**dict(parse_qsl(urlsplit(link).query)), "answer": answer})
    assert answered.is_redirect
    return str(answered.headers["location"])


async def account(shop: TestShop, kind: str = "ebay") -> Account | None:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Account).where(Account.channel == kind))).scalar()


async def test_the_browser_is_led_back_and_the_shop_becomes_ready_to_sell(shop: TestShop, browser: httpx.AsyncClient) -> None:
    back = await decide(browser, await link_to_agree(shop))
    assert back.startswith(f"{shop.url}/oauth/ebay/callback?")
    page = await browser.get(back)
    assert page.status_code == 200
    assert "is connected, but cannot sell yet" in page.text
    await shop.idle()
    assert "eBay (sandbox_seller) is connected." in await shop.text()
    await shop.say("/channels")
    assert "connected, cannot sell yet" in await shop.last()
    await shop.press("Where eBay ships from")
    await shop.say("Springfield")
    assert "Type the postcode and the country" in await shop.last()
    await shop.say("10001 US")
    await shop.until("eBay (sandbox_seller) is ready to sell.", "sales arrive at once")
    number = await shop.item()
    await shop.say(f"/publish {number}")
    assert await shop.live(number) == ["ebay"]


async def test_a_shop_is_connected_through_the_browser_too(shop: TestShop, browser: httpx.AsyncClient) -> None:
    back = await decide(browser, await link_to_agree(shop, "shopify sandbox-shop"))
    assert back.startswith(f"{shop.url}/oauth/shopify/callback?")
    page = await browser.get(back)
    assert "Shopify (Sandbox Shop) is connected and ready to sell." in page.text
    await shop.idle()
    assert (found := await account(shop, "shopify")) is not None
    assert found.state == AccountState.ACTIVE


async def test_the_address_can_be_pasted_where_no_browser_leads_back(shop: TestShop, browser: httpx.AsyncClient) -> None:
    back = await decide(browser, await link_to_agree(shop))
    await shop.say(back)
    assert "eBay (sandbox_seller) is connected" in await shop.text()
    assert (found := await account(shop)) is not None
    assert found.state == AccountState.ACTIVE


async def test_a_seller_who_says_no_is_told_how_to_begin_again(shop: TestShop, browser: httpx.AsyncClient) -> None:
    page = await browser.get(await decide(browser, await link_to_agree(shop), "decline"))
    assert page.status_code == 403
    assert "the consent was declined" in page.text
    await shop.say(await decide(browser, await link_to_agree(shop), "decline"))
    assert "the consent was declined" in await shop.last()
    assert await account(shop) is None


async def test_a_state_that_was_never_asked_or_is_used_up_connects_nothing(shop: TestShop, browser: httpx.AsyncClient) -> None:
    page = await browser.get(f"{shop.url}/oauth/ebay/callback", params={"state": "made-up", "code": "v^1.1#x"})
    assert page.status_code == 403
    assert "does not belong to a connection that was begun here" in page.text
    await shop.say(f"{shop.url}/oauth/ebay/callback?state=made-up&code=x")
    assert "does not belong to a connection that was begun here" in await shop.last()
    assert await account(shop) is None
    back = await decide(browser, await link_to_agree(shop))
    assert (await browser.get(back)).status_code == 200
    again = await browser.get(back)
    assert again.status_code == 403
    assert "Type /connect ebay and use the new link" in again.text
    other = await decide(browser, await link_to_agree(shop))
    assert (await browser.get(other.replace("/ebay/", "/shopify/"))).status_code == 403


async def test_a_revoked_consent_is_said_once_and_reconnecting_goes_on_with_what_waited(shop: TestShop, browser: httpx.AsyncClient) -> None:
    await connect_all(shop.app, "sandbox-shop", {"ebay"})
    await shop.idle()
    number = await shop.item()
    await shop.say(f"/publish {number} ebay")
    assert await shop.live(number) == ["ebay"]
    shop.sandbox.shift_clock(LIFE_OF_A_GRANT)
    for _ in range(3):
        async with shop.app.house.db.write() as session:
            await session.execute(update(Account).where(Account.channel == "ebay").values(due_at=shop.app.house.db.now()))
        await shop.tick()
    assert (found := await account(shop)) is not None
    assert found.state == AccountState.EXPIRED
    [lost] = await criticals(shop, "account_lost")
    assert lost.solved_at is None
    assert "does not let Haggle in any more" in await shop.text()

    await shop.say(f"/sold {number} 80 cash")
    assert await shop.live(number) == ["ebay"]
    assert len(await criticals(shop, "account_lost")) == 1
    [still_up] = await criticals(shop, "delist_failed")
    assert "Type /connect ebay" in still_up.body
    assert await open_tasks(shop) == [TaskKind.TAKE_DOWN]

    await browser.get(await decide(browser, await link_to_agree(shop)))
    await shop.idle()
    assert await shop.live(number) == []
    assert (found := await account(shop)) is not None
    assert (found.state, found.last_error) == (AccountState.ACTIVE, "")
    for kind in ("account_lost", "delist_failed"):
        assert [one.solved_at is not None for one in await criticals(shop, kind)] == [True]
    assert await open_tasks(shop) == []


async def open_tasks(shop: TestShop) -> list[str]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(ManualTask.kind).where(ManualTask.state == TaskState.OPEN))).scalars())


async def criticals(shop: TestShop, kind: str) -> list[Notice]:
    async with shop.app.house.db.read() as session:
        query = select(Notice).where(Notice.type == kind, Notice.severity == Severity.CRITICAL).order_by(Notice.id)
        return list((await session.execute(query)).scalars())
