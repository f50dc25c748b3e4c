"""A shop's products by page, and what changed lately."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Refused
from core.money import Money
from core.values.channel import ListingPage, Ref
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import Shop, ref, wanted


async def everything(shop: Shop) -> list[ListingPage]:
    pages, cursor = [], ""
    while True:
        pages.append(await shop.channel.page(shop.account, cursor, None))
        cursor = pages[-1].cursor
        if not cursor:
            return pages


async def test_a_page_shows_what_a_look_shows(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.shift_clock(60)  # Shopify is done with the photos
    [page] = await everything(shop)
    [found] = page.found
    assert (found.listing, found.sku, found.title, found.live) == (live.external["product"], "HG-7", "Canon AE-1 camera", True)
    assert (found.price, found.quantity, found.plain, found.url) == (Money(8950, "USD"), 3, True, live.url)
    assert (await shop.channel.picture(shop.account, found.photo)).startswith(b"\xff\xd8")


async def test_two_hundred_and_fifty_come_in_one_call_for_few_points(shop: Shop, sandbox: SandboxProcess) -> None:
    for number in range(251):
        sandbox.make("shopify", f"Thing {number}", "5.00")
    pages = await everything(shop)
    assert [len(page.found) for page in pages] == [250, 1]
    assert sandbox.calls()["shopify.products"] == 2


async def test_drafts_come_only_where_they_changed(shop: Shop, sandbox: SandboxProcess) -> None:
    gone = sandbox.make("shopify", "Gone", "5.00")
    sandbox.make("shopify", "Here", "5.00")
    sandbox.shift_clock(3600)
    sandbox.end("shopify", gone["id"])
    [page] = await everything(shop)
    assert [one.title for one in page.found] == ["Here"]
    changed = await shop.channel.page(shop.account, "", datetime.now(UTC) + timedelta(minutes=30))
    assert [(one.title, one.live) for one in changed.found] == [("Gone", False)]


async def test_a_product_made_by_hand_is_handled_as_it_is(shop: Shop, sandbox: SandboxProcess) -> None:
    made = sandbox.make("shopify", "Old camera", "30.00")
    [page] = await everything(shop)
    live = await shop.channel.adopt(shop.account, page.found[0], "HG-9")
    assert (live.live, live.price, live.external["product"]) == (True, Money(3000, "USD"), made["id"])
    await shop.channel.ensure_absent(shop.account, Ref("HG-9", live.external))
    assert sandbox.state("shopify")["listings"][0]["state"] == "ENDED"


async def test_no_address_but_shopifys_own_is_asked_for_a_photo(shop: Shop) -> None:
    account = replace(shop.account, account_id="b")
    for url in ("https://evil.example/a.jpg", "http://cdn.shopify.com/a.jpg", "https://cdn.shopify.com.evil.example/a"):
        with pytest.raises(Refused):
            await shop.channel.picture(account, url)
