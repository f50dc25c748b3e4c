"""The draft card: what was read and why, what is still to be answered, where it goes, and Publish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from bot.chat.cards import item as item_card
from bot.chat.cards.facts import condition_line, cost_lines, read_lines, title_line
from bot.chat.cards.parts import Easel, money, photos
from bot.chat.cards.photos import photos_button
from core.flows.intake import waits_until
from core.flows.reading import aspects_of_choice
from core.flows.wanted import sheet_of
from core.money import Money
from core.rules.drafts import Question, questions
from core.values.card import Button, Card, Line
from core.values.draft import Draft as Sheet
from core.values.states import AccountState, DraftState
from core.words import _, here, ngettext
from storage.models import Account, Draft, Item, Setting, Stock


async def draw(easel: Easel, item_id: str) -> Card | None:
    item = await easel.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        return Card(text=_("This draft was discarded."), subject=("item", item_id))
    row, sheet = await sheet_of(easel.session, item.id)
    subject = ("item", item.id)
    heading = _("Item {number}").format(number=item.number)
    if row.state in (DraftState.UPLOADING, DraftState.PENDING) and (waits := waits_until(row)) and waits > easel.house.db.now():
        text = _("You sent a lot at once, so I read this from {time} on. Nothing is lost.").format(time=easel.time(waits))
        return Card(heading, _sentences(text, easel.paused()), photos=await photos(easel, item), mood="busy", subject=subject)
    if row.state == DraftState.UPLOADING:
        shown = await photos(easel, item)
        count = ngettext("{count} photo so far.", "{count} photos so far.", len(shown)).format(count=len(shown))
        done = Button(_("That’s all"), {"do": "draft.ended", "draft": row.id}, "primary")
        return Card(heading, _sentences(count, easel.paused()), photos=shown, buttons=((done,),), mood="busy", subject=subject)
    if row.state in (DraftState.PROCESSING, DraftState.PENDING) and not row.fields:
        text = _("Reading the photos…") if not row.last_error else _("Reading again: {error}").format(error=here(row.last_error))
        return Card(heading, _sentences(text, easel.paused()), photos=await photos(easel, item), mood="busy", subject=subject)
    if row.state == DraftState.FAILED:
        buttons = (Button(_("Try again"), {"do": "draft.again", "draft": row.id}, "primary"), _discard(item))
        text = _("I could not read these photos: {error}").format(error=here(row.last_error))
        return Card(heading, text, photos=await photos(easel, item), buttons=(buttons,), mood="bad", subject=subject)
    if row.state in (DraftState.CANCELLED, DraftState.REJECTED):
        return Card(heading, _("This draft was discarded."), subject=subject)
    if row.state == DraftState.APPROVED or row.choices.get("was") == DraftState.APPROVED:
        return await item_card.draw(easel, item_id)
    return await _review(easel, item, row, sheet)


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


async def chosen_accounts(easel: Easel, row: Draft) -> tuple[list[Account], list[Account]]:
    """The accounts that work, and those of them that are chosen for this draft."""
    query = select(Account).where(Account.workspace_id == row.workspace_id, Account.state == AccountState.ACTIVE).order_by(Account.id)
    there = list((await easel.session.execute(query)).scalars())
    return there, [one for one in there if one.id in row.choices.get("channels", [])]


def open_questions(easel: Easel, item: Item, row: Draft, sheet: Sheet, chosen: Sequence[Account]) -> tuple[Question, ...]:
    """What has to be answered before it can go up on the chosen channels."""
    categories = row.choices.get("categories", {})
    aspects = {easel.channel(one.channel): aspects_of_choice(categories.get(one.id, {})) for one in chosen}
    able = [easel.house.capabilities[one.channel] for one in chosen]
    return questions(sheet, title=item.title, has_price=item.price is not None, channels=able, aspects=aspects)


async def _review(easel: Easel, item: Item, row: Draft, sheet: Sheet) -> Card:
    there, chosen = await chosen_accounts(easel, row)
    asked = open_questions(easel, item, row, sheet, chosen)
    lines = [*_own_lines(item, sheet), *read_lines(sheet), *_category_lines(easel, item, row, chosen)]
    stock = await easel.session.get(Stock, item.id)
    if stock is not None and stock.total != 1:
        lines.append(Line(_("Quantity"), str(stock.total)))
    if row.state == DraftState.PENDING or row.state == DraftState.PROCESSING:
        lines.append(Line(value=_("Asking the marketplaces again…"), mood="busy"))
    for place, one in enumerate(asked):
        lines.append(Line(_("Still to answer") if place == 0 else _("And then"), one.text, one.why, "warn"))
    return Card(
        title=_("Item {number}: {title}").format(number=item.number, title=item.title or _("no title yet")),
        text=_sentences(sheet.note, easel.paused()), lines=tuple(lines), photos=await photos(easel, item), subject=("item", item.id),
        buttons=_buttons(easel, item, row, asked, there, chosen, await _usual_floor(easel, item)),
    )  # fmt: skip


def _own_lines(item: Item, sheet: Sheet) -> list[Line]:
    """What the seller decides."""
    return [
        title_line(item, sheet),
        Line(_("Price"), money(item.price, item.currency) or _("unknown"), weak=item.price is None),
        Line(_("Floor"), money(item.floor, item.currency) or _("none: I never lower the price by myself")),
        *cost_lines(item),
        condition_line(sheet),
    ]


def _category_lines(easel: Easel, item: Item, row: Draft, chosen: Sequence[Account]) -> list[Line]:
    lines = []
    for account in chosen:
        category = row.choices.get("categories", {}).get(account.id)
        label = _("Category on {channel}").format(channel=easel.channel(account.channel))
        if category:
            lines.append(Line(label, category.get("path") or category["name"], _("suggested by the marketplace")))
        elif easel.house.capabilities[account.channel].categories:
            lines.append(Line(label, _("unknown"), _why_unknown(easel, item), weak=True))
    return lines


def _why_unknown(easel: Easel, item: Item) -> str:
    """Why a marketplace has suggested no category."""
    if not item.title:
        return _("give it a title, then I ask")
    return (
        _("it has suggested none; another title may help") if easel.house.outward else _("outward calls are switched off, so I cannot ask")
    )


def _discard(item: Item) -> Button:
    return Button(_("Discard"), {"do": "draft.discard", "item": item.id}, "danger")


def choice_rows(question: Question, answer: dict[str, Any], ask: dict[str, Any]) -> tuple[tuple[Button, ...], ...]:
    """A question's choices to tap: each does `answer` with its value, and where others are possible too, `ask` has it typed."""
    made = [Button(label, {**answer, "value": value}) for value, label in question.choices]
    rows = [tuple(made[start : start + 4]) for start in range(0, len(made), 4)]
    if question.field.startswith("aspect:"):
        rows.append((Button(_("Something else…"), ask),))
    return tuple(rows)


def _buttons(
    easel: Easel,
    item: Item,
    row: Draft,
    asked: Sequence[Question],
    there: Sequence[Account],
    chosen: Sequence[Account],
    floor: Sequence[tuple[Button, ...]],
) -> tuple[tuple[Button, ...], ...]:
    rows: list[tuple[Button, ...]] = []
    first = next((one for one in asked if one.choices), None)
    if first is not None:
        about = {"item": item.id, "field": first.field}
        rows += choice_rows(first, {"do": "draft.set", **about}, {"do": "draft.ask", **about})
    edit = (("title", _("Title…")), ("price", _("Price…")), ("floor", _("Floor…")), ("cost", _("Cost…")), ("quantity", _("Quantity…")))
    edits = [*(Button(label, {"do": "draft.ask", "item": item.id, "field": field}) for field, label in edit), photos_button(item)]
    rows += [tuple(edits[:3]), tuple(edits[3:])]
    rows += floor
    rows += _category_buttons(easel, item, row, chosen)
    toggles = [
        Button(("✓ " if one in chosen else "+ ") + easel.channel(one.channel), {"do": "draft.channel", "item": item.id, "account": one.id})
        for one in there
    ]
    rows += [tuple(toggles[start : start + 4]) for start in range(0, len(toggles), 4)]
    last = [_discard(item)]
    if not asked and chosen:
        names = ", ".join(easel.channel(one.channel) for one in chosen)
        last.insert(0, Button(_("Publish on {names}").format(names=names), {"do": "draft.publish", "item": item.id}, "primary"))
    elif not there:
        last.insert(0, Button(_("Connect a channel"), {"do": "say", "text": "/channels"}, "primary"))
    rows.append(tuple(last))
    return tuple(rows)


async def _usual_floor(easel: Easel, item: Item) -> list[tuple[Button, ...]]:
    """The floor that would be as far below the price as last time: offered, never set by itself."""
    kept = await easel.session.get(Setting, (item.workspace_id, "floor"))
    if kept is None or item.price is None or item.floor is not None:
        return []
    percent = int(kept.value["percent"])
    amount = Money(item.price, item.currency).percent(percent)
    label = _("Floor {amount} ({percent} % of the price, as last time)").format(amount=amount, percent=percent)
    return [(Button(label, {"do": "draft.set", "item": item.id, "field": "floor", "value": amount.wire()}),)]


def _category_buttons(easel: Easel, item: Item, row: Draft, chosen: Sequence[Account]) -> list[tuple[Button, ...]]:
    """The other categories that a marketplace suggests."""
    rows = []
    for account in chosen:
        now = row.choices.get("categories", {}).get(account.id, {}).get("id")
        others = [one for one in row.choices.get("suggested", {}).get(account.id, []) if one["id"] != now]
        if others:
            action = {"do": "draft.category", "item": item.id, "account": account.id}
            rows.append(tuple(Button(_("Rather {name}").format(name=one["name"]), {**action, "category": one["id"]}) for one in others[:3]))
    return rows
