"""What people do in Slack becomes inbox rows: once, in order, and only what is for us."""

from __future__ import annotations

import pytest

from bot.surfaces.slack import SlackSurface
from core.errors import Invalid, Missing
from core.values.card import Button, Card, Inbound
from tests.bot.slack.conftest import Home
from tests.bot.slack_people import picture
from tests.bot.slack_server import SlackServer


async def test_words_in_a_direct_message(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await slack.bring(slack.message("drop the Dunks to 75 &amp; <https://a.example/x?a=1&amp;b=2|a.example> <@U0HAGGLE>"))
    [said] = await home.heard()
    assert said.surface == "slack"
    assert (said.chat, said.person) == (slack.direct(), slack.ann)
    assert said.text == "drop the Dunks to 75 & https://a.example/x?a=1&b=2"
    assert (said.thread, said.message, said.photos) == ("", "", ())


async def test_in_a_channel_only_what_is_for_us(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await slack.bring(slack.message("shall we get lunch?", slack.shop))
    await slack.bring(slack.message("<@U0HAGGLE> items", slack.shop))
    await slack.bring(slack.message("70 is fine", slack.shop, thread="1790000000.000001"))
    await slack.bring(slack.message("not yours", slack.shop, thread="1790000000.000002", parent="U0BOB"))
    await slack.bring(slack.message("edited", slack.shop, subtype="message_changed"))
    await slack.bring(slack.message("I am a bot", bot_id="B0OTHER"))
    assert [(one.text, one.thread) for one in await home.heard()] == [("items", ""), ("70 is fine", "1790000000.000001")]


async def test_photos_of_one_message_are_one_album(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    files = [slack.share(picture((1, 2, 3))), slack.share(picture((4, 5, 6)))]
    await slack.bring(slack.message("<@U0HAGGLE> lamp, want 45", slack.shop, files=files))
    await slack.bring(slack.message("no mention", slack.shop, files=[slack.share()]))
    [said] = await home.heard()
    assert said.text == "lamp, want 45"
    assert said.photos == tuple(f"file:{one['id']}" for one in files)
    assert said.ended
    assert await surface.fetch(said.photos[0]) == picture((1, 2, 3))


async def test_a_file_whose_event_tells_only_its_id_is_fetched_too(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    file = {"id": slack.share()["id"], "file_access": "check_file_info"}
    await slack.bring(slack.message("", files=[file]))
    [said] = await home.heard()
    assert await surface.fetch(said.photos[0].removeprefix("file:")) == picture()


async def test_files_that_cannot_be_had(surface: SlackSurface, slack: SlackServer) -> None:
    with pytest.raises(Missing, match="Send it again"):
        await surface.fetch("file:F0NOTHING0")
    with pytest.raises(Missing):
        await surface.fetch(slack.share(mode="tombstone")["id"])
    slack.files["F0000BIGGY"] = slack.files.pop(slack.share(b"x" * (51 * 1024 * 1024))["id"])
    with pytest.raises(Invalid, match="50 MB"):
        await surface.fetch("F0000BIGGY")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("/haggle price 42 45", "/price 42 45"),
        ("/haggle /Items", "/items"),
        ("/haggle", "/help"),
        ("/haggle drop the Dunks to 75", "drop the Dunks to 75"),
        ("/price 42 45", "/price 42 45"),
        ("/items", "/items"),
    ],
)
async def test_slash_commands(surface: SlackSurface, slack: SlackServer, home: Home, typed: str, text: str) -> None:
    assert await slack.bring(slack.command(typed, slack.shop)) == {}
    [said] = await home.heard()
    assert (said.text, said.chat, said.name) == (text, slack.shop, "Ann Seller")


async def test_a_code_typed_in_a_channel_is_taken_to_the_direct_message(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await slack.bring(slack.command("/haggle join abc-DEF", slack.shop))
    await slack.bring(slack.message("join abc-DEF", who=slack.bob))
    first, second = await home.heard()
    assert (first.chat, first.text) == (slack.direct(), "/join abc-DEF")
    assert (second.chat, second.text, second.name) == (slack.direct(slack.bob), "join abc-DEF", "Bob Helper")


async def test_a_press_names_its_button_and_its_card(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    link = Button("Open", url="https://shop.example/1")
    ts = await surface.post(slack.shop, Card(text="Look", buttons=((Button("Yes", id="b1"), Button("No", id="b2"), link),)))
    [card] = slack.of(slack.shop)
    await slack.bring(slack.press(card, "No", slack.bob))
    await slack.bring(slack.press(card, "Open"))
    [row] = await home.rows()
    assert Inbound.of_json(row.body) == Inbound(
        "slack", slack.shop, slack.bob, row.event_id, name="Bob Helper", press="b2", message=ts, aside=f"only:{slack.bob}:{slack.shop}"
    )


async def test_a_delivery_that_comes_again_is_one_row(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    body = slack.message("/items")
    await slack.bring(body)
    await slack.bring(body, attempt=1)
    mention = {**body, "event_id": "EvANOTHER"}
    await slack.bring(mention)
    [row] = await home.rows()
    assert row.duplicates == 2


async def test_a_window_asks_and_its_answer_is_a_press(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await surface.post(slack.shop, Card(text="Look", buttons=((Button("Price…", id="asks"), Button("No", id="b2")),)))
    [card] = slack.of(slack.shop)
    await slack.bring(slack.press(card, "Price"))
    [window] = slack.windows
    assert await home.rows() == []
    assert window["blocks"][0]["label"]["text"] == "What should item 42 cost?"
    assert window["blocks"][0]["element"]["initial_value"] == "45.00"
    assert await slack.bring(slack.submit(window, " 50 ", slack.bob)) == {}
    await slack.bring(slack.submit(window, " 50 ", slack.bob))
    [said] = await home.heard()
    assert (said.press, said.text.strip(), said.person) == ("asks", "50", slack.bob)
    assert (said.chat, said.message) == (slack.shop, card.ts)


async def test_a_window_that_slack_does_not_open_is_asked_in_the_chat(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await surface.post(slack.shop, Card(text="Look", buttons=((Button("Price…", id="asks"),),)))
    slack.fail("views.open", "expired_trigger_id")
    await slack.bring(slack.press(slack.of(slack.shop)[0], "Price"))
    assert [one.press for one in await home.heard()] == ["asks"]
