"""Notices: the list of what one was told, and what one wants to be told, where and when."""

from __future__ import annotations

import difflib
import re

from bot.chat.cards import notice as cards
from bot.chat.cards.parts import say
from bot.chat.context import Context, Offer
from bot.chat.registry import Rest, Word, action, command
from core.errors import Invalid
from core.flows import noticed, telling
from core.flows.posts import touch
from core.flows.reachable import SUBJECT
from core.rules import notices as rules
from core.rules.access import Ability
from core.values.card import Button, Card
from core.values.states import Severity
from core.words import N_, _
from storage.models import Member

TOPIC = N_("What you are told")
_ASKED = re.compile(r"(?P<which>.*?)(?:(?:^|\s)page\s+(?P<page>\d{1,4}))?", re.S)
OFF = ("off", "nowhere", "none", "never")
ON = ("everywhere", "on", "all")
USUAL = ("usual", "default")


@command(
    "notices",
    N_("What you were told, unread first to be seen"),
    "/notices unread",
    needs=Ability.SELF,
    looks_alone=True,
    topic=TOPIC,
    details=N_("Add unread, critical, warning, success or info to see only those."),
)
async def notices(ctx: Context, words: Rest) -> None:
    found = _ASKED.fullmatch(words.strip())
    which, page = (found["which"].strip().lower(), int(found["page"] or 1)) if found else (words, 1)
    which = {"all": "", "warnings": "warning", "successes": "success", "news": "info"}.get(which, which)
    if which not in noticed.FILTERS:
        buttons = tuple(say(_(cards.FILTERS[one]), f"/notices {one}".strip()) for one in noticed.FILTERS)
        raise Offer(Card(text=_("Which notices? Choose one of these."), buttons=(buttons[:3], buttons[3:]), mood="warn"))
    key = f"{ctx.person.member_id}:{which}"
    await ctx.show("notices", ("notices", key if page < 2 else f"{key}:{page}"))


@action("notice.open", needs=Ability.SELF)
async def open_notice(ctx: Context, copy: str) -> None:
    """Opened is read. What it is about is shown as it is now."""
    row, notice = await noticed.one(ctx.session, ctx.person.member_id, copy)
    await noticed.read(ctx.session, ctx.db, ctx.person.member_id, [row.id])
    if notice.subject_kind in ("account", SUBJECT):
        await ctx.show("channels", ("channels", ctx.person.workspace_id))
    elif notice.subject_kind == "webhook":
        await ctx.say(Card(notice.title, notice.body, buttons=((say(_("Deliveries"), "/webhooks"),),)))
    elif view := rules.card_of(notice.type, notice.subject_kind) or cards.VIEW_OF.get(notice.subject_kind, ""):
        await ctx.show(view, (notice.subject_kind, notice.subject_id))
    else:
        await ctx.show("notice", ("notice_copy", row.id))


@action("notice.read", needs=Ability.SELF)
async def read_notice(ctx: Context, copy: str) -> None:
    row, _notice = await noticed.one(ctx.session, ctx.person.member_id, copy)
    if not await noticed.read(ctx.session, ctx.db, ctx.person.member_id, [row.id]):
        await ctx.say(_("You had read it already."))


@action("notice.read_all", needs=Ability.SELF)
async def read_all(ctx: Context) -> None:
    if not await noticed.read(ctx.session, ctx.db, ctx.person.member_id):
        await ctx.say(_("There was nothing unread."))


@action("notice.dismiss", needs=Ability.SELF)
async def dismiss(ctx: Context, copy: str) -> None:
    await noticed.dismiss(ctx.session, ctx.db, ctx.person.member_id, copy)


@action("notice.fold", needs=Ability.SELF)
async def show_fold(ctx: Context, fold: str) -> None:
    """The notices behind a card that stands for several."""
    await noticed.one(ctx.session, ctx.person.member_id, fold)
    rows = await noticed.listed(ctx.session, ctx.person.member_id, fold=fold, limit=cards.PAGE * 2)
    await noticed.read(ctx.session, ctx.db, ctx.person.member_id, [copy.id for copy, _notice in rows])
    await ctx.say(cards.rows_card(ctx.easel(), _("Notices"), "" if rows else _("Nothing here."), rows, [(say(_("All"), "/notices"),)]))


@command(
    "notify",
    N_("Choose what you are told, and where"),
    "/notify quiet 22:00-7:00",
    needs=Ability.SELF,
    looks_alone=True,
    topic=TOPIC,
    details=N_(
        "/notify warnings here, /notify orders off, /notify successes everywhere; /notify quiet 22:00-7:00 keeps the night free of all but "
        "critical notices, /notify quiet off ends that."
    ),
)
async def notify(ctx: Context, what: Word | None, where: Rest) -> None:
    if what is None:
        await ctx.show("notify", ("notify", ctx.person.member_id))
        return
    if what.lower() == "quiet":
        await _quiet(ctx, where)
        return
    name = _meant(what)
    if not where:
        await ask_where(ctx, name)
        return
    await set_places(ctx, name, await _places(ctx, where.strip().lower()))
    await ctx.show("notify", ("notify", ctx.person.member_id))


async def _quiet(ctx: Context, text: str) -> None:
    member = await ctx.session.get_one(Member, ctx.person.member_id)
    if not text.strip():
        raise Invalid(_("Type quiet hours like /notify quiet 22:00-7:00, or /notify quiet off."))
    start, end = (None, None) if text.strip().lower() in OFF else rules.hours_of(text)
    member.quiet_from, member.quiet_until = start, end
    await telling.wake_held(ctx.session, ctx.db, member.id)
    await touch(ctx.session, ctx.db, ("notify", member.id))
    await ctx.show("notify", ("notify", member.id))


def _meant(word: str) -> str:
    """A severity or a type by what people call it. Raises `Offer` with the near ones."""
    known = {name: name for name in (*rules.KINDS, *(one.value for one in Severity))}
    known |= {type.replace("_", " "): type for type in rules.KINDS}
    known |= {
        "news": "info",
        "successes": "success",
        "warnings": "warning",
        "orders": "new_order",
        "sales": "new_order",
        "tasks": "manual_task_due",
    }
    known |= {"published": "listing_published", "sold": "listing_sold", "drafts": "draft_ready", "shipped": "order_shipped"}
    known |= {"offers": "offer_received", "stock": "low_stock", "undo": "undo_closing", "refunds": "refund_requested"}
    wanted = word.lower().replace("-", "_")
    if wanted in known:
        return known[wanted]
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
    names = list(dict.fromkeys(known[one] for one in near)) or [one.value for one in Severity]
    buttons = tuple((Button(cards.told_of(one), {"do": "notify.ask", "what": one}),) for one in names)
    raise Offer(
        Card(text=_("There are no notices called “{word}”. Which do you mean?").format(word=word[:40]), buttons=buttons, mood="warn")
    )


async def _places(ctx: Context, text: str) -> list[str] | None:
    """The surfaces that are named; None for what the table says. Raises `Invalid` with what can be named."""
    if text in OFF:
        return list(rules.NOWHERE)
    if text in ON:
        return list(rules.EVERYWHERE)
    if text in USUAL:
        return None
    there = await cards.surfaces_of(ctx.easel(), ctx.person.member_id)
    named = [ctx.inbound.surface if one in ("here", "this") else one for one in re.split(r"[\s,]+|\band\b", text) if one]
    if not named or any(one not in there for one in named):
        known = ", ".join(["here", *there, "everywhere", "off"])
        raise Invalid(_("I cannot tell you anything at “{text}”. Choose from: {known}.").format(text=text[:40], known=known))
    return list(dict.fromkeys(named))


async def set_places(ctx: Context, what: str, places: list[str] | None) -> None:
    """Raises `Invalid` when critical notices would go nowhere: they can be moved, not switched off."""
    kind = rules.KINDS.get(what)
    severity = kind.severity if kind else Severity(what)
    if places == [] and severity is Severity.CRITICAL:
        raise Invalid(_("Critical notices cannot be switched off. Choose where they go: /notify critical here."))
    member = await ctx.session.get_one(Member, ctx.person.member_id)
    kept = {name: said for name, said in member.notify.items() if name != what}
    member.notify = kept if places is None else {**kept, what: places}
    await touch(ctx.session, ctx.db, ("notify", member.id))


@action("notify.ask", needs=Ability.SELF)
async def ask_where(ctx: Context, what: str) -> None:
    """Where should these go?"""
    surfaces = await cards.surfaces_of(ctx.easel(), ctx.person.member_id)
    kind = rules.KINDS.get(what)
    nowhere = (kind.severity if kind else Severity(what)) is not Severity.CRITICAL
    text = _("Where should these go?") if nowhere else _("Where should these go? They cannot be switched off.")
    await ctx.say(Card(cards.told_of(what), text, buttons=cards.place_buttons(surfaces, what, nowhere=nowhere)))


@action("notify.types", needs=Ability.SELF)
async def ask_type(ctx: Context) -> None:
    buttons = [Button(_(kind.name), {"do": "notify.ask", "what": type}) for type, kind in rules.KINDS.items()]
    rows = tuple(tuple(buttons[start : start + 3]) for start in range(0, len(buttons), 3))
    await ctx.say(Card(_("What you are told"), _("Which notices?"), buttons=rows))


@action("notify.set", needs=Ability.SELF)
async def notify_set(ctx: Context, what: str, places: list[str] | None) -> None:
    await set_places(ctx, what, places)
    said = _("as usual") if places is None else cards.where(tuple(places))
    await ctx.say(Card(text=_("{what}: {where}.").format(what=cards.told_of(what), where=said), mood="good"))
