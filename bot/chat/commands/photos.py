"""Photos of an item, put in order or taken away; and camera rolls, parted into items."""

from __future__ import annotations

from bot.chat.cards.roll import split_card
from bot.chat.commands.fields import the_item
from bot.chat.context import Context
from bot.chat.registry import action, command
from core.errors import Missing, Refused
from core.flows import edits, rolls
from core.flows.posts import retire
from core.flows.wanted import photos_of
from core.rules import rolls as rules
from core.rules.access import Ability
from core.rules.rolls import MOST_A_GROUP
from core.values.card import Card
from core.values.states import RollState
from core.words import N_, _, ngettext
from storage.models import AuditEntry, Item, Roll

TOPIC = N_("Photos")
STILL = ("telegram",)  # where the pictures of a posted card stay what they are: a card whose pictures move is shown anew


@command("photos", N_("An item's photos: put them in order, take some away"), "/photos 42", needs=Ability.EDIT, topic=TOPIC)
async def photos(ctx: Context, item: Item) -> None:
    await ctx.show("photos", ("item", item.id))


@command(
    "bulk",
    N_("Turn a whole camera roll into items"),
    "/bulk",
    needs=Ability.EDIT,
    topic=TOPIC,
    details=N_("Then send up to 300 photos of everything that you want to sell. I part them into items, and you say yes."),
)
async def bulk(ctx: Context) -> None:
    there = await rolls.collecting(ctx.session, ctx.place)
    row = await rolls.begin(ctx.session, ctx.house, ctx.person, ctx.place)
    if there is not None:
        await ctx.show("roll", ("roll", row.id))


@action("photo.show", needs=Ability.EDIT)
async def show(ctx: Context, item: str) -> None:
    await photos(ctx, await the_item(ctx, item))


@action("photo.move", needs=Ability.EDIT)
async def move(ctx: Context, item: str, photo: str, before: str) -> None:
    """Put a photo before another."""
    row, names = await _photos(ctx, item, photo)
    if before not in names:
        raise Refused(
            _("The photos of item {number} are others by now. Its newest card shows them: /photos {number}").format(number=row.number)
        )
    names.remove(photo)
    names.insert(names.index(before), photo)
    await _write(ctx, row, names)


@action("photo.remove", needs=Ability.EDIT)
async def remove(ctx: Context, item: str, photo: str) -> None:
    row, names = await _photos(ctx, item, photo)
    if len(names) == 1:
        raise Refused(_("Item {number} needs a photo. Send another first, then remove this one.").format(number=row.number))
    names.remove(photo)
    await _write(ctx, row, names)


async def _photos(ctx: Context, item: str, photo: str) -> tuple[Item, list[str]]:
    row = await the_item(ctx, item)
    names = await photos_of(ctx.session, row.id)
    if photo not in names:
        raise Missing(_("That photo is none of item {number} any more.").format(number=row.number))
    return row, names


async def _write(ctx: Context, item: Item, names: list[str]) -> None:
    told = await edits.write(ctx.session, ctx.house, ctx.person, item, "photos", names)
    if told.sent:
        await ctx.show("batch", ("batch", told.batch))
    await _anew(ctx, "photos", ("item", item.id))


async def _anew(ctx: Context, view: str, subject: tuple[str, str], *, always: bool = False) -> None:
    """Show a card again whose pictures have moved; the pressed copy says that it did."""
    if always or ctx.place[0] in STILL:
        await retire(ctx.session, ctx.db, ctx.place, ctx.inbound.message, Card(text=_("Done. The card below shows how it is now.")))
        await ctx.show(view, subject)


@action("roll.ended", needs=Ability.EDIT)
async def ended(ctx: Context, roll: str) -> None:
    await rolls.end(ctx.session, ctx.house, await _roll(ctx, roll))


@action("roll.cancel", needs=Ability.EDIT)
async def cancel(ctx: Context, roll: str) -> None:
    await rolls.cancel(ctx.session, ctx.house, ctx.person, await _roll(ctx, roll))


@action("roll.again", needs=Ability.EDIT)
async def again(ctx: Context, roll: str) -> None:
    await rolls.again(ctx.session, ctx.house, await _roll(ctx, roll))


@action("roll.page", needs=Ability.EDIT)
async def page(ctx: Context, roll: str, page: int) -> None:
    row = await _roll(ctx, roll)
    await rolls.plan(ctx.session, ctx.house, row, page=page)
    await _anew(ctx, "parts", ("roll", row.id))


@action("roll.ask_split", needs=Ability.EDIT)
async def ask_split(ctx: Context, roll: str, photo: str) -> None:
    row = await _roll(ctx, roll)
    group = next((one for one in row.plan.get("groups", ()) if photo in one), None)
    if row.state != RollState.REVIEW or group is None:
        raise Refused(rolls.moved_on(row))
    await ctx.say(split_card(row, group))


@action("roll.split", needs=Ability.EDIT)
async def split(ctx: Context, roll: str, photo: str) -> None:
    row = await _roll(ctx, roll)
    await rolls.plan(ctx.session, ctx.house, row, groups=rules.split(row.plan.get("groups", ()), photo))
    await _anew(ctx, "parts", ("roll", row.id), always=True)


@action("roll.join", needs=Ability.EDIT)
async def join(ctx: Context, roll: str, photo: str) -> None:
    row = await _roll(ctx, roll)
    groups = rules.join(row.plan.get("groups", ()), photo)
    if any(len(group) > MOST_A_GROUP for group in groups):
        raise Refused(_("An item has {most} photos at most, and together these are more.").format(most=MOST_A_GROUP))
    await rolls.plan(ctx.session, ctx.house, row, groups=groups)
    await _anew(ctx, "parts", ("roll", row.id))


@action("roll.leave_out", needs=Ability.EDIT)
async def leave_out(ctx: Context, roll: str, photo: str) -> None:
    row = await _roll(ctx, roll)
    groups = row.plan.get("groups", ())
    out = [group for group in groups if photo in group]
    kept = [group for group in groups if photo not in group]
    await rolls.plan(ctx.session, ctx.house, row, groups=kept, out=[*row.plan.get("out", ()), *out])
    await _anew(ctx, "parts", ("roll", row.id))


@action("roll.take_in", needs=Ability.EDIT)
async def take_in(ctx: Context, roll: str) -> None:
    """What was left out comes behind the others."""
    row = await _roll(ctx, roll)
    await rolls.plan(ctx.session, ctx.house, row, groups=[*row.plan.get("groups", ()), *row.plan.get("out", ())], out=[])
    await _anew(ctx, "parts", ("roll", row.id))


@action("roll.confirm", needs=Ability.EDIT)
async def confirm(ctx: Context, roll: str) -> None:
    await rolls.confirm(ctx.session, ctx.house, ctx.person, await _roll(ctx, roll))


@action("roll.undo", needs=Ability.UNDO)
async def undo(ctx: Context, roll: str) -> None:
    row = await _roll(ctx, roll)
    await rolls.take_back(ctx.session, ctx.house, ctx.person, row, undo_of=await rolls.confirmation(ctx.session, row))


async def undo_confirmation(ctx: Context, entry: AuditEntry) -> None:
    """What `/undo` does when confirming a roll was the last thing that somebody did."""
    row = await _roll(ctx, entry.subject_id)
    count = await rolls.take_back(ctx.session, ctx.house, ctx.person, row, undo_of=entry.id)
    told = ngettext("Taken back: {count} draft of camera roll {number} was discarded.",
                    "Taken back: {count} drafts of camera roll {number} were discarded.", count)  # fmt: skip
    await ctx.say(told.format(count=count, number=row.number))


async def _roll(ctx: Context, roll: str) -> Roll:
    """The roll of a button, locked until what is done about it is done."""
    row = await rolls.hold(ctx.session, roll)
    if row.workspace_id != ctx.person.workspace_id:
        raise Missing(_("There is no such camera roll."))
    return row
