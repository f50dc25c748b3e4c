"""Who may do what: one table, asked when a command is typed and again when a button is pressed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from core.values.states import Role
from core.words import N_, Told

RANK = {Role.VIEWER: 0, Role.SELLER: 1, Role.MANAGER: 2, Role.OWNER: 3}


class Ability(StrEnum):
    """Each thing that can be done, as far as permission goes."""

    LOOK = "look"  # cards, lists, sums
    SELF = "self"  # one's own language, notices, sign-ins
    EDIT = "edit"  # drafts, photos, what is said about an item
    PUBLISH = "publish"
    PRICE = "price"
    DELIST = "delist"
    SOLD = "sold"  # sales outside, and which item an order's line was
    UNDO = "undo"
    DECIDE = "decide"  # yes or no to what was proposed
    TASKS = "tasks"
    STOCK = "stock"  # how many there are
    SHIP = "ship"  # parcels, and that they arrived
    MONEY_BACK = "money_back"  # refunds and cancelled orders
    BUYERS = "buyers"  # names and addresses, papers that show them; each look leaves a trace
    FORGET = "forget"  # erasing a buyer
    RECONCILE = "reconcile"
    EXPORT = "export"
    PAUSE = "pause"
    CONNECT = "connect"
    REPLAY = "replay"
    INVITE = "invite"
    MEMBERS = "members"


LEAST: Mapping[Ability, Role] = MappingProxyType(
    {
        Ability.LOOK: Role.VIEWER,
        Ability.SELF: Role.VIEWER,
        Ability.EDIT: Role.SELLER,
        Ability.PUBLISH: Role.SELLER,
        Ability.PRICE: Role.SELLER,
        Ability.DELIST: Role.SELLER,
        Ability.SOLD: Role.SELLER,
        Ability.UNDO: Role.SELLER,
        Ability.DECIDE: Role.SELLER,
        Ability.TASKS: Role.SELLER,
        Ability.STOCK: Role.SELLER,
        Ability.SHIP: Role.SELLER,
        Ability.MONEY_BACK: Role.MANAGER,
        Ability.BUYERS: Role.SELLER,
        Ability.FORGET: Role.MANAGER,
        Ability.RECONCILE: Role.SELLER,
        Ability.EXPORT: Role.MANAGER,
        Ability.PAUSE: Role.SELLER,
        Ability.CONNECT: Role.MANAGER,
        Ability.REPLAY: Role.MANAGER,
        Ability.INVITE: Role.MANAGER,
        Ability.MEMBERS: Role.OWNER,
    }
)
ROLES = {Role.OWNER: N_("owner"), Role.MANAGER: N_("manager"), Role.SELLER: N_("seller"), Role.VIEWER: N_("viewer")}
_NEEDED = {
    Role.OWNER: N_("this needs an owner"), Role.MANAGER: N_("this needs a manager"), Role.SELLER: N_("this needs a seller"),
    Role.VIEWER: N_("this needs a viewer"),
}  # fmt: skip


def may(role: Role, ability: Ability) -> bool:
    return RANK[role] >= RANK[LEAST[ability]]


def refusal(role: Role, ability: Ability) -> Told:
    """The sentence for somebody who may not."""
    return Told("You are a {role} here, and {needed}. Ask the owner.", role=Told(ROLES[role]), needed=Told(_NEEDED[LEAST[ability]]))


def may_refuse(role: Role, ability: Ability, *, own: bool) -> bool:
    """Whether somebody may say no to what was proposed: whoever may say yes, and everybody to what they asked for themselves."""
    return own or may(role, ability)


def outranks(role: Role, other: Role) -> bool:
    """Whether somebody with a role stands above another: nobody invites or names one who does."""
    return RANK[role] > RANK[other]


def may_on(channels: Collection[str], channel: str) -> bool:
    """Whether a member who is limited to some marketplaces (none named: not limited) may act on one."""
    return not channels or channel in channels


def not_theirs(theirs: Collection[str], channels: Collection[str]) -> Told:
    """The sentence for who may not act there. Both are marketplaces by the names that people read."""
    return Told("You look after {theirs} here, not {channels}. Ask the owner.", theirs=", ".join(theirs), channels=", ".join(channels))


def left_out(channels: Collection[str]) -> Told:
    """What is said beside what was done, by the names that people read."""
    return Told("Left out, since it is not yours to look after: {channels}.", channels=", ".join(channels))
