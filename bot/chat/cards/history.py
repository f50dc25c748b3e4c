"""An item's history in words: what happened, when, with what outcome, and by whom."""

from __future__ import annotations

from typing import Any

from bot.chat.cards.parts import Easel, money, say
from bot.chat.cards.stock import by_whom, entry_line
from core.flows import history
from core.flows.edits import AMOUNTS, EDITED
from core.flows.history import Row
from core.flows.tasks import sentence
from core.rules.naming import ORDERS, of_change, of_field, of_kind, of_order
from core.values.card import Button, Card, Line
from core.values.states import ChangeState, OrderState
from core.words import N_, _, here, ngettext
from storage.models import AuditEntry, Change, Item, Listing, ManualTask, Order, StockEntry

PAGE = 12
MOODS = {ChangeState.DONE: "good", ChangeState.FAILED: "bad", ChangeState.APPROVED: "busy", ChangeState.RUNNING: "busy"}
# What the trail tells of an item, its orders and its tasks. {number} and {what} are the order's or the task's.
DEEDS = {
    "item.begun": N_("photos came in"), "draft.read": N_("the photos were read"), "item.discarded": N_("discarded"),
    "item.restored": N_("brought back"), "order.seen": N_("order {number} came in"),
    "order.assigned": N_("it was said what order {number} sold"),
    "order.not_mine": N_("it was said that something in order {number} is not ours"),
    "order.sent": N_("order {number}: a parcel was sent"), "order.refund": N_("order {number}: money back was asked for"),
    "order.cancel": N_("order {number}: cancelling was asked for"), "order.taken_back": N_("order {number}: a step was taken back"),
    "order.agreed": N_("order {number}: what was given back is right"), "order.returned": N_("order {number}: it was said what came back"),
    "order.source": N_("order {number} is in a file too"), "order.label": N_("order {number}: it was said what its label cost"),
    "item.imported": N_("imported from where it was listed"), "difference.repaired": N_("put right on a marketplace"),
    "difference.settled": N_("settled with a marketplace"), "buyer.seen": N_("order {number}: somebody looked at who bought it"),
    "order.money_back": N_("order {number}: money went back"), "buyer.forgotten": N_("order {number}: its buyer was erased"),
    "task.open": N_("task {number}: {what}"), "task.done": N_("task {number} is done"), "task.snoozed": N_("task {number} was put off"),
    "task.handed": N_("task {number} was handed over"),
}  # fmt: skip


async def draw(easel: Easel, item: Item, page: int) -> Card | None:
    """A page of it; None where there is no such page."""
    rows = await history.of_item(easel.session, item.id, skip=PAGE * (page - 1), limit=PAGE + 1)
    if not rows:
        return None
    lines = [await _line(easel, item, row) for row in rows[:PAGE]]
    newer = say(_("Newer"), f"/history {item.number} page {page - 1}" if page > 2 else f"/history {item.number}")
    older = say(_("Older"), f"/history {item.number} page {page + 1}")
    buttons: tuple[Button, ...] = (*((newer,) if page > 1 else ()), *((older,) if len(rows) > PAGE else ()))
    title = _("History of item {number}: {title}").format(number=item.number, title=item.title or _("no title yet"))
    return Card(title, lines=tuple(lines), buttons=(buttons,) if buttons else (), subject=("item", item.id))


async def _line(easel: Easel, item: Item, row: Row) -> Line:
    if isinstance(row, StockEntry):
        return await entry_line(easel, row)
    if isinstance(row, Change):
        return await _change(easel, row)
    who = await by_whom(easel, row.actor)
    if row.action == EDITED:
        return Line(easel.day(row.at), _edit(item, row), await _on(easel, row, who))
    return Line(easel.day(row.at), await _deed(easel, item, row), who)


async def _change(easel: Easel, change: Change) -> Line:
    """What was to be done where, how it ended, why it was made and by whom."""
    listing = await easel.session.get(Listing, change.listing_id) if change.listing_id else None
    what = here(of_kind(change.kind))
    where = _("{what} on {channel}").format(what=what, channel=easel.channel(listing.channel)) if listing else what
    told = change.outcome.get("error") or change.outcome.get("why") or change.outcome.get("nothing") or ""
    by = f"member:{change.member_id}" if change.member_id else change.by
    parts = (here(told), here(change.reason), await by_whom(easel, by))
    note = " · ".join(part for part in parts if part)
    return Line(easel.day(change.created_at), f"{where}: {here(of_change(change.state))}", note, MOODS.get(ChangeState(change.state), ""))


async def _on(easel: Easel, edit: AuditEntry, who: str) -> str:
    """Where an edit of one listing was made, and by whom."""
    listing = await easel.session.get(Listing, edit.data["listing"]) if edit.data.get("listing") else None
    undone = _("taken back") if edit.data.get("undo_of") else ""
    return " · ".join(part for part in (easel.channel(listing.channel) if listing else "", undone, who) if part)


def _edit(item: Item, edit: AuditEntry) -> str:
    field = str(edit.data["field"])
    before, after = (_value(item, field, edit.data.get(name)) for name in ("before", "after"))
    return f"{here(of_field(field))}: {before} → {after}"


def _value(item: Item, field: str, value: Any) -> str:
    """A field's value as the trail keeps it (`core/flows/edits.py`), in words."""
    if value is None or value == "":
        return _("nothing")
    if field in (*AMOUNTS, "own_price"):
        return money(int(value), item.currency)
    if field == "photos":
        return ngettext("{count} photo", "{count} photos", len(value)).format(count=len(value))
    if field == "title":
        return f"“{value['title']}”" if value["title"] else _("nothing")
    said = value.get("value", "") if isinstance(value, dict) else value
    text = ", ".join(str(one) for one in said) if isinstance(said, list) else str(said)
    return text if len(text) <= 60 else f"{text[:60]}…"


async def _deed(easel: Easel, item: Item, entry: AuditEntry) -> str:
    kind, _dot, move = entry.action.partition(".")
    number, what = "", ""
    if kind in ("order", "buyer"):
        order = await easel.session.get(Order, entry.subject_id)
        number = str(order.number) if order else ""
        if move in ORDERS:
            return _("order {number}: {state}").format(number=number, state=here(of_order(OrderState(move))))
    elif kind == "task" and (task := await easel.session.get(ManualTask, entry.subject_id)):
        number, what = str(task.number), sentence(task, item)
    known = DEEDS.get(entry.action)
    return _(known).format(number=number, what=what) if known else _("noted: {what}").format(what=entry.action)
