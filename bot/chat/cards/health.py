"""The health card: what is sold and still live first, then every connection's heartbeat, the work that waits, and the machine."""

from __future__ import annotations

from datetime import timedelta

from bot.chat.cards.parts import Easel, say
from bot.chat.cards.small import held
from core.flows import health as flow
from core.flows.alarms import StillUp
from core.flows.health import Health
from core.values.card import Button, Card, Line
from core.values.states import AccountState
from core.words import N_, _, here, ngettext, together
from storage.models import Account

SHOWN = 5
OLD_BACKUP = timedelta(days=7)
SLOW = 1.0  # seconds that the database may take to answer
KINDS = {
    "change": N_("changes on marketplaces"),
    "inbox_event": N_("what marketplaces report"),
    "chat_event": N_("messages"),
    "draft": N_("drafts"),
    "roll": N_("camera rolls"),
    "card_post": N_("cards to show"),
    "manual_task": N_("reminders"),
    "notice_copy": N_("notices"),
    "account": N_("asking for orders"),
    "reconciliation": N_("comparisons"),
}


async def draw(easel: Easel, workspace_id: str) -> Card:
    found = await flow.look(easel.house, easel.session)
    lines = [*_still_up(easel, found), _unproven(easel, found), *(_account(easel, found, one) for one in found.accounts)]
    lines += [*_waiting(easel, found), _tasks(found), *_workers(easel, found), _database(found), _backup(easel, found)]
    wrong = []
    if found.late:
        wrong.append(_("Something sold may still be bought. End it there by hand now."))
    if found.silent or any(one.state != AccountState.ACTIVE for one in found.accounts):
        wrong.append(_("A sale may not be noticed."))
    text = together(*(wrong or [_("All is well.")]), easel.paused(), _("As of {time}.").format(time=easel.time(found.at)))
    ends = tuple(
        Button(_("End it on {name}").format(name=easel.channel(one.account.channel)), url=one.listing.url)
        for one in found.late[:SHOWN]
        if one.listing.url
    )
    usual = (say(_("Look again"), "/health"), say(_("Tasks"), "/tasks overdue"), say(_("Channels"), "/channels"))
    mood = "bad" if wrong else "warn" if easel.paused() or found.overdue else "good"
    return Card(_("Health"), text, tuple(lines), (), tuple(row for row in (ends, usual) if row), mood, ("health", workspace_id))


def still_up_line(easel: Easel, one: StillUp) -> Line:
    """An alarm of its own, the same on every card: “Sold, still live on eBay”."""
    label = _("Item {number}").format(number=one.item.number)
    what = _("sold, but still live on {name}").format(name=one.account.name)
    since = _("since {time}").format(time=easel.time(one.since))
    if one.due is not None and not one.tried:
        since = _("yours to take down, due {time}").format(time=easel.day(one.due))
    return Line(label, what, together(since, one.why if one.tried else ""), "bad")


def _still_up(easel: Easel, found: Health) -> list[Line]:
    late = found.late
    lines = [still_up_line(easel, one) for one in late[:SHOWN]]
    if len(late) > SHOWN:
        lines.append(Line(value=ngettext("and {count} more", "and {count} more", len(late) - SHOWN).format(count=len(late) - SHOWN)))
    return lines


def _unproven(easel: Easel, found: Health) -> Line:
    label = _("Oldest take-down not proven")
    if found.unproven is None:
        return Line(label, _("none"), mood="good")
    return Line(label, _("since {time}").format(time=easel.day(found.unproven)), mood="bad" if found.late else "busy")


def _account(easel: Easel, found: Health, account: Account) -> Line:
    """One connection: whether it lives, and its heartbeat."""
    if not easel.house.capabilities[account.channel].native:
        return Line(account.name, _("by hand"), mood="good")
    beat = [
        _("last report {time}").format(time=easel.day(account.last_webhook_at)) if account.last_webhook_at else _("no report yet"),
        _("orders read {time}").format(time=easel.day(account.last_poll_at)) if account.last_poll_at else _("orders never read"),
    ]
    error, problems = here(account.last_error), [here(one) for one in account.settings.get("problems") or []]
    said = ", ".join(beat)
    if account.state != AccountState.ACTIVE:
        return Line(account.name, _("not connected any more"), together(f"{said}.", error), "bad")
    if account.id in found.silent and account.last_ok_at:
        minutes = int((found.at - account.last_ok_at).total_seconds() // 60)
        return Line(account.name, _("silent for {minutes} minutes").format(minutes=minutes), together(f"{said}.", error), "bad")
    if problems:
        return Line(account.name, _("connected, cannot sell yet"), together(f"{said}.", *problems), "warn")
    if waits := held(easel):
        return Line(account.name, _("connected"), together(f"{said}.", waits), "warn")
    return Line(account.name, _("connected"), together(f"{said}.", error) if error else said, "warn" if error else "good")


def _waiting(easel: Easel, found: Health) -> list[Line]:
    """Work whose time has come and that nobody has taken up yet, by kind, where there is any."""
    waits = [(name, one) for name, one in found.depths.items() if one.waiting]
    running = sum(one.running for one in found.depths.values())
    if not waits:
        return [Line(_("Work that waits"), _("none"), _("{count} under way").format(count=running) if running else "", "good")]
    lines = []
    for name, one in waits:
        oldest = _("the oldest since {time}").format(time=easel.time(one.oldest)) if one.oldest else ""
        lines.append(Line(_("Work that waits"), f"{one.waiting} · {_(KINDS.get(name, name))}", oldest, "busy"))
    return lines


def _tasks(found: Health) -> Line:
    return Line(_("Overdue tasks"), str(found.overdue), mood="bad" if found.overdue else "good")


def _workers(easel: Easel, found: Health) -> list[Line]:
    """Where several processes share the work: who is there, and who went silent within the last hour."""
    if not found.workers:
        return [Line(_("Working"), _("this process alone"), mood="good")]
    alive = [one for one in found.workers if one.alive(found.at)]
    lines = [Line(_("Working"), ngettext("{count} process", "{count} processes", len(alive)).format(count=len(alive)), mood="good")]
    lines += [
        Line(one.name, _("silent since {time}").format(time=easel.time(one.seen)), _("others do its work"), "warn")
        for one in found.workers
        if one not in alive
    ]
    return lines


def _database(found: Health) -> Line:
    answers = _("answers in {count} ms").format(count=round(found.answered_in * 1000))
    return Line(_("Database"), found.database, answers, "warn" if found.answered_in > SLOW else "good")


def _backup(easel: Easel, found: Health) -> Line:
    how = _("haggle backup FILE makes one")
    if found.backed_up is None:
        return Line(_("Last backup"), _("none that I know of"), how, "warn", weak=True)
    old = found.backed_up < found.at - OLD_BACKUP
    return Line(_("Last backup"), easel.day(found.backed_up), how if old else "", "warn" if old else "good", weak=old)
