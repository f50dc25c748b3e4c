"""What a camera roll's cards say and let people put right. On one database: nothing here depends on its kind."""

from __future__ import annotations

import pytest

from core.values.states import Role, RollState
from storage.models import Member, RollPhoto
from tests.bot.test_rolls import THREE_THINGS, card, photos_of_items, press_old, send, shot, the_roll
from tests.shop import TestShop


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_what_is_wrong_is_put_right_before_anything_is_made(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS)
    await shop.press("That’s all")
    await shop.press("Split 1")
    assert "something else" in await shop.last()
    await shop.press("From 3 on")
    assert "4 items?" in str((await card(shop, "parts"))["title"])
    await shop.press("Join 2+3")
    assert [len(group) for group in await plan(shop)] == [2, 4, 3]
    await shop.press("Leave out 3")
    assert [len(group) for group in await plan(shop)] == [2, 4]
    await shop.press("Make 2 items")
    assert await photos_of_items(shop) == [2, 4]


async def plan(shop: TestShop) -> list[list[str]]:
    found: list[list[str]] = (await the_roll(shop)).plan["groups"]
    return found


async def test_what_was_left_out_can_come_back_and_nothing_at_all_is_not_made(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS[:4])
    await shop.press("That’s all")
    for _ in range(2):
        await shop.press("Leave out 1")
    assert "Make" not in str((await card(shop, "parts"))["buttons"])
    await shop.press("Take 2 back in")
    await shop.press("Make 2 items")
    assert await photos_of_items(shop) == [3, 1]


async def test_a_long_roll_is_shown_in_pages(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *(shot(str(number), number * 1000, side=64) for number in range(10)))
    await shop.press("That’s all")
    assert "Items 1 to 8 of 10." in str(await card(shop, "parts"))
    await shop.press("More")
    shown = await card(shop, "parts")
    assert "Items 9 to 10 of 10." in str(shown)
    assert len(shown["photos"]) == 2  # type: ignore[arg-type]
    await shop.press("Back")
    assert "Items 1 to 8 of 10." in str(await card(shop, "parts"))


async def test_a_roll_to_which_nothing_came_is_closed(shop: TestShop) -> None:
    await shop.say("/bulk")
    await shop.say("/bulk")
    shop.clock.move(minutes=31)
    await shop.tick()
    assert (await the_roll(shop)).state == RollState.CANCELLED
    assert (await the_roll(shop)).number == 1
    assert "No photo came" in str(await card(shop, "roll"))


async def test_no_more_than_three_hundred(shop: TestShop) -> None:
    await shop.say("/bulk")
    row = await the_roll(shop)
    async with shop.app.house.db.write() as session:
        session.add_all([RollPhoto(roll_id=row.id, sha256=f"{number:064x}", position=number) for number in range(300)])
    await send(shop, THREE_THINGS[0])
    shown = str(await card(shop, "roll"))
    assert "300 photos so far." in shown
    assert "300 photos at most" in shown


async def test_cancelling_makes_nothing_and_later_presses_say_so(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS)
    await shop.press("That’s all")
    await shop.press("Cancel")
    assert "Nothing was made of it." in str(await card(shop, "parts"))
    await press_old(shop, {"do": "roll.confirm", "roll": (await the_roll(shop)).id})
    assert "was cancelled" in await shop.last()
    assert await photos_of_items(shop) == []


async def test_a_viewer_sends_no_roll(shop: TestShop) -> None:
    async with shop.app.house.db.write() as session:
        (await session.get_one(Member, shop.person.member_id)).role = Role.VIEWER
    await shop.say("/bulk")
    assert "You are a viewer here" in await shop.last()
