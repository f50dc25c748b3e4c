"""What waits for a member, on one page of its own: what wants a yes, what is overdue, what sold today, how much is unread."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.cards.parts import Easel, called, money, say
from core.flows.noticed import unread
from core.flows.tasks import sentence
from core.rules.access import Ability, may, may_on
from core.values.card import Button, Card, Line
from core.values.states import ChangeKind, ChangeState, DraftState, OrderState, Role, TaskKind, TaskState
from core.words import N_, _, here, ngettext
from storage.models import Change, Draft, Item, Listing, ManualTask, Member, Order, Workspace

SHOWN = 5  # of each
_KINDS = {
    ChangeKind.PUBLISH: N_("publish"), ChangeKind.RELIST: N_("put up again"), ChangeKind.DELIST: N_("take down"),
    ChangeKind.REPRICE: N_("new price"), ChangeKind.REVISE: N_("update"), ChangeKind.QUANTITY: N_("new quantity"),
}  # fmt: skip
_TICKED = {TaskKind.LIST: N_("It is up"), TaskKind.REVISE: N_("Changed"), TaskKind.TAKE_DOWN: N_("It is down")}
Rows = list[tuple[Button, ...]]


async def reader(session: AsyncSession, workspace: Workspace, member_id: str) -> tuple[str, str]:
    """The member's language and time zone, as `reader_of` for a chat."""
    member = await session.get(Member, member_id)
    language, timezone = (member.language, member.timezone) if member else ("", "")
    return language or workspace.language, timezone or workspace.timezone


async def draw(easel: Easel, member_id: str) -> Card | None:
    member = await easel.session.get(Member, member_id)
    subject = ("home", member_id)
    if member is None:
        return None
    if not member.active:
        return Card(text=_("You are not a member here any more. Ask the owner to let you in again."), subject=subject)
    lines: list[Line] = []
    rows: Rows = []
    for part in (_proposals, _drafts, _tasks, _sales):
        more, buttons = await part(easel, member)
        lines += more
        rows += buttons
    rows.append(
        (say(_("All that waits"), "/pending"), say(_("Tasks"), "/tasks"), say(_("Items"), "/items"), say(_("Notices"), "/notices unread"))
    )
    text = " ".join(part for part in (await _unread(easel, member), easel.paused()) if part)
    return Card(_("What waits for you"), text, tuple(lines), (), tuple(rows), subject=subject)


async def _proposals(easel: Easel, member: Member) -> tuple[list[Line], Rows]:
    """Changes that want a yes, one line for each batch."""
    query = select(Change, Item).join(Item, Item.id == Change.item_id).order_by(Change.id)
    query = query.where(Change.workspace_id == member.workspace_id, Change.state == ChangeState.PROPOSED)
    batches: dict[str, list[tuple[Change, Item]]] = {}
    for change, item in (await easel.session.execute(query)).all():
        batches.setdefault(change.batch, []).append((change, item))
    lines = [Line(_("Waits for your yes"), str(len(batches)), mood="warn" if batches else "good")]
    rows: Rows = []
    for changes in list(batches.values())[:SHOWN]:
        change, item = changes[0]
        kind = ChangeKind(change.kind)
        what = _("{number}: {title}").format(number=item.number, title=item.title[:60] or _("no title yet"))
        lines.append(Line(what, _(_KINDS[kind]) if kind in _KINDS else change.kind, here(change.reason)))
        if may(Role(member.role), Ability.DECIDE):
            ids = [one.id for one, _item in changes]
            yes = Button(_("Yes, {number}").format(number=item.number), {"do": "change.approve", "changes": ids}, "primary")
            rows.append((yes, Button(_("No, {number}").format(number=item.number), {"do": "change.reject", "changes": ids})))
    return lines + _others(len(batches), "/pending"), rows


async def _drafts(easel: Easel, member: Member) -> tuple[list[Line], Rows]:
    """Drafts that nobody has published or discarded yet."""
    query = select(Item).join(Draft, Draft.item_id == Item.id).order_by(Item.number.desc())
    query = query.where(Item.workspace_id == member.workspace_id, Draft.state == DraftState.REVIEW, Item.deleted_at.is_(None))
    found = list((await easel.session.execute(query)).scalars())
    if not found:
        return [], []
    buttons = tuple(called(one, {"do": "say", "text": f"/item {one.number}"}) for one in found[:SHOWN])
    return [Line(_("Drafts to look at"), str(len(found)), mood="warn")], [(one,) for one in buttons]


async def _tasks(easel: Easel, member: Member) -> tuple[list[Line], Rows]:
    """Overdue first; whoever ticks one off may do so here."""
    query = select(ManualTask, Item, Listing.channel).join(Item, Item.id == ManualTask.item_id)
    query = query.join(Listing, Listing.id == ManualTask.listing_id).order_by(ManualTask.deadline)
    query = query.where(ManualTask.workspace_id == member.workspace_id, ManualTask.state == TaskState.OPEN)
    query = query.where(ManualTask.assigned_to.is_(None) | (ManualTask.assigned_to == member.id))
    there = (await easel.session.execute(query)).all()
    found = [(task, item) for task, item, channel in there if may_on(member.channels, channel)]
    now = easel.house.db.now()
    overdue = [(task, item) for task, item in found if task.deadline < now]
    lines = [Line(_("Overdue tasks"), str(len(overdue)), mood="bad" if overdue else "good")]
    lines.append(Line(_("Other tasks"), str(len(found) - len(overdue))))
    rows: Rows = []
    for task, item in overdue[:SHOWN]:
        due = _("due {time}").format(time=easel.day(task.deadline))
        lines.append(Line(_("Task {number}").format(number=task.number), sentence(task, item).here(), due, "bad"))
        if may(Role(member.role), Ability.TASKS):
            label = f"{_('Task {number}').format(number=task.number)}: {_(_TICKED[TaskKind(task.kind)])}"
            rows.append((Button(label, {"do": "task.done", "task": task.id}),))
    return lines + _others(len(overdue), "/tasks"), rows


async def _sales(easel: Easel, member: Member) -> tuple[list[Line], Rows]:
    """What sold since midnight in the member's zone."""
    midnight = _midnight(easel.house.db.now(), easel.timezone)
    query = select(Order).where(Order.workspace_id == member.workspace_id, Order.placed_at >= midnight, Order.state != OrderState.CANCELLED)
    found = list((await easel.session.execute(query.order_by(Order.placed_at.desc()))).scalars())
    lines = [Line(_("Sold today"), str(len(found)), mood="good" if found else "")]
    for order in found[:SHOWN]:
        what = _("Order {number}").format(number=order.number)
        lines.append(Line(what, money(order.total, order.currency), easel.channel(order.channel), "good"))
    return lines + _others(len(found), ""), []


def _midnight(now: datetime, zone: str) -> datetime:
    return now.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)


def _others(count: int, command: str) -> list[Line]:
    """What is not shown is counted."""
    left = count - SHOWN
    if left <= 0:
        return []
    text = ngettext("and {count} more", "and {count} more", left).format(count=left)
    return [Line(value=text, note=command)]


async def _unread(easel: Easel, member: Member) -> str:
    count = await unread(easel.session, member.id)
    if not count:
        return ""
    return ngettext("{count} notice is unread.", "{count} notices are unread.", count).format(count=count)
