"""Setting one field of an item, by command, by button or as the answer to a question: one way for all of them."""

from __future__ import annotations

from typing import Any

from bot.chat.cards.parts import money, same_price
from bot.chat.context import Context, Offer
from bot.chat.finding import whole
from bot.chat.registry import action
from core.errors import Invalid, Missing, Refused
from core.flows import changes, edits, intake, ledger
from core.flows.wanted import floor_of, sheet_of
from core.money import Money, parse
from core.rules.access import Ability, may_on
from core.rules.drafts import CONDITIONS, SAID, field_named, near_fields, said_by_seller
from core.rules.naming import of_field, of_item
from core.values.card import Button, Card, Line
from core.values.states import Condition, ItemState
from core.words import _, here
from storage.models import Item, Listing


async def the_item(ctx: Context, item_id: str) -> Item:
    """The item of a button. Raises `Missing` when it was discarded."""
    item = await ctx.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        raise Missing(_("This item was discarded."))
    return item


async def hold(ctx: Context, item: Item) -> None:
    """Of two who press about one item at once the second waits, and sees what the first has done. Raises `Missing` as `the_item`."""
    await ledger.hold(ctx.session, ctx.db, item.id)
    await ctx.session.refresh(item)
    if item.deleted_at is not None:
        raise Missing(_("This item was discarded."))


async def which_field(ctx: Context, item: Item, name: str, value: str) -> tuple[str, str]:
    """The field that a seller names, and its value: a known specific may have several words. Raises `Offer` for what may be a slip."""
    row, sheet = await sheet_of(ctx.session, item.id)
    categories = row.choices.get("categories", {}).values()
    specifics = [str(one["name"]) for category in categories for one in category.get("aspects", [])]
    specifics += [one.removeprefix("aspect:") for one in sheet.fields if one.startswith("aspect:")]
    said = f"{name} {value} "
    for one in specifics:
        if " " in one and said[: len(one) + 1].lower() == f"{one.lower()} ":
            return f"aspect:{one}", said[len(one) :].strip()
    found = field_named(name, specifics)
    near = () if found or not value else near_fields(name, specifics)
    if not near:
        return found or f"aspect:{name}", value
    known = [one.removeprefix("aspect:") for one in near]
    text = _("Item {number} has no “{name}”. Did you mean {known}?").format(number=item.number, name=name, known=_(" or ").join(known))
    as_ = {"do": "edit.as", "item": item.id, "value": value}
    buttons = [Button(label, {**as_, "field": field}) for field, label in zip(near, known, strict=True)]
    keep = Button(_("No, keep “{name}” as an item specific").format(name=name), {**as_, "field": f"aspect:{name}"})
    raise Offer(Card(text=text, buttons=(tuple(buttons), (keep,)), mood="warn"))


async def set_field(ctx: Context, item: Item, field: str, value: str) -> bool:
    """Raises `Invalid` with what to type instead. What is listed already hears of it. Whether a card was shown that says so."""
    if field in edits.AMOUNTS:
        return await set_amount(ctx, item, field, parse(value, item.currency))
    check_editable(item, field)
    if field == "quantity":
        await edits.write(ctx.session, ctx.house, ctx.person, item, field, _quantity(value))
        return False
    value = _condition(value.strip()).value if field == "condition" else value.strip()
    name = field if field in SAID else f"aspect:{field.removeprefix('aspect:')}"
    said: Any = said_by_seller(value).to_json()
    told = await edits.write(ctx.session, ctx.house, ctx.person, item, name, {"title": value, "field": said} if name == "title" else said)
    if told.sent:
        await ctx.say(_("I am updating it everywhere it is up."))
    return bool(told.sent)


async def set_amount(ctx: Context, item: Item, field: str, amount: Money) -> bool:
    """As `set_field`, for a price, floor or cost."""
    check_editable(item, field)
    check_amount(item, field, amount)
    if field == "floor":
        await _check_floor(ctx, item, amount)
    if field == "price" and (mine := await _only_mine(ctx, item)):
        for listing in mine:
            told = await edits.write(ctx.session, ctx.house, ctx.person, item, "own_price", amount.amount, listing=listing)
            await ctx.show("batch", ("batch", told.batch))
        return True
    told = await edits.write(ctx.session, ctx.house, ctx.person, item, field, amount.amount)
    if field == "floor" and item.price and item.floor:
        await intake.remember(ctx.session, item.workspace_id, "floor", {"percent": round(100 * item.floor / item.price)})
    if told.sent:
        await ctx.show("batch", ("batch", told.batch))
    kept = await _say_who_keeps(ctx, item) if field == "price" else False
    return bool(told.sent) or kept


async def _only_mine(ctx: Context, item: Item) -> list[Listing]:
    """The listings that get the new price, where some that would follow the item's are not this person's to change; says so."""
    up = [one for one in await changes.listings_of(ctx.session, item.id) if edits.is_up(one) and one.own_price is None]
    if all(may_on(ctx.person.channels, one.channel) for one in up):
        return []
    return await ctx.theirs(up, lambda one: one.channel)


async def _say_who_keeps(ctx: Context, item: Item) -> bool:
    """Listings with a price of their own do not follow the item's: that is said, with a way out. Whether there are any."""
    own = [one for one in await changes.listings_of(ctx.session, item.id) if edits.is_up(one) and one.own_price is not None]
    if not own:
        return False
    named = [(one, ctx.house.capabilities[one.channel].name) for one in own]
    lines = tuple(Line(name, _("keeps its own price of {price}").format(price=money(one.own_price, item.currency))) for one, name in named)
    buttons = tuple(same_price(item, one.channel, name) for one, name in named)
    now = _("Item {number} costs {price} now.").format(number=item.number, price=money(item.price, item.currency))
    await ctx.say(Card(text=now, lines=lines, buttons=(buttons,)))
    return True


def check_editable(item: Item, field: str) -> None:
    if item.state in (ItemState.SOLD, ItemState.ARCHIVED) and field != "cost":
        raise Refused(
            _("Item {number} is {state}; only its cost can be changed.").format(number=item.number, state=here(of_item(item.state)))
        )


def check_amount(item: Item, field: str, amount: Money) -> None:
    """What no price, floor or cost may be."""
    if amount.currency != item.currency:
        raise Invalid(_("Item {number} is priced in {currency}.").format(number=item.number, currency=item.currency))
    if amount.amount < 0 or (amount.amount == 0 and field == "price"):
        raise Invalid(_("“{value}” cannot be {field}. Type an amount like 45.").format(value=amount.here(), field=here(of_field(field))))
    floor = floor_of(item)
    if field == "price" and floor is not None and amount < floor:
        raise Refused(
            _("{price} is below its floor of {floor}. Lower the floor first if you mean it: /edit {number} floor …").format(
                price=amount.here(), floor=floor.here(), number=item.number
            )
        )


async def _check_floor(ctx: Context, item: Item, floor: Money) -> None:
    """No floor above what it costs: raising the price with it is offered."""
    low = [Money(item.price, item.currency)] if item.price is not None and item.price < floor.amount else []
    prices = [one.here() for one in low]
    for listing in await _below(ctx, item, floor):
        name = ctx.house.capabilities[listing.channel].name
        prices.append(_("{price} on {channel}").format(price=money(listing.own_price or 0, item.currency), channel=name))
    if not prices:
        return
    text = _("Item {number} costs {prices}, less than a floor of {floor}. Raise the price as well?")
    button = Button(
        _("Floor {floor}, and the price too").format(floor=floor.here()),
        {"do": "floor.raise", "item": item.id, "floor": floor.wire()},
        "primary",
    )
    raise Offer(Card(text=text.format(number=item.number, prices=", ".join(prices), floor=floor.here()), buttons=((button,),), mood="warn"))


async def _below(ctx: Context, item: Item, floor: Money) -> list[Listing]:
    """Listings that are up at a price of their own below a floor."""
    up = [one for one in await changes.listings_of(ctx.session, item.id) if edits.is_up(one)]
    return [one for one in up if one.own_price is not None and one.own_price < floor.amount]


@action("floor.raise", needs=Ability.PRICE)
async def raise_to_floor(ctx: Context, item: str, floor: str) -> None:
    row = await the_item(ctx, item)
    amount = parse(floor, row.currency)
    if row.price is not None and row.price < amount.amount:
        await set_amount(ctx, row, "price", amount)
    for listing in await _below(ctx, row, amount):
        told = await edits.write(ctx.session, ctx.house, ctx.person, row, "own_price", amount.amount, listing=listing)
        await ctx.show("batch", ("batch", told.batch))
    await set_amount(ctx, row, "floor", amount)


def _quantity(value: str) -> int:
    wanted = whole(value)
    if wanted is None or not 0 < wanted < 100_000:
        raise Invalid(_("“{value}” is not a quantity. Type a whole number like 3.").format(value=value))
    return wanted


def _condition(value: str) -> Condition:
    """As it is kept, or as the reader's language calls it."""
    said = value.lower().replace("_", " ").replace("-", " ")
    for condition, label in CONDITIONS:
        if said in (condition.value.replace("_", " "), _(label).lower()):
            return condition
    known = ", ".join(_(label).lower() for _condition, label in CONDITIONS)
    raise Invalid(_("“{value}” is not a condition I know. Choose one of: {known}.").format(value=value, known=known))
