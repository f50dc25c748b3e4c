"""Publishing: what is still to be answered is asked one by one, and then it goes up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.chat.cards.draft import choice_rows, chosen_accounts, open_questions
from bot.chat.commands.fields import hold, set_field, the_item
from bot.chat.context import Context
from bot.chat.registry import action
from core.errors import Refused
from core.flows import intake
from core.flows.wanted import sheet_of
from core.rules.access import Ability, may_on
from core.rules.drafts import Question
from core.rules.naming import of_item
from core.values.card import Button, Card
from core.values.states import DraftState, ItemState
from core.words import _, here
from storage.models import Account, Draft, Item

READING = (DraftState.UPLOADING, DraftState.PENDING, DraftState.PROCESSING)


async def publish_item(ctx: Context, item: Item, only: Sequence[Account] = ()) -> None:
    """Publish on the chosen channels, or on some only. What a channel still needs is asked, and its answer leads here again."""
    await hold(ctx, item)
    if item.state in (ItemState.SOLD, ItemState.ARCHIVED):
        raise Refused(_("Item {number} is {state}, so it cannot go up.").format(number=item.number, state=here(of_item(item.state))))
    row, sheet = await sheet_of(ctx.session, item.id)
    if row.state in READING:
        raise Refused(_("I am still reading item {number}. Its card says when it is ready.").format(number=item.number))
    easel = ctx.easel()
    _there, chosen = await chosen_accounts(easel, row)
    named = list(only) or chosen
    chosen = [one for one in named if may_on(ctx.person.channels, one.channel)] or await ctx.theirs(named, _channel)
    if await _asks_marketplaces(ctx, item, row, chosen):
        await _later(ctx, item, only)
        return
    asked = open_questions(easel, item, row, sheet, chosen)
    if asked:
        await _ask(ctx, item, asked[0], only)
        return
    await ctx.theirs(named, _channel)  # says what is left out, now that nothing is to be asked any more
    usual = not only and len(chosen) == len(named)
    made = await intake.publish(ctx.session, ctx.house, ctx.person, item, row, chosen, usual=usual)
    if not made:
        await ctx.say(_("Item {number} is up there already.").format(number=item.number))
        return
    await ctx.show("batch", ("batch", made[0].batch))


async def rehearse_item(ctx: Context, item: Item, only: Sequence[Account] = ()) -> None:
    """Show what a publish would send to the chosen channels, or to some only, and what each would refuse."""
    row, _sheet = await sheet_of(ctx.session, item.id)
    if row.state in READING:
        raise Refused(_("I am still reading item {number}. Its card says when it is ready.").format(number=item.number))
    _there, chosen = await chosen_accounts(ctx.easel(), row)
    named = list(only) or chosen
    if not named:
        raise Refused(_("Nothing is connected yet. Type /connect to choose where you sell."))
    await ctx.show("dry", ("dry", ":".join((item.id, *(one.id for one in named)))))


async def _asks_marketplaces(ctx: Context, item: Item, row: Draft, chosen: Sequence[Account]) -> bool:
    """An account that was connected after the photos were read is asked for a category, once: without one it may refuse the listing."""
    asked = row.choices.get("asked", [])
    known = {*row.choices.get("categories", {}), *asked}
    new = [one.id for one in chosen if ctx.house.capabilities[one.channel].categories and one.id not in known]
    if not new or not item.title or not ctx.house.outward:
        return False
    row.choices = {**row.choices, "asked": [*asked, *new]}
    await intake.ask_again(ctx.session, ctx.house, row)
    return True


async def _later(ctx: Context, item: Item, only: Sequence[Account]) -> None:
    names = ", ".join(ctx.easel().channel(one.channel) for one in only)
    label = _("Publish on {names}").format(names=names) if names else _("Publish")
    button = Button(label, {"do": "publish.go", "item": item.id, "on": [one.id for one in only]}, "primary")
    text = _("I am asking the marketplaces what item {number} needs there; that takes a moment. Then it can go up.")
    await ctx.say(Card(text=text.format(number=item.number), buttons=((button,),)))


async def _ask(ctx: Context, item: Item, question: Question, only: Sequence[Account]) -> None:
    """The question of the draft's card, on a card of its own: tapped, or typed as the next words."""
    names = ", ".join(ctx.easel().channel(one.channel) for one in only)
    before = _("Before item {number} can go up on {names}:") if names else _("Before item {number} can go up:")
    text = f"{before.format(number=item.number, names=names)} {question.text}"
    then: dict[str, Any] = {"item": item.id, "on": [one.id for one in only], "field": question.field}
    if question.choices:
        rows = choice_rows(question, {"do": "publish.set", **then}, {"do": "publish.ask", **then})
        await ctx.say(Card(text=text, buttons=rows, mood="warn"))
    else:
        await ctx.ask(text, {"do": "publish.answer", **then})


@action("draft.publish", needs=Ability.PUBLISH)
async def publish(ctx: Context, item: str) -> None:
    await publish_item(ctx, await the_item(ctx, item))


@action("publish.go", needs=Ability.PUBLISH)
async def go(ctx: Context, item: str, on: list[str]) -> None:
    await publish_item(ctx, await the_item(ctx, item), await _accounts(ctx, on))


@action("publish.ask", needs=Ability.PUBLISH, asks=True)
async def ask(ctx: Context, item: str, on: list[str], field: str) -> None:
    row = await the_item(ctx, item)
    text = _("{label} of item {number}? Type it.").format(label=field.removeprefix("aspect:"), number=row.number)
    await ctx.ask(text, {"do": "publish.answer", "item": item, "on": on, "field": field})


@action("publish.answer", needs=Ability.PUBLISH)
async def answer(ctx: Context, item: str, on: list[str], field: str, answer: str) -> None:
    await set_(ctx, item, on, field, answer)


@action("publish.set", needs=Ability.PUBLISH)
async def set_(ctx: Context, item: str, on: list[str], field: str, value: str) -> None:
    """An answer; then what is still open is asked, or it goes up."""
    row = await the_item(ctx, item)
    await set_field(ctx, row, field, value)
    draft, _sheet = await sheet_of(ctx.session, item)
    accounts = await _accounts(ctx, on)
    if draft.state in READING:  # another title: the marketplaces are asked about it
        await _later(ctx, row, accounts)
        return
    await publish_item(ctx, row, accounts)


def _channel(account: Account) -> str:
    return account.channel


async def _accounts(ctx: Context, on: Sequence[str]) -> list[Account]:
    return [one for one in await ctx.accounts() if one.id in on]
