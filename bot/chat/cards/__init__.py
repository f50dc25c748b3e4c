"""Cards, drawn from the rows as they are now.

`VIEWS` names each one; a post remembers its view and is drawn again when its subject moves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.chat.cards import draft, home, item, notice, outcome, people, photos, roll, sale, small
from bot.chat.cards.parts import Easel
from bot.speech import speech_of
from core.flows.house import House
from core.flows.people import reader_of, the_workspace
from core.values.card import Card
from core.words import speaking

VIEWS: dict[str, Callable[[Easel, str], Awaitable[Card | None]]] = {
    "draft": draft.draw,
    "item": item.draw,
    "batch": outcome.draw,
    "sale": sale.draw,
    "task": small.task,
    "notice": notice.draw,
    "fold": notice.fold,
    "notices": notice.listing,
    "notify": notice.choices,
    "channels": small.channels,
    "members": people.members,
    "member": people.member,
    "code": people.code,
    "photos": photos.draw,
    "roll": roll.draw,
    "parts": roll.parts,
    "home": home.draw,
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
            with speaking(speech_of(language)):
                return await VIEWS[view](Easel(self._house, session, workspace, timezone), subject[1])
