"""The card of a dry run: per marketplace the fields as they would be sent, and what would be refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlalchemy import select

from bot.chat.cards.draft import open_questions
from bot.chat.cards.parts import Easel, say
from core.flows import rehearsing
from core.flows.rehearsing import Planned
from core.flows.wanted import sheet_of
from core.values.card import Card, Line
from core.values.channel import Preview
from core.words import _, here
from storage.models import Account, Item, Listing

LONGEST = 300  # of a field's text on the card


async def draw(easel: Easel, key: str) -> Card | None:
    """`key` is the item's id and those of the accounts, by colons. The marketplaces are asked when nothing is open in the database."""
    item_id, *ids = key.split(":")
    item = await easel.session.get(Item, item_id)
    if item is None or item.deleted_at is not None:
        return None
    row, sheet = await sheet_of(easel.session, item.id)
    planned = []
    for account in (await easel.session.execute(select(Account).where(Account.id.in_(ids)).order_by(Account.id))).scalars().all():
        query = select(Listing).where(Listing.item_id == item.id, Listing.account_id == account.id)
        one = await rehearsing.plan(easel.session, easel.house, item, account, (await easel.session.execute(query)).scalar())
        asked = tuple(question.text for question in open_questions(easel, item, row, sheet, [account])) if one.wanted is None else ()
        planned.append(replace(one, problems=(*one.problems, *asked)))
    text = _("Nothing was sent. This is what each marketplace would get, and what it would refuse.")
    title = _("Trying out item {number}: {title}").format(number=item.number, title=item.title or _("no title yet"))
    card = Card(title, text, subject=("dry", key), buttons=((say(_("Publish"), f"/publish {item.number}", "primary"),),))
    easel.later = partial(_ask, easel, planned)
    return card


async def _ask(easel: Easel, planned: list[Planned], card: Card) -> Card:
    lines: list[Line] = []
    good = True
    for one in planned:
        held = easel.paused() and easel.house.capabilities[one.account.channel].native
        found = Preview((), {}, (*one.problems, easel.paused())) if held else await rehearsing.rehearse(easel.house, one)
        lines += _of_account(easel, one, found)
        good = good and not found.problems
    return replace(card, lines=tuple(lines), mood="good" if good else "warn")


def _of_account(easel: Easel, one: Planned, found: Preview) -> list[Line]:
    name = easel.channel(one.account.channel)
    by_hand = not easel.house.capabilities[one.account.channel].native
    if one.up:
        verdict = Line(name, _("is up there already"), mood="good")
    elif found.problems and not by_hand:
        verdict = Line(name, _("would be refused"), mood="bad")
    else:
        verdict = Line(name, _("you would list it by hand") if by_hand else _("would go up"), mood="good")
    problems = [Line(value=here(problem), mood="warn" if by_hand else "bad") for problem in found.problems]
    return [verdict, *problems, *(Line(here(label), _short(value)) for label, value in found.fields if value)]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else _("{text}… ({count} characters)").format(text=text[:LONGEST], count=len(text))
