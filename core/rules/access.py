"""Who may do what: one table, asked when a command is typed and again when a button is pressed."""

from __future__ import annotations

from core.values.states import Role

RANK = {Role.VIEWER: 0, Role.SELLER: 1, Role.MANAGER: 2, Role.OWNER: 3}

# The least role for each kind of thing.
LOOK, SELL, RUN, OWN = Role.VIEWER, Role.SELLER, Role.MANAGER, Role.OWNER


def may(role: Role, needed: Role) -> bool:
    return RANK[role] >= RANK[needed]


def refusal(role: Role, needed: Role) -> str:
    """The sentence for somebody who may not."""
    return f"You are a {role.value} here, and this needs a {needed.value}. Ask the owner."
