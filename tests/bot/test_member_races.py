"""What two do at once, and what ends at once: on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.errors import Refused
from core.flows import accounts, members, people, sessions
from core.flows.people import Person
from core.values.states import Role
from storage.models import ManualTask, Member
from tests.bot.people import Chat, code_for, join, owner_chat, person_of, trail
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    """Nothing is connected but Poshmark, which is by hand."""
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as opened:
        await opened.say("/connect poshmark")
        yield opened


async def test_two_who_use_a_code_at_once_have_one_winner(shop: TestShop) -> None:
    code = await code_for(shop, Role.SELLER)
    house = shop.app.house
    tries = (people.enter(house, code, "telegram", str(number), name=f"N{number}", chat=str(number)) for number in range(80, 86))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, Person) for one in outcomes) == 1
    assert sum(isinstance(one, Refused) for one in outcomes) == 5
    async with house.db.read() as session:
        assert len((await session.execute(select(Member.id))).all()) == 2


@pytest.mark.parametrize("how", ["demote", "switch off"])
async def test_of_two_owners_who_let_each_other_out_at_once_one_remains(shop: TestShop, how: str) -> None:
    house = shop.app.house
    other = await person_of(shop, await join(shop, Role.OWNER))

    async def act(by: Person, whom: Person) -> None:
        async with house.db.write() as session:
            if how == "demote":
                await members.change_role(session, house, by, whom.member_id, Role.SELLER)
            else:
                await members.switch_off(session, house, by, whom.member_id, None)

    outcomes = await asyncio.gather(act(shop.person, other), act(other, shop.person), return_exceptions=True)
    assert [type(one) for one in outcomes if one is not None] == [Refused]
    async with house.db.read() as session:
        owners = (await session.execute(select(Member).where(Member.role == Role.OWNER, Member.active))).scalars().all()
    assert len(owners) == 1
    assert len(await trail(shop, "member.role" if how == "demote" else "member.switched_off")) == 1


async def test_switching_off_ends_everything_at_once(shop: TestShop) -> None:
    house = shop.app.house
    manager = await join(shop, Role.MANAGER)
    person = await person_of(shop, manager)
    own = await people.make_code(house, Role.MANAGER, member_id=person.member_id)
    await people.enter(house, own, "telegram", "77", name="Ann", chat="77")
    token = await sessions.open_session(house, person)
    async with house.db.write() as session:
        made = await members.invite(session, house, person, Role.SELLER, ())
        theirs = await members.own_code(session, house, person, links=True)
        url = await accounts.begin_connect(house, session, person, "ebay", "")
    number = await shop.item()
    task = await a_task(shop, number, person.member_id)

    owner = owner_chat(shop)
    await owner.say("/members Ann")
    await owner.press("Switch off…")
    assert "1 open task is theirs. Who does it?" in await owner.last()
    await owner.press("Switch off, I do them")
    assert "Ann is switched off. 1 session ended. 2 codes are void. 1 task was handed over." in await owner.last()
    assert await sessions.session_person(house, token) is None
    assert await people.who(house, "telegram", "77") is None
    for code in (made, theirs):
        assert await people.look_at(house, code) is None
        with pytest.raises(Refused):
            await people.enter(house, code, "telegram", "81", name="Eve")
    assert await accounts.kind_of_consent(house, url.partition("state=")[2].partition("&")[0]) == ""
    async with house.db.read() as session:
        assert (await session.get_one(ManualTask, task)).assigned_to == shop.person.member_id
    [entry] = await trail(shop, "member.switched_off")
    assert (entry.data["sessions"], entry.data["codes"], entry.data["tasks"]) == (1, 2, [task])

    known = Chat(shop, "telegram", "77", "77", name="Ann")
    await known.say("/items")
    assert "This Haggle belongs to somebody" in await known.last()
    await known.say(f"/join {await code_for(shop, Role.OWNER)}")  # what somebody gave them does not bring them back
    assert "You were here before as Ann, who was switched off." in await known.last()
    await owner.press("Bring back")
    assert await people.who(house, "telegram", "77") is not None
    assert await sessions.session_person(house, token) is None


async def a_task(shop: TestShop, number: int, member_id: str) -> str:
    """A task by hand on Poshmark, assigned to somebody."""
    await shop.say(f"/publish {number} poshmark")
    async with shop.app.house.db.write() as session:
        [task] = (await session.execute(select(ManualTask))).scalars()
        task.assigned_to = member_id
        return task.id
