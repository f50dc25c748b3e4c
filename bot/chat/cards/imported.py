"""A file of orders: the report of what was new, matched and asked; and each question."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from bot.chat.cards.parts import Easel, money, order_name, titles_of
from core.flows import order_sources
from core.flows.order_sources import ASKED, IMPORTED, KNOWN, LEFT, MATCHED, NEW
from core.rules.order_files import FileOrder
from core.values.card import Button, Card, Line
from core.words import N_, _, here, ngettext, of_stored
from storage.models import AuditEntry, Order, OrderSource

COUNTED = {NEW: N_("New sales"), MATCHED: N_("Orders that were here"), KNOWN: N_("Imported before"), ASKED: N_("To be asked"),
           LEFT: N_("None of yours")}  # fmt: skip
MOST = 10  # problems on one card


async def report(easel: Easel, batch: str) -> Card | None:
    query = select(AuditEntry).where(AuditEntry.subject_id == batch, AuditEntry.action == IMPORTED)
    entry = (await easel.session.execute(query)).scalar()
    if entry is None:
        return None
    verdicts = (await easel.session.execute(select(OrderSource.verdict).where(OrderSource.batch == batch))).scalars()
    counts = Counter(verdicts) | Counter({KNOWN: int(entry.data["counts"].get(KNOWN, 0))})
    moods = {NEW: "good", MATCHED: "good", ASKED: "warn"}
    lines = [Line(_(COUNTED[one]), str(counts[one]), "", moods.get(one, "")) for one in COUNTED if counts[one]]
    problems = [of_stored(one) for one in entry.data["problems"]]
    lines += [Line(_("Left out"), here(one), "", "bad") for one in problems[:MOST]]
    if len(problems) > MOST:
        left = len(problems) - MOST
        lines.append(Line(_("Left out"), ngettext("and {count} more", "and {count} more", left).format(count=left), "", "bad"))
    rows: list[tuple[Button, ...]] = []
    if counts[ASKED]:
        label = _("Answer the next of {count}").format(count=counts[ASKED])
        rows.append((Button(label, {"do": "import.next", "batch": batch}, "primary"),))
    text = "" if lines else _("There was no order in it.")
    mood = "warn" if problems or counts[ASKED] else "good"
    return Card(_("Orders from your file"), text, tuple(lines), (), tuple(rows), mood, ("import", batch))


async def question(easel: Easel, source_id: str) -> Card | None:
    """Is this an order that is here, or a new sale? It could be counted twice, so nobody guesses."""
    row = await easel.session.get(OrderSource, source_id)
    if row is None:
        return None
    subject = ("source", source_id)
    if row.verdict != ASKED:
        return Card(text=await _answered(easel, row), mood="good", subject=subject)
    told = FileOrder.of_json(row.told)
    lines = [Line(one.title or one.sku, money(one.price, told.currency), _times(one.quantity)) for one in told.lines]
    if told.placed_at:
        lines.append(Line(_("Sold"), easel.day(told.placed_at)))
    same = await order_sources.numbered(easel.session, row.workspace_id, told)
    found = same or await order_sources.candidates(easel.session, row.workspace_id, told)
    titles = await titles_of(easel.session, [one.id for one in found])
    rows: list[tuple[Button, ...]] = [
        (Button(_("It is order {order}").format(order=order_name(one, titles[one.id])), _answer(row, MATCHED, one)),) for one in found
    ]
    rows.append((Button(_("A new sale"), _answer(row, NEW, None)), Button(_("Leave it out"), _answer(row, LEFT, None))))
    asks = _("Is this order {number}, or a new sale?").format(number=found[0].number) if len(found) == 1 else _("Which order is this?")
    title = _("{channel} {number}: {asks}").format(channel=easel.channel(told.channel), number=told.number, asks=asks)
    return Card(title, easel.paused(), tuple(lines), (), tuple(rows), "warn", subject)


def _times(quantity: int) -> str:
    return f"× {quantity}" if quantity > 1 else ""


def _answer(row: OrderSource, verdict: str, order: Order | None) -> dict[str, object]:
    return {"do": "import.answer", "source": row.id, "verdict": verdict, "order": order.id if order else ""}


async def _answered(easel: Easel, row: OrderSource) -> str:
    number = row.external_id.partition(":")[2]
    order = await easel.session.get(Order, row.order_id) if row.order_id else None
    if order is None:
        return _("{number} was left out.").format(number=number)
    said = _("{number} is a new sale: order {order}.") if row.verdict == NEW else _("{number} is order {order}.")
    return said.format(number=number, order=order.number)
