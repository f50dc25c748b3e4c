"""Slack calls us: the whole server, signatures, repeats, and the answer within its time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.values.states import Role
from storage.models import InboxEvent
from tests.bot.slack_server import SlackServer
from tests.home import Home, open_home


@pytest.fixture
async def served(tmp_path: Path, slack: SlackServer) -> AsyncIterator[Home]:
    """A Haggle that Slack reaches at `/webhooks/slack`, where somebody has joined."""
    settings = {
        "slack_bot_token": slack.token, "slack_signing_secret": slack.signing_secret, "slack_api_url": slack.url,
        "public_url": "https://haggle.example",
    }  # fmt: skip
    async with open_home(tmp_path, **settings) as home:
        await home.app.slack.connected()
        answer = await slack.post(_address(home), slack.message(f"join {await home.code(Role.OWNER)}"))
        assert (answer.status_code, answer.text) == (200, "")
        await slack.until(lambda: slack.last("Hello! I am Haggle."))
        await home.idle()
        yield home


def _address(home: Home) -> str:
    return f"{home.url}/webhooks/slack"


async def test_no_socket_is_opened(served: Home, slack: SlackServer) -> None:
    assert slack.opened == 0
    assert slack.called("apps.connections.open") == []


async def test_words_commands_presses_and_windows(served: Home, slack: SlackServer) -> None:
    address = _address(served)
    assert (await slack.post(address, slack.command("/haggle help"))).status_code == 200
    await slack.until(lambda: slack.last("/items"))
    await served.idle()
    assert (await slack.post(address, slack.home_opened())).status_code == 200
    await slack.until(lambda: slack.homes)
    assert (await slack.post(address, slack.press_home("Tasks"))).status_code == 200
    await slack.until(lambda: slack.last("Nothing is left for you to do."))
    await served.idle()


async def test_a_repeat_is_one_row(served: Home, slack: SlackServer) -> None:
    body = slack.message("/items")
    for retry in range(3):
        assert (await slack.post(_address(served), body, retry=retry)).status_code == 200
    await served.idle()
    async with served.app.house.db.read() as session:
        rows = (await session.execute(select(InboxEvent.duplicates).where(InboxEvent.source == "slack").order_by(InboxEvent.id))).scalars()
    assert list(rows) == [0, 2]
    assert len([one for one in slack.of() if "Nothing here yet" in one.text]) == 1


async def test_only_slack_is_believed(served: Home, slack: SlackServer) -> None:
    body = slack.message("/items")
    for wrong in ({"secret": "0" * 32}, {"at": time.time() - 301}, {"at": time.time() + 400}):
        assert (await slack.post(_address(served), body, **wrong)).status_code == 401
    headers, data = slack.http(body)
    client = served.browser()
    assert (await client.post("/webhooks/slack", content=data)).status_code == 401
    assert (await client.post("/webhooks/slack", content=data + b" ", headers=headers)).status_code == 401
    await served.idle()
    assert not any("Nothing here yet" in one.text for one in slack.of())


async def test_slack_checks_the_address(served: Home, slack: SlackServer) -> None:
    answer = await slack.post(_address(served), {"type": "url_verification", "challenge": "abc", "token": "x"})
    assert answer.json() == {"challenge": "abc"}


async def test_before_slack_knows_us_its_address_is_checked_and_all_else_comes_again(tmp_path: Path, slack: SlackServer) -> None:
    slack.fail("auth.test", "fatal_error", times=99)
    settings = {"slack_bot_token": slack.token, "slack_signing_secret": slack.signing_secret, "slack_api_url": slack.url}
    async with open_home(tmp_path, public_url="https://haggle.example", **settings) as home:
        answer = await slack.post(_address(home), {"type": "url_verification", "challenge": "abc", "token": "x"})
        assert answer.json() == {"challenge": "abc"}
        assert (await slack.post(_address(home), slack.message("/items"))).status_code == 503


async def test_what_we_do_not_know_is_answered_all_the_same(served: Home, slack: SlackServer) -> None:
    assert (await slack.post(_address(served), slack.event({"type": "reaction_added", "user": "U1"}))).status_code == 200
    shortcut = {"type": "shortcut", "callback_id": "x", "trigger_id": "1", "user": {"id": "U1"}, "team": {"id": "T0SHOP"}}
    assert (await slack.post(_address(served), shortcut)).status_code == 200
