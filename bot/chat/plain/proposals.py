"""What was understood, shown before it acts: a card that says what each command would do, with a button for each.

A button of such a card works once. It is the same button that typing the command would be: whoever presses it must be allowed to, and
what has changed meanwhile counts. After the press the card says who said what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select

from bot.chat.cards.parts import called
from bot.chat.context import Context
from core.errors import Refused
from core.flows.posts import DIRTY, button_id
from core.values.card import Button, Card, Line
from core.words import _
from storage.db import wake
from storage.keys import new_key
from storage.models import CardButton, Item, Post
from storage.work import rows_of

ONCE = "once"  # in a button's action: the key of its card


@dataclass(frozen=True, slots=True)
class Proposal:
    """A command line, what it would do, and the item that it is about."""

    line: str
    what: str
    item: Item | None = None


def propose(proposals: Sequence[Proposal], by: str) -> Card:
    """One question for one command; a button each, and one for all, where there are several. `by` is the member who said it."""
    key = new_key()
    if len(proposals) == 1:
        only = proposals[0]
        text = _("{line}: {what}. Do it?").format(line=only.line, what=only.what)
        return Card(text=text, buttons=((_say(_("Yes"), only.line, key, "primary"), _no(_("No"), [only.line], key, by)),))
    lines = tuple(Line(one.line, one.what) for one in proposals)
    rows = tuple((_say(one.line, one.line, key),) for one in proposals)
    return Card(title=_("Do this?"), lines=lines, buttons=(*rows, _last([one.line for one in proposals], key, by)))


def choose(text: str, proposals: Sequence[Proposal], by: str) -> Card:
    """Which of these is meant: each with a button that does it."""
    key = new_key()
    lines = tuple(Line(one.line, one.what) for one in proposals)
    rows = []
    for one in proposals:
        several = sum(other.item is one.item for other in proposals) > 1
        rows.append((_say(one.line if several or one.item is None else called(one.item, {}).label, one.line, key, picks=True),))
    return Card(text=text, lines=lines, buttons=(*rows, (_no(_("None of these"), [one.line for one in proposals], key, by),)))


def _say(label: str, line: str, key: str, style: str = "", *, picks: bool = False) -> Button:
    return Button(label, {"do": "say", "text": line, ONCE: key, **({"picks": True} if picks else {})}, style)


def _no(label: str, lines: Sequence[str], key: str, by: str) -> Button:
    return Button(label, {"do": "plain.no", "lines": list(lines), ONCE: key, "by": by})


def _last(lines: Sequence[str], key: str, by: str) -> tuple[Button, ...]:
    """The row under the commands: all of them, or none."""
    every = Button(_("All of it"), {"do": "plain.all", "lines": list(lines), ONCE: key}, "primary")
    no = _no(_("No"), lines, key, by)
    return (every, no) if len(lines) > 1 else (no,)


async def use(ctx: Context, action: dict[str, Any]) -> None:
    """A button of a proposal was pressed: it is used up, and its card says so. Raises `Refused` when it was used before."""
    workspace = ctx.person.workspace_id
    used = await ctx.session.execute(delete(CardButton).where(CardButton.id == button_id(workspace, action)))
    if rows_of(used) != 1:
        raise Refused(_("This was answered already. Say it again if you still want it."))
    post = await _post(ctx)
    if post is None:
        return
    before = Card.of_json(post.card)
    after = _pressed(before, action, ctx.person.name)
    kept = {button.id for row in after.buttons for button in row}
    gone = [button.id for row in before.buttons for button in row if button.id and button.id not in kept]
    await ctx.session.execute(delete(CardButton).where(CardButton.id.in_(gone)))
    post.card, post.state, post.version, post.due_at = after.to_json(), DIRTY, post.version + 1, ctx.now()
    wake(ctx.session, "card_post", post.id, priority=2)


async def _post(ctx: Context) -> Post | None:
    said = ctx.inbound
    query = select(Post).where(Post.surface == said.surface, Post.chat == said.chat, Post.message == said.message).with_for_update()
    found: Post | None = (await ctx.session.execute(query)).scalar() if said.message else None
    return found if found is not None and not found.view else None


def _pressed(card: Card, action: dict[str, Any], who: str) -> Card:
    """The card after one of its buttons was pressed."""
    key, line = action[ONCE], str(action.get("text", ""))
    yes, no = _("{who}: yes").format(who=who), _("{who}: no").format(who=who)
    if action["do"] == "plain.no":
        return replace(card, lines=(*card.lines, Line(value=no)), buttons=())
    if not card.lines:
        return replace(card, lines=(Line(value=yes, mood="good"),), buttons=())
    every = action["do"] == "plain.all"
    lines = tuple(replace(one, note=yes, mood="good") if (every and not one.note) or one.label == line else one for one in card.lines)
    left = [one.label for one in lines if one.mood != "good"]
    if every or action.get("picks") or not left:
        return replace(card, lines=lines, buttons=())
    rows = tuple(row for row in card.buttons if row[0].action.get("do") == "say" and row[0].action.get("text") in left)
    by = next(str(one.action.get("by", "")) for row in card.buttons for one in row if one.action.get("do") == "plain.no")
    return replace(card, lines=lines, buttons=(*rows, _last(left, key, by)))
