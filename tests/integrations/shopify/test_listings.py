"""Listing, delisting and changing, on the stand-in over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Busy, Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import Health, Wanted
from tests.sandbox_process import SandboxProcess
from tests.shopify_shop import Shop, photo, ref, wanted


def listings(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.state("shopify")["listings"]
    return found


def writes(sandbox: SandboxProcess) -> dict[str, int]:
    """Mutations and uploads since the last reset, by name."""
    reading = {"product", "productByIdentifier", "access_token", "currentAppInstallation", "order", "orders"}
    found = {name.removeprefix("shopify."): count for name, count in sandbox.calls().items()}
    return {name: count for name, count in found.items() if name not in reading}


async def test_listing_puts_it_in_the_store_with_everything(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())

    assert (live.live, live.price, live.quantity) == (True, Money(8950, "USD"), 1)
    assert live.external["product"].startswith("gid://shopify/Product/")
    [row] = listings(sandbox)
    assert (row["sku"], row["state"], row["price"], row["quantity"], row["id"]) == ("HG-7", "ACTIVE", "89.50", 1, live.external["product"])
    page = await shop.http.call("GET", live.url)
    assert page.status == 200
    assert b"Canon AE-1 camera" in page.body
    assert b"Condition: Good" in page.body
    assert writes(sandbox)["staged_upload"] == 2


async def test_listing_twice_makes_one_product_and_the_second_time_writes_nothing(shop: Shop, sandbox: SandboxProcess) -> None:
    first = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    before = writes(sandbox)
    second = await shop.channel.ensure_listed(shop.account, wanted(), ref(live=first))

    assert second == first
    assert writes(sandbox) == before
    assert len(listings(sandbox)) == 1


@pytest.mark.parametrize("operation", ["productSet", "publishablePublish", "stagedUploadsCreate", "staged_upload"])
async def test_a_lost_answer_does_not_make_a_second_product(shop: Shop, sandbox: SandboxProcess, operation: str) -> None:
    sandbox.fault("drop", marketplace="shopify", operation=operation, count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    # Nothing was remembered, and the search index does not know the product yet.
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())

    assert live.live
    [row] = listings(sandbox)
    assert row["quantity"] == 1


async def test_what_was_sold_while_the_answer_was_lost_is_not_put_back(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("drop", marketplace="shopify", operation="publishablePublish", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.buy("shopify", "HG-7")
    again = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert (again.live, again.quantity) == (False, 0)
    assert listings(sandbox)[0]["state"] == "ENDED"


async def test_two_at_once_make_one_product(shop: Shop, sandbox: SandboxProcess) -> None:
    calls = [shop.channel.ensure_listed(shop.account, wanted(photos=()), ref()) for _ in range(2)]
    first, second = await asyncio.gather(*calls)
    assert first.external["product"] == second.external["product"]
    assert len(listings(sandbox)) == 1


async def test_a_product_whose_handle_was_changed_is_found_by_its_sku(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    await _rename(shop, live.external["product"], "a-handle-of-the-sellers-own")
    sandbox.shift_clock(60)  # for the search index
    found = await shop.channel.state(shop.account, ref())

    assert found.external["product"] == live.external["product"]
    assert (await shop.channel.ensure_absent(shop.account, ref())).live is False
    assert listings(sandbox)[0]["state"] == "ENDED"


async def test_photos_that_are_there_are_not_sent_again(shop: Shop, sandbox: SandboxProcess) -> None:
    first = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    # Known by what the first answer said while Shopify still works on them, and by their file names later.
    more = wanted(photos=(photo("green"), photo("red"), photo("blue")))
    second = await shop.channel.revise(shop.account, more, ref(live=first))
    assert writes(sandbox)["staged_upload"] == 3
    sandbox.shift_clock(60)
    await shop.channel.revise(shop.account, wanted(photos=(photo("blue"), photo("green"))), ref())
    assert writes(sandbox)["staged_upload"] == 3
    assert second.live


async def test_delisting_takes_three_calls_and_a_second_time_one(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    shop.paced.clear()
    gone = await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert (gone.live, len(shop.paced)) == (False, 3)
    assert listings(sandbox)[0]["state"] == "ENDED"

    shop.paced.clear()
    again = await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert (again.live, len(shop.paced)) == (False, 1)


async def test_delisting_what_never_was_is_a_success(shop: Shop) -> None:
    assert (await shop.channel.ensure_absent(shop.account, ref("NEVER"))).live is False


async def test_delisting_with_a_lost_answer_is_done_when_tried_again(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.fault("drop", marketplace="shopify", operation="productUpdate", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert (await shop.channel.ensure_absent(shop.account, ref(live=live))).live is False


async def test_listing_again_after_a_delist_brings_the_same_product_back(shop: Shop, sandbox: SandboxProcess) -> None:
    first = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    await shop.channel.ensure_absent(shop.account, ref(live=first))
    back = await shop.channel.ensure_listed(shop.account, wanted(quantity=2), ref())

    assert back.external["product"] == first.external["product"]
    assert (back.live, back.quantity) == (True, 2)
    assert len(listings(sandbox)) == 1


async def test_reprice_changes_the_price_and_nothing_when_it_is_that_already(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    cheaper = wanted(price=Money(7900, "USD"))
    for _ in range(2):
        assert (await shop.channel.reprice(shop.account, ref(live=live), cheaper)).price == Money(7900, "USD")
    assert writes(sandbox)["productVariantsBulkUpdate"] == 1
    assert listings(sandbox)[0]["price"] == "79.00"


async def test_quantity_is_set_once(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    for _ in range(2):
        assert (await shop.channel.set_quantity(shop.account, ref(live=live), 4, may_raise=True)).quantity == 4
    assert writes(sandbox)["inventorySetQuantities"] == 1


async def test_a_quantity_is_raised_only_when_that_is_meant(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.buy("shopify", "HG-7", quantity=2)
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=False)).quantity == 1
    assert (await shop.channel.revise(shop.account, wanted(quantity=3, title="AE-1"), ref(live=live))).quantity == 1
    assert (await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref(live=live))).quantity == 1
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=True)).quantity == 2
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 1, may_raise=False)).quantity == 1


async def test_what_sells_between_two_writes_is_not_put_back(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    bought: list[Any] = []

    async def pace(_: int) -> None:
        if not bought and sandbox.calls()["shopify.productSet"] == 1 and sandbox.calls().get("shopify.product", 0) > looks:
            bought.append(sandbox.buy("shopify", "HG-7"))  # after the look, before the product is set

    looks = sandbox.calls().get("shopify.product", 0)
    again = await shop.channel.ensure_listed(replace(shop.account, pace=pace), wanted(quantity=3, title="AE-1"), ref(live=live))
    assert bought
    assert again.quantity == 2


async def test_a_sale_lowers_what_is_there_and_the_last_one_ends_it(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=2), ref())
    sandbox.buy("shopify", "HG-7")
    assert (await shop.channel.state(shop.account, ref(live=live))).quantity == 1
    sandbox.buy("shopify", live.external["product"])
    after = await shop.channel.state(shop.account, ref(live=live))
    assert (after.live, after.quantity) == (False, 0)


@pytest.mark.parametrize("change", [wanted(), wanted(price=Money(100, "USD"))])
async def test_what_is_not_live_is_not_changed_and_not_brought_back(shop: Shop, sandbox: SandboxProcess, change: Wanted) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    await shop.channel.ensure_absent(shop.account, ref(live=live))
    for call in (shop.channel.revise(shop.account, change, ref(live=live)), shop.channel.reprice(shop.account, ref(live=live), change)):
        with pytest.raises(Missing):
            await call
    with pytest.raises(Missing):
        await shop.channel.set_quantity(shop.account, ref(live=live), 3, may_raise=True)
    assert listings(sandbox)[0]["state"] == "ENDED"


async def test_another_currency_is_refused_before_anything_is_made(shop: Shop, sandbox: SandboxProcess) -> None:
    with pytest.raises(Refused, match="sells in USD"):
        await shop.channel.ensure_listed(shop.account, wanted(price=Money(100, "EUR")), ref())
    assert listings(sandbox) == []


async def test_a_title_that_is_too_long_is_refused_in_shopifys_words(shop: Shop) -> None:
    with pytest.raises(Refused, match="too long"):
        await shop.channel.ensure_listed(shop.account, wanted(title="x" * 256, photos=()), ref())


async def test_a_throttled_call_says_how_long_to_wait(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("busy", marketplace="shopify", retry_after=5.0, count=1)
    with pytest.raises(Busy) as caught:
        await shop.channel.state(shop.account, ref())
    assert caught.value.retry_after == pytest.approx(5.0)


async def test_a_short_throttle_is_waited_out_so_that_the_calls_before_it_are_not_made_again(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("busy", marketplace="shopify", operation="productSet", retry_after=0.2, count=3)
    before = sandbox.calls()
    live = await shop.channel.ensure_listed(shop.account, wanted(photos=()), ref())
    assert live.live
    made = {name.removeprefix("shopify."): count - before.get(name, 0) for name, count in sandbox.calls().items()}
    assert {name: count for name, count in made.items() if count} == {
        "productByIdentifier": 1, "productSet": 4, "publishablePublish": 1, "product": 1,
    }  # fmt: skip


async def test_an_empty_bucket_says_how_long_to_wait(shop: Shop) -> None:
    # Each look costs some points, and they come back at 100 a second.
    answers = await asyncio.gather(*[shop.channel.check(shop.account) for _ in range(150)], return_exceptions=True)
    busy = [one for one in answers if isinstance(one, Busy)]
    assert busy
    assert all(0 < one.retry_after < 2 for one in busy)
    assert len(busy) + sum(isinstance(one, Health) for one in answers) == 150


async def test_a_broken_shop_is_unreachable(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("error500", marketplace="shopify", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.state(shop.account, ref())


async def _rename(shop: Shop, product: str, handle: str) -> None:
    """What a seller may do in Shopify's admin."""
    document = "mutation($id: ID!, $to: String!) { productSet(identifier: {id: $id}, input: {handle: $to}) { userErrors { message } } }"
    base = shop.channel._settings.graphql(shop.account.credentials["shop"])
    headers = {"X-Shopify-Access-Token": shop.account.credentials["access_token"]}
    answer = await shop.http.call("POST", base, headers=headers, json={"query": document, "variables": {"id": product, "to": handle}})
    assert answer.object()["data"]["productSet"]["userErrors"] == []
