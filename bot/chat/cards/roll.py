"""A camera roll's cards: what came so far; how it is parted, with a yes; and how far its items are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, select

from bot.chat.cards.parts import Easel, say
from core.flows.rolls import items_of
from core.rules.changes import UNDO_WINDOW
from core.rules.drafts import questions
from core.rules.rolls import MOST
from core.values.card import Button, Card, CardPhoto, Line
from core.values.draft import Draft as Sheet
from core.values.states import DraftState, ItemState, RollState
from core.words import _, here, ngettext
from storage.models import Draft, Item, Roll, RollPhoto

PAGE = 8  # items of one page of the overview: as many pictures as an album of Telegram holds, and room for their buttons
NAMED = 5  # photos that could not be kept, by name
LINKS = 8  # items that need an answer
READING = (DraftState.UPLOADING, DraftState.PENDING, DraftState.PROCESSING)


async def draw(easel: Easel, roll_id: str) -> Card | None:
    """What came so far, until it is sorted."""
    row = await easel.session.get(Roll, roll_id)
    if row is None:
        return None
    heading, subject = _("Camera roll {number}").format(number=row.number), ("roll", row.id)
    count = await _count(easel, row)
    lines = tuple(_failed_lines(row))
    cancel = Button(_("Cancel"), {"do": "roll.cancel", "roll": row.id}, "danger")
    if row.state == RollState.COLLECTING:
        told = ngettext("{count} photo so far.", "{count} photos so far.", count).format(count=count) if count else ""
        how = _("Send photos of everything you want to sell, up to {most}, in the order in which you took them. I part them into items.")
        done = (Button(_("That’s all"), {"do": "roll.ended", "roll": row.id}, "primary"),) if count else ()
        return Card(heading, " ".join(filter(None, (told, how.format(most=MOST)))), lines, (), ((*done, cancel),), "busy", subject)
    photos = ngettext("{count} photo", "{count} photos", count).format(count=count)
    if row.state == RollState.SORTING:
        return Card(heading, _("Sorting {photos}…").format(photos=photos), lines, (), ((cancel,),), "busy", subject)
    if row.state == RollState.FAILED:
        again = Button(_("Try again"), {"do": "roll.again", "roll": row.id}, "primary")
        rest = () if row.plan.get("confirmed_at") else (cancel,)
        text = _("It could not be finished: {error}").format(error=here(row.last_error))
        return Card(heading, text, lines, (), ((again, *rest),), "bad", subject)
    if row.state == RollState.CANCELLED and not row.plan.get("confirmed_at"):
        text = _("Nothing was made of it.") if count else _("No photo came, so it is closed. /bulk begins another.")
        return Card(heading, text, lines, (), (), "", subject)
    items = len(row.plan.get("groups", ()))
    parted = ngettext("{photos}, parted into {count} item.", "{photos}, parted into {count} items.", items)
    return Card(heading, parted.format(photos=photos, count=items), lines, (), (), "", subject)


async def _count(easel: Easel, row: Roll) -> int:
    query = select(func.count()).select_from(RollPhoto).where(RollPhoto.roll_id == row.id)
    return (await easel.session.execute(query)).scalar_one()


def _failed_lines(row: Roll) -> Iterator[Line]:
    for why in list(row.failed.values())[:NAMED]:
        yield Line(value=why, mood="warn")
    more = len(row.failed) - NAMED
    if more > 0:
        yield Line(value=ngettext("and {count} more", "and {count} more", more).format(count=more), mood="warn")


async def parts(easel: Easel, roll_id: str) -> Card | None:
    """How it is parted; once somebody said yes, how far its items are."""
    row = await easel.session.get(Roll, roll_id)
    if row is None:
        return None
    if row.state == RollState.REVIEW:
        return _overview(row)
    if row.plan.get("confirmed_at"):
        return await _progress(easel, row)
    heading = _("Camera roll {number}").format(number=row.number)
    return Card(heading, _("Cancelled. Nothing was made of it."), subject=("roll", row.id))


def _overview(row: Roll) -> Card:
    groups: list[list[str]] = row.plan["groups"]
    start = min(int(row.plan["page"]), max(len(groups) - 1, 0) // PAGE) * PAGE
    shown = list(enumerate(groups, 1))[start : start + PAGE]
    photos = tuple(CardPhoto(group[0], _("Item {number}, first photo").format(number=place), str(place)) for place, group in shown)
    lines = [
        Line(_("Item {number}").format(number=place), ngettext("{count} photo", "{count} photos", len(group)).format(count=len(group)))
        for place, group in shown
    ]
    count = len(groups)
    title = ngettext("Camera roll {number}: {count} item?", "Camera roll {number}: {count} items?", count)
    text = _("This is how I would part it. Put right what is wrong; nothing is made before you say so.")
    if count > len(shown):
        text += " " + _("Items {first} to {last} of {count}.").format(first=start + 1, last=start + len(shown), count=count)
    return Card(
        title.format(number=row.number, count=count), text, (*lines, *_failed_lines(row)), photos,
        (*_part_buttons(row, groups, shown), *_page_buttons(row, start, count), _last_buttons(row, count)), "warn", ("roll", row.id),
    )  # fmt: skip


def _part_buttons(row: Roll, groups: Sequence[Sequence[str]], shown: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[Button, ...]]:
    """What can be put right about each item. Photos name what is meant, since numbers move."""
    for place, group in shown:
        about = {"roll": row.id, "photo": group[0]}
        split = (Button(_("Split {number}…").format(number=place), {"do": "roll.ask_split", **about}),) if len(group) > 1 else ()
        after = groups[place] if place < len(groups) else None
        label = _("Join {number}+{next}").format(number=place, next=place + 1)
        join = (Button(label, {"do": "roll.join", "roll": row.id, "photo": after[0]}),) if after else ()
        yield (*split, *join, Button(_("Leave out {number}").format(number=place), {"do": "roll.leave_out", **about}))


def _page_buttons(row: Roll, start: int, count: int) -> Iterator[tuple[Button, ...]]:
    page, made = start // PAGE, []
    if start:
        made.append(Button(_("Back"), {"do": "roll.page", "roll": row.id, "page": page - 1}))
    if start + PAGE < count:
        made.append(Button(_("More"), {"do": "roll.page", "roll": row.id, "page": page + 1}))
    if made:
        yield tuple(made)
    if out := len(row.plan["out"]):
        label = ngettext("Take {count} back in", "Take {count} back in", out).format(count=out)
        yield (Button(label, {"do": "roll.take_in", "roll": row.id}),)


def _last_buttons(row: Roll, count: int) -> tuple[Button, ...]:
    label = ngettext("Make {count} item", "Make {count} items", count).format(count=count)
    yes = (Button(label, {"do": "roll.confirm", "roll": row.id}, "primary"),) if count else ()
    return (*yes, Button(_("Cancel"), {"do": "roll.cancel", "roll": row.id}, "danger"))


def split_card(row: Roll, group: Sequence[str]) -> Card:
    """Where an item ends and the next begins."""
    photos = tuple(CardPhoto(key, _("Photo {number}").format(number=place), str(place)) for place, key in enumerate(group, 1))
    buttons = [
        Button(_("From {number} on").format(number=place), {"do": "roll.split", "roll": row.id, "photo": key})
        for place, key in enumerate(group, 1)
        if place > 1
    ]
    rows = tuple(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4))
    return Card(_("Which photos are of something else?"), _("They become an item of their own."), (), photos, rows)


async def _progress(easel: Easel, row: Roll) -> Card:
    query = select(Item, Draft).join(Draft, Draft.item_id == Item.id).where(Item.id.in_(items_of(row.id))).order_by(Item.number)
    found = [(item, draft) for item, draft in (await easel.session.execute(query)).all()]
    there = [(item, draft) for item, draft in found if item.deleted_at is None]
    wanted = len(row.plan["groups"]) - (len(found) - len(there))
    reading = sum(1 for _item, draft in there if draft.state in READING and not Sheet.of_json(draft.fields).reader)
    need = [item for item, draft in there if _needs_somebody(item, draft)]
    heading = {"number": row.number, "count": wanted}
    if row.state == RollState.CANCELLED:
        title = _("Camera roll {number} was taken back").format(**heading)
        kept = ngettext("{count} item stays, since it is up.", "{count} items stay, since they are up.", len(there)).format(
            count=len(there)
        )
        return Card(title, kept if there else _("Its drafts were discarded."), subject=("roll", row.id))
    title = ngettext("Camera roll {number}: {count} item", "Camera roll {number}: {count} items", wanted).format(**heading)
    read = len(there) - reading
    told = _("{read} of {count} read.").format(read=read, count=wanted)
    if need:
        told += " " + ngettext("{count} needs you.", "{count} need you.", len(need)).format(count=len(need))
    lines = [Line(_("Items"), _("{first} to {last}").format(first=found[0][0].number, last=found[-1][0].number))] if found else []
    if row.state == RollState.FAILED:
        lines.append(Line(value=_("It could not be finished: {error}").format(error=here(row.last_error)), mood="bad"))
    if easel.paused():
        lines.append(Line(value=easel.paused()))
    mood = "bad" if row.state == RollState.FAILED else "busy" if read < wanted else "warn" if need else "good"
    return Card(title, told, (*lines, *_failed_lines(row)), (), tuple(_progress_buttons(easel, row, need)), mood, ("roll", row.id))


def _needs_somebody(item: Item, draft: Draft) -> bool:
    """Whether a draft was read, or could not be, and lacks what only a person knows."""
    if item.state != ItemState.DRAFT or draft.state not in (DraftState.REVIEW, DraftState.FAILED):
        return False
    sheet = Sheet.of_json(draft.fields)
    return draft.state == DraftState.FAILED or bool(
        questions(sheet, title=item.title, has_price=item.price is not None, channels=(), aspects={})
    )


def _progress_buttons(easel: Easel, row: Roll, need: Sequence[Item]) -> Iterator[tuple[Button, ...]]:
    links = [say(_("Item {number}").format(number=item.number), f"/item {item.number}") for item in need[:LINKS]]
    for start in range(0, len(links), 4):
        yield tuple(links[start : start + 4])
    if row.state == RollState.FAILED:
        yield (Button(_("Try again"), {"do": "roll.again", "roll": row.id}, "primary"),)
    if easel.house.db.now() < datetime.fromisoformat(row.plan["confirmed_at"]) + UNDO_WINDOW:
        yield (Button(_("Undo"), {"do": "roll.undo", "roll": row.id}),)
