"""Camera rolls in a chat: photos in, parted into items, confirmed on one card, drafts out."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from PIL import Image, ImageDraw
from sqlalchemy import select

from core.flows import rolls
from core.values.states import Role, RollState
from storage.models import CardButton, Draft, Item, ItemPhoto, Member, Post, Roll, RollPhoto
from tests.shop import TestShop

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def shot(words: str, at: float | None, colour: str = "navy", side: int = 160) -> bytes:
    """A photo as a phone makes it, taken so many seconds after the start."""
    image = Image.new("RGB", (side, side), colour)
    ImageDraw.Draw(image).text((10, side // 3), words, fill="white", font_size=side // 8)
    exif = Image.Exif()
    if at is not None:
        exif.get_ifd(0x8769)[0x9003] = (START + timedelta(seconds=at)).strftime("%Y:%m:%d %H:%M:%S")
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


async def send(shop: TestShop, *photos: bytes, text: str = "") -> None:
    """Each photo as a message of its own, as a chat sends them."""
    for order, one in enumerate(photos, 1):
        stored = await shop.app.house.photos.put(one)
        await shop.hear(photos=(stored.sha256,), text=text if order == 1 else "", order=order)


async def the_roll(shop: TestShop) -> Roll:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(Roll).order_by(Roll.id.desc()).limit(1))).scalar_one()


async def card(shop: TestShop, view: str) -> dict[str, object]:
    """What the newest card of a view shows."""
    async with shop.app.house.db.read() as session:
        query = select(Post).where(Post.view == view).order_by(Post.id.desc()).limit(1)
        return (await session.execute(query)).scalar_one().card


async def photos_of_items(shop: TestShop) -> list[int]:
    """How many photos each item has that was not discarded."""
    async with shop.app.house.db.read() as session:
        items = (await session.execute(select(Item.id).where(Item.deleted_at.is_(None)).order_by(Item.number))).scalars().all()
        found = (await session.execute(select(ItemPhoto.item_id))).scalars().all()
    return [found.count(item) for item in items]


THREE_THINGS = [
    shot(f"THING {thing} {number}", thing * 100 + number * 4, colour)
    for thing, colour in enumerate(("navy", "maroon", "olive"))
    for number in range(3)
]


async def test_a_roll_becomes_items_once_somebody_said_yes(shop: TestShop) -> None:
    await shop.say("/bulk")
    assert "in the order in which you took them" in await shop.last()
    await send(shop, *THREE_THINGS, text="good condition, want 45")
    assert "9 photos so far." in str(await card(shop, "roll"))
    assert await photos_of_items(shop) == []
    await shop.press("That’s all")
    assert "3 items?" in str((await card(shop, "parts"))["title"])
    assert [one["mark"] for one in (await card(shop, "parts"))["photos"]] == ["1", "2", "3"]  # type: ignore[attr-defined]
    assert await photos_of_items(shop) == []

    await shop.press("Make 3 items")
    assert await photos_of_items(shop) == [3, 3, 3]
    assert "3 of 3 read. " in str((await card(shop, "parts"))["text"])
    assert (await the_roll(shop)).state == RollState.APPROVED
    assert (await shop.row(1)).price == 4500
    async with shop.app.house.db.read() as session:
        drafts = (await session.execute(select(Draft.mode))).scalars().all()
        cards = (await session.execute(select(Post).where(Post.view == "draft"))).scalars().all()
    assert set(drafts) == {"bulk"}
    assert not cards  # one card tells of all of them

    await shop.press("Item 2")
    assert "Item 2:" in await shop.last()


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


async def test_two_minutes_of_silence_end_a_roll(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS[:3])
    shop.clock.move(seconds=100)
    await send(shop, THREE_THINGS[3])
    shop.clock.move(seconds=100)
    await shop.tick()
    assert (await the_roll(shop)).state == RollState.COLLECTING
    shop.clock.move(seconds=30)
    await shop.tick()
    assert (await the_roll(shop)).state == RollState.REVIEW
    await send(shop, THREE_THINGS[4])  # what comes later is a thing of its own again
    assert await photos_of_items(shop) == [1]


async def test_a_roll_to_which_nothing_came_is_closed(shop: TestShop) -> None:
    await shop.say("/bulk")
    await shop.say("/bulk")
    shop.clock.move(minutes=31)
    await shop.tick()
    assert (await the_roll(shop)).state == RollState.CANCELLED
    assert (await the_roll(shop)).number == 1
    assert "No photo came" in str(await card(shop, "roll"))


async def test_the_same_photo_twice_is_one_and_a_broken_one_is_named(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, THREE_THINGS[0], THREE_THINGS[1], THREE_THINGS[0])
    row = await the_roll(shop)
    async with shop.app.house.db.write() as session:
        await rolls.note_failed(session, shop.app.house, row.id, "IMG_7.jpg", "IMG_7.jpg is damaged or incomplete: send it again.")
    await shop.idle()
    assert "2 photos so far." in str(await card(shop, "roll"))
    await shop.press("That’s all")
    assert "IMG_7.jpg is damaged" in str(await card(shop, "parts"))
    await shop.press("Make 1 item")
    assert await photos_of_items(shop) == [2]


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


async def press_old(shop: TestShop, action: dict[str, object]) -> None:
    """Press a button on a copy that is not up to date."""
    async with shop.app.house.db.read() as session:
        found = (await session.execute(select(CardButton).where(CardButton.action["do"].as_string() == action["do"]))).scalars()
        button = next(one.id for one in found if one.action.get("roll") == action["roll"])
    await shop.hear(press=button)


async def test_confirming_is_taken_back_as_a_whole(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS)
    await shop.press("That’s all")
    await shop.press("Make 3 items")
    await shop.say("/undo")
    assert "3 drafts of camera roll 1 were discarded" in await shop.last()
    assert await photos_of_items(shop) == []
    assert "was taken back" in str(await card(shop, "parts"))
    await press_old(shop, {"do": "roll.confirm", "roll": (await the_roll(shop)).id})
    assert "was cancelled" in await shop.last()
    await shop.say("/undo")  # and not one by one
    assert "You connected" in await shop.last()


async def test_a_viewer_sends_no_roll(shop: TestShop) -> None:
    async with shop.app.house.db.write() as session:
        (await session.get_one(Member, shop.person.member_id)).role = Role.VIEWER
    await shop.say("/bulk")
    assert "You are a viewer here" in await shop.last()
