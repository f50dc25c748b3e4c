"""Saying what an item is: by command, and what comes of slips."""

from __future__ import annotations

from typing import Any

import pytest

from core.flows import intake
from core.flows.wanted import photos_of, sheet_of
from core.rules.drafts import SURE
from core.values.draft import Draft, Evidence, EvidenceKind, Field
from tests.shop import TestShop, picture


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


async def sheet(shop: TestShop, number: int) -> Draft:
    item = await shop.row(number)
    async with shop.app.house.db.read() as session:
        return (await sheet_of(session, item.id))[1]


async def test_what_was_typed_is_taken_as_it_was_typed(shop: TestShop) -> None:
    await shop.item()
    number = await shop.item("A mug")
    await shop.say(f"/edit {number} title {number} pack of mugs")
    assert (await shop.row(number)).title == f"{number} pack of mugs"
    await shop.say(f"/edit {number} quantity {number}")
    await shop.say(f"/item {number}")
    assert f'"Quantity", "value": "{number}"' in await shop.last()
    await shop.say(f"/edit {number} description Two mugs.\n\nThey say “2”,  and 'mug'.")
    assert (await sheet(shop, number)).get("description") == "Two mugs.\n\nThey say “2”,  and 'mug'."
    await shop.say(f"/edit\n{number} 'brand' Acme")
    assert (await sheet(shop, number)).get("brand") == "Acme"


async def test_a_shop_may_be_called_like_its_marketplace(shop: TestShop) -> None:
    await shop.say("/connect shopify shop")
    assert "Open this page" in await shop.last()


async def test_a_title_that_is_not_sure_is_marked_until_the_seller_says_it(shop: TestShop) -> None:
    number = await shop.item("Nike dunks")
    item = await shop.row(number)
    async with shop.app.house.db.write() as session:
        row, read = await sheet_of(session, item.id)
        guess = Field("Nike dunks", SURE - 0.1, (Evidence(EvidenceKind.MODEL),))
        row.fields = read.with_field("title", guess).to_json()
    await shop.say(f"/item {number}")
    title = next(line for line in (await shop.posts())[-1].card["lines"] if line["label"] == "Title")
    assert (title["note"], title["weak"]) == ("the model thinks so (not sure)", True)
    await shop.say(f"/edit {number} title Nike dunks")
    title = next(line for line in (await shop.posts())[-1].card["lines"] if line["label"] == "Title")
    assert (title["note"], title.get("weak", False)) == ("you said so", False)


async def test_photos_beyond_what_an_item_takes_are_named(shop: TestShop) -> None:
    number = await shop.item()
    card = (await shop.posts())[-1]
    kept = [await shop.app.house.photos.put(picture(f"{one}", side=256)) for one in range(intake.MOST_PHOTOS + 1)]
    await shop.hear(photos=tuple(one.sha256 for one in kept), message=card.message)
    assert "An item has 24 photos at most, so 2 were left out." in await shop.last()
    item = await shop.row(number)
    async with shop.app.house.db.read() as session:
        assert len(await photos_of(session, item.id)) == intake.MOST_PHOTOS


async def test_nothing_goes_up_below_its_floor(shop: TestShop) -> None:
    number = await shop.item("A lamp", price=9000)
    await shop.say(f"/price {number} shopify 75")
    await shop.say(f"/edit {number} floor 85")
    await shop.say(f"/publish {number} shopify")
    assert "$75.00 is below its floor of $85.00" in await shop.last()
    assert await shop.live(number) == []
    await shop.say(f"/publish {number} ebay")
    assert await shop.live(number) == ["ebay"]


async def test_a_floor_above_the_price_offers_to_raise_the_price(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.say(f"/price {number} shopify 82")
    await shop.say(f"/edit {number} floor 85")
    assert "costs $80.00, $82.00 on Shopify, less than a floor of $85.00" in await shop.last()
    assert (await shop.row(number)).floor is None
    await shop.press("Floor $85.00, and the price too")
    assert ((await shop.row(number)).floor, (await shop.row(number)).price) == (8500, 8500)
    for marketplace in ("ebay", "shopify"):
        assert [float(one["price"]) for one in shop.sandbox.state(marketplace)["listings"]] == [85.0]


async def test_a_slip_in_a_fields_name_is_asked_about(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/edit {number} titel Nike lamp")
    assert f"Item {number} has no “titel”. Did you mean title?" in await shop.last()
    assert "aspect:titel" not in (await sheet(shop, number)).fields
    await shop.press("title")
    assert (await shop.row(number)).title == "Nike lamp"
    await shop.say(f"/edit {number} titel Nike lamp")
    await shop.press("No, keep “titel”")
    assert (await sheet(shop, number)).get("aspect:titel") == "Nike lamp"
    await shop.say(f"/edit {number} vibe cosy")
    assert (await sheet(shop, number)).get("aspect:vibe") == "cosy"


async def test_names_are_matched_whatever_their_case_and_answer_what_is_asked(shop: TestShop) -> None:
    number = await shop.item("Nike Air Max running shoes")
    item = await shop.row(number)
    async with shop.app.house.db.write() as session:
        row, _sheet = await sheet_of(session, item.id)
        [(account, chosen)] = row.choices["categories"].items()
        asked: list[dict[str, Any]] = [{"name": name, "required": True, "values": []} for name in ("Color", "US Shoe Size", "Department")]
        row.choices = {**row.choices, "categories": {account: {**chosen, "aspects": asked}}}
    await shop.say(f"/edit {number} COLOR Black")
    await shop.say(f"/edit {number} us shoe size 10")
    await shop.say(f"/edit {number} department Men")
    found = await sheet(shop, number)
    assert [found.get(name) for name in ("colour", "aspect:US Shoe Size", "aspect:Department")] == ["Black", "10", "Men"]
    assert "Still to answer" not in await shop.last()


async def test_what_is_up_shows_what_it_says(shop: TestShop) -> None:
    number = await shop.item(cost=1200)
    for words in ("description " + "word " * 60, "vibe cosy", "condition fair"):
        await shop.say(f"/edit {number} {words}")
    await shop.say(f"/publish {number}")
    await shop.say(f"/price {number} ebay 85")
    await shop.say(f"/item {number}")
    card = (await shop.posts())[-1].card
    shown = {line["label"]: (line["value"], line.get("note", "")) for line in card["lines"]}
    assert shown["Brand"] == ("Acme", "you said so")
    assert shown["vibe"] == ("cosy", "you said so")
    assert shown["Condition"] == ("Fair", "you said so")
    assert shown["Cost"][0] == "$12.00"
    assert shown["Price on eBay"][0] == "$85.00"
    assert len(shown["Description"][0]) == 158
    assert shown["Description"][0].endswith("…")
