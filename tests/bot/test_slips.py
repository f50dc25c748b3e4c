"""Whatever is typed, the answer is a card or one of our sentences, and it says how to go on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.registry import REGISTRY
from bot.chat.router import Router
from core.values.card import Inbound
from storage.keys import new_key
from tests.shop import TestShop

NASTY = (
    "1", "2", "#1", "0", "-1", "²", "٣", "9" * 20, "1e9", "45", "$45", "45 EUR", "4,5,6", "page", "page 2", "ebay", "shopify", "poshmark",
    "same", "title", "titel", "quantity", "floor", "condition", "aspect:", "good", "live", "liv", "all",
    "'", '"', "“", "%", "_", "\\", "\n",
    "ACME", "lamp", "\x00", "💡",
)  # fmt: skip
TYPED = st.lists(st.sampled_from(NASTY) | st.text(max_size=12), max_size=6).map(" ".join) | st.text(max_size=60)


async def nothing_to_settle(session: AsyncSession) -> None:
    """These words have no row in the inbox."""


@pytest.fixture
async def stocked(shop: TestShop) -> AsyncIterator[TestShop]:
    """Something is up, and a draft waits; at the end every card can be shown."""
    await shop.say(f"/publish {await shop.item()}")
    await shop.item("Nike running shoes")
    yield shop
    await shop.idle()
    assert "cannot be shown" not in await shop.text()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.sampled_from(sorted(REGISTRY.names)), text=TYPED)
async def test_anything_after_any_command_is_answered(stocked: TestShop, name: str, text: str) -> None:
    me = stocked.person.member_id
    await Router(stocked.app.house).hear(Inbound("web", me, me, new_key(), text=f"/{name} {text}"), nothing_to_settle)


async def test_an_item_that_is_not_there_offers_those_that_may_be_meant(shop: TestShop) -> None:
    lamp = await shop.item("Acme brass desk lamp")
    await shop.say("/item xyz")
    assert "No item is called “xyz”. Type its number, like this: /item 42" in await shop.last()
    await shop.say("/item brass lamp")
    assert "No item is called “brass lamp”. Did you mean one of these?" in await shop.last()
    await shop.press(f"{lamp}: Acme brass desk lamp")
    assert f"Item {lamp}: Acme brass desk lamp" in await shop.last()
    await shop.say("/price lmap 75")
    await shop.say("/price lamp 75")
    await shop.press(f"{lamp}: Acme brass desk lamp")
    assert (await shop.row(lamp)).price == 7500


async def test_items_are_filtered_by_words_and_states_and_paged(shop: TestShop) -> None:
    await shop.item("Acme 100% brass desk lamp")
    second = await shop.item("Nike running shoes")
    await shop.say(f"/publish {second}")
    for text, found in (
        ("/items", ["2", "1"]), ("/items lamp ACME", ["1"]), ("/items 100%", ["1"]), ("/items live", ["2"]), ("/items draft", ["1"]),
        ("/items page 1", ["2", "1"]), ("/items shoes page 1", ["2"]), ("/items page 0", ["2", "1"]),
    ):  # fmt: skip
        await shop.say(text)
        assert [line["label"] for line in (await shop.posts())[-1].card["lines"]] == found, text
    for text, answer in (
        ("/items page 9", "There is no page 9"), ("/items page 99999999999999999999", "Nothing found"), ("/items page ²", "Nothing found"),
        ("/items 10_%", "Nothing found"), ("/items liv", "one of these: draft, going up, live, sold, not up, archived"),
    ):  # fmt: skip
        await shop.say(text)
        assert answer in await shop.last(), text
    await shop.press("live")
    assert [line["label"] for line in (await shop.posts())[-1].card["lines"]] == ["2"]


@pytest.mark.parametrize("text", ["/edit 1 quantity ²", "/item ²", "/edit 1 quantity " + "9" * 5000, "/price 1 ²", "/sold 1 ²"])
async def test_odd_digits_are_no_numbers(shop: TestShop, text: str) -> None:
    await shop.item()
    await shop.say(text)
    assert (await shop.posts())[-1].card["mood"] == "warn"
