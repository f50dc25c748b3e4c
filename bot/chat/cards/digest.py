"""The digest's card."""

from __future__ import annotations

from datetime import datetime

from bot.chat.cards.parts import Easel, say
from core.flows import digest as flow
from core.flows.digest import STALE, Digest
from core.money import Money
from core.rules import sums
from core.values.card import Button, Card, Line
from core.words import _, ngettext
from storage.models import Member


async def draw(easel: Easel, key: str) -> Card | None:
    member_id, _bar, until = key.partition("|")
    member = await easel.session.get(Member, member_id)
    if member is None:
        return None
    found = await flow.gather(easel.session, easel.house, member, easel.timezone, datetime.fromisoformat(until))
    lines = (*_sold(found), *_waits(found), *_stale(found), *_reorder(found), *_blocked(found))
    text = " ".join(part for part in ("" if lines else _("Nothing sold, and nothing waits for you."), easel.paused()) if part)
    mood = "bad" if found.critical or found.blocked else "warn" if found.overdue else ""
    return Card(_("Your day, {name}").format(name=member.name), text, lines, buttons=_buttons(found), mood=mood, subject=("digest", key))


def _sold(found: Digest) -> list[Line]:
    lines = []
    for currency in found.sold.currencies:
        whole = sums.total(row for row in found.sold.sold if row.currency == currency)
        many = ngettext("{count} item", "{count} items", whole.quantity).format(count=whole.quantity)
        lines.append(Line(_("Sold in 24 hours"), many, Money(whole.price, currency).here(), "good"))
    return lines


def _waits(found: Digest) -> list[Line]:
    lines = []
    if found.proposed:
        lines.append(Line(_("Waits for your yes"), str(found.proposed), mood="warn"))
    if found.drafts:
        lines.append(Line(_("Drafts to look at"), str(found.drafts)))
    if found.tasks:
        late = ngettext("{count} is overdue", "{count} are overdue", found.overdue).format(count=found.overdue) if found.overdue else ""
        lines.append(Line(_("Tasks"), str(found.tasks), late, "bad" if late else ""))
    return lines


def _stale(found: Digest) -> list[Line]:
    if not found.stale_count:
        return []
    named = ", ".join(_("{number}: {title}").format(number=number, title=title) for number, title in found.stale)
    rule = ngettext("live for {count} day and not sold", "live for {count} days and not sold", STALE.days).format(count=STALE.days)
    return [Line(_("Stale"), str(found.stale_count), f"{rule}: {named}")]


def _reorder(found: Digest) -> list[Line]:
    if not found.reorder_count:
        return []
    named = ", ".join(_("{number}: {title}").format(number=number, title=title) for number, title in found.reorder)
    return [Line(_("Time to get more"), str(found.reorder_count), named, "warn")]


def _blocked(found: Digest) -> list[Line]:
    lines = [Line(_("Blocked or silent"), ", ".join(found.blocked), mood="bad")] if found.blocked else []
    if found.critical:
        lines.append(Line(_("Critical and not solved"), str(found.critical), mood="bad"))
    return lines


def _buttons(found: Digest) -> tuple[tuple[Button, ...], ...]:
    said = [
        (found.proposed, _("What waits"), "/pending"), (found.drafts, _("Drafts"), "/items draft"), (found.tasks, _("Tasks"), "/tasks"),
        (found.stale_count, _("What is live"), "/items live"), (found.blocked, _("Channels"), "/channels"),
        (found.critical, _("Critical"), "/notices critical"), (found.sold.sold, _("Sales"), "/sales"),
    ]  # fmt: skip
    buttons = [say(label, text) for there, label, text in said if there]
    return tuple(tuple(buttons[start : start + 4]) for start in range(0, len(buttons), 4))
