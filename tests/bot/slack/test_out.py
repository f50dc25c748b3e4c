"""Cards out to Slack: posted, edited in place, in threads, with pictures; and what becomes of limits and refusals."""

from __future__ import annotations

import pytest

from bot.surfaces.slack import SlackSurface
from bot.surfaces.slack_pace import IN_CHANNEL, Pace
from core.errors import AuthLost, Busy, Invalid, Missing, Refused, Unreachable
from core.values.card import Button, Card, CardFile, CardPhoto, Line
from tests.bot.slack.conftest import Home
from tests.bot.slack_server import SlackServer

CARD = Card("Item 42: Lamp", lines=(Line("eBay", "live"),), buttons=((Button("No", id="b1"),),))


async def test_a_card_is_posted_and_edited_in_place(surface: SlackSurface, slack: SlackServer) -> None:
    ts = await surface.post(slack.shop, CARD)
    await surface.edit(slack.shop, ts, Card("Item 42: Lamp", "Approved by Sam."))
    [sent] = slack.of(slack.shop)
    assert (sent.ts, sent.edits, sent.labels) == (ts, 1, [])
    assert "Approved by Sam." in sent.text


async def test_threads(surface: SlackSurface, slack: SlackServer) -> None:
    root = await surface.post(slack.shop, CARD)
    await surface.post(slack.shop, Card("Sold!"), root, aloud=True)
    await surface.post(slack.shop, Card("Done"), root)
    assert [(one.thread, one.broadcast) for one in slack.of(slack.shop)] == [("", False), (root, True), (root, False)]
    await surface.post(slack.shop, Card("Its beginning was deleted"), "1680000000.000001", aloud=True)
    assert [(one.thread, one.broadcast) for one in slack.of(slack.shop)][-1] == ("", False)


async def test_pictures_are_uploaded_once(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    photos = (CardPhoto(await home.photo((1, 1, 1)), "front"), CardPhoto(await home.photo((2, 2, 2)), "back"))
    ts = await surface.post(slack.shop, Card("Lamp", photos=photos))
    await surface.edit(slack.shop, ts, Card("Lamp", "new", photos=photos))
    [sent] = slack.of(slack.shop)
    assert len(slack.called("files.completeUploadExternal")) == 2
    assert sent.blocks[1]["type"] == "image"
    assert sent.blocks[1]["alt_text"] == "front"
    assert slack.files[sent.blocks[1]["slack_file"]["id"]].data.startswith(b"\xff\xd8")


async def test_a_picture_that_is_not_ready_yet_is_waited_for_and_then_done_without(
    surface: SlackSurface, slack: SlackServer, home: Home
) -> None:
    card = Card("Lamp", photos=(CardPhoto(await home.photo(), "front"),))
    slack.fail("chat.postMessage", "invalid_blocks", "invalid slack file [json-pointer:/blocks/0/slack_file]", times=9)
    for _look in range(4):
        with pytest.raises(Busy) as busy:
            await surface.post(slack.shop, card)
        assert busy.value.retry_after == 2.0
    slack.heal()
    await surface.post(slack.shop, card)
    assert "1 photo could not be shown in Slack." in slack.of(slack.shop)[0].text


async def test_a_missing_picture_is_said(surface: SlackSurface, slack: SlackServer) -> None:
    await surface.post(slack.shop, Card("Lamp", photos=(CardPhoto("0" * 64, "front"),)))
    assert "1 photo could not be shown in Slack." in slack.of(slack.shop)[0].text


async def test_the_home_tab(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    chat = f"home:{slack.ann}:{slack.direct()}"
    reference = await surface.post(chat, CARD)
    await surface.edit(chat, reference, Card("Nothing waits", buttons=((Button("Tasks", id="b7"),),)))
    assert slack.messages == []
    assert slack.homes[slack.ann]["blocks"][0]["text"]["text"] == "Nothing waits"
    await slack.bring(slack.press_home("Tasks"))
    await slack.bring(slack.home_opened())
    pressed, opened = await home.heard()
    assert (pressed.chat, pressed.press, pressed.person) == (slack.direct(), "b7", slack.ann)
    assert (opened.chat, opened.opens) == (chat, "home")


@pytest.mark.parametrize(
    ("method", "code", "error"),
    [
        ("chat.postMessage", "token_revoked", AuthLost),
        ("chat.postMessage", "missing_scope", AuthLost),
        ("chat.postMessage", "is_archived", Refused),
        ("chat.postMessage", "fatal_error", Unreachable),
        ("chat.postMessage", "msg_too_long", Invalid),
        ("chat.update", "message_not_found", Missing),
        ("chat.update", "edit_window_closed", Missing),
    ],
)
async def test_refusals_are_our_errors(surface: SlackSurface, slack: SlackServer, method: str, code: str, error: type[Exception]) -> None:
    slack.fail(method, code)
    with pytest.raises(error):
        await (surface.post(slack.shop, CARD) if method == "chat.postMessage" else surface.edit(slack.shop, "1.2", CARD))


async def test_a_token_that_is_refused_later_is_said(surface: SlackSurface, slack: SlackServer) -> None:
    slack.fail("chat.update", "token_revoked")
    with pytest.raises(AuthLost):
        await surface.edit(slack.shop, "1.2", CARD)
    assert "does not accept the app's token" in surface.trouble


async def test_an_answer_without_sense_and_no_answer(surface: SlackSurface, slack: SlackServer) -> None:
    slack.fail("chat.postMessage", "service_unavailable", status=503)
    with pytest.raises(Unreachable):
        await surface.post(slack.shop, CARD)


async def test_a_limit_is_obeyed_for_that_method_and_nothing_is_sent_meanwhile(surface: SlackSurface, slack: SlackServer) -> None:
    ts = await surface.post(slack.shop, CARD)
    slack.fail("chat.update", "ratelimited", status=429, retry_after="7")
    with pytest.raises(Busy) as busy:
        await surface.edit(slack.shop, ts, CARD)
    assert busy.value.retry_after == 7.0
    with pytest.raises(Busy) as held:
        await surface.edit(slack.shop, ts, CARD)
    assert 5 < (held.value.retry_after or 0) <= 7
    await surface.post(slack.shop, CARD)
    assert len(slack.called("chat.update")) == 0


async def test_messages_are_paced_per_channel(surface: SlackSurface, slack: SlackServer) -> None:
    for _message in range(int(IN_CHANNEL[1])):
        await surface.post(slack.shop, CARD)
    with pytest.raises(Busy) as busy:
        await surface.post(slack.shop, CARD)
    assert 0 < (busy.value.retry_after or 0) <= 1
    await surface.post(slack.direct(), CARD)


def test_the_pace_of_each_tier() -> None:
    pace = Pace()
    took = sum(pace.take("chat.update", "C1", second / 10) == 0 for second in range(600))
    assert 50 <= took <= 70  # a minute of tier 3, with its burst
    assert pace.take("chat.update", "C1", 60.0) > 0
    assert pace.take("views.publish", "", 60.0) == 0
    pace.hold("views.publish", 60.0, 30)
    assert pace.take("views.publish", "", 61.0) == 29


async def test_who_types_a_command_where_the_app_is_not_is_told_so(surface: SlackSurface, slack: SlackServer) -> None:
    await slack.bring(slack.command("/items", "C0PRIVATE"))
    with pytest.raises(Refused):
        await surface.post("C0PRIVATE", CARD)
    [told] = slack.told
    assert told["response_type"] == "ephemeral"
    assert "/invite @haggle" in told["text"]
    with pytest.raises(Refused):
        await surface.post("C0PRIVATE", CARD)
    assert len(slack.told) == 1


SLIP = CardFile("packing-slip-17.pdf", "slip", "order-17", "ann")


async def test_files_are_shared_once_where_the_card_stands(surface: SlackSurface, slack: SlackServer) -> None:
    root = await surface.post(slack.shop, CARD)
    card = Card("Packing slip", files=(SLIP,))
    slack.fail("chat.postMessage", "internal_error")
    with pytest.raises(Unreachable):
        await surface.post(slack.shop, card, root)
    await surface.post(slack.shop, card, root)
    await surface.post(slack.direct(slack.ann), card)
    pdf = b"%PDF- order-17"
    assert slack.shared == [(slack.shop, root, SLIP.name, pdf), (slack.direct(slack.ann), "", SLIP.name, pdf)]


async def test_a_file_that_cannot_be_made_is_said(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    home.papers.lacks["slip"] = Missing("The buyer was erased.")
    await surface.post(slack.shop, Card("Packing slip", files=(SLIP,)))
    assert "The buyer was erased." in slack.of(slack.shop)[0].text
    assert slack.shared == []


async def test_what_one_person_reads_in_a_channel_brings_no_file(surface: SlackSurface, slack: SlackServer) -> None:
    await surface.post(f"only:{slack.ann}:{slack.shop}", Card("Packing slip", files=(SLIP,)))
    assert slack.shared == []
