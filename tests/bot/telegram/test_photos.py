"""Photos like people send them in Telegram: camera rolls, answers to cards, another order."""

from __future__ import annotations

import io

import pillow_heif
from PIL import Image

from tests.bot.telegram.test_main_job import draft_of, shop
from tests.bot.telegram_chats import Sent
from tests.bot.telegram_server import TelegramServer
from tests.bot.test_photos import photos
from tests.bot.test_rolls import photos_of_items, shot
from tests.shop import TestShop, picture

__all__ = ["shop"]

pillow_heif.register_heif_opener()


def heic(colour: str) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (200, 120), colour)).save(out, quality=60)
    return out.getvalue()


def colours(sent: list[Sent]) -> list[str]:
    """What the pictures of messages show, by their largest channel."""
    found = []
    for one in sent:
        pixel = Image.open(io.BytesIO(one.photo)).convert("RGB").getpixel((5, 5))
        assert isinstance(pixel, tuple)
        found.append("red" if pixel[0] > pixel[2] else "blue")
    return found


def newer(telegram: TelegramServer, than: Sent) -> Sent | None:
    """The photos' card that came after another."""
    found = telegram.last(containing="Photos of item 1")
    return found if found and found.message_id > than.message_id else None


async def test_a_camera_roll_as_albums_of_files(shop: TestShop, telegram: TelegramServer) -> None:
    telegram.say("/bulk")
    await telegram.until(lambda: telegram.last(containing="I part them into items"))
    telegram.send_photos([shot("ONE A", 0), shot("ONE B", 5), shot("TWO A", 900, "maroon")], as_files=True)
    telegram.send_photos([shot("TWO B", 904, "maroon"), heic("maroon"), shot("BROKEN", 0, side=400)[:-3000]], as_files=True, album=False)
    collecting = await telegram.until(lambda: telegram.last(containing="5 photos so far."), seconds=20)
    await telegram.until(lambda: "damaged or incomplete" in collecting.text)
    assert await photos_of_items(shop) == []
    telegram.press(collecting, "That’s all")
    overview = await telegram.until(lambda: telegram.last(containing="2 items?"), seconds=20)
    assert "parted into 2 items" in (await telegram.until(lambda: telegram.last(containing="parted into"))).text
    first_photos = [one for one in telegram.of() if one.album and one.message_id < overview.message_id][-2:]
    assert colours(first_photos) == ["blue", "red"]
    telegram.press(overview, "Make 2 items")
    await telegram.until(lambda: "2 of 2 read." in overview.text, seconds=40)
    assert await photos_of_items(shop) == [2, 3]
    telegram.press(overview, "Undo")
    await telegram.until(lambda: "was taken back" in overview.text)
    assert await photos_of_items(shop) == []


async def test_photos_that_answer_a_card_and_their_order(shop: TestShop, telegram: TelegramServer) -> None:
    draft = await draft_of(telegram)
    telegram.send_photos([picture("LABEL", "olive")], caption="min 50, tiny crack", reply_to=draft)
    await telegram.until(lambda: "Floor: $50.00" in draft.text)
    assert len(await photos(shop)) == 3
    telegram.press(draft, "Photos…")
    card = await telegram.until(lambda: telegram.last(containing="Photos of item 1"))
    before = await photos(shop)
    telegram.press(card, "2 → 1")
    # An album cannot be edited: the card comes anew with its pictures, and the old one has no buttons any more.
    fresh = await telegram.until(lambda: newer(telegram, card))
    await telegram.until(lambda: card.text.startswith("Done.") and not card.labels)
    assert await photos(shop) == [before[1], before[0], before[2]]
    shown = [one for one in telegram.of() if one.album and one.message_id < fresh.message_id][-3:]
    assert colours(shown)[:2] == ["red", "blue"]
    telegram.press(fresh, "Remove 3")
    await telegram.until(lambda: newer(telegram, fresh))
    assert await photos(shop) == [before[1], before[0]]
