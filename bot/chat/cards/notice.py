"""Notices: one of a member's, several that came together, their list, and what they chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select

from bot.chat.cards.parts import Easel, say
from core.flows import noticed
from core.flows.noticed import Row
from core.flows.order_news import arrived_key
from core.flows.reachable import SUBJECT
from core.rules import notices as rules
from core.values.card import Button, Card, Line
from core.values.states import Severity
from core.words import N_, _, here, ngettext
from storage.models import Identity, Item, Member, Notice, NoticeCopy, Order

MOODS = {Severity.INFO: "", Severity.SUCCESS: "good", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}
PAGE = 8
NAMED = 6  # titles on a card that stands for several
# The living card that a notice's subject has: its view.
VIEW_OF = {"item": "item", "order": "order", "task": "task", "batch": "batch", "reconciliation": "reconciliation"}
FILTERS = {"": N_("All"), noticed.UNREAD: N_("Unread"), **{one.value: name for one, name in rules.SEVERITIES.items()}}


async def draw(easel: Easel, copy_id: str) -> Card | None:
    """Something a member should know; when it is over it says so."""
    query = select(NoticeCopy, Notice).join(Notice, Notice.id == NoticeCopy.notice_id).where(NoticeCopy.id == copy_id)
    found = (await easel.session.execute(query)).first()
    if found is None:
        return None
    copy, row = found
    subject = ("notice_copy", copy_id)
    if row.solved_at is not None:
        text = _("Solved at {time}.").format(time=easel.time(row.solved_at))
        return Card(row.title, text, mood="good", subject=subject)
    if copy.dismissed_at is not None:
        return Card(row.title, _("Dismissed."), subject=subject)
    buttons = [*_answers(row), *await _leads_to(easel, copy, row)]
    if copy.read_at is None:
        buttons.append(Button(_("Got it"), {"do": "notice.read", "copy": copy_id}))
    if not noticed.stays(row):
        buttons.append(Button(_("Dismiss"), {"do": "notice.dismiss", "copy": copy_id}))
    return Card(row.title, row.body, mood=MOODS[Severity(row.severity)], buttons=(tuple(buttons),) if buttons else (), subject=subject)


def _answers(row: Notice) -> list[Button]:
    """A notice that asks has its answers."""
    if row.subject_kind != "order" or row.key != arrived_key(row.subject_id):
        return []
    yes = Button(_("It has arrived"), {"do": "order.arrived", "order": row.subject_id}, "primary")
    return [yes, Button(_("Not yet"), {"do": "order.not_yet", "order": row.subject_id})]


async def _leads_to(easel: Easel, copy: NoticeCopy, row: Notice) -> list[Button]:
    label = await leads_to(easel, row)
    return [Button(label, {"do": "notice.open", "copy": copy.id})] if label else []


async def leads_to(easel: Easel, row: Notice) -> str:
    """What a button is called that shows a notice's subject; "" where there is nothing to show."""
    if row.subject_kind == "item":
        item = await easel.session.get(Item, row.subject_id)
        return _("Show item {number}").format(number=item.number) if item else ""
    if row.subject_kind == "order":
        order = await easel.session.get(Order, row.subject_id)
        return _("Show order {number}").format(number=order.number) if order else ""
    return {
        "task": _("Show the task"),
        "batch": _("Show it"),
        "difference": _("Show it"),
        "reconciliation": _("Show it"),
        "account": _("Channels"),
        SUBJECT: _("Channels"),
        "webhook": _("Deliveries"),
    }.get(row.subject_kind, "")


async def fold(easel: Easel, fold_id: str) -> Card | None:
    """Several notices on one card: how many of what, and the list behind a button. It counts on while the storm lasts."""
    query = select(NoticeCopy, Notice).join(Notice, Notice.id == NoticeCopy.notice_id).where(NoticeCopy.fold == fold_id)
    rows = [(row[0], row[1]) for row in (await easel.session.execute(query.order_by(NoticeCopy.id))).all()]
    if not rows:
        return None
    counts = Counter(notice.type for _copy, notice in rows)
    lines = [Line(value=count_of(type, count)) for type, count in sorted(counts.items())] if len(counts) > 1 else []
    lines += [Line(value=notice.title) for _copy, notice in rows[:NAMED]]
    if len(rows) > NAMED:
        left = len(rows) - NAMED
        lines.append(Line(value=ngettext("and {count} more", "and {count} more", left).format(count=left)))
    [(type, count), *others] = counts.most_common()
    title = ngettext("Meanwhile: {count} notice", "Meanwhile: {count} notices", len(rows)).format(count=len(rows))
    show = Button(_("Show them"), {"do": "notice.fold", "fold": fold_id})
    severest = max((Severity(notice.severity) for _copy, notice in rows), key=list(Severity).index)
    return Card(
        title if others else count_of(type, count), lines=tuple(lines), buttons=((show,),), mood=MOODS[severest], subject=("fold", fold_id)
    )


def count_of(type: str, count: int) -> str:
    """`12 listings published`."""
    kind = rules.KINDS[type]
    return ngettext(kind.one, kind.many, count).format(count=count)


async def listing(easel: Easel, key: str) -> Card:
    """A member's list: `key` is the member's id, what is shown (see `FILTERS`) and, from the second on, the page."""
    member, which, page = [*key.split(":"), "", ""][:3]
    number = int(page or 1)
    rows = await noticed.listed(easel.session, member, which=which, skip=PAGE * (number - 1), limit=PAGE + 1)
    unread = await noticed.unread(easel.session, member)
    title = _("Notices") if not which else _("Notices: {which}").format(which=_(FILTERS[which]).lower())
    deeds: list[tuple[Button, ...]] = []
    if unread:
        deeds.append((Button(_("Mark all read"), {"do": "notice.read_all"}, "primary"),))
    if len(rows) > PAGE:
        deeds.append((say(_("Older"), f"/notices {which} page {number + 1}".replace("  ", " ")),))
    others = [one for one in ("", noticed.UNREAD, Severity.CRITICAL.value) if one != which]
    deeds.append(tuple(say(_(FILTERS[one]), f"/notices {one}".strip()) for one in others))
    text = ngettext("{count} is unread.", "{count} are unread.", unread).format(count=said_unread(unread)) if unread else _("All are read.")
    return rows_card(easel, title, text if rows or unread else _("Nothing here."), rows[:PAGE], deeds, subject=("notices", key))


def said_unread(count: int) -> str:
    return f"{noticed.MOST - 1}+" if count >= noticed.MOST else str(count)


def rows_card(
    easel: Easel, title: str, text: str, rows: Sequence[Row], deeds: Sequence[tuple[Button, ...]], subject: tuple[str, str] | None = None
) -> Card:
    """Notices, one a line, each with a button that opens it."""
    lines = []
    for number, (copy, notice) in enumerate(rows, 1):
        mood = "good" if notice.solved_at else MOODS[Severity(notice.severity)]
        state = _("solved") if notice.solved_at else _("unread") if copy.read_at is None else ""
        when = easel.day(notice.at)
        lines.append(Line(str(number), notice.title, " · ".join(part for part in (when, state) if part), mood))
    opens = [Button(str(number), {"do": "notice.open", "copy": copy.id}) for number, (copy, _notice) in enumerate(rows, 1)]
    numbers = [tuple(opens[start : start + 4]) for start in range(0, len(opens), 4)]
    return Card(title, text, tuple(lines), buttons=(*numbers, *deeds), subject=subject)


async def choices(easel: Easel, member_id: str) -> Card:
    """What a member chose: where each severity is told, the types that differ, the quiet hours and the digest."""
    member = await easel.session.get_one(Member, member_id)
    lines = [_of_severity(member.notify, severity, _(name)) for severity, name in rules.SEVERITIES.items()]
    lines += [Line(_(rules.KINDS[type].name), where(tuple(said))) for type, said in member.notify.items() if type in rules.KINDS]
    quiet = _("none")
    if member.quiet_from is not None and member.quiet_until is not None:
        quiet = f"{rules.said_minute(member.quiet_from)}-{rules.said_minute(member.quiet_until)}"
    lines.append(Line(_("Quiet hours"), quiet, _("critical notices come all the same") if member.quiet_from is not None else ""))
    digest = rules.said_minute(member.digest_at) if member.digest_at is not None else _("none")
    lines.append(Line(_("Morning digest"), digest))
    change = [Button(_(name), {"do": "notify.ask", "what": severity.value}) for severity, name in rules.SEVERITIES.items()]
    night = (
        say(_("No quiet hours"), "/notify quiet off")
        if member.quiet_from is not None
        else say(_("Quiet 22:00-7:00"), "/notify quiet 22:00-7:00")
    )
    morning = say(_("No digest"), "/digest off") if member.digest_at is not None else say(_("Digest at 8:00"), "/digest 8:00")
    return Card(
        _("What you are told"), _("Choose where each kind of notice goes. All of them are in /notices too."), tuple(lines),
        buttons=(tuple(change), (Button(_("By type…"), {"do": "notify.types"}),), (night, morning)), subject=("notify", member_id),
    )  # fmt: skip


def _of_severity(notify: dict[str, list[str]], severity: Severity, name: str) -> Line:
    """Where notices of a severity go: where the member said, or each type where the table says."""
    said = notify.get(severity.value)
    return Line(name, _usual(severity), _("as usual")) if said is None else Line(name, where(tuple(said)))


def _usual(severity: Severity) -> str:
    kinds = [kind for kind in rules.KINDS.values() if kind.severity is severity]
    told, listed = ([_(kind.name) for kind in kinds if bool(kind.places) is there] for there in (True, False))
    if not listed:
        return where(rules.EVERYWHERE)
    if len(told) > len(listed):
        return _("everywhere, except: {types}").format(types=", ".join(listed))
    return _("in the list only, except: {types}").format(types=", ".join(told))


def where(places: tuple[str, ...]) -> str:
    """Places in words."""
    if not places:
        return _("nowhere, in the list only")
    if places == rules.EVERYWHERE:
        return _("everywhere")
    return ", ".join(place.capitalize() for place in places)


async def surfaces_of(easel: Easel, member_id: str) -> list[str]:
    """Where a member can be told something, by name."""
    query = select(Identity.surface).where(Identity.member_id == member_id, Identity.chat != "").group_by(Identity.surface)
    return list((await easel.session.execute(query.order_by(func.min(Identity.created_at)))).scalars())


def place_buttons(surfaces: Sequence[str], what: str, *, nowhere: bool) -> tuple[tuple[Button, ...], ...]:
    """Where a type or a severity may go, one button each."""

    def button(label: str, places: Sequence[str]) -> Button:
        return Button(label, {"do": "notify.set", "what": what, "places": list(places)})

    one_by_one = tuple(button(_("Only {place}").format(place=one.capitalize()), [one]) for one in surfaces) if len(surfaces) > 1 else ()
    rest = [button(_("Everywhere"), rules.EVERYWHERE)]
    if nowhere:
        rest.append(button(_("Nowhere"), rules.NOWHERE))
    usual = Button(_("As usual"), {"do": "notify.set", "what": what, "places": None})
    return tuple(row for row in (one_by_one, (*rest, usual)) if row)


def told_of(what: str) -> str:
    """A type or a severity in words."""
    return here(_(rules.KINDS[what].name if what in rules.KINDS else rules.SEVERITIES[Severity(what)]))
