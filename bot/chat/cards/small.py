"""Tasks and channels: the smaller cards."""

from __future__ import annotations

from sqlalchemy import select

from bot.chat.cards.parts import Easel, photos, say
from bot.chat.cards.people import place_of
from core.errors import HaggleError
from core.flows.tasks import MAYBE_UP, hands, sentence
from core.flows.upkeep import is_silent
from core.flows.wanted import wanted_of
from core.rules.tasks import TOMORROW, TONIGHT, is_evening
from core.values.card import Button, Card, Line
from core.values.states import AccountState, TaskKind, TaskState
from core.words import _, here
from storage.models import Account, Item, Listing, ManualTask, Member


async def task(easel: Easel, task_id: str) -> Card | None:
    """What to do, with everything to copy, and one tap when it is done."""
    row = await easel.session.get(ManualTask, task_id)
    if row is None:
        return None
    item = await easel.session.get_one(Item, row.item_id)
    listing = await easel.session.get_one(Listing, row.listing_id)
    account = await easel.session.get_one(Account, listing.account_id)
    channel = easel.channel(account.channel)
    heading = _("Task {number}: {what} on {channel}").format(number=row.number, what=sentence(row, item), channel=channel)
    subject = ("task", row.id)
    if row.state != TaskState.OPEN:
        when = easel.day(row.done_at) if row.done_at else ""
        by = await _name(easel, row.done_by)
        done = row.state == TaskState.DONE
        text = _("Done by {who}, {when}.").format(who=by, when=when) if done else _("Not needed any more, {when}.").format(when=when)
        return Card(heading, text, mood="good" if done else "", subject=subject)
    overdue = row.deadline < easel.house.db.now()
    lines = [Line(_("Due"), easel.day(row.deadline), row.reason, "bad" if overdue else "warn", weak=overdue)]
    if row.assigned_to:
        lines.append(Line(_("With"), await _name(easel, row.assigned_to)))
    if row.snoozed_until and row.snoozed_until > easel.house.db.now():
        lines.append(Line(_("Put off until"), easel.day(row.snoozed_until)))
    copies: list[tuple[Button, ...]] = []
    if row.kind != TaskKind.TAKE_DOWN and not easel.house.capabilities[account.channel].native:
        lines, copies = await _kit(easel, item, listing, account, lines)
    elif not easel.house.capabilities[account.channel].native:
        lines += [Line(value=step) for step in easel.house.kits.taking_down(account.channel)]
    ticked = {TaskKind.LIST: _("It is up"), TaskKind.REVISE: _("Changed"), TaskKind.TAKE_DOWN: _("It is down")}[TaskKind(row.kind)]
    later = [Button(_("In 1 hour"), {"do": "task.snooze", "task": row.id, "minutes": 60})]
    if not is_evening(easel.house.db.now(), easel.timezone):
        later.append(Button(_("Tonight"), {"do": "task.snooze", "task": row.id, "until": TONIGHT}))
    later.append(Button(_("Tomorrow"), {"do": "task.snooze", "task": row.id, "until": TOMORROW}))
    if len(await hands(easel.session, row)) > 1:
        later.append(Button(_("Hand over…"), {"do": "task.hand", "task": row.id, "ask": True}))
    never = (Button(_("It was never up"), {"do": "task.done", "task": row.id}),) if MAYBE_UP in row.reason else ()
    last = (Button(ticked, {"do": "task.done", "task": row.id}, "primary"), *never)
    shown = await photos(easel, item) if row.kind == TaskKind.LIST else ()
    return Card(heading, easel.paused(), tuple(lines), shown, (*copies, last, tuple(later)), "bad" if overdue else "warn", subject)


async def _kit(
    easel: Easel, item: Item, listing: Listing, account: Account, lines: list[Line]
) -> tuple[list[Line], list[tuple[Button, ...]]]:
    """Every field within the marketplace's limits, each copied by one tap."""
    try:
        kit = easel.house.kits.listing(account.channel, await wanted_of(easel.session, easel.house, item, listing, account))
    except HaggleError as error:
        return [*lines, Line(value=error.sentence, mood="warn")], []
    lines = [*lines, *(Line(value=step) for step in kit.instructions), *(Line(one.label, one.value, one.note) for one in kit.fields)]
    lines += [Line(value=one, mood="warn") for one in kit.warnings]
    copies = [Button(_("Copy {label}").format(label=_within(here(one.label))), copy=one.value) for one in kit.fields]
    rows = [tuple(copies[start : start + 3]) for start in range(0, len(copies), 3)]
    if kit.url:
        rows.append((Button(_("Open {channel}").format(channel=easel.channel(account.channel)), url=kit.url),))
    return lines, rows


def _within(label: str) -> str:
    """A label as it stands within a sentence; what is all capitals (SKU) stays so."""
    return label if label.isupper() else label.lower()


async def _name(easel: Easel, actor: str) -> str:
    member = await easel.session.get(Member, actor.removeprefix("member:"))
    return member.name if member else _("Haggle")


async def channels(easel: Easel, workspace_id: str) -> Card:
    """Where the business sells, how each connection fares, and how late a sale can be noticed."""
    query = select(Account).where(Account.workspace_id == workspace_id, Account.state != AccountState.DISCONNECTED).order_by(Account.id)
    there = list((await easel.session.execute(query)).scalars())
    lines = [_channel_line(easel, account) for account in there]
    known = {account.channel for account in there}
    buttons = [say(_("Disconnect {name}").format(name=easel.channel(one.channel)), f"/disconnect {one.channel}") for one in there]
    others = [
        say(_("Connect {name}").format(name=able.name), f"/connect {kind}")
        for kind, able in easel.house.capabilities.items()
        if kind not in known
    ]
    places = [
        Button(
            _("Where {name} ships from…").format(name=easel.channel(one.channel)), {"do": "channel.ship_from", "account": one.id}, "primary"
        )
        for one in there
        if one.settings.get("asks_place")
    ]
    rows = [tuple(places)] if places else []
    rows += [tuple(others[start : start + 3]) for start in range(0, len(others), 3)] + [
        tuple(buttons[start : start + 3]) for start in range(0, len(buttons), 3)
    ]
    text = "" if there else _("Nothing is connected yet. Choose where you sell.")
    return Card(
        _("Channels"),
        " ".join(part for part in (text, easel.paused()) if part),
        (*lines, *_where_we_talk(easel)),
        (),
        tuple(rows),
        "",
        ("channels", workspace_id),
    )


def _channel_line(easel: Easel, account: Account) -> Line:
    able = easel.house.capabilities[account.channel]
    if not able.native:
        return Line(account.name, _("by hand"), _("I prepare everything to copy and remind you"), "good")
    if account.state != AccountState.ACTIVE:
        return Line(account.name, _("not connected any more"), _("type /connect {kind}").format(kind=account.channel), "bad")
    problems = account.settings.get("problems") or []
    if problems:
        return Line(account.name, _("connected, cannot sell yet"), " ".join(problems), "warn")
    if waits := held(easel):
        return Line(account.name, _("connected"), waits, "warn")
    told = able.webhooks and account.settings.get("webhooks") is not False
    late = _("sales arrive at once") if told else _("sales are noticed within {seconds} s").format(seconds=round(easel.house.poll_seconds))
    if account.last_ok_at and is_silent(account, easel.house.db.now()):
        return Line(account.name, _("silent since {time}").format(time=easel.day(account.last_ok_at)), account.last_error, "bad")
    problem = str(account.settings.get("webhook_problem") or "")
    return Line(account.name, _("connected"), f"{late}. {problem}" if problem else late, "warn" if problem else "good")


def _where_we_talk(easel: Easel) -> list[Line]:
    """Chat apps, and why one does not work."""
    apps = [(place_of(name), surface.trouble) for name, surface in easel.house.surfaces.items() if name != "web"]
    return [
        Line(name, _("does not work") if trouble else _("we can talk there"), trouble, "bad" if trouble else "good")
        for name, trouble in apps
    ]


def held(easel: Easel) -> str:
    """While nothing leaves the house, no sale is asked for and no hint is followed."""
    if not easel.house.outward:
        return _("switched off: no sale is noticed")
    return _("paused: sales are noticed after /resume") if easel.workspace.paused else ""
