"""What a command will do, in a sentence: what people read before they say yes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.chat.cards.parts import money
from bot.chat.context import Context
from bot.chat.registry import Command, Price
from core.rules.naming import of_field
from core.words import _, here
from storage.models import Account, Item

TITLE = 60  # letters of an item's title


def describe(ctx: Context, command: Command, values: Mapping[str, Any]) -> str:
    """The command with these arguments, as a clause: “change the price of item 42, Nike Dunk, from $80 to $75”."""
    told = _TOLD.get(command.name)
    if told is not None:
        return told(ctx, values)
    item = next((one for one in values.values() if isinstance(one, Item)), None)
    summary = _(command.summary)
    return _("{what}: {thing}").format(what=summary, thing=thing(item)) if item else summary


def thing(item: Item) -> str:
    if not item.title:
        return _("item {number}").format(number=item.number)
    title = item.title if len(item.title) <= TITLE else f"{item.title[: TITLE - 1]}…"
    return _("item {number}, {title}").format(number=item.number, title=title)


def _channel(ctx: Context, account: Account) -> str:
    return ctx.easel().channel(account.channel)


def _price(ctx: Context, values: Mapping[str, Any]) -> str:
    item, account, price = values["item"], values["channel"], values["amount"]
    named: dict[str, Any] = {"thing": thing(item), "channel": _channel(ctx, account) if account else ""}
    if isinstance(price, Price) and price.money is None:
        return _("take away the price that {thing} has of its own on {channel}").format(**named)
    named |= {"new": price.money.here(), "old": money(item.price, item.currency)}
    if account:
        return _("change the price of {thing}, on {channel} to {new}").format(**named)
    if not named["old"]:
        return _("set the price of {thing}, to {new}").format(**named)
    return _("change the price of {thing}, from {old} to {new}").format(**named)


def _publish(ctx: Context, values: Mapping[str, Any]) -> str:
    item, account = values["item"], values["channel"]
    if account:
        return _("put up on {channel}: {thing}").format(thing=thing(item), channel=_channel(ctx, account))
    return _("put up {thing}").format(thing=thing(item))


def _delist(ctx: Context, values: Mapping[str, Any]) -> str:
    item, account = values["item"], values["channel"]
    if account:
        return _("take down on {channel}: {thing}").format(thing=thing(item), channel=_channel(ctx, account))
    return _("take down everywhere: {thing}").format(thing=thing(item))


def _sold(ctx: Context, values: Mapping[str, Any]) -> str:
    return _("sold for {amount}, so take down everywhere: {thing}").format(thing=thing(values["item"]), amount=values["amount"].here())


def _edit(ctx: Context, values: Mapping[str, Any]) -> str:
    field = here(of_field(str(values["field"])))
    return _("change {field} of {thing}, to “{value}”").format(field=field, thing=thing(values["item"]), value=str(values["value"])[:200])


_TOLD: Mapping[str, Callable[[Context, Mapping[str, Any]], str]] = {
    "price": _price, "publish": _publish, "delist": _delist, "sold": _sold, "edit": _edit,
}  # fmt: skip
