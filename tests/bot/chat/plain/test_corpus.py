"""Sentences and what they must mean, by the tables alone: `english.txt`, `spanish.txt`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.chat.context import Context
from bot.chat.plain.judging import proposal
from bot.chat.plain.lines import Understood, understand
from core.errors import HaggleError
from core.flows.people import Person
from core.values.card import Inbound
from storage.keys import new_key
from storage.models import Account, Item, Post, Workspace
from tests.home import Home, open_home

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = Path(__file__).parent
# Number, title, price, state.
INVENTORY = (
    (1, "Nike Dunk Low Panda", 8000, "live"),
    (2, "Acme brass desk lamp", 6000, "live"),
    (3, "Blue ceramic table lamp", 4500, "live"),
    (4, "Levi's 501 jeans", 4000, "draft"),
    (5, "Canon AE-1 film camera", 12000, "live"),
    (6, "Pyrex mixing bowls", 2500, "delisted"),
    (7, "Vintage Coach bag", 15000, "sold"),
    (8, "Lámpara de mesa roja", 3000, "live"),
    (9, "Zapatillas Adidas azules", 5000, "live"),
    (10, "Bolso de cuero marrón", 7000, "draft"),
    (11, "Reloj Casio dorado", 3500, "live"),
    (42, "Adidas Samba OG", 9000, "live"),
)
SKUS = {42: "HG-42-SAMBA"}


def corpus(language: str) -> Iterator[tuple[str, str]]:
    for line in (HERE / f"{language}.txt").read_text("utf-8").splitlines():
        sentence, arrow, meaning = line.partition(" => ")
        if arrow and not line.startswith("#"):
            yield sentence, meaning


def told(found: Understood | None) -> str:
    """What was understood, as the corpus writes it."""
    if found is None:
        return "?"
    if found.lost:
        return "lost"
    parts = [" & ".join(found.lines)] if found.lines else []
    parts += [f"{'near' if one.near else 'which'} {' | '.join(line for _thing, line in one.lines)}" for one in found.choices]
    parts += [f"ask {verb} {thing.number}" for thing, verb in found.asks]
    return "; ".join(parts)


class Room:
    """A chat with an inventory, and its newest card about item 1."""

    def __init__(self, home: Home, person: Person, session: AsyncSession, workspace: Workspace) -> None:
        inbound = Inbound("web", person.member_id, person.member_id, new_key())
        self.ctx = Context(home.app.house, session, person, workspace, inbound)

    async def hears(self, text: str) -> Understood | None:
        self.ctx.inbound = replace(self.ctx.inbound, text=text)
        return await understand(self.ctx, text)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    async with open_home(tmp_path_factory.mktemp("home")) as home:
        person, _token = await home.member()
        now, house = home.clock.now(), home.app.house
        async with house.db.write() as session:
            for number, title, price, state in INVENTORY:
                sku = SKUS.get(number, f"HG-{number}")
                item = Item(
                    workspace_id=person.workspace_id, number=number, sku=sku, state=state, title=title, currency="USD", price=price,
                    created_at=now, changed_at=now,
                )  # fmt: skip
                session.add(item)
            for channel in ("ebay", "shopify", "poshmark"):
                session.add(
                    Account(workspace_id=person.workspace_id, channel=channel, name=channel, state="active", due_at=now, created_at=now)
                )
            await session.flush()
            first = (await session.execute(select(Item.id).where(Item.number == 1))).scalar_one()
            subject = {"view": "item", "subject_kind": "item", "subject_id": first, "message": "1", "state": "posted"}
            moments = {"created_at": now, "changed_at": now, "due_at": now}
            session.add(Post(workspace_id=person.workspace_id, surface="web", chat=person.member_id, **subject, **moments))
        async with house.db.read() as session:
            yield Room(home, person, session, await session.get_one(Workspace, person.workspace_id))


@pytest.mark.parametrize("language", ["english", "spanish"])
async def test_every_sentence_means_what_it_says(room: Room, language: str) -> None:
    today = room.ctx.now()
    before = today.replace(day=1) - timedelta(days=1)
    wrong = []
    for sentence, meaning in corpus(language):
        found = told(await room.hears(sentence))
        if found != meaning.replace("<this month>", f"{today:%Y-%m}").replace("<last month>", f"{before:%Y-%m}"):
            wrong.append(f"{sentence} => {meaning}\n    was: {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("language", "least"), [("english", 150), ("spanish", 60)])
async def test_every_line_of_it_can_be_typed(room: Room, language: str, least: int) -> None:
    """What is meant is a command whose arguments resolve, so that its card can say what it would do."""
    sentences = list(corpus(language))
    assert len(sentences) >= least
    for sentence, _meaning in sentences:
        found = await room.hears(sentence)
        lines = [*found.lines, *(line for choice in found.choices for _thing, line in choice.lines)] if found else []
        for line in lines:
            try:
                made = await proposal(room.ctx, line)
            except HaggleError as error:
                pytest.fail(f"{sentence}: {line}: {error.sentence}")
            assert made.what
