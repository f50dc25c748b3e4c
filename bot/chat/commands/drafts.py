"""The draft card's buttons: answering, choosing channels, publishing, discarding."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.cards.draft import chosen_accounts, open_questions
from bot.chat.commands.fields import hold, set_field, the_item
from bot.chat.context import Context
from bot.chat.registry import action
from core.errors import Refused
from core.flows import edits, intake
from core.flows.posts import touch
from core.flows.wanted import sheet_of
from core.money import Money
from core.rules.access import Ability, may
from core.rules.drafts import answers as fits
from core.rules.naming import of_item
from core.values.states import DraftState, ItemState
from core.words import N_, _, here
from storage.db import wake
from storage.models import Account, Draft, Item

ASKED = {
    "title": N_("What is it? Type the title for item {number}."),
    "price": N_("What should item {number} cost? Type an amount like 45."),
    "floor": N_("What is the least you would take for item {number}? Type an amount like 30."),
    "cost": N_("What did you pay for item {number}? Type an amount like 12."),
    "quantity": N_("How many of item {number} do you have? Type a number."),
}


@action("draft.ended", needs=Ability.EDIT)
async def ended(ctx: Context, draft: str) -> None:
    row = await ctx.session.get_one(Draft, draft)
    if row.state == DraftState.UPLOADING:
        row.due_at = max(ctx.now(), intake.waits_until(row) or ctx.now())
        wake(ctx.session, "draft", row.id)


@action("draft.again", needs=Ability.EDIT)
async def again(ctx: Context, draft: str) -> None:
    row = await ctx.session.get_one(Draft, draft)
    if row.state == DraftState.FAILED:
        row.state, row.due_at, row.attempts, row.last_error = DraftState.PENDING, ctx.now(), 0, ""
        wake(ctx.session, "draft", row.id)
        await touch(ctx.session, ctx.db, ("item", row.item_id))


@action("draft.set", needs=Ability.EDIT)
async def set_(ctx: Context, item: str, field: str, value: str) -> None:
    await set_field(ctx, await the_item(ctx, item), field, value)


@action("draft.ask", needs=Ability.EDIT, asks=True)
async def ask(ctx: Context, item: str, field: str) -> None:
    row = await the_item(ctx, item)
    label = field.removeprefix("aspect:")
    text = _(ASKED.get(field, N_("{label} of item {number}? Type it."))).format(number=row.number, label=label)
    await ctx.ask(text, {"do": "draft.answer", "item": item, "field": field}, now=await _now(ctx, row, field))


async def _now(ctx: Context, item: Item, field: str) -> str:
    """What holds until it is answered, as one would type it."""
    if field in edits.AMOUNTS:
        amount = getattr(item, field)
        return "" if amount is None else Money(amount, item.currency).wire()
    _row, sheet = await sheet_of(ctx.session, item.id)
    known = sheet.fields.get(field)
    return item.title if field == "title" else known.text if known else ""


@action("draft.answer", needs=Ability.EDIT)
async def answer(ctx: Context, item: str, field: str, answer: str) -> None:
    row = await the_item(ctx, item)
    await set_field(ctx, row, field, answer)
    await ctx.show("draft" if row.state == ItemState.DRAFT else "item", ("item", item))


async def answer_open_draft(ctx: Context, text: str) -> bool:
    """Plain words while the newest draft asks something: an amount is its price, and so on. False when they fit nothing."""
    query = (
        select(Draft)
        .where(Draft.workspace_id == ctx.person.workspace_id, Draft.state == DraftState.REVIEW, Draft.member_id == ctx.person.member_id)
        .order_by(Draft.id.desc())
        .limit(1)
    )
    row = (await ctx.session.execute(query)).scalar()
    if row is None or not may(ctx.person.role, Ability.EDIT):
        return False
    item = await ctx.session.get_one(Item, row.item_id)
    easel = ctx.easel()
    _there, chosen = await chosen_accounts(easel, row)
    _row, sheet = await sheet_of(ctx.session, item.id)
    for question in open_questions(easel, item, row, sheet, chosen):
        if fits(question, text):
            await set_field(ctx, item, question.field, text)
            return True
    return False


@action("draft.channel", needs=Ability.EDIT)
async def channel(ctx: Context, item: str, account: str) -> None:
    """Switch a channel on or off for this draft."""
    thing = await the_item(ctx, item)
    row, _sheet = await sheet_of(ctx.session, thing.id)
    there = await ctx.session.get_one(Account, account)
    chosen = list(row.choices.get("channels", []))
    if account in chosen:
        chosen.remove(account)
    else:
        chosen.append(account)
    await edits.write(ctx.session, ctx.house, ctx.person, thing, "channels", chosen)
    if account in chosen and account not in row.choices.get("categories", {}) and ctx.house.capabilities[there.channel].categories:
        await intake.ask_again(ctx.session, ctx.house, row)


@action("draft.category", needs=Ability.EDIT)
async def category(ctx: Context, item: str, account: str, category: str) -> None:
    """Take another of the suggested categories; what it needs is asked of the marketplace."""
    thing = await the_item(ctx, item)
    row, _sheet = await sheet_of(ctx.session, thing.id)
    picked = {**row.choices.get("picked", {}), account: category}
    await edits.write(ctx.session, ctx.house, ctx.person, thing, "picked", picked)


@action("draft.discard", needs=Ability.EDIT)
async def discard(ctx: Context, item: str) -> None:
    row = await the_item(ctx, item)
    await hold(ctx, row)
    if row.state != ItemState.DRAFT:
        raise Refused(
            _("Item {number} is {state}. Take it down with /delist {number}.").format(number=row.number, state=here(of_item(row.state)))
        )
    draft, _sheet = await sheet_of(ctx.session, row.id)
    await intake.discard(ctx.session, ctx.house, ctx.person, row, draft)
