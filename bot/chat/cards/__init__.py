"""Cards, drawn from the rows as they are now.

`VIEWS` names each one; a post remembers its view and is drawn again when its subject moves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bot.chat.cards import (
    buyer,
    digest,
    draft,
    health,
    home,
    imported,
    item,
    money,
    notice,
    order,
    outcome,
    oversell,
    people,
    photos,
    reconciliation,
    rehearsal,
    roll,
    sale,
    small,
    stock,
)
from bot.chat.cards.parts import Easel
from bot.speech import speech_of
from core.errors import HaggleError
from core.flows.house import House
from core.flows.people import reader_of, the_workspace
from core.values.card import Card, CardPhoto
from core.words import speaking

log = structlog.get_logger()

VIEWS: dict[str, Callable[[Easel, str], Awaitable[Card | None]]] = {
    "draft": draft.draw,
    "item": item.draw,
    "stock": stock.draw,
    "batch": outcome.draw,
    "sale": sale.draw,
    "order": order.draw,
    "buyer": buyer.draw,
    "import": imported.report,
    "source": imported.question,
    "oversell": oversell.draw,
    "dry": rehearsal.draw,
    "task": small.task,
    "notice": notice.draw,
    "fold": notice.fold,
    "notices": notice.listing,
    "notify": notice.choices,
    "digest": digest.draw,
    "sales": money.sales,
    "profit": money.profit,
    "channels": small.channels,
    "health": health.draw,
    "members": people.members,
    "member": people.member,
    "code": people.code,
    "photos": photos.draw,
    "roll": roll.draw,
    "parts": roll.parts,
    "home": home.draw,
    "reconciliation": reconciliation.draw,
    "difference": reconciliation.question,
}


class Artist:
    """Draws cards for the house (`core.ports.CardArtist`)."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def draw(self, view: str, subject: tuple[str, str], place: tuple[str, str]) -> Card | None:
        async with self._house.db.read() as session:
            workspace = await the_workspace(session)
            assert workspace is not None
            of_home = view == "home"
            language, timezone = await (home.reader(session, workspace, subject[1]) if of_home else reader_of(session, workspace, place))
            easel = Easel(self._house, session, workspace, timezone)
            with speaking(speech_of(language)):
                card = await VIEWS[view](easel, subject[1])
        if card is not None and easel.later is not None:
            with speaking(speech_of(language)):
                card = await easel.later(card)
        return replace(card, photos=await self._charts(easel)) if card and easel.charts else card

    async def _charts(self, easel: Easel) -> tuple[CardPhoto, ...]:
        """The pictures of a card's charts. Its figures are text, so it does without those that cannot be drawn now."""
        drawn = []
        for chart in easel.charts:
            try:
                drawn.append(await self._house.charts.draw(chart))
            except HaggleError as error:
                log.warning("a chart was not drawn", cause=error.cause or str(error))
        return tuple(drawn)
