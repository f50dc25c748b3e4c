"""What only a person can do: reminded of, put off, handed over, ticked off, and seen by whoever looks after the marketplace."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.flows import members
from core.values.states import Role, TaskState
from storage.models import ManualTask, Notice, NoticeCopy
from tests.bot.people import Chat, join, member_named, owner_chat, trail
from tests.shop import TestShop


async def task(shop: TestShop, number: int = 1) -> ManualTask:
    async with shop.app.house.db.read() as session:
        return (await session.execute(select(ManualTask).where(ManualTask.number == number))).scalar_one()


async def to_list(shop: TestShop, *titles: str) -> None:
    """Items for Poshmark, each with a task to list it."""
    for title in titles:
        await shop.say(f"/publish {await shop.item(title)} poshmark")


async def reminded(shop: TestShop, member_id: str, *, unsolved: bool = False) -> list[str]:
    """The titles of what a member was told of tasks, oldest first."""
    query = select(Notice).join(NoticeCopy, NoticeCopy.notice_id == Notice.id).where(NoticeCopy.member_id == member_id)
    query = query.where(Notice.type == "manual_task_due").order_by(Notice.id)
    async with shop.app.house.db.read() as session:
        return [one.title for one in (await session.execute(query)).scalars() if one.solved_at is None or not unsolved]


async def test_reminders_come_when_it_is_due_after_one_hour_after_four_and_daily(shop: TestShop) -> None:
    await to_list(shop, "Brass lamp")
    for hours, count in ((23, 0), (1.1, 1), (1, 2), (3, 3), (22, 3), (2.1, 4)):
        shop.clock.move(hours=hours)
        await shop.tick()
        assert len(await reminded(shop, shop.person.member_id)) == count, f"after {hours} h more"
    told = await reminded(shop, shop.person.member_id)
    assert told[0].startswith("Task 1 is due: list item 1")
    assert told[1].startswith("Task 1 is overdue: list item 1")
    assert len(await reminded(shop, shop.person.member_id, unsolved=True)) == 1, "the newest one says it"
    await shop.press("It is up")
    assert await reminded(shop, shop.person.member_id, unsolved=True) == []
    assert (await task(shop)).state == TaskState.DONE
    assert (await task(shop)).done_by == shop.person.actor


async def test_a_take_down_after_a_sale_is_due_within_the_hour_and_comes_first(shop: TestShop) -> None:
    await to_list(shop, "Old radio", "Brass lamp")
    await shop.press("It is up")  # of the lamp
    await shop.say("/sold 2 60 cash")
    down = await task(shop, 3)
    assert down.deadline - down.created_at == timedelta(hours=1)
    await shop.say("/tasks")
    first, second = [card.card["title"] for card in (await shop.posts())[-2:]]
    assert first.startswith("Task 3: take down item 2")
    assert second.startswith("Task 1: list item 1")


async def test_putting_off_by_words_and_by_buttons_keeps_when_it_is_due(shop: TestShop) -> None:
    await to_list(shop, "Brass lamp")
    before = await task(shop)
    await shop.say("/snooze 1 2h")
    now = shop.app.house.db.now()
    row = await task(shop)
    assert row.deadline == before.deadline
    assert row.snoozed_until is not None
    assert abs(row.snoozed_until - now - timedelta(hours=2)) < timedelta(minutes=1)
    await shop.say("/snooze 1 tomorrow")
    row = await task(shop)
    assert row.snoozed_until == row.due_at
    assert (row.due_at.hour, row.due_at.date()) == (9, (now + timedelta(days=1)).date())
    await shop.press("In 1 hour")
    assert (await task(shop)).due_at < row.due_at
    for wrong in ("/snooze 1 whenever", "/snooze 1 60d"):
        await shop.say(wrong)
        assert "Say for how long" in await shop.last()
    await shop.say("/snooze 9 2h")
    assert "There is no task 9" in await shop.last()
    await shop.say("/snooze")
    assert "Which task?" in await shop.last()
    await shop.say("/snooze 1")
    assert "Until when?" in await shop.last()


async def test_a_task_that_is_put_off_is_reminded_of_at_that_time(shop: TestShop) -> None:
    await to_list(shop, "Brass lamp")
    shop.clock.move(hours=24, minutes=1)
    await shop.tick()
    assert len(await reminded(shop, shop.person.member_id, unsolved=True)) == 1
    await shop.say("/snooze 1 3h")
    assert await reminded(shop, shop.person.member_id, unsolved=True) == []
    for hours, count in ((2.8, 0), (0.3, 1)):
        shop.clock.move(hours=hours)
        await shop.tick()
        assert len(await reminded(shop, shop.person.member_id, unsolved=True)) == count


async def test_a_task_is_handed_over_and_the_new_one_is_told(shop: TestShop) -> None:
    ann, _bob = await join(shop, Role.SELLER), await join(shop, Role.SELLER, "ebay", name="Bob")
    await join(shop, Role.VIEWER, name="Vic")
    await to_list(shop, "Brass lamp")
    await shop.press("Hand over")
    choices = (await shop.posts())[-1].card["buttons"]
    assert [one["label"] for row in choices for one in row] == ["Sam", "Ann"], "Bob looks after eBay only, Vic only looks"
    await shop.press("Ann")
    assert "Task 1 is with Ann now" in await shop.last()
    assert await reminded(shop, ann.account) == ["Sam hands task 1 to you: list item 1, Brass lamp"]
    assert '"With", "value": "Ann"' in await ann.text()
    assert [one.data["after"] for one in await trail(shop, "task.handed")] == [ann.account]
    await shop.say("/tasks")
    assert "1 more is open" not in await shop.last(), "what others do is not mine"
    assert "Nothing is left for you to do" in await shop.last()
    await shop.say("/tasks all")
    assert "Task 1: list item 1" in await shop.last()
    await ann.say("/tasks mine")
    assert "Task 1: list item 1" in await ann.last()

    for wrong, told in (("/hand 1 bob", "I can hand task 1 to: Sam, Ann"), ("/hand 1 ann", "theirs already"), ("/hand 7 ann", "no task 7")):
        await shop.say(wrong)
        assert told in await shop.last()
    await shop.say("/hand 1 anybody")
    assert (await task(shop)).assigned_to is None
    await ann.say("/hand 1 me")
    assert (await task(shop)).assigned_to == ann.account
    await ann.press("It is up")
    assert "Done by Ann" in await shop.text()
    await shop.say("/snooze 1 2h")
    assert "Task 1 is done already" in await shop.last()


async def test_who_has_a_task_is_reminded_alone_until_it_is_four_hours_late(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    await to_list(shop, "Brass lamp")
    await shop.say("/hand 1 ann")
    for hours, of_owner in ((24.1, 0), (1, 0), (3, 1)):
        shop.clock.move(hours=hours)
        await shop.tick()
        assert len(await reminded(shop, shop.person.member_id)) == of_owner
    assert len(await reminded(shop, ann.account)) == 4


async def test_only_tasks_of_ones_own_marketplaces_are_listed_and_done(shop: TestShop) -> None:
    bob = await join(shop, Role.SELLER, "ebay", name="Bob")
    await to_list(shop, "Brass lamp")
    await bob.say("/tasks all")
    assert "Nothing is left for you to do" in await bob.last()
    await bob.say("/snooze 1 2h")
    assert "You look after eBay here, not Poshmark" in await bob.last()
    shop.clock.move(hours=24, minutes=1)
    await shop.tick()
    assert await reminded(shop, bob.account) == []
    await owner_chat(shop).say("/tasks overdue")
    assert "Task 1: list item 1" in await shop.last()


async def test_who_is_switched_off_leaves_their_tasks_to_somebody_who_is_told(shop: TestShop) -> None:
    ann: Chat = await join(shop, Role.SELLER)
    heir = await join(shop, Role.SELLER, name="Bob")
    await to_list(shop, "Brass lamp")
    await shop.say("/hand 1 ann")
    async with shop.app.house.db.write() as session:
        gone = await members.switch_off(session, shop.app.house, shop.person, ann.account, heir.account)
    await shop.idle()
    assert gone.tasks == 1
    assert (await task(shop)).assigned_to == (await member_named(shop, "Bob")).id
    assert await reminded(shop, heir.account) == ["1 task of Ann is yours now."]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_ticked_off_twice_names_who_was_first(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    await to_list(shop, "Brass lamp")
    pressed = await ann.button("It is up")
    await shop.press("It is up")
    await ann.put(**pressed)
    await shop.idle()
    assert "Sam ticked this off already" in await ann.last()
