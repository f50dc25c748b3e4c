"""The main job in Slack: the whole app, the real library, a local server in Slack's place, and stand-in marketplaces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from core.flows.posts import put_card, touch
from core.values.card import Card, Line
from core.values.states import Role
from storage.models import Item, Member, Post, Story
from tests.bot.slack_people import Sent
from tests.bot.slack_rules import texts
from tests.bot.slack_server import SlackServer
from tests.home import open_home
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop, picture


def settings_of(slack: SlackServer) -> dict[str, Any]:
    return {"slack_bot_token": slack.token, "slack_app_token": slack.app_token, "slack_api_url": slack.url}


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, slack: SlackServer, database_url: str) -> AsyncIterator[TestShop]:
    """The owner of a connected shop, who has joined in Slack too."""
    async with open_shop(tmp_path, sandbox, url=database_url, **settings_of(slack)) as opened:
        words = await opened.app.slack_words()
        assert words is not None
        assert words.startswith("@haggle: join ")
        await slack.bring(slack.message(words.partition(": ")[2]))
        await slack.until(lambda: slack.last("Hello! I am Haggle."))
        await opened.idle()
        yield opened


async def test_who_is_let_in(tmp_path: Path, slack: SlackServer) -> None:
    async with open_home(tmp_path, **settings_of(slack)) as home:
        code = (await home.app.slack_words() or "").partition("join ")[2]
        for _again in range(3):
            await slack.bring(slack.message("what sold?", who=slack.bob))
        await home.idle()
        [told] = slack.of(slack.direct(slack.bob))
        assert told.text.startswith("This Haggle belongs to somebody. Ask its owner for an invitation")
        for who in (slack.bob, slack.ann, slack.bob):
            await slack.bring(slack.message("<@U0HAGGLE> items", slack.shop, who=who))
        await home.idle()
        assert [(one["channel"], one["user"]) for one in slack.told] == [(slack.shop, slack.bob), (slack.shop, slack.ann)]
        await slack.bring(slack.message(f"<@U0HAGGLE> join {code}", slack.shop))
        await slack.until(lambda: slack.last("Hello! I am Haggle."))
        await slack.bring(slack.message(f"join {code}", who=slack.bob))
        await slack.until(lambda: slack.last("used already", slack.direct(slack.bob)))
        await slack.bring(slack.command("/items"))
        await home.idle()
        assert slack.of(slack.shop) == []
        async with home.app.house.db.read() as session:
            members = (await session.execute(select(Member))).scalars().all()
        assert [one.role for one in members] == [Role.OWNER]


async def test_photos_become_one_item_that_goes_live(shop: TestShop, slack: SlackServer) -> None:
    files = [slack.share(picture("ACME LAMP")), slack.share(picture("LX-200", "maroon"))]
    await slack.bring(slack.message("Acme brass desk lamp, paid 20, want 80 min 60", files=files))
    draft = await slack.until(lambda: slack.with_button("Good"), seconds=20)
    await slack.bring(slack.press(draft, "Good"))
    await slack.until(lambda: "Condition: Good" in draft.text and "Still to answer: Brand?" in draft.text)
    await slack.bring(slack.press(draft, draft.labels[0]))
    await slack.until(lambda: draft.label("Publish on"))
    await slack.bring(slack.press(draft, "Publish on"))
    outcome = await slack.until(lambda: slack.last("Item 1 is partly up"))
    await slack.until(lambda: outcome.text.count("live at $80.00") == 2)
    await shop.idle()
    assert await shop.live(1) == ["ebay", "shopify"]
    assert draft.edits
    assert any(block["type"] == "image" for block in draft.blocks)
    assert (outcome.thread, outcome.broadcast) == (draft.ts, True)
    assert [one.thread for one in slack.of() if "Item 1" in one.text or "item 1" in one.text] == [
        _root(draft, one) for one in _about(slack)
    ]
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(func.count()).select_from(Item))).scalar_one() == 1


def _about(slack: SlackServer) -> list[Sent]:
    return [one for one in slack.of() if "Item 1" in one.text or "item 1" in one.text]


def _root(draft: Sent, sent: Sent) -> str:
    return "" if sent is draft else draft.ts


@pytest.mark.parametrize("database_kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_one_items_story_is_a_thread_and_a_reply_there_is_about_it(shop: TestShop, slack: SlackServer) -> None:
    number = await shop.item()
    await slack.bring(slack.message(f"<@U0HAGGLE> /item {number}", slack.shop))
    card = await slack.until(lambda: slack.with_button("Publish on", slack.shop) or slack.last("Item 1", slack.shop))
    assert card.thread == ""
    await shop.idle()
    await slack.bring(slack.message(f"/publish {number}", slack.shop, thread=card.ts))
    outcome = await slack.until(lambda: slack.last("is partly up", slack.shop))
    await shop.idle()
    assert (outcome.thread, outcome.broadcast) == (card.ts, False)

    shop.sandbox.buy("ebay", (await shop.row(number)).sku)
    sale = await slack.until(lambda: slack.last("Sold on eBay"), seconds=20)
    assert sale.channel == slack.direct()
    await slack.until(lambda: sale.text.count("verified") == 2, seconds=20)
    await shop.idle()
    assert await shop.live(number) == []
    async with shop.app.house.db.read() as session:
        told = (await session.execute(select(Story.chat, Story.message))).all()
    assert (slack.shop, card.ts) in [tuple(one) for one in told]
    photo = slack.share(picture("BACK", "green"))
    await slack.bring(slack.message("", slack.shop, thread=card.ts, files=[photo]))
    await shop.idle()
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(func.count()).select_from(Item))).scalar_one() == 1


async def test_a_price_is_edited_in_a_window(shop: TestShop, slack: SlackServer) -> None:
    number = await shop.item()
    await slack.bring(slack.command(f"/publish {number}"))
    await slack.until(lambda: slack.last("partly up"))
    await shop.idle()
    await slack.bring(slack.command(f"/haggle item {number}"))
    card = await slack.until(lambda: slack.with_button("Price…"))
    await slack.bring(slack.press(card, "Price…"))
    window = await slack.until(lambda: slack.windows[-1] if slack.windows else None)
    [block] = window["blocks"]
    assert block["label"]["text"] == "What should item 1 cost? Type an amount like 45."
    assert block["element"]["initial_value"] == "80.00"
    await slack.bring(slack.submit(window, "nonsense"))
    await slack.until(lambda: slack.last("nonsense"))
    await slack.bring(slack.submit(slack.windows[-1] | {"id": "V0AGAIN000"}, "75"))
    await slack.until(lambda: "Price: $75.00" in card.text)
    await shop.idle()
    assert (await shop.row(number)).price == 7500
    assert not any("What should item 1 cost" in one.text for one in slack.of())


async def test_the_home_tab_is_the_queue_and_stays_current(shop: TestShop, slack: SlackServer) -> None:
    number = await shop.item()
    await slack.bring(slack.home_opened())
    await slack.until(lambda: slack.homes)
    assert re.search(r"Overdue tasks: 0", _home(slack))
    assert "Sold today: 0" in _home(slack)
    await slack.bring(slack.command(f"/publish {number}"))
    await slack.until(lambda: "Other tasks: 1" in _home(slack))
    await shop.idle()
    shop.sandbox.buy("ebay", (await shop.row(number)).sku)
    await slack.until(lambda: "Sold today: 1" in _home(slack), seconds=20)
    await shop.idle()
    await slack.bring(slack.home_opened())
    await slack.bring(slack.press_home("Items"))
    await slack.until(lambda: slack.last("Your things"))
    await shop.idle()
    async with shop.app.house.db.read() as session:
        assert (await session.execute(select(func.count()).where(Post.view == "home"))).scalar_one() == 1


def _home(slack: SlackServer, who: str = "") -> str:
    view = slack.homes.get(who or slack.ann)
    return "\n".join("".join(texts([block])) for block in view["blocks"]) if view else ""


async def test_a_button_pressed_in_two_places_at_once_has_one_outcome(shop: TestShop, slack: SlackServer) -> None:
    number = await shop.item()
    await slack.bring(slack.command(f"/item {number}"))
    card = await slack.until(lambda: slack.with_button("Publish on"))
    button = next(one for one in card.buttons if one["text"]["text"].startswith("Publish on"))
    await asyncio.gather(slack.bring(slack.press(card, "Publish on")), shop.hear(press=button["value"]))
    await shop.idle()
    assert [len(shop.sandbox.state(market)["listings"]) for market in ("ebay", "shopify")] == [1, 1]


async def test_a_long_answer_goes_on_at_a_button(shop: TestShop, slack: SlackServer) -> None:
    async with shop.app.house.db.write() as session:
        lines = tuple(Line(f"Row {number}", "x" * 200) for number in range(60))
        place = ("slack", slack.direct())
        await put_card(session, shop.app.house.db, place, Card("Much", lines=lines), workspace=shop.person.workspace_id)
    first = await slack.until(lambda: slack.last("Row 0"))
    shown = first.text.count("Row")
    assert first.labels == [f"{60 - shown} more lines"]
    await slack.bring(slack.press(first, first.labels[0]))
    rest = await slack.until(lambda: slack.last("Row 59"))
    assert (f"Row {shown - 1}:" in rest.text, f"Row {shown}:" in rest.text) == (False, True)
    assert rest.labels == []
    await shop.idle()


async def test_the_home_tab_of_who_may_only_look_and_of_who_was_sent_away(shop: TestShop, slack: SlackServer) -> None:
    await slack.bring(slack.message(f"join {await shop.app.join_code(Role.VIEWER)}", who=slack.bob))
    await slack.until(lambda: slack.last("Hello! I am Haggle.", slack.direct(slack.bob)))
    number = await shop.item()
    await slack.bring(slack.command(f"/publish {number}"))
    await slack.until(lambda: slack.with_button("It is up"))
    await shop.idle()
    shop.clock.move(days=3)
    for who in (slack.ann, slack.bob):
        await slack.bring(slack.home_opened(who))
    await slack.until(lambda: "Overdue tasks: 1" in _home(slack, slack.bob) and "Task 1: It is up" in _labels(slack, slack.ann))
    assert "Task 1: It is up" not in _labels(slack, slack.bob)
    await slack.bring(slack.press_home("Task 1"))
    await slack.until(lambda: "Overdue tasks: 0" in _home(slack, slack.bob))
    async with shop.app.house.db.write() as session:
        bob = (await session.execute(select(Member).where(Member.role == Role.VIEWER))).scalar_one()
        bob.active = False
        await touch(session, shop.app.house.db, ("home", bob.id))
    await slack.until(lambda: _home(slack, slack.bob).startswith("You are not a member here any more."))
    await shop.idle()


def _labels(slack: SlackServer, who: str) -> list[str]:
    return Sent("", "", slack.homes[who]["blocks"], "").labels if who in slack.homes else []
