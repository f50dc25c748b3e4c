"""What is old is forgotten when its time has come, not before, and what is open never."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, func, select, update

from core.flows import notices, posts, retention, sessions, upkeep
from core.values.states import InboxState
from storage.models import (
    AuditEntry,
    Base,
    CardButton,
    Change,
    Draft,
    InboxEvent,
    Item,
    ItemPhoto,
    ManualTask,
    Notice,
    NoticeCopy,
    OneTimeCode,
    Order,
    Post,
    Roll,
    RollPhoto,
    WebSession,
)
from storage.pages import PAGE
from tests.rows import add_events
from tests.shop import TestShop, picture


async def count(shop: TestShop, model: type[Base], *which: Any) -> int:
    async with shop.app.house.db.read() as session:
        return int((await session.execute(select(func.count()).select_from(model).where(*which))).scalar_one())


async def after(shop: TestShop, days: float) -> None:
    """So many days later, in the night."""
    shop.clock.move(days=days)
    await retention.forget_old(shop.app.house)


async def test_deliveries_tasks_and_discarded_drafts_go_after_a_month(shop: TestShop) -> None:
    house = shop.app.house
    discarded, listed = await shop.item("Old radio"), await shop.item("Brass lamp")
    await shop.say(f"/item {discarded}")
    await shop.press("Discard")
    await shop.say(f"/publish {listed}")
    await shop.press("It is up")
    done = ManualTask.state != "open"
    assert await count(shop, ManualTask, done) == 1
    failed = await add_events(house.db, 3, state=InboxState.FAILED, received_at=house.db.now())
    await after(shop, 29)
    assert (await count(shop, ManualTask, done), await count(shop, Draft), await count(shop, ItemPhoto)) == (1, 2, 2)
    assert await count(shop, InboxEvent, InboxEvent.state == InboxState.DONE) > 3

    await after(shop, 2)
    assert (await count(shop, ManualTask, done), await count(shop, Draft), await count(shop, ItemPhoto)) == (0, 1, 1)
    assert await count(shop, InboxEvent) == len(failed), "what failed waits for somebody to replay it"
    assert await count(shop, Item) == 2
    async with house.db.read() as session:
        tick = next(row.id for row in (await session.execute(select(CardButton))).scalars() if row.action.get("do") == "task.done")
    await shop.hear(press=tick)
    assert "done long ago" in await shop.last(), "a card of it may still be scrolled back to"
    assert await count(shop, Draft, Draft.state == "approved") == 1, "an item's card says why each field is believed, for ever"

    await after(shop, 60)
    assert await count(shop, InboxEvent) == 0


async def test_notices_go_after_three_months_unless_they_are_critical_and_unsolved(shop: TestShop) -> None:
    house = shop.app.house
    async with house.db.write() as session:
        for key, kind in (("warning", "review_needed"), ("critical", "system_alert"), ("solved", "system_alert")):
            about: dict[str, Any] = {"type": kind, "key": key, "title": key}
            await notices.tell(session, house.db, workspace=shop.person.workspace_id, **about)
        await notices.solved(session, house.db, shop.person.workspace_id, "solved")
    await after(shop, 89)
    assert await count(shop, Notice, Notice.title.in_(("warning", "critical", "solved"))) == 3
    await after(shop, 2)
    async with house.db.read() as session:
        assert list((await session.execute(select(Notice.key))).scalars()) == ["critical"]
    assert await count(shop, NoticeCopy) == 1, "everybody's copies go with their notice"


async def test_cards_of_what_is_over_and_their_buttons_go_after_half_a_year(shop: TestShop) -> None:
    sold, live = await shop.item("Old radio"), await shop.item("Brass lamp")
    for number in (sold, live):
        await shop.say(f"/publish {number}")
        await shop.press("It is up")
        await shop.say(f"/item {number}")
    await shop.buy("ebay", sold)
    await shop.press("It is down")
    before = {"orders": await count(shop, Order), "changes": await count(shop, Change), "audit": await count(shop, AuditEntry)}
    (old_button,) = await self_made_button(shop, {"do": "say", "text": "/items sold"})
    await after(shop, 179)
    assert "Old radio" in await shop.text()

    await after(shop, 2)
    shown = await shop.text()
    assert "Old radio" not in shown
    assert "Brass lamp" in shown
    assert await count(shop, Post, Post.view == "") == 0, "what was said half a year ago"
    after_it = {"orders": await count(shop, Order), "changes": await count(shop, Change), "audit": await count(shop, AuditEntry)}
    assert after_it == before
    assert await count(shop, CardButton) == len(await shown_buttons(shop)), "every button that is still shown works"
    await shop.hear(press=old_button)
    assert "I do not know this button any more." in await shop.last()
    await shop.say(f"/item {live}")
    await shop.press("Price")
    assert "I do not know this button" not in await shop.last()


async def test_a_button_that_is_shown_again_is_kept(shop: TestShop) -> None:
    """The process that draws cards remembers which buttons it has stored; it must not rely on that for half a year."""
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await shop.say(f"/item {number}")
    before = await count(shop, CardButton)
    async with shop.app.house.db.write() as session:
        await session.execute(update(Post).values(state="gone"))
    shop.clock.move(days=200)
    await shop.say(f"/item {number}")
    await retention.forget_old(shop.app.house)
    assert 0 < await count(shop, CardButton) < before
    await shop.press("Price")
    assert "I do not know this button" not in await shop.last()


async def test_ended_codes_and_sessions_go(shop: TestShop) -> None:
    assert await count(shop, OneTimeCode) > 0
    house = shop.app.house
    await shop.app.sign_in_links(shop.url)
    await sessions.open_session(house, shop.person)
    await after(shop, 1)
    assert await count(shop, WebSession) == 1
    await after(shop, 30)
    assert (await count(shop, OneTimeCode), await count(shop, WebSession)) == (0, 0)


async def test_it_goes_in_small_steps(shop: TestShop) -> None:
    """One transaction for years of rows would keep every writer waiting, and on SQLite the whole process."""
    house = shop.app.house
    async with house.db.write() as session:
        for number in range(PAGE * 3 + 5):
            posts.put_said(session, house.db, shop.place, {"text": str(number)}, workspace=shop.person.workspace_id)
    deleted: list[int] = []

    def note(_conn: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE FROM card_post"):
            deleted.append(cursor.rowcount)

    engine = house.db._writer.sync_engine
    event.listen(engine, "after_cursor_execute", note)
    await after(shop, 181)
    event.remove(engine, "after_cursor_execute", note)
    assert len(deleted) > 3
    assert max(deleted) <= PAGE
    assert await count(shop, Post, Post.view == "") == 0


async def self_made_button(shop: TestShop, *actions: dict[str, Any]) -> list[str]:
    """Buttons that no card shows, stored now."""
    made = {posts.button_id(shop.person.workspace_id, action): action for action in actions}
    async with shop.app.house.db.write() as session:
        await posts.store_buttons(session, shop.app.house.db, made, shop.person.workspace_id)
    return list(made)


async def shown_buttons(shop: TestShop) -> set[str]:
    async with shop.app.house.db.read() as session:
        cards = (await session.execute(select(Post.card))).scalars().all()
    return {button["id"] for card in cards for row in card.get("buttons", []) for button in row if button.get("id")}


async def test_camera_rolls_that_are_over_go_and_their_items_stay(shop: TestShop) -> None:
    """An open one keeps its photos from the sweep; nobody's yes for three months is a no."""
    house = shop.app.house
    for number in range(2):
        await shop.say("/bulk")
        stored = await house.photos.put(picture(f"ROLL {number}"))
        await shop.hear(photos=(stored.sha256,))
        await shop.press("That’s all")
        if number == 0:
            await shop.press("Make 1 item")
    await after(shop, 31)
    await upkeep.sweep_photos(house)
    assert await count(shop, Roll) == 1
    assert await count(shop, RollPhoto, RollPhoto.sha256 == stored.sha256) == 1
    assert await house.photos.find(stored.sha256)
    assert (await shop.row(1)).deleted_at is None
    await after(shop, 60)
    assert await count(shop, Roll) == await count(shop, RollPhoto) == 0
