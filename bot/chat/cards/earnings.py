"""What an order or a time earned, as lines of a card: what is known, what is an estimate, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from bot.chat.cards.parts import Easel
from core.flows import sums as flow
from core.money import Money
from core.rules import sums
from core.rules.sums import Sold, Sum
from core.values.card import Line
from core.values.states import OrderState
from core.words import _, ngettext
from storage.models import Item, Order, OrderLine


async def of_order(easel: Easel, order: Order) -> list[Line]:
    """From the price down to what is left of it. Nothing for an order that was cancelled."""
    rows = await flow.of_order(easel.session, order, easel.timezone)
    if order.state == OrderState.CANCELLED or not rows:
        return []
    whole = sums.total(rows)
    paid = [Line(_("Price"), Money(whole.price, order.currency).here())]
    if whole.shipping:
        paid.append(Line(_("Shipping paid"), Money(whole.shipping, order.currency).here()))
    return [*paid, *taken_off(whole, order.currency), *await costs(easel, order, rows)]


def taken_off(whole: Sum, currency: str) -> list[Line]:
    """What of the price is not the seller's: tax inside of it, and what the buyer has back."""
    lines = [
        (_("Tax in it"), whole.tax, _("you hand it on")),
        (_("Given back"), whole.refunded, _("the buyer has the money back")),
    ]
    return [Line(label, Money(-amount, currency).here(), note) for label, amount, note in lines if amount]


async def costs(easel: Easel, order: Order, rows: Sequence[Sold]) -> list[Line]:
    """Fees, label, what the seller paid, and what is left. What is not known says how to say it."""
    whole = sums.total(rows)
    return [
        *_fees(easel, order, whole), *_label(order, whole), await _cost(easel, order, whole), left(whole, order.currency, _missing(whole))
    ]  # fmt: skip


def left(whole: Sum, currency: str, note: str) -> Line:
    """What was earned: "about" while the fees are an estimate."""
    amount = Money(whole.net, currency).here()
    value = _("about {amount}").format(amount=amount) if whole.about else amount
    return Line(_("Earned"), value, note, "good" if whole.net > 0 else "bad", weak=whole.lacks)


def _fees(easel: Easel, order: Order, whole: Sum) -> list[Line]:
    """A sale without a marketplace has none to speak of; one on a marketplace that reports nothing is estimated where a table says how."""
    amount = Money(-whole.fees, order.currency).here()
    if whole.about:
        usual = _("what {channel} usually takes").format(channel=easel.channel(order.channel))
        later = _("what {channel} usually takes; it tells me later").format(channel=easel.channel(order.channel))
        return [Line(_("Fees"), _("about {amount}").format(amount=amount), later if order.account_id else usual)]
    if whole.no_fees and order.account_id is None:
        return [Line(_("Fees"), _("not known"))]
    if whole.no_fees:
        return [Line(_("Fees"), _("not known yet"), _("the marketplace reports them later"))]
    if order.account_id is None and not whole.fees:
        return []
    return [Line(_("Fees"), amount)]


def _label(order: Order, whole: Sum) -> list[Line]:
    if whole.no_label:
        return [Line(_("Label"), _("not known"), _("/label {number} 5.20").format(number=order.number))]
    return [Line(_("Label"), Money(-whole.label, order.currency).here())] if whole.label else []


async def _cost(easel: Easel, order: Order, whole: Sum) -> Line:
    if not whole.no_cost:
        until = _("until it is back in your stock") if order.state == OrderState.REFUNDED and whole.cost else ""
        return Line(_("You paid"), Money(-whole.cost, order.currency).here(), until)
    query = select(Item.number).join(OrderLine, OrderLine.item_id == Item.id).where(OrderLine.order_id == order.id, Item.cost.is_(None))
    number = (await easel.session.execute(query.order_by(OrderLine.id).limit(1))).scalar()
    return Line(_("You paid"), _("not known"), _("/edit {item} cost 20").format(item=number) if number is not None else "")


def _missing(whole: Sum) -> str:
    """What the sum is without, in words."""
    lacks = [
        (whole.no_fees, _("fees are not known")), (whole.no_label, _("what the label cost is not known")),
        (whole.no_cost, _("what you paid for it is not known")),
    ]  # fmt: skip
    return ", ".join(words for count, words in lacks if count)


def of_time(whole: Sum, currency: str) -> list[Line]:
    """The same of many orders: how many lack something is said beside it."""
    lines = [Line(_("Price"), Money(whole.price, currency).here())]
    if whole.shipping:
        lines.append(Line(_("Shipping paid"), Money(whole.shipping, currency).here()))
    guessed = _("{amount} of it estimated").format(amount=Money(whole.about, currency).here()) if whole.about else ""
    fees = ", ".join(part for part in (guessed, _not_known(whole.no_fees)) if part)
    lines += [*taken_off(whole, currency), Line(_("Fees"), Money(-whole.fees, currency).here(), fees)]
    if whole.label or whole.no_label:
        lines.append(Line(_("Labels"), Money(-whole.label, currency).here(), _not_known(whole.no_label)))
    lines.append(Line(_("You paid"), Money(-whole.cost, currency).here(), _not_known(whole.no_cost)))
    return [*lines, left(whole, currency, _("too high by what is not known") if whole.lacks else "")]


def _not_known(count: int) -> str:
    return ngettext("not known of {count} sale", "not known of {count} sales", count).format(count=count) if count else ""


def lacking(whole: Sum) -> str:
    """What a part of a sum is without, in a few words."""
    lacks = [
        (whole.no_fees, _("fees not known")), (whole.about, _("fees estimated")), (whole.no_label, _("label not known")),
        (whole.no_cost, _("cost not known")),
    ]  # fmt: skip
    return ", ".join(words for count, words in lacks if count)
