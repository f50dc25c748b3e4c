"""From what a sentence wants to command lines: items looked up, amounts worked out. Nothing is guessed: what may be several is several."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.chat.context import Context
from bot.chat.plain.things import spoken_of, things_for
from bot.chat.registry import REGISTRY
from core.errors import Invalid, Missing
from core.money import Money, parse
from core.rules.plain.folding import folded
from core.rules.plain.grammar import wishes
from core.rules.plain.matching import Thing, is_this, meant, stems, telling
from core.rules.plain.wishes import Verb, Wish
from core.words import Told

# What an amount's word means; "" is the business's own currency.
_UNITS = {"euro": " EUR", "pound": " GBP", "quid": " GBP", "libra": " GBP", "dollar": "", "dolar": "", "buck": "", "pavo": "", "peso": ""}
_UNIT = re.compile(rf"\s*({'|'.join(_UNITS)})(?:es|s)?$", re.I)
_OF_SOLD = (Verb.SHOW, Verb.ABOUT)  # what is sold may be meant too


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these is meant. `phrase` is how it was called; `near` when none has every word of it."""

    phrase: str
    lines: tuple[tuple[Thing, str], ...]
    near: bool


@dataclass(slots=True)
class Understood:
    """A sentence that was understood. `asks` are items whose amount was not said, with the verb; `lost` are phrases that name nothing."""

    lines: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    asks: list[tuple[Thing, Verb]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def sure(self) -> bool:
        """Whether nothing is left that a cleverer reader may know better."""
        return not self.lost and not any(one.near for one in self.choices)


async def understand(ctx: Context, text: str) -> Understood | None:
    """What the sentence means; None when it is not understood. Raises `Invalid` for an amount that cannot be read."""
    names = await channel_names(ctx)
    found = wishes(text, names)
    things = await things_for(ctx, [wish.item for wish in found if _needs_item(wish)])
    made = Understood()
    for wish in found:
        if not await _add(ctx, made, wish, things):
            return None
    return made if found else None


async def channel_names(ctx: Context) -> dict[str, str]:
    """How marketplaces are called, folded, each with its kind: those that are connected by their own names too."""
    names = {folded(called): kind for kind, able in ctx.house.capabilities.items() for called in (kind, able.name)}
    return names | {folded(account.name): account.channel for account in await ctx.accounts()}


def _needs_item(wish: Wish) -> bool:
    return wish.verb not in (Verb.COMMAND, Verb.LIST, Verb.FIND)


async def _add(ctx: Context, made: Understood, wish: Wish, things: Sequence[Thing]) -> bool:
    """Whether the wish is understood."""
    if not _needs_item(wish):
        lines = [f"items {_searched(wish.rest)}"] if wish.verb is Verb.FIND else wish.lines
        line = next((one for one in lines if one.split()[0] in REGISTRY.names), "")
        made.lines += [f"/{_dated(ctx, line)}"] if line else []
        return bool(line)
    if is_this(wish.item):
        thing = await spoken_of(ctx)
        if thing is not None:
            _want(ctx, made, wish, thing)
        return thing is not None
    which = meant(wish.item, things, only_open=wish.verb not in _OF_SOLD)
    if which.sure:
        _want(ctx, made, wish, which.things[0])
    elif which.things:
        pairs = [(one, line) for one in which.things for line in _lines(ctx, wish, one)]
        pairs = pairs or [(one, f"/item {one.number}") for one in which.things]
        made.choices.append(Choice(wish.item, tuple(pairs), _near(wish, which.things)))
    elif wish.verb is Verb.ABOUT or not telling(wish.item):
        return False
    else:
        made.lost.append(wish.item)
    return True


def _dated(ctx: Context, line: str) -> str:
    """With days for what the calendar calls a month: `/sales 2026-10` for “sales last month”."""
    today = ctx.now().astimezone(ZoneInfo(ctx.person.timezone or ctx.workspace.timezone)).date()
    monday = today - timedelta(days=today.weekday())
    named = {
        "this month": f"{today:%Y-%m}",
        "last month": f"{today.replace(day=1) - timedelta(days=1):%Y-%m}",
        "last week": f"{monday - timedelta(days=7)} {monday - timedelta(days=1)}",
        "this year": f"{today.year}-01-01 {today}",
        "last year": f"{today.year - 1}-01-01 {today.year - 1}-12-31",
    }
    command, _space, when = line.partition(" ")
    return f"{command} {named.get(when, when)}".strip()


def _near(wish: Wish, things: Sequence[Thing]) -> bool:
    return not meant(wish.item, things[:1], only_open=False).sure


def _searched(said: str) -> str:
    """What to look for: without the small words, and one of what was many."""
    return " ".join(min(stems(word), key=len) for word in telling(said))


def _want(ctx: Context, made: Understood, wish: Wish, thing: Thing) -> None:
    lines = list(_lines(ctx, wish, thing))
    if lines:
        made.lines += lines
    else:
        made.asks.append((thing, wish.verb))


def _lines(ctx: Context, wish: Wish, thing: Thing) -> Iterator[str]:
    """The commands for one item; none where an amount is lacking."""
    number, places = thing.number, [f" {kind}" for kind in wish.where] or [""]
    match wish.verb:
        case Verb.SHOW | Verb.ABOUT:
            yield f"/item {number}"
        case Verb.PUBLISH | Verb.DELIST:
            yield from (f"/{wish.verb} {number}{place}" for place in places)
        case Verb.FIELD:
            yield f"/edit {number} {wish.field} {_amount(ctx, wish) if wish.money else wish.rest}"
        case Verb.SOLD if wish.money:
            yield f"/sold {number} {_amount(ctx, wish)} {wish.rest or ' '.join(wish.where)}".strip()
        case Verb.PRICE | Verb.OFFER if wish.money:
            yield from (f"/price {number}{place} {_amount(ctx, wish)}" for place in places)
            if wish.verb is Verb.OFFER:
                yield from (f"/publish {number}{place}" for place in places)
        case Verb.LOWER | Verb.RAISE if wish.money or wish.percent:
            yield from (f"/price {number}{place} {_moved(ctx, wish, thing)}" for place in places)


def _money(ctx: Context, wish: Wish) -> Money:
    """The amount as it was said, its unit as a sign that everybody reads."""
    said = _UNIT.sub(lambda found: _UNITS[found[1].lower()], folded(wish.money).upper())
    return parse(said, ctx.workspace.currency)


def _amount(ctx: Context, wish: Wish) -> str:
    return _written(_money(ctx, wish), ctx.workspace.currency)


def _written(amount: Money, currency: str) -> str:
    """As people type it: without cents that are none, and with a currency only where it is another one."""
    number = amount.wire().removesuffix(".00")
    return number if amount.currency == currency else f"{number}{amount.currency}"


def _moved(ctx: Context, wish: Wish, thing: Thing) -> str:
    """The price after it was lowered or raised by what was said."""
    if thing.price is None:
        raise Missing(Told("Item {number} has no price yet. Type /price {number} 45.", number=thing.number), field="price")
    price = Money(thing.price, thing.currency)
    by = price.percent(Decimal(wish.percent.replace(",", "."))) if wish.percent else _money(ctx, wish)
    if by.currency != price.currency:
        raise Invalid(Told("Item {number} is priced in {currency}.", number=thing.number, currency=price.currency))
    moved = price - by if wish.verb is Verb.LOWER else price + by
    if moved.amount <= 0:
        raise Invalid(Told("That would leave nothing of the {price} that item {number} costs.", price=price, number=thing.number))
    return _written(moved, ctx.workspace.currency)
