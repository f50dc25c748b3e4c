"""Camera rolls in a chat: photos in, parted into items, confirmed on one card, drafts out."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta

from PIL import Image, ImageDraw
from sqlalchemy import select

from core.flows import rolls
from core.values.states import RollState
from storage.models import CardButton, Draft, Item, ItemPhoto, Post, Roll
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


async def test_of_two_who_say_yes_at_once_one_does(shop: TestShop) -> None:
    await shop.say("/bulk")
    await send(shop, *THREE_THINGS[:4])
    await shop.press("That’s all")
    roll = (await the_roll(shop)).id
    action: dict[str, object] = {"do": "roll.confirm", "roll": roll}
    await asyncio.gather(*(press_old(shop, action) for _ in range(4)))
    assert (await shop.text()).count("was confirmed already") == 3
    assert await photos_of_items(shop) == [3, 1]
    for late in ("roll.cancel", "roll.join", "roll.leave_out"):
        await press_old(shop, {"do": late, "roll": roll})
        assert "was confirmed already" in await shop.last()
    assert await photos_of_items(shop) == [3, 1]
