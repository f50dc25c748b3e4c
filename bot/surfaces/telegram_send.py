"""Cards out to Telegram: which messages a card becomes, and how each is edited.

card                              messages                                   reference, what is edited
no photo                          text with buttons                          "t:<id>", the text
one photo, short text             photo, text as its caption, buttons        "p:<id>", the caption
one photo, long text              photo; then text with buttons              "t:<id>", the text
more photos                       album(s) of 2 to 10; then text, buttons    "t:<id>", the text (albums carry no buttons)
one file, no photo, short text    file, text as its caption, buttons         "p:<id>", the caption
files otherwise                   the files; then as without them            as without them
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog
from telegram import Bot, InlineKeyboardMarkup, InputMediaPhoto, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import RetryAfter, TelegramError

from bot.surfaces.filing import Filing
from bot.surfaces.telegram_errors import is_about_photo, is_unchanged, ours, seconds_of
from bot.surfaces.telegram_keys import keys_of
from bot.surfaces.telegram_pace import ChatPace
from bot.surfaces.telegram_text import CAPTION_LIMIT, TEXT_LIMIT, Written, tell
from bot.surfaces.telegram_updates import reference, split_reference
from core.errors import Busy, Missing
from core.ports import Paper, PaperMaker, PhotoShelf
from core.values.card import Card, CardPhoto, Line
from core.words import Told, ngettext

log = structlog.get_logger(__name__)

ALBUM = 10  # photos in one album (Bot API, sendMediaGroup)
# A living card grows while its outcomes come in, and a caption cannot become a text: only a card well below the limit becomes one.
CAPTION_AT_FIRST = CAPTION_LIMIT * 3 // 4
_PLAIN = LinkPreviewOptions(is_disabled=True)
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _Message:
    told: Written
    markup: InlineKeyboardMarkup | None


class Sender:
    """Posts and edits. `clock` gives seconds that only go forward, for the pace."""

    def __init__(
        self, bot: Bot, photos: PhotoShelf, papers: PaperMaker, public_url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bot = bot
        self._photos = photos
        self._public_url = public_url
        self._filing = Filing(papers)
        self._clock = clock
        self._pace = ChatPace()
        # Cards whose pictures were sent while their text was not: the next try sends the text only.
        self._pictured: dict[tuple[str, tuple[CardPhoto, ...]], int] = {}

    async def post(self, chat: str, card: Card, reply_to: str) -> str:
        """The reference of the message that carries the text. Raises `core.errors`."""
        self._wait_turn(chat, 1 + len(card.photos) + len(card.files))
        papers, card = await self._filing.made(chat, card)
        with self._mapped(chat):
            caption = self._render(card, CAPTION_LIMIT)
            if len(papers) == 1 and not card.photos and caption.told.whole and caption.told.size <= CAPTION_AT_FIRST:
                return await self._document(chat, papers[0], reply_to, caption)
            for paper in papers:
                await self._document(chat, paper, reply_to)
            self._filing.sent(chat, card)
            found = await (self._with_photos if card.photos else self._text)(chat, card, reply_to)
            self._filing.over(chat, card)
            return found

    async def edit(self, chat: str, message: str, card: Card) -> None:
        """Make the posted message show this card. `Missing` when it is gone."""
        try:
            kind, number = split_reference(message)
        except ValueError:
            raise Missing(Told("That message is not in Telegram any more."), cause=f"unknown reference {message!r}") from None
        self._wait_turn(chat, 1)
        with self._mapped(chat):
            try:
                await (self._edit_caption if kind == "p" else self._edit_text)(int(chat), number, card)
            except TelegramError as error:
                if not is_unchanged(error):
                    raise

    async def _edit_text(self, chat: int, number: int, card: Card) -> None:
        made = self._render(card, TEXT_LIMIT)
        await self._bot.edit_message_text(
            _said(made), chat, number, parse_mode=ParseMode.HTML, reply_markup=made.markup, link_preview_options=_PLAIN
        )

    async def _edit_caption(self, chat: int, number: int, card: Card) -> None:
        made = self._render(card, CAPTION_LIMIT)
        await self._bot.edit_message_caption(chat, number, caption=made.told.html, parse_mode=ParseMode.HTML, reply_markup=made.markup)

    async def _text(self, chat: str, card: Card, reply_to: str) -> str:
        made = self._render(card, TEXT_LIMIT)
        sent = await self._bot.send_message(
            int(chat), _said(made), parse_mode=ParseMode.HTML, reply_markup=made.markup,
            link_preview_options=_PLAIN, reply_parameters=_reply(reply_to),
        )  # fmt: skip
        return reference(sent)

    async def _document(self, chat: str, paper: Paper, reply_to: str, made: _Message | None = None) -> str:
        sent = await self._bot.send_document(
            int(chat), paper.data, caption=made.told.html if made else None, parse_mode=ParseMode.HTML,
            reply_markup=made.markup if made else None, reply_parameters=_reply(reply_to), filename=paper.name,
        )  # fmt: skip
        return reference(sent)

    async def _with_photos(self, chat: str, card: Card, reply_to: str) -> str:
        caption = self._render(card, CAPTION_LIMIT)
        if len(card.photos) == 1 and caption.told.whole and caption.told.size <= CAPTION_AT_FIRST:
            found = await self._captioned(chat, card, caption, reply_to)
            return found or await self._text(chat, _without(card, 1), reply_to)
        key = (chat, card.photos)
        lacking = self._pictured.get(key)
        if lacking is None:
            lacking = await self._pictures(chat, card)
            if len(self._pictured) >= _REMEMBERED:
                self._pictured.clear()
            self._pictured[key] = lacking
        sent = await self._text(chat, _without(card, lacking), reply_to)
        self._pictured.pop(key, None)
        return sent

    async def _captioned(self, chat: str, card: Card, made: _Message, reply_to: str) -> str:
        """The reference; "" when the photo is not to be had or not to Telegram's liking."""
        pictures = await self._jpegs(card.photos)
        if not pictures:
            return ""
        try:
            sent = await self._bot.send_photo(
                int(chat), pictures[0], caption=made.told.html, parse_mode=ParseMode.HTML, reply_markup=made.markup,
                reply_parameters=_reply(reply_to), filename="photo.jpg",
            )  # fmt: skip
        except TelegramError as error:
            if is_about_photo(error):
                log.warning("telegram refused a photo", cause=error.message)
                return ""
            raise
        return reference(sent)

    async def _pictures(self, chat: str, card: Card) -> int:
        """Send the photos alone. Answers how many could not be."""
        pictures = await self._jpegs(card.photos)
        lacking = len(card.photos) - len(pictures)
        for start in range(0, len(pictures), ALBUM):
            part = pictures[start : start + ALBUM]
            try:
                if len(part) == 1:
                    await self._bot.send_photo(int(chat), part[0], filename="photo.jpg")
                else:
                    await self._bot.send_media_group(int(chat), [InputMediaPhoto(one, filename="photo.jpg") for one in part])
            except TelegramError as error:
                if not is_about_photo(error):
                    raise
                log.warning("telegram refused photos", cause=error.message, photos=len(part))
                lacking += len(part)
        return lacking

    async def _jpegs(self, photos: Sequence[CardPhoto]) -> list[bytes]:
        found: list[bytes] = []
        for photo in photos:
            try:
                found.append(await self._photos.jpeg(photo.sha256))
            except Missing as error:
                log.warning("a card's photo is missing", sha256=photo.sha256, cause=error.cause)
        return found

    def _render(self, card: Card, limit: int) -> _Message:
        keys = keys_of(card, self._public_url)
        return _Message(tell(card, limit, spoken=keys.spoken, copies=keys.copies, more=self._public_url), keys.markup)

    def _wait_turn(self, chat: str, messages: int) -> None:
        wait = self._pace.take(chat, self._clock(), messages)
        if wait > 0:
            raise Busy(Told("Telegram lets a bot write only so fast."), retry_after=wait)

    @contextmanager
    def _mapped(self, chat: str) -> Iterator[None]:
        try:
            yield
        except TelegramError as error:
            if isinstance(error, RetryAfter):
                self._pace.hold(chat, self._clock(), seconds_of(error))
            raise ours(error) from error


def _said(made: _Message) -> str:
    """Telegram takes no message without a text, though a card may be nothing but buttons."""
    return made.told.html or "…"


def _reply(reply_to: str) -> ReplyParameters | None:
    """The message that is answered, or None; when it was deleted meanwhile the answer comes all the same."""
    if not reply_to:
        return None
    return ReplyParameters(split_reference(reply_to)[1], allow_sending_without_reply=True)


def _without(card: Card, lacking: int) -> Card:
    """The card, saying how many of its photos Telegram did not show."""
    if not lacking:
        return card
    text = ngettext("{count} photo could not be shown in Telegram.", "{count} photos could not be shown in Telegram.", lacking)
    return replace(card, lines=(*card.lines, Line(value=text.format(count=lacking), mood="warn")))
