"""A card's files on surfaces that send them: made at that moment, and sent before the card's text, which is tried again without them."""

from __future__ import annotations

from dataclasses import replace

import structlog

from core.errors import Invalid, Missing, Refused
from core.ports import Paper, PaperMaker
from core.values.card import Card, CardFile, Line

log = structlog.get_logger(__name__)

_REMEMBERED = 1000


class Filing:
    """Of one surface. It remembers, while the process runs, whose files went out before their text could."""

    def __init__(self, papers: PaperMaker) -> None:
        self._papers = papers
        self._sent: set[tuple[str, tuple[CardFile, ...], str]] = set()

    async def made(self, chat: str, card: Card) -> tuple[list[Paper], Card]:
        """The files that are still to be sent, and the card, which says of those that cannot be made why. Raises `Busy`, `Unreachable`."""
        made: list[Paper] = []
        if _key(chat, card) in self._sent:
            return made, card
        for file in card.files:
            try:
                made.append(await self._papers.make(file))
            except (Missing, Refused, Invalid) as error:
                log.warning("a card's file cannot be made", kind=file.kind, error=type(error).__name__, cause=error.cause)
                card = replace(card, lines=(*card.lines, Line(file.name, error.sentence, mood="bad")))
        return made, card

    def sent(self, chat: str, card: Card) -> None:
        """The files are there; the text is not yet."""
        if card.files:
            if len(self._sent) >= _REMEMBERED:
                self._sent.clear()
            self._sent.add(_key(chat, card))

    def over(self, chat: str, card: Card) -> None:
        """The text is there too: the same card sent again brings its files again."""
        self._sent.discard(_key(chat, card))


def _key(chat: str, card: Card) -> tuple[str, tuple[CardFile, ...], str]:
    return chat, card.files, card.title
