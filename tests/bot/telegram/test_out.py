"""Cards out: each form of message, edits in place, and Telegram's refusals as our errors."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.surfaces.telegram import TelegramSurface
from core.errors import Busy, Invalid, Missing, Refused, Unreachable
from core.values.card import Button, Card, CardFile, CardPhoto, Line
from tests.bot.telegram.conftest import Home, StartSurface
from tests.bot.telegram_server import TelegramServer

CARD = Card(
    "Nike Air <Max>",
    "Draft of 42",
    (Line("Price", "$45.00", "asked"), Line("Size", "9.5", weak=True)),
    buttons=((Button("Publish", {"do": "publish"}, "primary", id="a" * 24), Button("Title", copy="Nike Air <Max>")),),
)
LONG = replace(CARD, lines=tuple(Line(f"Line {number}", "value " * 10) for number in range(20)))


async def with_photos(home: Home, card: Card, count: int) -> Card:
    return replace(card, photos=tuple([CardPhoto(await home.photo(colour=(20 * number, 0, 0))) for number in range(count)]))


async def test_a_card_without_photos_is_a_text(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    reference = await surface.post(chat, CARD)
    [sent] = telegram.of()
    assert reference == f"t:{sent.message_id}"
    assert sent.text == "Nike Air <Max>\n\nDraft of 42\n\nPrice: $45.00 — asked\nSize: 9.5 ❔"
    assert sent.labels == ["Publish", "Title"]
    assert sent.button("Publish")["callback_data"] == "a" * 24
    [call] = telegram.called("sendMessage")
    assert call["link_preview_options"] == {"is_disabled": True}
    await surface.edit(chat, reference, Card("Nike", mood="good"))
    assert (sent.text, sent.labels, sent.edits) == ("✅ Nike", [], 1)


async def test_one_photo_carries_a_short_card(surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home) -> None:
    reference = await surface.post(chat, await with_photos(home, CARD, 1))
    [sent] = telegram.of()
    assert reference == f"p:{sent.message_id}"
    assert sent.text.startswith("Nike Air <Max>")
    assert sent.labels == ["Publish", "Title"]
    assert Image.open(io.BytesIO(sent.photo)).format == "JPEG"
    await surface.edit(chat, reference, replace(CARD, title="Nike 2"))
    assert sent.text.startswith("Nike 2")
    assert sent.labels == ["Publish", "Title"]
    await surface.edit(chat, reference, LONG)
    assert len(sent.text) <= 1024
    assert "more lines do not fit into a Telegram message." in sent.text
    assert sent.labels == ["Publish", "Title"]


async def test_one_photo_and_a_long_card(surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home) -> None:
    reference = await surface.post(chat, await with_photos(home, LONG, 1))
    photo, sent = telegram.of()
    assert (photo.text, photo.labels, bool(photo.photo)) == ("", [], True)
    assert reference == f"t:{sent.message_id}"
    assert sent.text.endswith("Line 19: value value value value value value value value value value")
    await surface.edit(chat, reference, CARD)
    assert sent.text.startswith("Nike")


@pytest.mark.parametrize(("count", "albums"), [(2, [2]), (10, [10]), (11, [10, 1])])
async def test_several_photos_come_before_the_text(
    surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home, count: int, albums: list[int]
) -> None:
    reference = await surface.post(chat, await with_photos(home, CARD, count))
    *pictures, sent = telegram.of()
    assert len(pictures) == sum(albums)
    assert not any(one.labels for one in pictures)
    assert len({one.album for one in pictures}) == len(albums)
    assert reference == f"t:{sent.message_id}"
    assert sent.labels == ["Publish", "Title"]


async def test_photos_are_not_sent_again_when_only_the_text_failed(
    surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home
) -> None:
    card = await with_photos(home, CARD, 2)
    telegram.fail("sendMessage", 502, "Bad Gateway")
    with pytest.raises(Unreachable):
        await surface.post(chat, card)
    await surface.post(chat, card)
    assert [bool(sent.photo) for sent in telegram.of()] == [True, True, False]


async def test_a_photo_that_is_missing_or_not_to_telegrams_liking_is_said(
    surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home
) -> None:
    await surface.post(chat, replace(CARD, photos=(CardPhoto("0" * 64),)))
    narrow = CardPhoto(await home.photo(2000, 40))
    telegram.fail("sendPhoto", 400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    await surface.post(chat, replace(CARD, photos=(narrow,)))
    first, second = telegram.of()
    assert [first.photo, second.photo] == [b"", b""]
    assert first.text == second.text
    assert first.text.endswith("⚠️ 1 photo could not be shown in Telegram.")


async def test_an_answer_names_what_it_answers(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    reference = await surface.post(chat, CARD)
    await surface.post(chat, Card(text="Done"), reply_to=reference)
    first, second = telegram.of()
    assert second.reply_to == first.message_id


async def test_a_long_card_fits_and_says_what_is_missing(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    card = Card("Items", lines=tuple(Line(f"{number}", "👟 & <more> " * 5) for number in range(200)))
    await surface.post(chat, card)
    [sent] = telegram.of()
    assert "more lines do not fit into a Telegram message." in sent.text


async def test_addresses_and_long_texts_to_copy(telegram: TelegramServer, chat: str, start_surface: StartSurface) -> None:
    buttons = (
        (Button("Open", url="/items/42"), Button("Description", copy="Soft leather. " * 30), Button("Shop", url="https://x.example")),
    )
    card = Card("Kit", buttons=buttons)
    plain = await start_surface()
    await plain.post(chat, card)
    await plain.stop()
    public = await start_surface(public_url="https://haggle.example")
    await public.post(chat, card)
    private, shown = telegram.of()
    assert private.text == f"Kit\nDescription: {'Soft leather. ' * 30}\nOpen: /items/42"
    assert private.labels == ["Shop"]
    assert shown.labels == ["Open", "Shop"]
    assert shown.button("Open")["url"] == "https://haggle.example/items/42"
    assert f"<code>{'Soft leather. ' * 30}</code>" in shown.html


async def test_an_edit_that_changes_nothing_is_a_success(surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home) -> None:
    for card in (CARD, await with_photos(home, CARD, 1)):
        reference = await surface.post(chat, card)
        await surface.edit(chat, reference, card)
    assert [sent.edits for sent in telegram.of()] == [0, 0]


async def test_an_edit_of_what_is_gone(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    reference = await surface.post(chat, CARD)
    [sent] = telegram.of()
    telegram.delete(sent)
    with pytest.raises(Missing):
        await surface.edit(chat, reference, Card("New"))
    with pytest.raises(Missing):
        await surface.edit(chat, "nonsense", Card("New"))


async def test_flood_control_is_obeyed_to_the_second(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
    with pytest.raises(Busy) as raised:
        await surface.post(chat, CARD)
    assert raised.value.retry_after == 7
    with pytest.raises(Busy) as raised:
        await surface.post(chat, CARD)
    assert 6 < raised.value.retry_after <= 7
    assert telegram.of() == []
    other = telegram.stranger()
    await surface.post(str(other.id), CARD)


async def test_the_pace_is_kept_by_waiting_rows(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    for number in range(5):
        await surface.post(chat, Card(text=str(number)))
    with pytest.raises(Busy) as raised:
        await surface.post(chat, Card(text="5"))
    assert 0 < raised.value.retry_after <= 1
    assert len(telegram.of()) == 5


async def test_refusals_have_their_own_errors(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    with pytest.raises(Missing):
        await surface.post("5", CARD)
    telegram.fail("sendMessage", 400, "Bad Request: something new")
    with pytest.raises(Invalid) as raised:
        await surface.post(chat, CARD)
    assert "something new" in raised.value.cause.lower()
    telegram.fail("sendMessage", 400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1005)
    with pytest.raises(Refused, match="supergroup"):
        await surface.post(chat, CARD)
    telegram.block()
    with pytest.raises(Refused, match="blocked"):
        await surface.post(chat, CARD)


async def test_a_lost_answer_is_unreachable(surface: TelegramSurface, telegram: TelegramServer, chat: str) -> None:
    telegram.fail("sendMessage", 502, "Bad Gateway", after=True)
    with pytest.raises(Unreachable):
        await surface.post(chat, CARD)
    assert len(telegram.of()) == 1


SLIP = CardFile("packing-slip-17.pdf", "slip", "order-17", "ann")


async def test_a_file_carries_a_short_card(surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home) -> None:
    reference = await surface.post(chat, replace(CARD, files=(SLIP,)))
    [sent] = telegram.of()
    assert (reference, sent.file_name, sent.document) == (f"p:{sent.message_id}", SLIP.name, b"%PDF- order-17")
    assert sent.text.startswith("Nike Air <Max>")
    assert sent.labels == ["Publish", "Title"]
    await surface.edit(chat, reference, Card("Nike", mood="good", files=(SLIP,)))
    assert (sent.text, sent.edits, home.papers.asked) == ("✅ Nike", 1, [SLIP])


async def test_files_of_a_long_card_go_first_and_not_twice(
    surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home
) -> None:
    card = replace(LONG, files=(SLIP, replace(SLIP, name="pick-list.pdf", kind="pick")))
    telegram.fail("sendMessage", 502, "Bad Gateway")
    with pytest.raises(Unreachable):
        await surface.post(chat, card)
    await surface.post(chat, card)
    assert [sent.file_name for sent in telegram.of()] == ["packing-slip-17.pdf", "pick-list.pdf", ""]
    assert telegram.complaints == []


async def test_a_file_that_cannot_be_made_is_said(surface: TelegramSurface, telegram: TelegramServer, chat: str, home: Home) -> None:
    home.papers.lacks["slip"] = Missing("The buyer was erased.")
    await surface.post(chat, replace(CARD, files=(SLIP,)))
    [sent] = telegram.of()
    assert "packing-slip-17.pdf: The buyer was erased." in sent.text
    home.papers.lacks["slip"] = Busy("Too much at once.", retry_after=5)
    with pytest.raises(Busy):
        await surface.post(chat, replace(CARD, files=(SLIP,)))
