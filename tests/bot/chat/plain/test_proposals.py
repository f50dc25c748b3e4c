"""What plain words propose: shown first, done by a tap, once, by whoever may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update

from core.flows import people
from core.flows.people import Person
from core.values.card import Inbound
from core.values.states import Role
from storage.inbox import from_chat
from storage.keys import new_key
from storage.models import Item, Member, Post, Question
from tests.home import open_home
from tests.shop import TestShop

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def haggle(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestShop]:
    """Its owner, and no marketplace."""
    async with open_home(tmp_path_factory.mktemp("home")) as home:
        person, _token = await home.member(Role.OWNER)
        no_stand_ins: Any = None
        yield TestShop(home.app, person, no_stand_ins, home.clock, home.url)


@pytest_asyncio.fixture(loop_scope="module")
async def shop(haggle: TestShop) -> TestShop:
    """Nothing for sale, and no question open."""
    async with haggle.app.house.db.write() as session:
        await session.execute(update(Item).values(deleted_at=haggle.clock.now()))
        await session.execute(delete(Question))
    return haggle


async def lamp_and_dunks(shop: TestShop) -> tuple[int, int]:
    return await shop.item("Acme brass desk lamp"), await shop.item("Nike Dunk Low Panda")


async def price(shop: TestShop, number: int) -> int | None:
    return (await shop.row(number)).price


async def card_with(shop: TestShop, words: str) -> Post:
    """The newest card that says this."""
    return next(one for one in reversed(await shop.posts()) if words in str(one.card))


def buttons(post: Post) -> dict[str, str]:
    return {button["label"]: button["id"] for row in post.card["buttons"] for button in row}


async def hear_as(shop: TestShop, person: Person, **values: Any) -> None:
    """Somebody else in the owner's chat."""
    inbound = Inbound("web", shop.person.member_id, person.member_id, new_key(), **values)
    await shop.app.house.inbox.put(from_chat("web", inbound.chat, inbound.event_id, inbound.to_json()))
    await shop.idle()


async def test_a_change_is_shown_first_and_one_tap_does_it_once(shop: TestShop) -> None:
    _lamp, dunks = await lamp_and_dunks(shop)
    await shop.say("drop the Dunks to 75")
    question = f"/price {dunks} 75: change the price of item {dunks}, Nike Dunk Low Panda, from $80.00 to $75.00. Do it?"
    post = await card_with(shop, question)
    assert await price(shop, dunks) == 8000
    yes = buttons(post)["Yes"]
    await shop.hear(press=yes, message=post.message)
    assert await price(shop, dunks) == 7500
    post = await card_with(shop, question)
    assert post.card["buttons"] == []
    assert "Sam: yes" in str(post.card["lines"])
    await shop.say(f"/price {dunks} 60")
    await shop.hear(press=yes, message=post.message)
    assert await price(shop, dunks) == 6000


async def test_no_does_nothing_and_takes_the_buttons_away(shop: TestShop) -> None:
    _lamp, dunks = await lamp_and_dunks(shop)
    await shop.say("lower the dunks by 10%")
    post = await card_with(shop, "from $80.00 to $72.00")
    both = buttons(post)
    await shop.hear(press=both["No"], message=post.message)
    await shop.hear(press=both["Yes"], message=post.message)
    assert "I do not know this button any more" in await shop.last()
    assert (await card_with(shop, "from $80.00 to $72.00")).card["buttons"] == []
    assert await price(shop, dunks) == 8000


async def test_several_have_a_button_each_and_one_for_all(shop: TestShop) -> None:
    lamp, dunks = await lamp_and_dunks(shop)
    await shop.say("the lamp to 60, make the dunks 70 and set the floor of the dunks to 50")
    assert "I did not understand" not in await shop.last()
    post = await card_with(shop, "Do this?")
    assert list(buttons(post)) == [f"/price {lamp} 60", f"/price {dunks} 70", f"/edit {dunks} floor 50", "All of it", "No"]
    await shop.hear(press=buttons(post)[f"/price {dunks} 70"], message=post.message)
    assert (await price(shop, lamp), await price(shop, dunks)) == (8000, 7000)
    left = await card_with(shop, "Do this?")
    assert list(buttons(left)) == [f"/price {lamp} 60", f"/edit {dunks} floor 50", "All of it", "No"]
    await shop.hear(press=buttons(post)["All of it"], message=post.message)
    assert (await shop.row(dunks)).floor is None  # that was the old one: it would have done again what was done
    await shop.hear(press=buttons(left)["All of it"], message=post.message)
    assert (await price(shop, lamp), (await shop.row(dunks)).floor) == (6000, 5000)
    assert (await card_with(shop, "Do this?")).card["buttons"] == []


async def test_all_of_it_is_all_or_nothing(shop: TestShop) -> None:
    lamp, dunks = await lamp_and_dunks(shop)
    await shop.say("drop the lamp to 60 and drop the dunks to 40")
    post = await card_with(shop, "Do this?")
    await shop.say(f"/edit {dunks} floor 50")
    await shop.hear(press=buttons(post)["All of it"], message=post.message)
    assert f"Nothing of it was done, because of /price {dunks} 40: $40.00 is below its floor" in await shop.last()
    assert (await price(shop, lamp), await price(shop, dunks)) == (8000, 8000)
    assert "All of it" in buttons(await card_with(shop, "Do this?"))


async def test_what_may_be_several_things_is_asked_with_buttons(shop: TestShop) -> None:
    brass, blue = await shop.item("Acme brass desk lamp"), await shop.item("Blue ceramic lamp")
    await shop.say("drop the lamp to 60")
    post = await card_with(shop, "Which “the lamp” do you mean?")
    assert list(buttons(post)) == [f"{blue}: Blue ceramic lamp", f"{brass}: Acme brass desk lamp", "None of these"]
    await shop.hear(press=buttons(post)[f"{brass}: Acme brass desk lamp"], message=post.message)
    assert (await price(shop, brass), await price(shop, blue)) == (6000, 8000)
    assert (await card_with(shop, "Which “the lamp”")).card["buttons"] == []
    await shop.say("take the toaster down")
    assert "Nothing that you have is called “the toaster”" in await shop.last()


async def test_who_may_not_is_told_when_they_say_it_and_when_they_press(shop: TestShop) -> None:
    _lamp, dunks = await lamp_and_dunks(shop)
    viewer = await people.enter(shop.app.house, await shop.app.join_code(Role.VIEWER), "web", "", name="Vic")
    await hear_as(shop, viewer, text="drop the dunks to 75")
    assert "You are a viewer here" in await shop.last()
    await shop.say("drop the dunks to 75")
    post = await card_with(shop, "Do it?")
    await hear_as(shop, viewer, press=buttons(post)["Yes"], message=post.message)
    assert "You are a viewer here" in await shop.last()
    assert await price(shop, dunks) == 8000
    await hear_as(shop, viewer, text="show the dunks")
    assert f"Item {dunks}: Nike Dunk Low Panda" in await shop.last()
    await shop.hear(press=buttons(post)["Yes"], message=post.message)
    assert await price(shop, dunks) == 7500


async def test_no_is_said_by_who_may_say_yes_and_by_who_asked_for_it(shop: TestShop) -> None:
    _lamp, dunks = await lamp_and_dunks(shop)
    joined = [
        await people.enter(shop.app.house, await people.make_code(shop.app.house, role), "web", "", name=name)
        for role, name in ((Role.VIEWER, "Vic"), (Role.SELLER, "Sue"), (Role.SELLER, "Ann"))
    ]
    vic, sue, ann = joined
    await shop.say("drop the Dunks to 71")
    post = await card_with(shop, f"/price {dunks} 71")
    no = buttons(post)["No"]
    await hear_as(shop, vic, press=no, message=post.message)
    assert "You are a viewer here, and this needs a seller." in await shop.last()
    assert buttons(await card_with(shop, f"/price {dunks} 71"))["No"] == no
    await hear_as(shop, sue, press=no, message=post.message)
    assert "Sue: no" in str((await card_with(shop, f"/price {dunks} 71")).card["lines"])

    await hear_as(shop, ann, text="drop the Dunks to 72")
    async with shop.app.house.db.write() as session:
        (await session.get_one(Member, ann.member_id)).role = Role.VIEWER
    post = await card_with(shop, f"/price {dunks} 72")
    await hear_as(shop, ann, press=buttons(post)["No"], message=post.message)
    assert "Ann: no" in str((await card_with(shop, f"/price {dunks} 72")).card["lines"])
    assert await price(shop, dunks) == 8000


async def test_looking_needs_no_yes_and_a_command_without_its_slash_is_the_command(shop: TestShop) -> None:
    lamp, dunks = await lamp_and_dunks(shop)
    await shop.say("how much is the brass lamp?")
    assert f"Item {lamp}: Acme brass desk lamp" in await shop.last()
    await shop.say(f"price {dunks} 70")
    assert await price(shop, dunks) == 7000
    await shop.say("price the dunks at 65")
    assert await price(shop, dunks) == 7000
    await shop.press("Yes")
    assert await price(shop, dunks) == 6500


async def test_a_reply_is_about_what_it_answers(shop: TestShop) -> None:
    lamp, dunks = await lamp_and_dunks(shop)
    await shop.say(f"/item {lamp}")
    about_the_lamp = (await shop.posts())[-1].message
    await shop.say(f"/item {dunks}")
    await shop.hear(text="make it 55", message=about_the_lamp)
    assert f"/price {lamp} 55: change the price of item {lamp}" in await shop.last()
    await shop.say("make it 66")
    assert f"/price {dunks} 66: change the price of item {dunks}" in await shop.last()


async def test_never_mind_closes_a_question_and_so_does_a_command_that_does_something_else(shop: TestShop) -> None:
    lamp, dunks = await lamp_and_dunks(shop)

    async def asked() -> bool:
        await shop.say("sold the dunks")
        assert f"For how much did item {dunks} sell?" in await shop.last()
        return True

    async def is_open() -> bool:
        async with shop.app.house.db.read() as session:
            return (await session.execute(select(Question.chat))).first() is not None

    assert await asked()
    await shop.say("never mind")
    assert "I ask no further" in await shop.last()
    assert not await is_open()
    assert await asked()
    await shop.say("/items")
    assert await is_open()
    await shop.say(f"/price {lamp} 70")
    assert not await is_open()
    await shop.say("80 cash")
    assert (await shop.row(dunks)).state != "sold"
    assert await asked()
    await shop.say("80 cash")
    assert (await shop.row(dunks)).state == "sold"


async def test_what_is_not_understood_is_answered_with_what_can_be_said(shop: TestShop) -> None:
    await shop.say("could the prices be something nicer one day")
    told = await shop.last()
    assert "I did not understand that" in told
    assert "/price 42 45" in told
    assert len((await shop.posts())[-1].card["lines"]) == 3
