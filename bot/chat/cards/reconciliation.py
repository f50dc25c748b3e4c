"""Comparing with the marketplaces: one card for all accounts' comparison, and one for each question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from bot.chat.cards.parts import Easel, money, photos, say
from core.flows.differences import IMPORTED, IMPORTING, LEFT, OPEN, REPAIRED, title_of
from core.flows.reconciling import FAILED, IMPORT, WAITING, orphans_of
from core.rules.reconciling import Kind
from core.values.card import Button, Card, Line
from core.words import N_, _, here, ngettext
from storage.models import Account, Difference, Item, Member, Reconciliation

SHOWN = 6  # orphans of one account, and questions
SAID = (
    ("repaired", N_("{count} put right"), N_("{count} put right")),
    ("settled", N_("{count} learned from there"), N_("{count} learned from there")),
    ("left", N_("{count} left as it is"), N_("{count} left as they are")),
    ("unread", N_("{count} not read this time"), N_("{count} not read this time")),
    ("busy", N_("{count} under way"), N_("{count} under way")),
)


async def draw(easel: Easel, batch: str) -> Card | None:
    """How far a comparison is, what it found, what it asks, and what is unknown here."""
    query = select(Reconciliation, Account).join(Account, Account.id == Reconciliation.account_id).where(Reconciliation.batch == batch)
    rows = [(row[0], row[1]) for row in (await easel.session.execute(query.order_by(Reconciliation.id))).all()]
    if not rows:
        return None
    runs = [(run, account) for run, account in rows if run.kind != IMPORT]
    lines: list[Line] = [_line(easel, run, account) for run, account in runs]
    buttons: list[tuple[Button, ...]] = []
    asked = await _questions(easel, [run.account_id for run, _account in runs])
    if asked:
        lines.append(Line(_("Waiting for you"), mood="head"))
        lines += [Line(value=title_of(row, account.name, item), mood="warn") for row, account, item in asked[:SHOWN]]
        label = ngettext("Show {count} question", "Show {count} questions", len(asked)).format(count=len(asked))
        buttons.append((Button(label, {"do": "difference.list"}, "primary"),))
    for account in {account.id: account for _run, account in rows}.values():
        more, deeds = await _orphans(easel, account)
        lines += more
        buttons += deeds
    under_way = any(run.state == WAITING for run, _account in rows)
    if not under_way:
        buttons.append((say(_("Compare again"), "/reconcile"),))
    failed = any(run.state == FAILED for run, _account in runs)
    mood = "busy" if under_way else "bad" if failed else "warn" if asked else "good"
    return Card(_title(under_way), easel.paused(), tuple(lines), (), tuple(buttons), mood, ("reconciliation", batch))


def _title(under_way: bool) -> str:
    return _("Comparing with the marketplaces…") if under_way else _("Compared with the marketplaces")


def _line(easel: Easel, run: Reconciliation, account: Account) -> Line:
    name = easel.channel(account.channel)
    counts = Counter(run.counts)
    compared = ngettext("{count} compared", "{count} compared", counts["compared"]).format(count=counts["compared"])
    if run.state == FAILED:
        return Line(name, _("not compared"), here(run.last_error), "bad")
    parts = [ngettext("{count} right", "{count} right", counts["right"]).format(count=counts["right"])]
    if counts["asked"]:
        parts.append(ngettext("{count} asked", "{count} asked", counts["asked"]).format(count=counts["asked"]))
    parts += [ngettext(one, many, counts[key]).format(count=counts[key]) for key, one, many in SAID if counts[key]]
    if counts["cut"]:
        parts.append(_("{name} does not list them all, so I read the rest one by one").format(name=name))
    if run.state == WAITING:
        note = here(run.last_error) if run.last_error else ", ".join(parts)
        return Line(name, _("{compared} so far").format(compared=compared) if counts["pages"] else _("waiting for its turn"), note, "busy")
    good = not (counts["asked"] or counts["repaired"] or counts["unread"])
    return Line(name, compared, ", ".join(parts), "good" if good else "warn")


async def _questions(easel: Easel, accounts: Sequence[str]) -> list[tuple[Difference, Account, Item]]:
    query = (
        select(Difference, Account, Item)
        .join(Account, Account.id == Difference.account_id)
        .join(Item, Item.id == Difference.item_id)
        .where(Difference.account_id.in_(accounts), Difference.state == OPEN, Difference.kind != Kind.ORPHAN)
        .order_by(Difference.id)
        .limit(100)
    )
    return [(row[0], row[1], row[2]) for row in (await easel.session.execute(query)).all()]


async def _orphans(easel: Easel, account: Account) -> tuple[list[Line], list[tuple[Button, ...]]]:
    """What is live there and unknown here: the newest by name, each with a button, and one for all."""
    query = orphans_of(account.id)
    count = (await easel.session.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    if not count:
        return [], []
    rows = list((await easel.session.execute(query.order_by(Difference.id).limit(SHOWN))).scalars())
    heading = ngettext("{count} on {name} that I do not know", "{count} on {name} that I do not know", count)
    lines = [Line(heading.format(count=count, name=easel.channel(account.channel)), mood="head")]
    lines += [_orphan_line(row) for row in rows]
    if count > len(rows):
        left = count - len(rows)
        lines.append(Line(value=ngettext("and {count} more", "and {count} more", left).format(count=left)))
    free = [row for row in rows if row.state == OPEN and row.theirs.get("plain", True)]
    deeds = list(_import_buttons(free))
    if free:
        label = _("Import all of {name} ({count})").format(name=easel.channel(account.channel), count=count)
        deeds.append((Button(label, {"do": "orphan.import_all", "account": account.id}, "primary"),))
    return lines, deeds


def _orphan_line(row: Difference) -> Line:
    price = money(row.theirs.get("price"), str(row.theirs.get("currency") or "USD"))
    if row.state == IMPORTING:
        return Line(row.theirs["title"], price, _("importing…"), "busy")
    note = "" if row.theirs.get("plain", True) else _("several variations, or an auction: I leave it alone")
    return Line(row.theirs["title"], price, note)


def _import_buttons(rows: Sequence[Difference]) -> Iterator[tuple[Button, ...]]:
    for row in rows:
        yield (Button(_("Import {title}").format(title=row.theirs["title"][:32]), {"do": "orphan.import", "difference": row.id}),)


async def question(easel: Easel, key: str) -> Card | None:
    """One difference: keep theirs, put ours back, or neither."""
    row = await easel.session.get(Difference, key)
    if row is None or row.item_id is None:
        return None
    account = await easel.session.get_one(Account, row.account_id)
    item = await easel.session.get_one(Item, row.item_id)
    name = easel.channel(account.channel)
    title, subject = title_of(row, name, item), ("difference", row.id)
    if row.state != OPEN:
        return Card(title, await _decided(easel, row, name), mood="good", subject=subject).with_buttons(*_again(row))
    lines = (Line(_("Item {number}").format(number=item.number), item.title),)
    shown = (await photos(easel, item))[:1]
    text = _("Somebody may have changed it there. I overwrite nothing by myself.")
    if row.kind == Kind.GONE:
        text = _("It was ended there, or it sold and I have not heard of it.")
    return Card(title, text, lines, shown, (_answers(row), _rest(row, item)), "warn", subject)


def _answers(row: Difference) -> tuple[Button, ...]:
    keep, back = {
        Kind.PRICE: (
            _("Keep {value}").format(value=money(row.theirs["price"], row.theirs["currency"]) if row.theirs["price"] else ""),
            None,
        ),
        Kind.QUANTITY: (_("Keep {value}").format(value=row.theirs["quantity"]), None),
        Kind.GONE: (_("Leave it down"), _("Put it up again")),
    }[Kind(row.kind)]
    return (
        Button(keep, {"do": "difference.keep", "difference": row.id}, "primary"),
        Button(back or _("Put ours back"), {"do": "difference.put_back", "difference": row.id}),
    )


def _rest(row: Difference, item: Item) -> tuple[Button, ...]:
    later = Button(_("Not now"), {"do": "difference.leave", "difference": row.id})
    return (later, say(_("Item {number}").format(number=item.number), f"/item {item.number}"))


def _again(row: Difference) -> Iterator[tuple[Button, ...]]:
    """Who said “not now” may still decide."""
    if row.state == LEFT:
        yield _answers(row)


async def _decided(easel: Easel, row: Difference, name: str) -> str:
    member = await easel.session.get(Member, row.decided_by.removeprefix("member:"))
    who, when = member.name if member else _("Haggle"), easel.day(row.decided_at) if row.decided_at else ""
    if member is None:
        return _("It is right again, {when}.").format(when=when)
    if row.state == LEFT:
        return _("{who} left it as it is, {when}.").format(who=who, when=when)
    if row.state == REPAIRED:
        return _("{who} put back what is here, {when}.").format(who=who, when=when)
    if row.state == IMPORTED:
        return _("{who} imported it, {when}.").format(who=who, when=when)
    return _("{who} kept what {name} shows, {when}.").format(who=who, name=name, when=when)
