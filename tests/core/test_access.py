"""Who may do what."""

from __future__ import annotations

import pytest

from bot.chat.registry import REGISTRY
from core.rules.access import LEAST, RANK, ROLES, Ability, left_out, may, may_on, not_theirs, outranks, refusal
from core.values.states import Role

# The table as the business reads it: each ability with the roles that have it. Written out, so that a slip in the rule shows.
HAVE = {
    Ability.LOOK: "owner manager seller viewer", Ability.SELF: "owner manager seller viewer",
    Ability.EDIT: "owner manager seller", Ability.PUBLISH: "owner manager seller", Ability.PRICE: "owner manager seller",
    Ability.DELIST: "owner manager seller", Ability.SOLD: "owner manager seller", Ability.UNDO: "owner manager seller",
    Ability.DECIDE: "owner manager seller", Ability.TASKS: "owner manager seller",
    Ability.STOCK: "owner manager seller", Ability.SHIP: "owner manager seller", Ability.MONEY_BACK: "owner manager",
    Ability.BUYERS: "owner manager seller", Ability.FORGET: "owner manager", Ability.RECONCILE: "owner manager seller",
    Ability.EXPORT: "owner manager", Ability.PAUSE: "owner manager seller",
    Ability.CONNECT: "owner manager", Ability.REPLAY: "owner manager", Ability.INVITE: "owner manager", Ability.MEMBERS: "owner",
}  # fmt: skip


@pytest.mark.parametrize("ability", Ability)
@pytest.mark.parametrize("role", Role)
def test_the_table(role: Role, ability: Ability) -> None:
    assert may(role, ability) == (role.value in HAVE[ability].split())


def test_every_ability_and_role_has_its_place() -> None:
    assert set(LEAST) == set(Ability) == set(HAVE)
    assert set(RANK) == set(ROLES) == set(Role)


def test_every_command_and_button_needs_an_ability_of_the_table() -> None:
    import bot.chat.router  # noqa: F401 - registers them

    assert {command.needs for command in REGISTRY.commands.values()} <= set(LEAST)
    assert {needs for _handler, needs in REGISTRY.actions.values()} <= set(LEAST)


def test_what_changes_something_is_no_viewers() -> None:
    """A button or command that only needs looking at must only look: these are all there are."""
    import bot.chat.router  # noqa: F401 - registers them

    looking = sorted(name for name, (_handler, needs) in REGISTRY.actions.items() if needs is Ability.LOOK)
    acting = ("publish", "price", "delist", "sold", "draft", "change", "task.done", "task.snooze", "line", "channel", "member.role", "undo")
    assert [name for name in looking if name.startswith(acting)] == []


def test_no_role_outranks_itself() -> None:
    assert [role for role in Role if outranks(role, role)] == []
    assert outranks(Role.OWNER, Role.MANAGER)
    assert not outranks(Role.SELLER, Role.MANAGER)


def test_the_refusals() -> None:
    assert refusal(Role.SELLER, Ability.MEMBERS) == "You are a seller here, and this needs an owner. Ask the owner."
    assert not_theirs(["eBay"], ["Shopify", "Poshmark"]) == "You look after eBay here, not Shopify, Poshmark. Ask the owner."
    assert left_out(["Shopify"]) == "Left out, since it is not yours to look after: Shopify."


def test_who_is_limited_to_nothing_may_act_everywhere() -> None:
    assert may_on((), "ebay")
    assert may_on(("ebay",), "ebay")
    assert not may_on(("ebay",), "shopify")
