"""Who belongs to the business: inviting, roles, switching off, and who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.registry import REGISTRY
from core.errors import Refused
from core.flows import accounts, members, people
from core.rules.access import LEAST, RANK, ROLES, Ability
from core.values.states import Role
from tests.bot.people import Chat, join, member_named, owner_chat, person_of, trail
from tests.sandbox_process import SandboxProcess
from tests.shop import TestShop, open_shop


@pytest.fixture
def database_kind() -> str:
    """What depends on the kind is in test_member_races.py."""
    return "sqlite"


@pytest.fixture
async def shop(tmp_path: Path, sandbox: SandboxProcess, database_url: str) -> AsyncIterator[TestShop]:
    """Nothing is connected but Poshmark, which is by hand."""
    async with open_shop(tmp_path, sandbox, url=database_url, connect=False) as opened:
        await opened.say("/connect poshmark")
        yield opened


async def test_an_invitation_says_what_it_grants_and_then_who_came(shop: TestShop) -> None:
    owner = owner_chat(shop)
    await owner.say("/invite seller poshmark")
    card = (await owner.posts())[-1].card
    assert card["title"] == "Invitation: seller"
    lines = {line["label"]: line["value"] for line in card["lines"]}
    assert lines["Looks after"] == "Poshmark"
    assert lines["In the browser"].startswith(f"{shop.url}/enter?code=")
    code = lines["In any chat with me"].removeprefix("/join ")
    assert lines["In the browser"].endswith(code)

    newcomer = Chat(shop, "telegram", "77", "77", name="Ann Seller", language="es-MX")
    await newcomer.say(f"/join {code}")
    assert "¡" in await newcomer.last() or "Hello! I am Haggle." in await newcomer.last()
    ann = await member_named(shop, "Ann Seller")
    assert (ann.role, ann.channels, ann.language) == ("seller", ["poshmark"], "es")
    text = await owner.text()
    assert "Ann Seller came in as seller" in text
    assert code not in text  # what became of it stands there instead
    [entry] = await trail(shop, "member.invited")
    assert entry.data == {"role": "seller", "channels": ["poshmark"]}
    assert [one.data["invited_by"] for one in await trail(shop, "member.entered")][-1] == shop.person.member_id

    stranger = Chat(shop, "telegram", "78", "78", name="Eve")
    await stranger.say(f"/join {code}")
    assert "used already" in await stranger.last()
    await stranger.say("/items")
    assert len(await stranger.posts()) == 1  # one sentence was enough


async def test_a_withdrawn_invitation_lets_nobody_in(shop: TestShop) -> None:
    owner = owner_chat(shop)
    await owner.say("/invite")
    code = (await owner.posts())[-1].card["lines"][-1]["value"].removeprefix("/join ")
    await owner.press("Withdraw")
    assert "Withdrawn" in await owner.last()
    stranger = Chat(shop, "telegram", "78", "78")
    await stranger.say(f"/start {code}")
    assert "used already" in await stranger.last()
    assert len(await trail(shop, "invitation.withdrawn")) == 1


async def test_nobody_invites_above_their_role_or_beyond_their_channels(shop: TestShop) -> None:
    manager = await join(shop, Role.MANAGER, "poshmark")
    await manager.say("/invite owner")
    assert "nobody invites above their own role" in await manager.last()
    await manager.say("/invite seller ebay")
    assert "You cannot give what you do not have: ebay." in await manager.last()
    await manager.say("/invite viewer")
    assert '"Looks after", "value": "Poshmark"' in await manager.last()
    await manager.say("/invite tester")
    assert "neither a role nor a channel" in await manager.last()
    seller = await join(shop, Role.SELLER, name="Bea")
    await seller.say("/invite")
    assert "You are a seller here, and this needs a manager." in await seller.last()


async def test_an_invitation_dies_with_its_makers_permission(shop: TestShop) -> None:
    manager = await join(shop, Role.MANAGER)
    person = await person_of(shop, manager)
    async with shop.app.house.db.write() as session:
        code = await members.invite(session, shop.app.house, person, Role.MANAGER, ())
    async with shop.app.house.db.write() as session:
        await members.change_role(session, shop.app.house, shop.person, person.member_id, Role.VIEWER)
    assert await people.look_at(shop.app.house, code) is None
    with pytest.raises(Refused):
        await people.enter(shop.app.house, code, "telegram", "79", name="Eve")


async def test_codes_are_given_in_private_only(shop: TestShop) -> None:
    await link(shop, "telegram", "77")
    group = Chat(shop, "telegram", "77", "-5")
    for asked in ("/invite", "/link", "/web"):
        await group.say(asked)
        assert "Others read along here" in await group.last()
    await group.say("/start")
    assert "Hello" in await group.last()


async def link(shop: TestShop, surface: str, account: str) -> None:
    """Another account of the owner's."""
    code = await people.make_code(shop.app.house, Role.OWNER, member_id=shop.person.member_id)
    await people.enter(shop.app.house, code, surface, account, name="Sam", chat=account)


async def test_only_owners_change_members_also_by_a_button_that_another_asked_for(shop: TestShop) -> None:
    manager = await join(shop, Role.MANAGER)
    seller = await join(shop, Role.SELLER, name="Bea")
    await manager.say("/members Bea")
    await manager.press("Make viewer")
    assert "You are a manager here, and this needs an owner." in await manager.last()
    owner = owner_chat(shop)
    await owner.say("/members Bea")
    pressed = await owner.button("Make manager")
    await manager.put(**pressed)  # a button works by its id: who presses counts, not who was shown it
    await shop.idle()
    assert (await member_named(shop, "Bea")).role == "seller"
    await owner.press("Make manager")
    assert (await member_named(shop, "Bea")).role == "manager"
    assert '"Role", "value": "manager"' in await owner.last()  # the card is a living one
    [entry] = await trail(shop, "member.role")
    assert (entry.actor, entry.data) == (shop.person.actor, {"before": "seller", "after": "manager"})
    await owner.say("/members")
    assert '"label": "Bea", "value": "manager"' in await owner.last()
    await seller.say("/invite viewer")  # the new role holds at once
    assert "Invitation: viewer" in await seller.last()


async def test_a_role_that_changed_between_showing_and_pressing_counts(shop: TestShop) -> None:
    number = await shop.item()
    seller = await join(shop, Role.SELLER)
    await seller.say(f"/item {number}")
    pressed = await seller.button("Discard")
    await shop.say("/members Ann")
    await shop.press("Make viewer")
    await seller.put(**pressed)
    await shop.idle()
    assert "You are a viewer here, and this needs a seller." in await seller.last()
    assert (await shop.row(number)).deleted_at is None


async def test_the_last_owner_stays(shop: TestShop) -> None:
    owner = owner_chat(shop)
    await owner.say("/members Sam")
    await owner.press("Make viewer")
    assert "Sam is the only owner." in await owner.last()
    await owner.press("Switch off…")
    await owner.press("Switch off")
    assert "Sam is the only owner." in await owner.last()
    assert (await member_named(shop, "Sam")).role == "owner"


async def test_names(shop: TestShop) -> None:
    ann = await join(shop, Role.VIEWER)
    await ann.say("/members rename Ann Anna Smith")
    assert (await member_named(shop, "Anna Smith")).role == "viewer"
    await ann.say("/members rename Sam Boss")
    assert "this needs an owner" in await ann.last()
    await owner_chat(shop).say("/members rename anna smith Sam")
    assert "Somebody else is called Sam already." in await owner_chat(shop).last()
    await ann.say("/members Zoe")
    assert "Nobody here is called “Zoe”. There are: Anna Smith, Sam." in await ann.last()
    await ann.say("/members Sam")
    await ann.press("Name…")
    await ann.say("Sammy")
    assert "this needs an owner" in await ann.last()


# -- who may do what


@pytest.mark.parametrize("role", [role for role in ROLES if role is not Role.OWNER])
async def test_every_command_asks_the_table(shop: TestShop, role: Role) -> None:
    """Typed without arguments: whoever may not is refused before anything is looked at, whoever may is never refused for their role."""
    chat = await join(shop, role)
    for name, command in REGISTRY.commands.items():
        await chat.say(f"/{name}")
        told = "\n".join(str(post.card) for post in (await chat.posts())[-2:])
        refused = f"You are a {role.value} here" in told and "Ask the owner" in str((await chat.posts())[-1].card)
        needs = Ability.LOOK if command.looks("") else command.needs
        assert refused == (RANK[role] < RANK[LEAST[needs]]), (name, told)


@pytest.mark.parametrize("role", [role for role in ROLES if role is not Role.OWNER])
async def test_every_button_asks_the_table(shop: TestShop, role: Role) -> None:
    """Whatever a button is about: who may not press it is refused before anything is looked at."""
    chat = await join(shop, role)
    refused = [name for name, (_handler, needs) in REGISTRY.actions.items() if RANK[role] < RANK[LEAST[needs]]]
    assert refused
    for name in refused:
        await chat.put(press=await chat.stored({"do": name, "nothing": 1}))
    await shop.idle()
    told = [str(post.card) for post in await chat.posts() if "this needs a" in str(post.card)]
    assert len(told) == len(refused)


async def test_an_answer_asks_the_table_too(shop: TestShop) -> None:
    number = await shop.item()
    seller = await join(shop, Role.SELLER)
    await seller.say(f"/item {number}")
    await seller.press("Price…")
    await shop.say("/members Ann")
    await shop.press("Make viewer")
    await seller.say("45")
    assert "You are a viewer here" in await seller.last()
    assert (await shop.row(number)).price == 8000


async def test_a_consent_that_is_pasted_asks_the_table(shop: TestShop) -> None:
    async with shop.app.house.db.write() as session:
        url = await accounts.begin_connect(shop.app.house, session, shop.person, "ebay", "")
    viewer = await join(shop, Role.VIEWER)
    await viewer.say(f"http://localhost:1/oauth/ebay/callback?code=1&{url.partition('?')[2]}")
    assert "You are a viewer here, and this needs a manager." in await viewer.last()
    manager = await person_of(shop, await join(shop, Role.MANAGER, name="Bea"))
    async with shop.app.house.db.write() as session:
        url = await accounts.begin_connect(shop.app.house, session, manager, "ebay", "")
        await members.change_role(session, shop.app.house, shop.person, manager.member_id, Role.SELLER)
    state = url.partition("state=")[2].partition("&")[0]
    with pytest.raises(Refused, match="Bea began this connection, and may not connect ebay any more"):
        await accounts.finish_connect(shop.app.house, "ebay", {"state": state, "code": "1"})
