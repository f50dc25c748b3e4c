"""Coming and going: start without a network, a refused token, polling and webhook, the menu, and the token that is never logged."""

from __future__ import annotations

import json
import logging
import secrets

import pytest

from bot.surfaces import telegram as module
from bot.surfaces.telegram import TelegramSurface
from core.errors import Invalid, Unreachable
from core.values.menu import Menu
from tests.bot.telegram.conftest import Home, StartSurface
from tests.bot.telegram_server import TelegramServer

PUBLIC = "https://haggle.example"


async def test_polling_takes_the_webhook_away_and_asks_for_what_it_reads(surface: TelegramSurface, telegram: TelegramServer) -> None:
    await telegram.until(lambda: telegram.called("getUpdates"))
    [poll, *_] = telegram.called("getUpdates")
    assert poll["allowed_updates"] == ["message", "callback_query"]
    assert len(telegram.called("deleteWebhook")) == 1
    assert not telegram.called("setWebhook")
    assert surface.deep_link("abc") == "https://t.me/haggle_test_bot?start=abc"
    assert surface.trouble == ""


async def test_starting_without_telegram_keeps_trying(home: Home, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CONNECT_STEPS", (0.01,))
    telegram.fail("getMe", 502, "Bad Gateway", times=2)
    surface = TelegramSurface(home, token=telegram.token, api_url=telegram.url)
    assert surface.deep_link("abc") == ""
    await surface.start()
    await surface.connected()
    assert surface.trouble == ""
    await surface.stop()


async def test_a_refused_token_is_said(
    home: Home, telegram: TelegramServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONNECT_STEPS", (0.01,))
    caplog.set_level(logging.DEBUG)
    token = f"1:{secrets.token_urlsafe(20)}"
    surface = TelegramSurface(home, token=token, api_url=telegram.url)
    await surface.start()
    await telegram.until(lambda: surface.trouble)
    await surface.stop()
    assert "@BotFather" in surface.trouble
    assert token not in caplog.text


async def test_a_token_that_is_refused_later_does_not_end_the_polling(
    surface: TelegramSurface, telegram: TelegramServer, home: Home
) -> None:
    telegram.fail("getUpdates", 404, "Not Found")
    telegram.say("one")
    telegram.say("two")
    await telegram.until(lambda: not telegram.pending)
    assert [said.text for said in await home.heard()] == ["one", "two"]
    assert surface.trouble == ""


async def test_the_token_is_in_no_log_line(
    telegram: TelegramServer, home: Home, chat: str, start_surface: StartSurface, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    surface = await start_surface()
    telegram.say("/items")
    await telegram.until(lambda: not telegram.pending)
    telegram.fail("getFile", 500, "Internal Server Error")
    with pytest.raises(Unreachable):
        await surface.fetch("file:x")
    assert "getUpdates" in caplog.text
    assert telegram.token not in caplog.text


async def test_menus_are_by_chat_and_language_and_sent_only_when_they_changed(home: Home, telegram: TelegramServer) -> None:
    surface = TelegramSurface(home, token=telegram.token, api_url=telegram.url)
    english = (("items", "What you have"), ("help", "What I can do"))
    menus = [Menu("", "", english), Menu("groups", "", english[:1]), Menu("private", "es", (("items", "Lo que tienes"),))]
    await surface.set_menus(menus)
    assert telegram.methods.menus == {}
    await surface.start()
    await surface.connected()
    everyone = [{"command": "items", "description": "What you have"}, {"command": "help", "description": "What I can do"}]
    assert telegram.methods.menus == {
        ("default", ""): everyone,
        ("all_group_chats", ""): everyone[:1],
        ("all_private_chats", "es"): [{"command": "items", "description": "Lo que tienes"}],
    }
    before = telegram.called("setMyCommands")
    await surface.set_menus([*menus[1:], Menu("", "", (("sold", "x" * 300),))])
    assert [call["commands"] for call in telegram.called("setMyCommands")[len(before) :]] == [
        [{"command": "sold", "description": "x" * 255 + "…"}]
    ]
    await surface.stop()


async def test_a_webhook_is_set_with_a_secret_and_brings_updates(telegram: TelegramServer, home: Home, start_surface: StartSurface) -> None:
    surface = await start_surface(public_url=PUBLIC)
    hook = telegram.methods.webhook
    assert hook["url"] == f"{PUBLIC}/webhooks/telegram"
    assert hook["allowed_updates"] == ["message", "callback_query"]
    assert len(hook["secret_token"]) == 64
    telegram.say("/items")
    [(headers, body)] = telegram.bring()
    assert await surface.webhook(headers, body)
    assert await surface.webhook({name.lower(): value for name, value in headers.items()}, body)
    [row] = await home.rows()
    assert (row.body["text"], row.duplicates) == ("/items", 1)


async def test_only_telegram_may_bring_updates(telegram: TelegramServer, home: Home, start_surface: StartSurface) -> None:
    surface = await start_surface(public_url=PUBLIC, webhook_secret=secrets.token_urlsafe(20))
    telegram.say("/items")
    [(headers, body)] = telegram.bring()
    proof = "X-Telegram-Bot-Api-Secret-Token"
    assert not await surface.webhook({**headers, proof: "wrong"}, body)
    assert not await surface.webhook({**headers, proof: "ü"}, body)
    assert not await surface.webhook({}, body)
    assert await home.rows() == []
    for broken in (b"", b"[]", b"{}", b'{"update_id": 1, "message": 5}', json.dumps({"update": 1}).encode()):
        with pytest.raises(Invalid):
            await surface.webhook(headers, broken)


async def test_a_webhook_before_the_connection_comes_again(home: Home, telegram: TelegramServer) -> None:
    surface = TelegramSurface(home, token=telegram.token, api_url=telegram.url, public_url=PUBLIC, webhook_secret="s" * 20)
    telegram.say("/items")
    [(_, body)] = telegram.bring()
    with pytest.raises(Unreachable):
        await surface.webhook({"X-Telegram-Bot-Api-Secret-Token": "s" * 20}, body)
    await surface.stop()


async def test_a_page_without_https_is_polled(telegram: TelegramServer, start_surface: StartSurface) -> None:
    surface = await start_surface(public_url="http://192.168.1.20:8080")
    assert not surface.by_webhook
    assert telegram.methods.webhook == {}
