"""Listing, ending and changing on the stand-in, with answers lost at every step."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Busy, Invalid, Missing, Refused, Unreachable
from core.money import Money
from core.values.channel import Ref
from core.values.states import Condition
from integrations.ebay.channel import EbayChannel
from tests.ebay_shop import Shop, photo, ref, wanted
from tests.sandbox_process import SandboxProcess


def listings(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.state("ebay")["listings"]
    return found


def active(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    return [one for one in listings(sandbox) if one["state"] == "ACTIVE"]


def restarted(shop: Shop) -> Shop:
    """The same account in a process that remembers nothing."""
    return replace(shop, channel=EbayChannel(shop.client))


async def test_listing_twice_makes_one_listing(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert live.live
    assert live.price == Money(4550, "USD")
    assert live.quantity == 1
    assert live.url.endswith(f"/itm/{live.external['listing']}")
    assert set(live.external) == {"offer", "listing", "sku", "photos"}
    before = sandbox.calls()
    again = await shop.channel.ensure_listed(shop.account, wanted(), ref(live=live))
    assert again == live
    after = sandbox.calls()
    written = ("ebay.createOrReplaceInventoryItem", "ebay.createOffer", "ebay.updateOffer", "ebay.publishOffer", "ebay.createImageFromFile")
    assert {name: after.get(name) for name in written} == {name: before.get(name) for name in written}
    [one] = listings(sandbox)
    assert one["title"] == "Brass desk lamp"
    assert sum(shop.paced) == len(shop.paced)


@pytest.mark.parametrize(
    "step", ["createImageFromFile", "getImage", "createOrReplaceInventoryItem", "createOffer", "publishOffer", "getOffer", "getOffers"]
)
@pytest.mark.parametrize("restart", [False, True], ids=["same process", "new process"])
async def test_an_answer_lost_while_listing_is_made_good(shop: Shop, sandbox: SandboxProcess, step: str, restart: bool) -> None:
    sandbox.fault("drop", marketplace="ebay", operation=step, count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    shop = restarted(shop) if restart else shop
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert live.live
    assert len(listings(sandbox)) == 1


async def test_a_failed_publish_does_not_upload_the_photos_again(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("error500", marketplace="ebay", operation="publishOffer", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert sandbox.calls()["ebay.createImageFromFile"] == 2


async def test_a_revision_uploads_new_photos_only(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    known = json.loads(live.external["photos"])
    changed = wanted(title="Brass desk lamp, 1950s", photos=(photo("green"), photo("blue")))
    revised = await restarted(shop).channel.revise(shop.account, changed, ref(live=live))
    assert sandbox.calls()["ebay.createImageFromFile"] == 3
    fresh = json.loads(revised.external["photos"])
    assert list(fresh) == [photo("green").sha256, photo("blue").sha256]
    assert fresh[photo("blue").sha256] == known[photo("blue").sha256]
    assert active(sandbox)[0]["title"] == "Brass desk lamp, 1950s"


async def test_pictures_that_ebay_forgot_are_uploaded_again(shop: Shop, sandbox: SandboxProcess) -> None:
    # A picture at an address that the listing refuses is what a forgotten one looks like.
    forgotten = {one.sha256: "http://forgotten.example/1.jpg" for one in wanted().photos}
    live = await shop.channel.ensure_listed(shop.account, wanted(), Ref("HG-7", {"photos": json.dumps(forgotten)}))
    assert live.live
    assert "forgotten" not in live.external["photos"]
    assert sandbox.calls()["ebay.createImageFromFile"] == 2


async def test_revising_what_is_not_live_is_missing(shop: Shop) -> None:
    with pytest.raises(Missing, match="not live"):
        await shop.channel.revise(shop.account, wanted(), ref())
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    await shop.channel.ensure_absent(shop.account, ref(live=live))
    with pytest.raises(Missing, match="not live"):
        await shop.channel.revise(shop.account, wanted(), ref(live=live))
    assert not (await shop.channel.state(shop.account, ref(live=live))).live


async def test_delisting_is_proven_and_can_be_repeated(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    before = sandbox.calls()
    gone = await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert not gone.live
    assert gone.quantity == 0
    assert gone.external["listing"] == live.external["listing"]
    after = sandbox.calls()
    changed = {name for name in after if after[name] != before.get(name, 0)}
    assert changed == {"ebay.getOffer", "ebay.withdrawOffer"}
    assert after["ebay.getOffer"] == before["ebay.getOffer"] + 2
    assert active(sandbox) == []
    again = await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert not again.live
    assert sandbox.calls()["ebay.withdrawOffer"] == 1


@pytest.mark.parametrize("step", ["getOffer", "withdrawOffer"])
async def test_an_answer_lost_while_delisting_is_made_good(shop: Shop, sandbox: SandboxProcess, step: str) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.fault("drop", marketplace="ebay", operation=step, count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert not (await shop.channel.ensure_absent(shop.account, ref(live=live))).live
    assert active(sandbox) == []


async def test_delisting_finds_by_sku_what_nobody_remembered(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert not (await shop.channel.ensure_absent(shop.account, ref())).live
    assert active(sandbox) == []


async def test_delisting_what_never_was_is_a_success_without_writes(shop: Shop, sandbox: SandboxProcess) -> None:
    gone = await shop.channel.ensure_absent(shop.account, Ref("NEVER", {"offer": "1"}))
    assert not gone.live
    assert "ebay.withdrawOffer" not in sandbox.calls()


async def test_a_sold_out_listing_is_not_live_and_is_ended(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.buy("ebay", live.external["listing"])
    sold = await shop.channel.state(shop.account, ref(live=live))
    assert (sold.live, sold.quantity, sold.sold) == (False, 0, 1)
    with pytest.raises(Missing, match="not live"):
        await shop.channel.reprice(shop.account, ref(live=live), wanted(price=Money(4000)))
    await shop.channel.ensure_absent(shop.account, ref(live=live))
    assert sandbox.calls()["ebay.withdrawOffer"] == 1


async def test_relisting_after_the_end_makes_a_new_listing(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    gone = await shop.channel.ensure_absent(shop.account, ref(live=live))
    back = await shop.channel.ensure_listed(shop.account, wanted(price=Money(5000)), ref(live=gone))
    assert back.live
    assert back.price == Money(5000)
    assert back.external["listing"] != live.external["listing"]
    assert len(active(sandbox)) == 1


async def test_repricing(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    for _ in range(2):
        cheaper = await shop.channel.reprice(shop.account, ref(live=live), wanted(price=Money(3999)))
        assert cheaper.price == Money(3999)
    assert sandbox.calls()["ebay.bulkUpdatePriceQuantity"] == 1
    assert active(sandbox)[0]["price"] == "39.99"
    with pytest.raises(Refused, match="price"):
        await shop.channel.reprice(shop.account, ref(live=live), wanted(price=Money(1)))


async def test_quantity(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=False)).quantity == 2
    assert active(sandbox)[0]["quantity"] == 2
    sandbox.buy("ebay", live.external["listing"], quantity=2)
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 1, may_raise=True)).live
    with pytest.raises(Invalid):
        await shop.channel.set_quantity(shop.account, ref(live=live), 0, may_raise=True)
    await shop.channel.ensure_absent(shop.account, ref(live=live))
    with pytest.raises(Missing, match="not live"):
        await shop.channel.set_quantity(shop.account, ref(live=live), 1, may_raise=True)


async def test_too_many_calls_say_how_long_to_wait(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("busy", marketplace="ebay", operation="getOffers", count=1, retry_after=7)
    with pytest.raises(Busy) as caught:
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    assert caught.value.retry_after == 7


async def test_a_missing_specific_names_its_field(shop: Shop) -> None:
    category = next(one for one in await shop.channel.categories(shop.account, "running shoes") if one.path)
    with pytest.raises(Missing) as caught:
        await shop.channel.ensure_listed(shop.account, wanted(category=category.id, ids={}, aspects={}), ref())
    assert caught.value.field == "brand"
    assert "Fill it in" in str(caught.value)


async def test_conditions_are_those_of_the_category(shop: Shop, sandbox: SandboxProcess) -> None:
    await shop.channel.ensure_listed(shop.account, wanted(condition=Condition.LIKE_NEW), ref())
    with pytest.raises(Missing) as caught:
        await shop.channel.ensure_listed(shop.account, wanted(condition=Condition.UNKNOWN), ref())
    assert caught.value.field == "condition"
    book = next(iter(await shop.channel.categories(shop.account, "hardcover book")))
    with pytest.raises(Refused, match="true of “refurbished”"):
        await shop.channel.ensure_listed(shop.account, wanted(sku="HG-8", category=book.id, condition=Condition.REFURBISHED), ref("HG-8"))
    assert len(listings(sandbox)) == 1


async def test_the_250th_revision_of_a_day_says_when_it_goes_on(shop: Shop) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    prices = [Money(4000 + step) for step in range(251)]
    with pytest.raises(Refused, match="midnight"):  # noqa: PT012 - which of them is refused is what is tested
        for price in prices:
            await shop.channel.reprice(shop.account, ref(live=live), wanted(price=price))
    assert (await shop.channel.state(shop.account, ref(live=live))).price == prices[249]


async def test_aspects_come_with_the_required_ones_first(shop: Shop) -> None:
    found = await shop.channel.aspects(shop.account, wanted().category)
    required = [one.required for one in found]
    assert required == sorted(required, reverse=True)
    assert any(one.values for one in found)
    with pytest.raises(Missing) as caught:
        await shop.channel.aspects(shop.account, "999999999")
    assert caught.value.field == "category"
