"""A command that lacks something asks for it: with buttons where there is a choice, by a question where something has to be typed."""

from __future__ import annotations

from tests.shop import TestShop


async def test_publish_alone_offers_what_is_ready_and_goes_on_from_there(shop: TestShop) -> None:
    lamp, shoes = await shop.item("Acme brass desk lamp"), await shop.item("Nike running shoes")
    await shop.say(f"/publish {shoes}")
    await shop.say("/publish")
    assert "Which item? Tap one, or type it like this: /publish 42" in await shop.last()
    assert [row[0]["label"] for row in (await shop.posts())[-1].card["buttons"]] == [f"{lamp}: Acme brass desk lamp"]
    await shop.press(f"{lamp}: Acme brass desk lamp")
    assert await shop.live(lamp) == ["ebay", "shopify"]


async def test_a_price_is_asked_for_with_what_it_costs_and_its_floor(shop: TestShop) -> None:
    lamp = await shop.item("Acme brass desk lamp", floor=6000)
    await shop.say("/price")
    await shop.press(f"{lamp}: Acme brass desk lamp")
    assert "Acme brass desk lamp. It costs $80.00 now. Its floor is $60.00. What should it cost?" in await shop.last()
    await shop.say("75")
    assert (await shop.row(lamp)).price == 7500
    await shop.say(f"/price {lamp} ebay")
    await shop.say("77")
    assert "will cost $77.00 on eBay" in await shop.last()
    assert (await shop.row(lamp)).price == 7500


async def test_an_answer_that_makes_no_sense_leaves_the_question_open(shop: TestShop) -> None:
    lamp = await shop.item()
    await shop.say(f"/sold {lamp}")
    assert "For how much did it sell?" in await shop.last()
    await shop.say("plenty")
    assert "is not an amount" in await shop.last()
    await shop.say("80 cash")
    assert (await shop.row(lamp)).state == "sold"


async def test_many_items_are_offered_page_by_page_newest_first(shop: TestShop) -> None:
    numbers = [await shop.item(f"Lamp {place}") for place in range(8)]
    await shop.say("/item")
    shown = [row[0]["label"] for row in (await shop.posts())[-1].card["buttons"]]
    assert shown == [*(f"{number}: Lamp {number - 1}" for number in reversed(numbers[2:])), "More"]
    await shop.press("More")
    shown = [row[0]["label"] for row in (await shop.posts())[-1].card["buttons"]]
    assert shown == ["2: Lamp 1", "1: Lamp 0"]
    await shop.press("2: Lamp 1")
    assert "Item 2: Lamp 1" in await shop.last()


async def test_fields_and_their_values_are_asked_for(shop: TestShop) -> None:
    lamp = await shop.item()
    await shop.say(f"/edit {lamp}")
    assert "What do you want to change about item 1" in await shop.last()
    await shop.press("Condition")
    await shop.press("Fair")
    await shop.say(f"/item {lamp}")
    assert "Fair" in await shop.last()
    await shop.say(f"/edit {lamp}")
    await shop.press("Title")
    assert "What should the title of item 1 be?" in await shop.last()
    await shop.say("Acme lamp, green shade")
    assert (await shop.row(lamp)).title == "Acme lamp, green shade"


async def test_accounts_are_offered_and_nothing_is_offered_where_there_is_nothing(shop: TestShop) -> None:
    await shop.say("/delist")
    assert "You have no item for /delist at the moment." in await shop.last()
    await shop.say("/disconnect")
    assert "Which marketplace?" in await shop.last()
    await shop.press("Poshmark")
    assert "Disconnect Poshmark?" in await shop.last()
    await shop.say("/prise 1 2")
    assert "Did you mean /price?" in await shop.last()
    await shop.press("/price")
    assert "There is no item 1" in await shop.last()
