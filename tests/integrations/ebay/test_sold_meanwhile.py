"""What sells while Haggle writes, or before it heard of it, never comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unreachable
from core.values.channel import SOLD_UNHEARD, Connection, Ref
from tests.ebay_shop import Shop, photo, ref, wanted
from tests.sandbox_process import SandboxProcess


def for_sale(sandbox: SandboxProcess) -> int:
    return sum(one["quantity"] for one in sandbox.state("ebay")["listings"] if one["state"] == "ACTIVE")


def before_call(account: Connection, sandbox: SandboxProcess, after: str, happens: Callable[[], Any]) -> Connection:
    """The account, with something that happens before the first call after the operation `after` was carried out."""
    happened: list[bool] = []
    before = sandbox.calls().get(f"ebay.{after}", 0)

    async def pace(_: int) -> None:
        if not happened and sandbox.calls().get(f"ebay.{after}", 0) > before:
            happened.append(True)
            happens()

    return replace(account, pace=pace)


async def sold_unheard(call: Any) -> None:
    with pytest.raises(Unreachable, match="ask for the order") as caught:
        await call
    assert caught.value.code == SOLD_UNHEARD


async def test_what_sold_while_the_answer_to_publishing_was_lost_stays_sold(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("drop", marketplace="ebay", operation="publishOffer", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.buy("ebay", "HG-7")
    for _ in range(2):
        await sold_unheard(shop.channel.ensure_listed(shop.account, wanted(), ref()))
    assert for_sale(sandbox) == 0
    assert sandbox.calls()["ebay.publishOffer"] == 1


async def test_what_sold_between_publishing_and_looking_stays_sold(shop: Shop, sandbox: SandboxProcess) -> None:
    buyer = before_call(shop.account, sandbox, "publishOffer", lambda: sandbox.buy("ebay", "HG-7"))
    await sold_unheard(shop.channel.ensure_listed(buyer, wanted(), ref()))
    await sold_unheard(shop.channel.ensure_listed(shop.account, wanted(), ref()))
    assert for_sale(sandbox) == 0


async def test_some_that_sold_while_the_answer_was_lost_are_not_put_back(shop: Shop, sandbox: SandboxProcess) -> None:
    sandbox.fault("drop", marketplace="ebay", operation="publishOffer", count=1)
    with pytest.raises(Unreachable):
        await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.buy("ebay", "HG-7")
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    assert (live.live, live.quantity, for_sale(sandbox)) == (True, 2, 2)


async def test_a_listing_that_we_know_goes_up_again_after_it_sold_out(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(), ref())
    sandbox.buy("ebay", live.external["listing"])
    by_order = Ref("HG-7", {}, live.external["listing"])  # only the order named it
    back = await shop.channel.ensure_listed(shop.account, wanted(), by_order)
    assert (back.live, for_sale(sandbox)) == (True, 1)


async def test_a_revision_never_raises_the_quantity(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.buy("ebay", live.external["listing"])
    assert (await shop.channel.revise(shop.account, wanted(quantity=3, title="Lamp"), ref(live=live))).quantity == 2
    assert (await shop.channel.revise(shop.account, wanted(quantity=1, title="Lamp"), ref(live=live))).quantity == 1


async def test_what_sells_while_photos_are_sent_is_not_put_back(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    buyer = before_call(shop.account, sandbox, "createImageFromFile", lambda: sandbox.buy("ebay", "HG-7"))
    revised = await shop.channel.revise(buyer, wanted(quantity=3, photos=(photo("green"),)), ref(live=live))
    assert (revised.quantity, for_sale(sandbox)) == (2, 2)


async def test_a_sale_that_crossed_a_revision_is_noticed(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    buyer = before_call(shop.account, sandbox, "getInventoryItem", lambda: sandbox.buy("ebay", "HG-7"))
    await sold_unheard(shop.channel.revise(buyer, wanted(quantity=3, title="Lamp"), ref(live=live)))


async def test_a_quantity_is_raised_only_when_that_is_meant(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    sandbox.buy("ebay", live.external["listing"], quantity=2)
    kept = await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=False)
    assert (kept.quantity, for_sale(sandbox)) == (1, 1)
    sandbox.buy("ebay", live.external["listing"])
    gone = await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=False)
    assert (gone.live, gone.quantity, for_sale(sandbox)) == (False, 0, 0)
    back = await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=True)
    assert (back.live, back.quantity, for_sale(sandbox)) == (True, 2, 2)


async def test_a_sale_that_crossed_a_quantity_is_noticed(shop: Shop, sandbox: SandboxProcess) -> None:
    live = await shop.channel.ensure_listed(shop.account, wanted(quantity=3), ref())
    buyer = before_call(shop.account, sandbox, "bulkUpdatePriceQuantity", lambda: sandbox.buy("ebay", "HG-7"))
    await sold_unheard(shop.channel.set_quantity(buyer, ref(live=live), 2, may_raise=False))
    assert (await shop.channel.set_quantity(shop.account, ref(live=live), 2, may_raise=False)).quantity == 1
