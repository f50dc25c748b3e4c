"""Coming and going: start without a network, refused tokens, connections that are replaced, slow databases, and what is never logged."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.surfaces import slack as module
from bot.surfaces import slack_check, slack_ears, slack_socket
from bot.surfaces.slack import SlackSurface
from core.values.card import Button, Card
from storage.inbox import Delivery, Inbox
from tests.bot.slack.conftest import Home, StartSurface
from tests.bot.slack_server import SlackServer

LIMITS = (slack_ears.LOOK, slack_ears.KEEP)  # as they are outside tests


class Slow(Inbox):
    """A database that does not get ready while it is `held`, or that is away."""

    held = False
    away = False

    async def put(self, delivery: Delivery) -> bool:
        if self.away:
            raise OperationalError("insert", {}, Exception("away"))
        if self.held:
            await asyncio.Event().wait()
        return await super().put(delivery)


@pytest.fixture
def slow(home: Home) -> Slow:
    return Slow(home.database)


@pytest.fixture
async def on_slow(start_surface: StartSurface, home: Home, slow: Slow, monkeypatch: pytest.MonkeyPatch) -> SlackSurface:
    monkeypatch.setattr(slack_ears, "KEEP", 0.4)
    return await start_surface(home=replace(home, inbox=slow))


async def test_starting_without_slack_keeps_trying(home: Home, slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CONNECT_STEPS", (0.01,))
    slack.fail("auth.test", "fatal_error")
    slack.fail("apps.connections.open", "internal_error")
    surface = SlackSurface(home, token=slack.token, app_token=slack.app_token, api_url=slack.url)
    assert surface.called == ""
    await surface.start()
    await surface.connected()
    assert (surface.called, surface.trouble) == ("haggle", "")
    await surface.stop()


@pytest.mark.parametrize("which", ["token", "app_token"])
async def test_a_refused_token_is_said(home: Home, slack: SlackServer, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    monkeypatch.setattr(module, "_CONNECT_STEPS", (0.01,))
    tokens: dict[str, Any] = {"token": slack.token, "app_token": slack.app_token, which: f"xoxb-{secrets.token_hex(8)}"}
    surface = SlackSurface(home, api_url=slack.url, **tokens)
    await surface.start()
    await slack.until(lambda: surface.trouble)
    await surface.stop()
    assert "does not accept the app's token" in surface.trouble


async def test_a_removed_app_is_said(surface: SlackSurface, slack: SlackServer) -> None:
    await slack.bring(slack.event({"type": "app_uninstalled"}))
    assert "removed from Slack" in surface.trouble


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_connection_that_slack_ends_is_replaced(surface: SlackSurface, slack: SlackServer, home: Home, reason: str) -> None:
    await slack.bring(slack.message("one"))
    await slack.disconnect(reason)
    await slack.until(lambda: slack.opened == 2 and len(slack.sockets) == 1)
    await slack.bring(slack.message("two"))
    assert [said.text for said in await home.heard()] == ["one", "two"]


async def test_a_connection_that_breaks_is_replaced(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await slack.sockets[0].close()
    await slack.until(lambda: slack.opened == 2 and slack.sockets)
    await slack.bring(slack.message("two"))
    assert [said.text for said in await home.heard()] == ["two"]


async def test_a_socket_that_cannot_be_opened_is_tried_at_another_address(
    home: Home, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_socket, "TRY", 0.3)
    monkeypatch.setattr(module, "_CONNECT_STEPS", (0.01,))
    slack.refused_sockets = 1
    surface = SlackSurface(home, token=slack.token, app_token=slack.app_token, api_url=slack.url)
    await surface.start()
    await surface.connected()
    assert len(slack.called("apps.connections.open")) == 2
    assert surface.trouble == ""
    slack.refused_sockets = 1
    await slack.disconnect("refresh_requested")
    await slack.until(lambda: slack.refused_sockets == 0)
    await surface.stop()


async def test_an_event_that_cannot_be_kept_is_not_acknowledged_and_comes_again(
    on_slow: SlackSurface, slack: SlackServer, home: Home, slow: Slow
) -> None:
    slow.held = True
    lost = await slack.throw(slack.message("one"))
    slow_answer = await slack.throw(slack.command("/items"))
    await slack.until(lambda: slow_answer not in slack.unacknowledged)
    assert "in time" in slack.answers[-1]["payload"]["text"]
    assert list(slack.unacknowledged) == [lost]
    slow.held = False
    await slack.bring(slack.unacknowledged[lost], envelope=lost, attempt=1)
    assert [said.text for said in await home.heard()] == ["one"]


async def test_a_press_that_cannot_be_kept_is_told_to_who_pressed(on_slow: SlackSurface, slack: SlackServer, slow: Slow) -> None:
    await on_slow.post(slack.shop, Card("Look", buttons=((Button("Yes", id="b1"),),)))
    slow.away = True
    await slack.bring(slack.press(slack.of(slack.shop)[0], "Yes", slack.bob))
    [told] = await slack.until(lambda: slack.told)
    assert (told["channel"], told["user"]) == (slack.shop, slack.bob)


async def test_a_window_stays_open_while_its_words_cannot_be_kept(
    on_slow: SlackSurface, slack: SlackServer, home: Home, slow: Slow
) -> None:
    await on_slow.post(slack.shop, Card("Look", buttons=((Button("Price…", id="asks"),),)))
    await slack.bring(slack.press(slack.of(slack.shop)[0], "Price"))
    slow.away = True
    answer = await slack.bring(slack.submit(slack.windows[0], "50"))
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == [slack.windows[0]["blocks"][0]["block_id"]]
    slow.away = False
    assert await slack.bring(slack.submit(slack.windows[0], "50")) == {}
    assert [said.text for said in await home.heard()] == ["50"]


async def test_a_question_that_takes_too_long_is_no_reason_to_be_late(
    surface: SlackSurface, slack: SlackServer, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_ears, "LOOK", 0.05)
    await surface.post(slack.shop, Card("Look", buttons=((Button("Price…", id="hangs"),),)))
    await slack.bring(slack.press(slack.of(slack.shop)[0], "Price"))
    assert slack.windows == []
    assert [said.press for said in await home.heard()] == ["hangs"]


def test_there_is_time_for_an_answer() -> None:
    """What may be done before an answer, one after the other, is done within Slack's 3 s."""
    assert sum(LIMITS) < 2.7


async def test_a_chat_keeps_its_order(surface: SlackSurface, slack: SlackServer, home: Home) -> None:
    await surface.post(slack.shop, Card("Look", buttons=((Button("Yes", id="b1"),),)))
    [card] = slack.of(slack.shop)
    bodies = [slack.message(str(number)) if number % 2 else slack.press(card, "Yes") for number in range(40)]
    for body in bodies:
        await slack.throw(body)
    await slack.until(lambda: not slack.unacknowledged)
    assert [said.text or "press" for said in await home.heard()] == [str(number) if number % 2 else "press" for number in range(40)]


async def test_no_token_and_nothing_that_people_say_is_logged(
    start_surface: StartSurface, slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    surface = await start_surface()
    await slack.bring(slack.message("my secret words"))
    await slack.bring(slack.command("/price 42 45"))
    await surface.post(slack.shop, Card("Look"))
    slack.fail("chat.postMessage", "fatal_error")
    with pytest.raises(Exception, match="Slack"):
        await surface.post(slack.shop, Card("Look"))
    for hidden in (slack.token, slack.app_token, "my secret words", "ticket=", "/answer"):
        assert hidden not in caplog.text


@asynccontextmanager
async def _gone() -> AsyncIterator[str]:
    yield "http://127.0.0.1:9/api"


async def test_the_doctor_looks_at_the_tokens(slack: SlackServer) -> None:
    how = {"token": slack.token, "app_token": slack.app_token, "signing_secret": "", "public_url": "", "api_url": slack.url}
    assert await slack_check.look(**how) == [("ok", "Slack knows the app as haggle in Ann's shop, which is reached over a socket")]
    secret = how | {"signing_secret": slack.signing_secret, "public_url": "https://haggle.example", "app_token": ""}
    [(mood, told)] = await slack_check.look(**secret)
    assert (mood, told.rpartition(" which ")[2]) == ("ok", "calls us")
    wrong = [mood for mood, _told in await slack_check.look(**how | {"token": "x", "app_token": "y", "signing_secret": "z"})]
    assert wrong == ["bad"] * 3
    [(mood, told)] = await slack_check.look(**how | {"token": f"xoxb-{secrets.token_hex(8)}"})
    assert mood == "bad"
    assert "invalid_auth" in told
    [(mood, told)] = await slack_check.look(**how | {"app_token": ""})
    assert "HAGGLE_SLACK_APP_TOKEN is missing" in told
    async with _gone() as address:
        [(mood, told)] = await slack_check.look(**how | {"api_url": address})
    assert "cannot be asked" in told
