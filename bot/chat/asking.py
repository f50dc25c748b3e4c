"""What a button would ask, found out without doing anything: for surfaces that ask in a window of their own."""

from __future__ import annotations

from typing import Any

from bot.chat.context import Context
from bot.chat.registry import REGISTRY
from core.errors import HaggleError
from core.ports import Asked
from core.values.card import Card
from core.words import _
from storage.models import CardButton


class _Asks(Exception):
    """No error: the way out of an action as soon as it asks."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked


class Asking(Context):
    """A context in which nothing can be answered: an action that asks ends with its question."""

    __slots__ = ()

    async def ask(self, text: str, action: dict[str, object], *, now: str = "") -> None:
        raise _Asks(Asked(_("Your answer"), text, now, _("Send"), _("Cancel")))

    async def say(self, card: Card | str) -> None:
        raise AssertionError("an action that is registered as asking does nothing else")

    async def show(self, view: str, subject: tuple[str, str]) -> None:
        raise AssertionError("an action that is registered as asking does nothing else")


async def question_of(ctx: Asking) -> Asked | None:
    """What the pressed button asks; None when it asks nothing, or cannot be pressed (pressing it says why)."""
    row = await ctx.session.get(CardButton, ctx.inbound.press)
    if row is None or row.workspace_id != ctx.person.workspace_id or row.action["do"] not in REGISTRY.asking:
        return None
    values: dict[str, Any] = dict(row.action)
    try:
        await ctx.act(str(values.pop("do")), values)
    except _Asks as asks:
        return asks.asked
    except HaggleError:
        return None
    return None
