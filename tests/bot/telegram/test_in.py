"""From Telegram into the inbox: each thing said is one row, in order, and none is lost."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image
from sqlalchemy import text

from bot.surfaces.telegram import TelegramSurface
from core.errors import Invalid, Missing
from core.values.card import Button, Card, CardPhoto
from tests.bot.telegram.conftest import Home, StartSurface, picture
from tests.bot.telegram_chats import Sent
from tests.bot.telegram_server import TelegramServer


async def all_taken(telegram: TelegramServer) -> None:
    """Wait until the bot has confirmed everything."""
    await telegram.until(lambda: not telegram.pending)


async def test_a_text_is_a_row(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    update = telegram.say("/start Code_123")
    await all_taken(telegram)
    [row] = await home.rows()
    assert (row.source, row.event_id, row.state, row.priority) == ("telegram", str(update["update_id"]), "received", 2)
    assert row.turn == f"chat:telegram:{telegram.person.id}"
    [said] = await home.heard()
    assert (said.surface, said.chat, said.person, said.name) == ("telegram", "1001", "1001", "Ann Seller")
    assert (said.text, said.photos, said.press, said.album, said.message) == ("/start Code_123", (), "", "", "")
    assert said.order == update["message"]["message_id"]


async def test_an_update_that_comes_twice_is_one_row(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    update = telegram.say("/items")
    await all_taken(telegram)
    telegram.repeat(update)
    await all_taken(telegram)
    [row] = await home.rows()
    assert row.duplicates == 1


async def test_an_update_is_confirmed_only_when_it_is_in_the_inbox(
    surface: TelegramSurface, telegram: TelegramServer, home: Home, start_surface: StartSurface
) -> None:
    """The database is gone for a while: nothing is confirmed, nothing lost, and the surface says what is wrong."""
    async with home.database.write() as session:
        await session.execute(text("ALTER TABLE inbox_event RENAME TO hidden"))
    update = telegram.say("important")
    await telegram.until(lambda: telegram.methods.handed[update["update_id"]] >= 1 and surface.trouble)
    assert telegram.pending == [update]
    await surface.stop()
    assert telegram.pending == [update]
    async with home.database.write() as session:
        await session.execute(text("ALTER TABLE hidden RENAME TO inbox_event"))
    await start_surface()
    await all_taken(telegram)
    assert [said.text for said in await home.heard()] == ["important"]


async def test_a_crash_before_the_confirmation_loses_nothing_and_doubles_nothing(
    surface: TelegramSurface, telegram: TelegramServer, home: Home, start_surface: StartSurface
) -> None:
    """Written, but the process ends before Telegram hears of it: the next start gets the update again."""
    update = telegram.say("once")
    await telegram.until(lambda: telegram.methods.handed[update["update_id"]])
    telegram.fail("getUpdates", 500, "Internal Server Error", times=1000)  # before the next call, which would confirm it
    await telegram.until(lambda: surface.trouble)
    await surface.stop()
    assert [said.text for said in await home.heard()] == ["once"]
    assert telegram.pending == [update]
    telegram.no_faults()
    await start_surface()
    await all_taken(telegram)
    [row] = await home.rows()
    assert row.duplicates == 1


@pytest.mark.parametrize("backwards", [False, True])
async def test_an_album_keeps_its_order(surface: TelegramSurface, telegram: TelegramServer, home: Home, backwards: bool) -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    photos = [picture(640, 480, colour) for colour in colours]
    telegram.send_photos(photos, caption="Nike 45", backwards=backwards)
    await all_taken(telegram)
    heard = await home.heard()
    assert len({said.album for said in heard}) == 1
    assert heard[0].album
    seen = []
    for said in sorted(heard, key=lambda one: one.order):
        [name] = said.photos
        pixel = Image.open(io.BytesIO(await surface.fetch(name))).convert("RGB").getpixel((5, 5))
        assert isinstance(pixel, tuple)
        seen.append(pixel.index(max(pixel)))
    assert seen == [0, 1, 2]
    assert sorted(said.text for said in heard) == ["", "", "Nike 45"]


async def test_of_a_photo_the_largest_copy_is_taken(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    telegram.send_photos([picture(2000, 1500)])
    await all_taken(telegram)
    [said] = await home.heard()
    assert said.photos[0].startswith("file:")
    assert Image.open(io.BytesIO(await surface.fetch(said.photos[0]))).size == (1280, 960)


async def test_a_photo_sent_as_a_file_keeps_its_quality(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    photo = picture(2000, 1500)
    telegram.send_photos([photo, picture(30, 30)], as_files=True)
    await all_taken(telegram)
    first, second = await home.heard()
    assert first.album == second.album != ""
    assert await surface.fetch(first.photos[0].removeprefix("file:")) == photo


async def test_photos_that_cannot_be_fetched(surface: TelegramSurface, telegram: TelegramServer) -> None:
    with pytest.raises(Missing, match="Send it again"):
        await surface.fetch("file:unknown")
    huge = telegram.keep(b"\0" * (20 * 1024 * 1024 + 1))
    with pytest.raises(Invalid, match="20 MB"):
        await surface.fetch(f"file:{huge}")
    gone = telegram.keep(b"x")
    telegram.expire(gone)
    with pytest.raises(Missing, match="Send it again"):
        await surface.fetch(gone)


async def posted(surface: TelegramSurface, telegram: TelegramServer, card: Card) -> tuple[str, Sent]:
    reference = await surface.post(str(telegram.person.id), card)
    sent = telegram.last()
    assert sent is not None
    return reference, sent


async def test_a_press_is_a_row_and_the_button_stops_spinning(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    card = Card("Draft", photos=(), buttons=((Button("Publish", {"do": "publish"}, id="b" * 24),),))
    reference, sent = await posted(surface, telegram, card)
    update = telegram.press(sent, "Publish")
    await telegram.until(lambda: telegram.methods.acknowledged == [update["callback_query"]["id"]])
    [said] = await home.heard()
    assert (said.press, said.message, said.event_id) == ("b" * 24, reference, str(update["update_id"]))
    assert (said.text, said.person, said.chat) == ("", "1001", "1001")


async def test_a_press_on_a_photo_and_an_answer_to_it_name_it_as_posting_did(
    surface: TelegramSurface, telegram: TelegramServer, home: Home
) -> None:
    card = Card("Draft", buttons=((Button("Publish", {"do": "publish"}, id="b" * 24),),))
    reference, sent = await posted(surface, telegram, replace(card, photos=(CardPhoto(await home.photo()),)))
    assert reference == f"p:{sent.message_id}"
    telegram.press(sent, "Publish")
    telegram.say("45", reply_to=sent)
    await all_taken(telegram)
    assert [said.message for said in await home.heard()] == [reference, reference]


async def test_a_press_that_is_too_old_to_answer_counts_all_the_same(
    surface: TelegramSurface, telegram: TelegramServer, home: Home
) -> None:
    _, sent = await posted(surface, telegram, Card("Draft", buttons=((Button("Publish", {"do": "publish"}, id="b"),),)))
    telegram.fail("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    telegram.press(sent, "Publish")
    await all_taken(telegram)
    assert [said.press for said in await home.heard()] == ["b"]


async def test_edits_are_no_news(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    first = telegram.say("drop 42 to 45")
    telegram.change_text(first, "drop 42 to 4")
    await all_taken(telegram)
    assert [said.text for said in await home.heard()] == ["drop 42 to 45"]


async def test_what_cannot_be_read_is_passed_on_empty(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    """The conversation answers it; it is not swallowed here."""
    telegram.send_voice()
    await all_taken(telegram)
    [said] = await home.heard()
    assert (said.text, said.photos, said.press) == ("", (), "")


async def test_in_a_group_only_what_is_meant_for_us(surface: TelegramSurface, telegram: TelegramServer, home: Home) -> None:
    group = telegram.group()
    await surface.post(str(group), Card(text="Hello"))
    sent = telegram.last(group)
    for words in (
        "nice weather",
        "/items",
        "/items@haggle_test_bot 3",
        "/items@other_bot",
        "@Haggle_Test_Bot drop 42",
        "me@haggle_test_bot.com",
    ):
        telegram.say(words, chat=group)
    telegram.say("45", chat=group, reply_to=sent)
    telegram.send_photos([picture(), picture(50, 50)], chat=group)
    telegram.send_photos([picture(), picture(50, 50)], chat=group, caption="@haggle_test_bot shoes")
    await all_taken(telegram)
    heard = await home.heard()
    assert [said.text for said in heard] == ["/items", "/items 3", "drop 42", "45", "shoes", ""]
    assert {said.chat for said in heard} == {str(group)}
    assert [len(said.photos) for said in heard] == [0, 0, 0, 0, 1, 1]
