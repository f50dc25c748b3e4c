"""The stock card: how many there are, what each listing shows of them, and what happened to them last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from bot.chat.cards.parts import Easel, listing_line, listing_rows, newest_changes, say
from core.rules.naming import of_stock
from core.values.card import Button, Card, Line
from core.values.states import ItemState, ListingState, StockKind
from core.words import _, here, ngettext
from storage.models import Account, Change, Item, Listing, Member, Order, Stock, StockEntry

LAST = 6  # entries on the card; /history has all
_NEWEST = select(StockEntry).where(StockEntry.item_id == bindparam("item")).order_by(StockEntry.place.desc()).limit(LAST)
PROMISES = (StockKind.RESERVE, StockKind.RELEASE)


async def draw(easel: Easel, item_id: str) -> Card | None:
    item = await easel.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        return Card(text=_("This item was discarded."), subject=("item", item_id))
    stock = await easel.session.get(Stock, item.id)
    rows = await listing_rows(easel, item.id)
    newest = await newest_changes(easel, item.id)
    up = [await _shows(easel, item, stock, listing, account, newest.get(listing.id)) for listing, account in rows if _is_known(listing)]
    made = list((await easel.session.execute(_NEWEST, {"item": item.id})).scalars())
    told = [await entry_line(easel, one) for one in made]
    lines = [*_counts(stock), *_under(_("Where it is listed"), up), *_under(_("Last entries"), told)]
    left = stock.total - stock.reserved if stock else 0
    return Card(
        title=_("Stock of item {number}: {title}").format(number=item.number, title=item.title or _("no title yet")),
        text=easel.paused(), lines=tuple(lines), buttons=_deeds(item, left, behind=any(is_behind(one, left) for one, _account in rows)),
        subject=("item", item.id), mood="warn" if stock and stock.peak > 1 and left <= max(stock.low_at, stock.reorder_at) else "",
    )  # fmt: skip


def _under(heading: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(value=heading, mood="head"), *lines] if lines else []


def _counts(stock: Stock | None) -> list[Line]:
    if stock is None:
        return [Line(_("There are"), _("unknown"), _("nobody has said yet how many there are"), "warn")]
    promised = _("to buyers who have not paid yet") if stock.reserved else ""
    left = stock.total - stock.reserved
    thresholds = [
        Line(_("Low at"), _or_never(stock.low_at), _("where you are told that few are left")),
        Line(_("Reorder at"), _or_never(stock.reorder_at), _("time to get more") if left <= stock.reorder_at else "",
             "warn" if 0 < stock.reorder_at >= left else ""),
    ]  # fmt: skip
    promise = [Line(_("Promised"), str(stock.reserved), promised)] if stock.reserved else []
    return [
        Line(_("There are"), str(stock.total)),
        *promise,
        Line(_("For sale"), str(left), "", "good" if left > 0 else "bad"),
        *thresholds,
    ]


def _or_never(threshold: int) -> str:
    return str(threshold) if threshold else _("never")


def _is_known(listing: Listing) -> bool:
    return listing.listed_at is not None or listing.state != ListingState.DRAFT


def is_behind(listing: Listing, left: int) -> bool:
    """Whether a listing that is up shows fewer than there are: a machine never raises that by itself."""
    return listing.state == ListingState.ACTIVE and listing.wanted == "live" and listing.quantity is not None and listing.quantity < left


async def _shows(easel: Easel, item: Item, stock: Stock | None, listing: Listing, account: Account, change: Change | None) -> Line:
    """A listing's own line, with how many it showed when it was last read."""
    line = await listing_line(easel, item, listing, account, change)
    if listing.state != ListingState.ACTIVE or listing.quantity is None:
        return line
    shows = _("shows {count}").format(count=listing.quantity)
    left = stock.total - stock.reserved if stock else 0
    off = listing.wanted == "live" and listing.quantity != left
    mood = line.mood if line.mood != "good" or not off else "warn"
    return Line(line.label, shows, " · ".join(part for part in (line.value, line.note) if part), mood, line.weak)


async def entry_line(easel: Easel, entry: StockEntry) -> Line:
    """One entry in words: when, what it did, how many there are since, why and by whom."""
    kind = StockKind(entry.kind)
    if kind in PROMISES:
        free = entry.total_after - entry.reserved_after
        after = ngettext("{count} for sale", "{count} for sale", free).format(count=free)
        value = f"{here(of_stock(kind))} {abs(entry.reserved)}: {after}"
    else:
        after = ngettext("there is {count}", "there are {count}", entry.total_after).format(count=entry.total_after)
        value = f"{here(of_stock(kind))} {entry.total:+d}: {after}"
    parts = (here(entry.reason), await by_whom(easel, entry.source))
    return Line(easel.day(entry.at), value, " · ".join(part for part in parts if part))


async def by_whom(easel: Easel, actor: str) -> str:
    """Who or what did something: a member's name, a marketplace's, ours."""
    kind, _colon, key = actor.partition(":")
    if kind == "member":
        member = await easel.session.get(Member, key)
        return member.name if member else _("somebody")
    channel = key if kind == "channel" else kind
    if channel in easel.house.capabilities:
        return easel.channel(channel)
    return {"system": _("Haggle"), "autopilot": _("autopilot"), "intake": _("with the photos")}.get(kind, "")


async def order_number(easel: Easel, order_id: str) -> str:
    order = await easel.session.get(Order, order_id)
    return str(order.number) if order else ""


def _deeds(item: Item, left: int, *, behind: bool) -> tuple[tuple[Button, ...], ...]:
    line = f"/stock {item.number}"
    rows: list[tuple[Button, ...]] = []
    if item.state == ItemState.DELISTED and left > 0:
        rows.append((say(_("Put it up again"), f"/publish {item.number}", "primary"),))
    if behind:
        rows.append((Button(_("Show {count} everywhere").format(count=left), {"do": "stock.everywhere", "item": item.id}, "primary"),))
    if item.state != ItemState.ARCHIVED:
        one = say("+1", f"{line} +1"), say("−1", f"{line} -1")
        count = Button(_("Count again…"), {"do": "stock.ask", "item": item.id, "what": "count"})
        damaged = Button(_("Damaged…"), {"do": "stock.ask", "item": item.id, "what": "damaged"})
        low = Button(_("Low at…"), {"do": "stock.ask", "item": item.id, "what": "low"})
        rows += [(*one, count, damaged), (low, Button(_("Reorder at…"), {"do": "stock.ask", "item": item.id, "what": "reorder"}))]
    return (*rows, (say(_("History"), f"/history {item.number}"),))
