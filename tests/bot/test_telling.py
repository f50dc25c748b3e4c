"""Each member is told what they chose, where and when: quiet hours, storms, read and dismissed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import Refused
from core.flows import digest, noticed, notices, shortage, undoing
from core.flows.people import Person
from core.values.states import Role
from storage.models import Identity, Listing, Member, Notice, NoticeCopy, Post
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop, picture


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """Storms and folding are tried on both kinds, where they meet locks; the rest does not depend on the kind."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def plain(tmp_path: Path, sandbox: SandboxProcess, database_kind: str, database_url: str) -> AsyncIterator[TestShop]:
    """A shop with nothing connected: most of this is between Haggle and its members."""
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as opened:
        yield opened


BOTH = pytest.mark.parametrize("database_kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


async def tell(shop: TestShop, type: str, *keys: str, **more: Any) -> None:
    db = shop.app.house.db
    async with db.write() as session:
        for key in keys:
            await notices.tell(session, db, workspace=shop.person.workspace_id, type=type, key=key, title=f"Title {key}", **more)
    await shop.idle()


async def member(shop: TestShop, name: str, **values: Any) -> Person:
    """Another member, who is reached in a chat of the web."""
    db = shop.app.house.db
    async with db.write() as session:
        made = Member(workspace_id=shop.person.workspace_id, name=name, role=Role.SELLER, created_at=db.now(), **values)
        session.add(made)
        await session.flush()
        session.add(Identity(member_id=made.id, surface="web", external_id=made.id, chat=made.id, created_at=db.now()))
    return Person(made.id, made.workspace_id, name, Role.SELLER)


async def cards(shop: TestShop, view: str, chat: str = "") -> list[Post]:
    return [post for post in await shop.posts() if post.view == view and post.chat == (chat or shop.person.member_id)]


async def told(shop: TestShop, chat: str = "") -> list[Post]:
    """The cards of notices of this test's own; the shop's connections had some too."""
    return [post for post in await cards(shop, "notice", chat) if post.card["title"].startswith("Title")]


async def states(shop: TestShop, member_id: str = "") -> list[str]:
    query = select(NoticeCopy.state).join(Notice, Notice.id == NoticeCopy.notice_id).where(Notice.title.startswith("Title"))
    async with shop.app.house.db.read() as session:
        return list(
            (
                await session.execute(query.where(NoticeCopy.member_id == (member_id or shop.person.member_id)).order_by(NoticeCopy.id))
            ).scalars()
        )


async def unread(shop: TestShop) -> int:
    async with shop.app.house.db.read() as session:
        return await noticed.unread(session, shop.person.member_id)


async def choose(shop: TestShop, **values: Any) -> None:
    async with shop.app.house.db.write() as session:
        row = await session.get_one(Member, shop.person.member_id)
        for name, value in values.items():
            setattr(row, name, value)


def quiet_now(shop: TestShop) -> dict[str, int]:
    """Quiet hours that began an hour ago and last two more."""
    now = shop.app.house.db.now()
    minute = now.hour * 60 + now.minute
    return {"quiet_from": (minute - 60) % 1440, "quiet_until": (minute + 120) % 1440}


@BOTH
async def test_a_storm_is_one_card_that_counts_on(plain: TestShop) -> None:
    await tell(plain, "low_stock", *(f"a{number}" for number in range(12)))
    assert sorted(await states(plain)) == ["folded"] * 9 + ["told"] * 3
    assert len(await told(plain)) == 3
    [fold] = await cards(plain, "fold")
    assert fold.card["title"] == "9 items are running low"
    await tell(plain, "low_stock", "b1", "b2")
    [fold] = await cards(plain, "fold")
    assert fold.card["title"] == "11 items are running low"
    assert len(await told(plain)) == 3
    await plain.press("Show them")
    assert "Title b2" in await plain.last()
    plain.clock.move(seconds=70)
    await tell(plain, "low_stock", "c1")
    assert len(await told(plain)) == 4, "a minute later one comes alone again"


async def test_what_was_told_is_not_told_again(plain: TestShop) -> None:
    await tell(plain, "sync_conflict", "once", "once")
    await tell(plain, "sync_conflict", "once")
    assert len(await told(plain)) == 1


async def test_quiet_hours_hold_all_but_what_is_critical_and_end_with_one_card(plain: TestShop) -> None:
    await choose(plain, **quiet_now(plain))
    await tell(plain, "low_stock", "one")
    await tell(plain, "sync_conflict", "two")
    await tell(plain, "system_alert", "fire")
    assert [post.card["title"] for post in await told(plain)] == ["Title fire"]
    assert await unread(plain) >= 3, "the list has them at once"
    plain.clock.move(hours=2, minutes=1)
    await plain.tick()
    [fold] = await cards(plain, "fold")
    assert fold.card["title"] == "Meanwhile: 2 notices"
    said = str(fold.card["lines"])
    assert "1 item is running low" in said
    assert "Title two" in said
    assert len(await told(plain)) == 1


async def test_ending_the_quiet_hours_tells_what_they_held(plain: TestShop) -> None:
    await choose(plain, **quiet_now(plain))
    await tell(plain, "low_stock", "one")
    assert await told(plain) == []
    await plain.say("/notify quiet off")
    assert len(await told(plain)) == 1
    await plain.say("/notify quiet 22:00-7:00")
    assert "22:00-7:00" in (await cards(plain, "notify"))[-1].card["lines"][-2]["value"]


async def test_a_sale_is_told_as_its_card_and_only_once_where_it_stands(shop: TestShop) -> None:
    number = await shop.item(quantity=3)
    await shop.say(f"/publish {number}")
    await shop.buy("ebay", number)
    assert len(await cards(shop, "sale")) == 1
    assert [post.card["title"] for post in await cards(shop, "notice") if "left" in post.card["title"]] == [
        f"Item {number}, Acme brass desk lamp: 2 left"
    ]
    async with shop.app.house.db.read() as session:
        rows = await noticed.listed(session, shop.person.member_id, limit=50)
    types = [notice.type for _copy, notice in rows]
    assert types.count("listing_published") == 2, "the outcome's card stands in this chat, so the list alone has them"
    assert {"new_order", "low_stock"} <= set(types)
    await shop.say("/notices unread")
    await shop.press("Mark all read")
    assert await unread(shop) == 0
    assert (await cards(shop, "notices"))[-1].card["text"] == "Nothing here."


async def test_stock_that_comes_back_is_told_of_anew(plain: TestShop) -> None:
    number = await plain.item(quantity=5)
    for quantity, told in ((2, ["low_stock"]), (1, ["low_stock"]), (9, ["low_stock"]), (2, ["low_stock", "low_stock"])):
        await plain.say(f"/edit {number} quantity {quantity}")
        async with plain.app.house.db.read() as session:
            query = select(Notice.type).where(Notice.type.in_((shortage.LOW, shortage.OUT))).order_by(Notice.id)
            assert list((await session.execute(query)).scalars()) == told
    await shortage.sweep(plain.app.house)
    await plain.idle()
    async with plain.app.house.db.read() as session:
        assert len((await session.execute(query)).scalars().all()) == 2, "the net finds nothing that was told"


async def test_members_hear_of_their_own_marketplaces_and_where_they_chose(plain: TestShop) -> None:
    ebay, off = await member(plain, "Eve", channels=["ebay"]), await member(plain, "Ole", notify={"warning": []})
    await tell(plain, "low_stock", "all")
    await tell(plain, "review_needed", "shopify", channel="shopify")
    assert await states(plain, ebay.member_id) == ["told"]
    assert await states(plain, off.member_id) == ["muted", "muted"]
    await tell(plain, "account_lost", "lost", channel="ebay")
    assert len(await told(plain, off.member_id)) == 1, "critical ones cannot be switched off"
    await tell(plain, "undo_closing", "mine", member=plain.person.member_id)
    assert len(await states(plain, ebay.member_id)) == 2
    assert (await states(plain))[-1] == "muted"


async def test_notify_moves_and_refuses(plain: TestShop) -> None:
    await plain.say("/notify warnings off")
    await tell(plain, "low_stock", "quietly")
    assert await states(plain) == ["muted"]
    await plain.say("/notify critical off")
    assert "Critical notices cannot be switched off." in await plain.last()
    await plain.say("/notify oversell nowhere")
    assert "Critical notices cannot be switched off." in await plain.last()
    await plain.say("/notify warnings")
    await plain.press("Everywhere")
    await tell(plain, "low_stock", "loudly")
    assert (await states(plain))[-1] == "told"
    await plain.say("/notify published here")
    assert "Published listings" in str((await cards(plain, "notify"))[-1].card["lines"])
    await plain.say("/notify publishd slack")
    assert "There are no notices called “publishd”." in await plain.last()
    await plain.say("/notify tasks slack")
    assert "Choose from: here, web, everywhere, off." in await plain.last()


async def test_read_dismissed_and_what_stays_until_it_is_solved(plain: TestShop) -> None:
    await tell(plain, "low_stock", "low")
    await tell(plain, "system_alert", "fire")
    low, fire = await told(plain)
    assert [button["label"] for button in fire.card["buttons"][0]] == ["Got it"], "what is critical and not solved stays"
    db = plain.app.house.db
    with pytest.raises(Refused, match="not solved yet"):
        async with db.write() as session:
            await noticed.dismiss(session, db, plain.person.member_id, fire.subject_id)
    before = await unread(plain)
    await plain.hear(press=low.card["buttons"][0][-1]["id"], message=low.message)
    low = next(post for post in await cards(plain, "notice") if post.id == low.id)
    assert (low.card["text"], low.card["buttons"]) == ("Dismissed.", [])
    assert await unread(plain) == before - 1
    await plain.press("Got it")
    assert await unread(plain) == before - 2
    async with db.write() as session:
        await notices.solved(session, db, plain.person.workspace_id, "fire")
    await plain.idle()
    fire = next(post for post in await cards(plain, "notice") if post.id == fire.id)
    assert fire.card["text"].startswith("Solved at")


async def test_the_digest_comes_once_at_its_hour_and_not_without_news(shop: TestShop) -> None:
    house = shop.app.house
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.say(f"/sold {number} 45 cash")
    now = house.db.now()
    hour = (now + timedelta(hours=2)).astimezone(UTC)
    await shop.say(f"/digest {hour.hour}:00")
    assert "I tell you here" in await shop.last()
    await digest.send_due(house)
    await shop.idle()
    assert await cards(shop, "digest") == [], "its hour has not come since it was asked for"
    shop.clock.move(hours=3)
    for _ in range(3):
        await digest.send_due(house)
    await shop.idle()
    [post] = await cards(shop, "digest")
    told = {line["label"]: (line["value"], line.get("note", "")) for line in post.card["lines"]}
    assert told["Sold in 24 hours"] == ("1 item", "$45.00")
    assert told["Tasks"][0] == "1"
    assert "Sales" in [button["label"] for row in post.card["buttons"] for button in row]
    shop.clock.move(hours=24)
    await digest.send_due(house)
    await shop.idle()
    assert len(await cards(shop, "digest")) == 2
    await shop.say("/digest off")
    shop.clock.move(hours=24)
    await digest.send_due(house)
    await shop.idle()
    assert len(await cards(shop, "digest")) == 2


async def test_the_digest_names_what_went_stale(shop: TestShop) -> None:
    number = await shop.item("Old radio")
    await shop.say(f"/publish {number}")
    async with shop.app.house.db.write() as session:
        for listing in (await session.execute(select(Listing))).scalars():
            listing.listed_at = datetime(2026, 1, 1, tzinfo=UTC)
    await shop.say("/digest")
    [post] = await cards(shop, "digest")
    told = {line["label"]: line.get("note", "") for line in post.card["lines"]}
    assert told["Stale"] == f"live for 30 days and not sold: {number}: Old radio"


async def test_who_published_is_told_before_the_undo_closes(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await undoing.undo_closing(shop.app.house)
    assert "undo_closing" not in await types(shop)
    shop.clock.move(hours=23, minutes=30)
    for _ in range(2):
        await undoing.undo_closing(shop.app.house)
    assert (await types(shop)).count("undo_closing") == 1


async def test_a_draft_that_is_ready_is_in_the_list_only(plain: TestShop) -> None:
    await plain.photos(picture(), text="Acme lamp, want 80")
    assert (await types(plain)).count("draft_ready") == 1
    assert [post for post in await cards(plain, "notice") if "draft" in post.card["title"]] == []


async def types(shop: TestShop) -> list[str]:
    async with shop.app.house.db.read() as session:
        return list((await session.execute(select(Notice.type))).scalars())


async def test_acting_on_a_card_reads_what_was_told_of_it(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.say(f"/sold {number} 45 cash")
    before = await unread(shop)
    async with shop.app.house.db.read() as session:
        about = [
            one for one in await noticed.listed(session, shop.person.member_id, which="unread", limit=50) if one[1].subject_kind == "order"
        ]
    assert len(about) == 2, "the order, and that the item is sold"
    sale = (await cards(shop, "sale"))[-1]
    await shop.hear(press=sale.card["buttons"][-1][0]["id"], message=sale.message)
    assert await unread(shop) <= before - 2


@BOTH
async def test_many_processes_send_one_digest(plain: TestShop) -> None:
    await plain.item()
    await choose(plain, digest_at=0)
    plain.clock.move(days=1)
    await plain.item("Another lamp")
    await asyncio.gather(*(digest.send_due(plain.app.house) for _ in range(6)))
    await plain.idle()
    assert len(await cards(plain, "digest")) == 1


async def test_tasks_go_to_who_looks_after_the_marketplace(shop: TestShop) -> None:
    eve, pat = await member(shop, "Eve", channels=["ebay"]), await member(shop, "Pat", channels=["poshmark"])
    number = await shop.item()
    await shop.say(f"/publish {number}")
    assert (len(await cards(shop, "task", eve.member_id)), len(await cards(shop, "task", pat.member_id))) == (0, 1)
