"""The ways in of one member, and what they choose for themselves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.chat.commands.me import near_zones
from core.flows import people, sessions
from core.values.states import Role
from storage.models import Member
from tests.bot.http.test_events import listening
from tests.bot.people import Chat, accounts_of, code_for, join, member_named, owner_chat
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


@pytest.fixture
def database_kind() -> str:
    """Nothing here depends on the kind."""
    return "sqlite"


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as opened:
        yield opened


async def code_on(chat: Chat, asked: str) -> str:
    """The code that a command shows."""
    await chat.say(asked)
    return str((await chat.posts())[-1].card["lines"][-1]["value"].split()[-1])


async def test_a_code_that_is_asked_for_in_one_chat_and_said_in_another_joins_them(shop: TestShop) -> None:
    owner = owner_chat(shop)
    code = await code_on(owner, "/link")
    phone = Chat(shop, "telegram", "77", "77", name="Samuel", language="es")
    await phone.say(f"/link {code}")
    assert "You talk here as the same member now." in await phone.last() or "mismo" in await phone.last()
    assert await accounts_of(shop, shop.person.member_id) == [("telegram", "77"), ("web", shop.person.member_id)]
    assert "Used" in await owner.text()
    assert code not in (await owner.text())
    await phone.say(f"/link {code}")
    assert (await people.who(shop.app.house, "telegram", "77")).member_id == shop.person.member_id  # type: ignore[union-attr]


async def test_an_account_of_another_member_is_asked_about_and_never_taken_silently(shop: TestShop) -> None:
    house = shop.app.house
    ann = await people.enter(house, await code_for(shop, Role.SELLER), "telegram", "77", name="Ann", chat="77")
    phone = Chat(shop, "telegram", "77", "77", name="Ann")
    owner = owner_chat(shop)
    code = await code_on(owner, "/link")
    await phone.say(f"/start {code}")  # a link that is opened changes nothing for who is in already
    assert (await people.who(house, "telegram", "77")) == ann
    await phone.say(f"/link {code}")
    assert "You talk here as Ann (seller). Shall I take you for Sam (owner) from now on?" in await phone.last()
    assert (await people.who(house, "telegram", "77")) == ann
    other = Chat(shop, "telegram", "78", "77")  # somebody else in the same chat
    await people.enter(house, await code_for(shop, Role.SELLER), "telegram", "78", name="Bea", chat="78")
    await other.put(**await phone.button("Yes, I am Sam"))
    await shop.idle()
    assert "This asks somebody else." in await phone.last()
    await phone.press("Yes, I am Sam")
    assert "You talk here as Sam, owner." in await phone.last()
    assert (await people.who(house, "telegram", "77")).member_id == shop.person.member_id  # type: ignore[union-attr]
    assert (await member_named(shop, "Ann")).active
    await phone.press("Yes, I am Sam")
    assert "used already" in await phone.last()


async def test_parting_an_account_makes_it_a_strangers_but_the_last_way_in_stays(shop: TestShop) -> None:
    house = shop.app.house
    await people.enter(house, await code_for(shop, Role.SELLER), "telegram", "77", name="Ann", chat="77")
    phone = Chat(shop, "telegram", "77", "77", name="Ann")
    await phone.say("/unlink")
    await phone.press("Part Telegram")
    assert "This is your only way in." in await phone.last()
    code = await code_on(phone, "/link")
    slack = Chat(shop, "slack", "U1", "D1", name="Ann")
    await slack.say(f"link {code}")
    await slack.say("/unlink")
    await slack.press("Part Telegram")
    assert "You are a stranger to me in Telegram now." in await slack.last()
    assert await people.who(house, "telegram", "77") is None
    owner = owner_chat(shop)
    await owner.say("/unlink")
    assert "You talk with me in the browser only" in await owner.last()


async def test_a_link_for_the_browser_comes_in_private_and_signs_the_same_member_in(shop: TestShop) -> None:
    await people.enter(shop.app.house, await code_for(shop, Role.SELLER), "telegram", "77", name="Ann", chat="77")
    phone = Chat(shop, "telegram", "77", "77", name="Ann")
    await phone.say("/web")
    [[button]] = (await phone.posts())[-1].card["buttons"]
    url = button["url"]
    assert url.startswith(f"{shop.url}/enter?code=")
    async with httpx.AsyncClient(base_url=shop.url, trust_env=False) as browser:
        seen = await browser.get(url)
        assert "This signs you in as Ann." in seen.text
        entered = await browser.post("/enter", data={"code": url.partition("code=")[2]}, headers={"Origin": shop.url})
        assert entered.status_code == 303
        me = (await browser.get("/api/v1/me")).json()
    assert (me["name"], me["role"]) == ("Ann", "seller")
    assert url not in await phone.text()
    await phone.say("/web")
    [[late]] = (await phone.posts())[-1].card["buttons"]
    shop.clock.move(minutes=16)
    assert await people.look_at(shop.app.house, late["url"].partition("code=")[2]) is None


async def test_a_card_does_not_go_on_showing_a_code_that_ran_out(shop: TestShop) -> None:
    await shop.say("/link")
    code = next(button["copy"] for row in json.loads(await shop.last())["buttons"] for button in row if button.get("copy"))
    await sessions.retell_expired(shop.app.house)
    await shop.idle()
    assert code in await shop.last()
    shop.clock.move(hours=25)
    await sessions.retell_expired(shop.app.house)
    await shop.idle()
    assert code not in await shop.last()
    assert "unused: this code lets nobody in" in await shop.last()


async def test_sessions_are_listed_and_ended_and_open_pages_hear_of_it(shop: TestShop) -> None:
    house = shop.app.house
    one, _other = [await sessions.open_session(house, shop.person, name=name) for name in ("Firefox, Linux", "Safari, iPhone")]
    await sessions.open_session(house, shop.person, name=sessions.TERMINAL)
    owner = owner_chat(shop)
    async with (
        httpx.AsyncClient(base_url=shop.url, trust_env=False, headers={"Authorization": f"Bearer {one}"}) as page,
        listening(page) as stream,
    ):
        await owner.say("/sessions")
        told = await owner.last()
        assert "Firefox, Linux" in told
        assert "haggle talk, where Haggle runs" in told
        await owner.press("Sign out everywhere")
        while (event := await stream.next())[0] == "news":
            pass
        assert event[0] == "left"
    assert await sessions.session_person(house, one) is None
    await owner.say("/sessions")
    assert "haggle talk" in await owner.last()
    assert "End 1" not in await owner.last()


async def test_an_open_page_of_a_member_who_is_switched_off_ends_at_once(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    person = await people.who(shop.app.house, "web", ann.account)
    assert person is not None
    token = await sessions.open_session(shop.app.house, person)
    async with (
        httpx.AsyncClient(base_url=shop.url, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as page,
        listening(page) as stream,
    ):
        owner = owner_chat(shop)
        await owner.say("/members Ann")
        await owner.press("Switch off…")
        await owner.press("Switch off")
        while (event := await stream.next())[0] == "news":
            pass
        assert event[0] == "left"


async def test_a_session_of_another_is_not_ended(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    token = await sessions.open_session(shop.app.house, shop.person, name="Firefox, Linux")
    owner = owner_chat(shop)
    await owner.say("/sessions")
    await ann.put(**await owner.button("End 1"))
    await ann.put(**await owner.button("Sign out everywhere"))
    await shop.idle()
    assert "not yours" in await ann.text()
    assert "This asks somebody else." in await ann.text()
    assert await sessions.session_person(shop.app.house, token) is not None


async def test_language_and_time_zone_are_each_members_own(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    await ann.say("/language")
    await ann.press("Español")
    assert "Español" in await ann.last()
    assert (await member_named(shop, "Ann")).language == "es"
    await ann.say("/language Klingon")
    await ann.press("English")
    await ann.say("/timezone madrid")
    await ann.press("Europe/Madrid")
    assert "You read times in Europe/Madrid from now on" in await ann.last()
    await ann.say("/me")
    told = await ann.last()
    for part in ('"Ann"', "Europe/Madrid", "English", "seller", "all channels", "the browser"):
        assert part in told
    await ann.say("/timezone Nowhere/Atlantis")
    assert "I know no time zone" in await ann.last()
    owner = owner_chat(shop)
    await owner.say("/me")
    assert '"value": "UTC"' in await owner.last()


def test_a_slip_in_a_time_zone_finds_what_was_meant() -> None:
    assert near_zones("madrid") == ["Europe/Madrid"]
    assert "Europe/Madrid" in near_zones("Europe/Madird")
    assert near_zones("america/new_yrok") == ["America/New_York"]
    assert near_zones("xyzzy") == []


async def test_the_owner_takes_the_name_that_they_bring(shop: TestShop) -> None:
    """The first start makes an owner without a name; who comes by the terminal's link is that owner, and nobody after them."""
    async with shop.app.house.db.write() as session:
        (await session.get_one(Member, shop.person.member_id)).name = people.NAMELESS
    code = await people.owner_code(shop.app.house)
    phone = Chat(shop, "telegram", "77", "77", name="Samuel")
    await phone.say(f"/start {code}")
    assert (await member_named(shop, "Samuel")).id == shop.person.member_id
    second = Chat(shop, "telegram", "78", "78", name="Eve")
    await second.say(f"/start {code}")
    assert "used already" in await second.last()
    assert await people.who(shop.app.house, "telegram", "78") is None


async def test_who_is_there_is_noted_once_an_hour(shop: TestShop) -> None:
    ann = await join(shop, Role.SELLER)
    await ann.say("/me")
    shop.clock.move(hours=3)
    await ann.say("/me")
    owner = owner_chat(shop)
    await owner.say("/members")
    seen = next(line for line in (await owner.posts())[-1].card["lines"] if line["label"] == "Ann")
    assert f"{shop.clock.now():%H:%M}"[:3] in seen["note"]
