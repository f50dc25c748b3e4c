"""What Telegram itself keeps, for the local server: chats, messages, files, updates that wait for the bot; and what people do there."""

from __future__ import annotations

import asyncio
import io
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from PIL import Image

from tests.bot.telegram_rules import Document, check_photo

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a Telegram account. Their private chat with the bot has their own id."""

    id: int
    name: str


@dataclass(slots=True)
class Sent:
    """A message of the bot's as people see it now. `text` is without markup (a photo's caption), `html` with it."""

    message_id: int
    chat: int
    text: str = ""
    html: str = ""
    keyboard: list[list[dict[str, Any]]] = field(default_factory=list)
    photo: bytes = field(default=b"", repr=False)
    document: bytes = field(default=b"", repr=False)
    file_name: str = ""
    album: str = ""
    reply_to: int = 0
    edits: int = 0

    @property
    def labels(self) -> list[str]:
        """The buttons' labels, row after row."""
        return [button["text"] for row in self.keyboard for button in row]

    def button(self, label: str) -> dict[str, Any]:
        """The button with that label, as it came."""
        return next(button for row in self.keyboard for button in row if button["text"] == label)


class Chats:
    """`person` is a ready-made user; `stranger()` makes more, `group()` makes a group chat's id."""

    def __init__(self, document: Document, bot_name: str) -> None:
        self.document = document
        self.bot: dict[str, Any] = {"id": 7_000_001, "is_bot": True, "first_name": "Haggle", "username": bot_name}
        self.person = Person(1001, "Ann Seller")
        self.messages: dict[int, list[Sent]] = {}
        self.pending: list[dict[str, Any]] = []  # updates that the bot has not confirmed
        self.files: dict[str, bytes] = {}
        self.blocked: set[int] = set()
        self._numbers = {"message": 100, "update": 5000, "file": 0, "person": 2000, "group": 0}
        self.changed = asyncio.Event()

    async def until(self, check: Callable[[], T | None], seconds: float = 30.0) -> T:
        """Wait until the check gives something true, looking whenever something happened; gives that back."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := check()):
                    await self.changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"did not happen in {seconds} s; the bot's messages: {self.messages}") from None

    def change(self) -> None:
        """Something happened: whoever waits looks again."""
        self.changed.set()
        self.changed = asyncio.Event()

    # -- people

    def stranger(self, name: str = "Bob") -> Person:
        return Person(self.number("person"), name)

    def group(self) -> int:
        """A group chat that the bot is in, and reads everything in."""
        return -self.number("group")

    def say(self, text: str, *, who: Person | None = None, chat: int = 0, reply_to: Sent | None = None) -> dict[str, Any]:
        """Write to the bot, or into a group. Gives the update."""
        return self._speak(who, chat, reply_to, {"text": text})

    def send_photos(
        self,
        photos: Sequence[bytes],
        *,
        caption: str = "",
        album: bool = True,
        as_files: bool = False,
        backwards: bool = False,
        who: Person | None = None,
        chat: int = 0,
        reply_to: Sent | None = None,
    ) -> list[dict[str, Any]]:
        """Send photos as an album or one by one. As photos Telegram makes them small (1280 px), as files it leaves them alone.

        `backwards` lets the updates arrive in the opposite order of the messages, as may happen.
        """
        group = {"media_group_id": secrets.token_hex(8)} if album and len(photos) > 1 else {}
        said = []
        for index, data in enumerate(photos):
            content = self._as_file(data) if as_files else self._as_photo(data)
            text = {"caption": caption} if caption and index == 0 else {}
            said.append(self._message(who, chat, reply_to, {**content, **group, **text}))
        return [self._push({"message": message}) for message in (reversed(said) if backwards else said)]

    def send_voice(self, *, who: Person | None = None) -> dict[str, Any]:
        """Something that the bot cannot read."""
        voice = {"file_id": self.keep(b"OggS"), "file_unique_id": secrets.token_hex(6), "duration": 2}
        return self._speak(who, 0, None, {"voice": voice})

    def change_text(self, update: Mapping[str, Any], text: str) -> dict[str, Any]:
        """Edit a message that was sent."""
        return self._push({"edited_message": {**update["message"], "text": text, "edit_date": int(time.time())}})

    def press(self, message: Sent, label: str, *, who: Person | None = None) -> dict[str, Any]:
        """Tap a button of a message by its label."""
        return self.tap(message, message.button(label)["callback_data"], who=who)

    def tap(self, message: Sent, data: str, *, who: Person | None = None) -> dict[str, Any]:
        """Tap a button of a message by what it carries. It may have been there a moment ago only: a tap is on its way meanwhile."""
        person = who or self.person
        query = {
            "id": secrets.token_hex(8), "from": _user(person), "chat_instance": str(message.chat), "data": data,
            "message": self.shown(message),
        }  # fmt: skip
        return self._push({"callback_query": query})

    def repeat(self, update: dict[str, Any]) -> None:
        """Deliver an update once more, under the same id."""
        self.pending.append(update)
        self.change()

    def block(self, person: Person | None = None) -> None:
        """The person blocks the bot."""
        self.blocked.add((person or self.person).id)

    def delete(self, message: Sent) -> None:
        """The message is deleted from the chat."""
        self.messages[message.chat].remove(message)

    # -- what the bot did

    def of(self, chat: int = 0) -> list[Sent]:
        """The bot's messages in a chat (the ready-made person's by default), oldest first."""
        return self.messages.get(chat or self.person.id, [])

    def last(self, chat: int = 0, containing: str = "") -> Sent | None:
        """The newest message of the bot's that contains a text."""
        return next((sent for sent in reversed(self.of(chat)) if containing in sent.text), None)

    # -- as Telegram tells it

    def shown(self, sent: Sent) -> dict[str, Any]:
        """A message of the bot's as Telegram tells it."""
        shown: dict[str, Any] = {"message_id": sent.message_id, "date": int(time.time()), "chat": _chat(sent.chat), "from": self.bot}
        if sent.photo:
            width, height = check_photo(sent.photo)
            shown["photo"] = [self._size(sent.photo, width, height)]
            shown |= {"caption": sent.text} if sent.text else {}
        elif sent.document:
            known = {"file_id": self.keep(sent.document), "file_unique_id": secrets.token_hex(6), "file_name": sent.file_name}
            shown["document"] = known
            shown |= {"caption": sent.text} if sent.text else {}
        else:
            shown["text"] = sent.text
        if sent.album:
            shown["media_group_id"] = sent.album
        if sent.keyboard:
            shown["reply_markup"] = {"inline_keyboard": sent.keyboard}
        return shown

    def _speak(self, who: Person | None, chat: int, reply_to: Sent | None, content: dict[str, Any]) -> dict[str, Any]:
        return self._push({"message": self._message(who, chat, reply_to, content)})

    def _message(self, who: Person | None, chat: int, reply_to: Sent | None, content: dict[str, Any]) -> dict[str, Any]:
        person = who or self.person
        message = {
            "message_id": self.number("message"), "date": int(time.time()), "chat": _chat(chat or person.id, person.name),
            "from": _user(person), **content,
        }  # fmt: skip
        return {**message, "reply_to_message": self.shown(reply_to)} if reply_to else message

    def _push(self, content: dict[str, Any]) -> dict[str, Any]:
        """An update that waits for the bot. Our own updates are checked too: a test must not rest on what Telegram never sends."""
        update = {"update_id": self.number("update"), **content}
        self.document.check(update, ["Update"], "update")
        self.pending.append(update)
        self.change()
        return update

    def _as_photo(self, data: bytes) -> dict[str, Any]:
        sizes = []
        for side in (320, 1280):
            image = Image.open(io.BytesIO(data)).convert("RGB")
            image.thumbnail((side, side))
            small = io.BytesIO()
            image.save(small, "JPEG", quality=80)
            sizes.append(self._size(small.getvalue(), *image.size))
        return {"photo": sizes}

    def _as_file(self, data: bytes) -> dict[str, Any]:
        kind = (Image.open(io.BytesIO(data)).format or "jpeg").lower()
        document = {
            "file_id": self.keep(data), "file_unique_id": secrets.token_hex(6), "file_name": f"photo.{kind}",
            "mime_type": f"image/{kind}", "file_size": len(data),
        }  # fmt: skip
        return {"document": document}

    def _size(self, data: bytes, width: int, height: int) -> dict[str, Any]:
        unique = secrets.token_hex(6)
        return {"file_id": self.keep(data), "file_unique_id": unique, "width": width, "height": height, "file_size": len(data)}

    def keep(self, data: bytes) -> str:
        """A file that Telegram has now, by its id."""
        name = f"AgACAgQ{self.number('file'):06}{secrets.token_hex(4)}"
        self.files[name] = data
        return name

    def number(self, what: str) -> int:
        self._numbers[what] += 1
        return self._numbers[what]


def _user(person: Person) -> dict[str, Any]:
    first, _, last = person.name.partition(" ")
    return {"id": person.id, "is_bot": False, "first_name": first, **({"last_name": last} if last else {})}


def _chat(chat: int, name: str = "") -> dict[str, Any]:
    if chat < 0:
        return {"id": chat, "type": "group", "title": "Shop"}
    return {"id": chat, "type": "private", **({"first_name": name.split(" ")[0]} if name else {})}
