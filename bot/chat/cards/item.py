"""The item card: where it is live, at what price, and what can be done."""

from __future__ import annotations

from bot.chat.cards.facts import condition_line, cost_lines, read_lines
from bot.chat.cards.parts import Easel, listing_line, listing_rows, money, newest_changes, photos, retry_row, same_price, say
from bot.chat.cards.photos import photos_button
from core.flows.wanted import sheet_of
from core.rules.naming import of_item
from core.values.card import Button, Card, Line
from core.values.states import ChangeState, ItemState, ListingState
from core.words import _
from storage.models import Item, Stock


async def draw(easel: Easel, item_id: str) -> Card | None:
    item = await easel.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        return Card(text=_("This item was discarded."), subject=("item", item_id))
    stock = await easel.session.get(Stock, item.id)
    rows = await listing_rows(easel, item.id)
    newest = await newest_changes(easel, item.id)
    lines = [await listing_line(easel, item, listing, account, newest.get(listing.id)) for listing, account in rows]
    lines.append(Line(_("Price"), money(item.price, item.currency) or _("unknown")))
    own = [(listing, easel.channel(account.channel)) for listing, account in rows if listing.own_price is not None]
    lines += [Line(_("Price on {channel}").format(channel=name), money(listing.own_price, item.currency)) for listing, name in own]
    if item.floor is not None:
        lines.append(Line(_("Floor"), money(item.floor, item.currency)))
    lines += cost_lines(item)
    if stock is not None and stock.total > 1:
        lines.append(Line(_("Left"), str(stock.total - stock.reserved)))
    _row, sheet = await sheet_of(easel.session, item.id)
    lines += [condition_line(sheet), *read_lines(sheet)]
    buttons: list[tuple[Button, ...]] = []
    links = tuple(
        Button(_("See it on {channel}").format(channel=easel.channel(account.channel)), url=listing.url)
        for listing, account in rows
        if listing.url and listing.state == ListingState.ACTIVE
    )
    again = tuple(
        retry_row(newest[listing.id], easel, easel.channel(account.channel))
        for listing, account in rows
        if listing.id in newest and newest[listing.id].state == ChangeState.FAILED
    )
    same = tuple(same_price(item, listing.channel, name) for listing, name in own)
    buttons += [row for row in (links, again, same) if row]
    buttons.append(_deeds(item, rows_up=any(listing.wanted == "live" for listing, _account in rows)))
    return Card(
        title=_("Item {number}: {title}").format(number=item.number, title=item.title or _("no title yet")),
        text=easel.paused(), lines=(Line(_("State"), of_item(item.state)), *lines), photos=(await photos(easel, item))[:1],
        buttons=tuple(row for row in buttons if row), subject=("item", item.id), mood="good" if item.state == ItemState.LIVE else "",
    )  # fmt: skip


def _deeds(item: Item, *, rows_up: bool) -> tuple[Button, ...]:
    if item.state == ItemState.DELISTED:
        return (say(_("Put it up again"), f"/publish {item.number}", "primary"), photos_button(item))
    if rows_up:
        price = Button(_("Price…"), {"do": "draft.ask", "item": item.id, "field": "price"})
        elsewhere = Button(_("Sold elsewhere…"), {"do": "sold.ask", "item": item.id})
        return (price, photos_button(item), say(_("Take it down"), f"/delist {item.number}"), elsewhere)
    return ()
