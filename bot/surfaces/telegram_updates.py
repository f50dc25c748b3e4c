"""Telegram's updates as what a person said. No I/O; the only memory is of albums in groups, see `_is_for_us`."""

from __future__ import annotations

import re
from collections import OrderedDict

from telegram import CallbackQuery, Document, MaybeInaccessibleMessage, Message, Update, User
from telegram.constants import ChatType

from core.values.card import Inbound

SURFACE = "telegram"
ALLOWED = ("message", "callback_query")  # what we ask Telegram for: edited messages are not among them
FILE = "file:"

_PHOTO_NAMES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")
_ALBUMS = 200


def reference(message: MaybeInaccessibleMessage) -> str:
    """What `edit` needs to know of a message: "t:123" has a text, "p:123" a photo or a file with a caption."""
    return f"{'p' if isinstance(message, Message) and (message.photo or message.document) else 't'}:{message.message_id}"


def split_reference(message: str) -> tuple[str, int]:
    """("t" or "p", message id). Raises `ValueError` when we did not make it."""
    kind, _, number = message.partition(":")
    if kind not in ("t", "p"):
        raise ValueError(message)
    return kind, int(number)


class Updates:
    """Reads updates for the bot `me`."""

    def __init__(self, me: User) -> None:
        self._me = me
        # After a command or on its own, so that "me@our_bot.com" stays whole.
        self._mention = re.compile(rf"(^/\w+|(?<!\S))@{re.escape(me.username or '')}\b", re.IGNORECASE)
        self._albums: OrderedDict[str, None] = OrderedDict()

    def read(self, update: Update) -> Inbound | None:
        """None when it is not for us: an edit, a service message, the talk of others in a group."""
        if update.callback_query is not None:
            return self._press(update.update_id, update.callback_query)
        message = update.message
        if message is None or message.from_user is None or message.from_user.is_bot:
            return None
        photo = _photo(message)
        text = message.text or message.caption or ""
        if not (text or photo or message.effective_attachment):
            return None
        if message.chat.type != ChatType.PRIVATE and not self._is_for_us(message, text):
            return None
        return Inbound(
            surface=SURFACE,
            chat=str(message.chat.id),
            person=str(message.from_user.id),
            event_id=str(update.update_id),
            name=message.from_user.full_name,
            language=message.from_user.language_code or "",
            text=self._plain(text),
            photos=(FILE + photo,) if photo else (),
            album=message.media_group_id or "",
            order=message.message_id,
            message=reference(message.reply_to_message) if message.reply_to_message else "",
        )

    def _press(self, update_id: int, query: CallbackQuery) -> Inbound | None:
        if query.message is None or not query.data:
            return None
        return Inbound(
            surface=SURFACE,
            chat=str(query.message.chat.id),
            person=str(query.from_user.id),
            event_id=str(update_id),
            name=query.from_user.full_name,
            language=query.from_user.language_code or "",
            press=query.data,
            message=reference(query.message),
        )

    def _is_for_us(self, message: Message, text: str) -> bool:
        """In a group: our commands, mentions of us, answers to us. Only one photo of an album carries the caption that
        mentions us, so the album is remembered for the others, which come right after it."""
        album = message.media_group_id
        if album and album in self._albums:
            return True
        answered = message.reply_to_message.from_user if message.reply_to_message else None
        to_another = re.match(r"/\w+@", text) and not self._mention.match(text)
        named = text.startswith("/") or self._mention.search(text)
        ours = not to_another and bool(named or (answered and answered.id == self._me.id))
        if ours and album:
            self._albums[album] = None
            if len(self._albums) > _ALBUMS:
                self._albums.popitem(last=False)
        return ours

    def _plain(self, text: str) -> str:
        """Without our own name: "/items@our_bot" is "/items", "@our_bot drop 42" is "drop 42"."""
        return self._mention.sub(r"\1", text).strip()


def _photo(message: Message) -> str:
    """The file id of the best copy: the largest size of a photo, or the file itself when it was sent as one. A table of orders comes the
    same way."""
    if message.photo:
        return max(message.photo, key=lambda size: size.width * size.height).file_id
    if message.document and (_is_image(message.document) or _is_table(message.document)):
        return message.document.file_id
    return ""


def _is_image(document: Document) -> bool:
    """By type or by name: some phones send a HEIC as plain bytes. Whether it really is one is found out when it is stored."""
    return (document.mime_type or "").startswith("image/") or (document.file_name or "").lower().endswith(_PHOTO_NAMES)


def _is_table(document: Document) -> bool:
    """A CSV file; programs and systems name its type in many ways."""
    return document.mime_type == "text/csv" or (document.file_name or "").lower().endswith(".csv")
