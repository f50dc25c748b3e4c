"""Setting one field of an item, by command, by button or as the answer to a question: one way for all of them."""

from __future__ import annotations

from bot.chat.arguments import whole
from bot.chat.commands.prices import reprice_everywhere
from bot.chat.context import Context
from bot.chat.words import _
from core.errors import Invalid, Refused
from core.flows import intake, ledger
from core.flows.posts import touch
from core.flows.wanted import sheet_of
from core.money import parse
from core.rules.drafts import said_by_seller
from core.values.draft import FIELDS
from core.values.states import Condition, ItemState, StockKind
from storage import audit
from storage.keys import new_key
from storage.models import Item

MONEY = ("price", "floor", "cost")
EDITABLE = ("title", "description", "condition", *MONEY, "quantity", "brand", "model", "mpn", "size", "colour", "material")
_CONDITION_WORDS = {one.value.replace("_", " "): one for one in Condition if one is not Condition.UNKNOWN}


async def set_field(ctx: Context, item: Item, field: str, value: str) -> None:
    """Raises `Invalid` with what to type instead. What is listed already is revised everywhere."""
    field = field.lower() if field.lower() in {*EDITABLE, *FIELDS} else field
    if item.state in (ItemState.SOLD, ItemState.ARCHIVED) and field != "cost":
        raise Refused(_("Item {number} is {state}; only its cost can be changed.").format(number=item.number, state=item.state))
    before = item.price
    if field in MONEY:
        _set_money(ctx, item, field, value)
        if field == "floor" and item.price and item.floor:
            await intake.remember(ctx.session, item.workspace_id, "floor", {"percent": round(100 * item.floor / item.price)})
    elif field == "quantity":
        await _set_quantity(ctx, item, value)
    else:
        await _set_text(ctx, item, field, value)
    item.changed_at = ctx.now()
    audit.record(
        ctx.session, workspace=item.workspace_id, at=ctx.now(), actor=ctx.person.actor, action="item.edited", subject=("item", item.id),
        data={"field": field, "value": value[:500]},
    )  # fmt: skip
    await touch(ctx.session, ctx.db, ("item", item.id))
    if field == "price":
        await reprice_everywhere(ctx, item, before=before)
    elif field not in (*MONEY, "quantity") and await intake.revise_everywhere(
        ctx.session, ctx.house, item, reason=_("{field} edited").format(field=field), person=ctx.person
    ):
        await ctx.say(_("I am updating it everywhere it is up."))


def _set_money(ctx: Context, item: Item, field: str, value: str) -> None:
    amount = parse(value, item.currency)
    if amount.currency != item.currency:
        raise Invalid(_("Item {number} is priced in {currency}.").format(number=item.number, currency=item.currency))
    if amount.amount < 0 or (amount.amount == 0 and field == "price"):
        raise Invalid(_("“{value}” cannot be a {field}. Type an amount like 45.").format(value=value, field=field))
    setattr(item, field, amount.amount)
    if item.floor is not None and item.price is not None and item.price < item.floor and field != "cost":
        raise Invalid(_("The floor cannot be above the price. Change the other one first."))


async def _set_quantity(ctx: Context, item: Item, value: str) -> None:
    wanted = whole(value)
    if wanted is None or not 0 < wanted < 100_000:
        raise Invalid(_("“{value}” is not a quantity. Type a whole number like 3.").format(value=value))
    level = await ledger.level_of(ctx.session, item.id)
    difference = wanted - (level.total if level else 0)
    if difference:
        kind = StockKind.ADJUST if level else StockKind.INITIAL
        await ledger.post(ctx.session, ctx.db, item, kind, difference, key=new_key(), source="person", reason=ctx.person.actor)
        await intake.quantity_everywhere(ctx.session, ctx.house, item, person=ctx.person)


async def _set_text(ctx: Context, item: Item, field: str, value: str) -> None:
    row, sheet = await sheet_of(ctx.session, item.id)
    value = value.strip()
    if field == "condition":
        value = _condition(value).value
    name = field if field in FIELDS else f"aspect:{field.removeprefix('aspect:')}"
    row.fields = sheet.with_field(name, said_by_seller(value)).to_json()
    if field == "title":
        item.title = value
        await intake.ask_again(ctx.session, ctx.house, row)


def _condition(value: str) -> Condition:
    words = value.lower().replace("_", " ").replace("-", " ")
    if words not in _CONDITION_WORDS:
        known = ", ".join(_CONDITION_WORDS)
        raise Invalid(_("“{value}” is not a condition I know. Choose one of: {known}.").format(value=value, known=known))
    return _CONDITION_WORDS[words]
