"""The Bot API's methods, as the local server carries them out. Each `do_` takes its arguments as JSON values that agree with the API's
document, and the uploads that came with the call."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from typing import Any

from tests.bot.telegram_chats import Chats, Sent
from tests.bot.telegram_rules import (
    CAPTION_LIMIT,
    DOWNLOAD_BYTES,
    TEXT_LIMIT,
    Expected,
    Refusal,
    Upload,
    check_keyboard,
    check_photo,
    plain_text,
)


class Methods:
    """`handed` counts how often each update was given out."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self.menus: dict[tuple[str, str], list[dict[str, str]]] = {}  # by scope and language
        self.webhook: dict[str, Any] = {}
        self.acknowledged: list[str] = []  # ids of presses whose button stopped spinning
        self.handed: Counter[int] = Counter()
        self.closing = False

    def do_getMe(self, _: dict[str, Any], __: dict[str, Upload]) -> Any:
        return {**self._chats.bot, "can_join_groups": True, "can_read_all_group_messages": True, "supports_inline_queries": False}

    async def do_getUpdates(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        if self.webhook.get("url"):
            raise Expected(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        offset = call.get("offset", 0)
        self._chats.pending = [update for update in self._chats.pending if update["update_id"] >= offset]
        self._chats.change()
        ends = time.monotonic() + call.get("timeout", 0)
        while not self._chats.pending and not self.closing and (left := ends - time.monotonic()) > 0:
            changed = asyncio.ensure_future(self._chats.changed.wait())
            await asyncio.wait({changed}, timeout=left)
            changed.cancel()
        given = sorted(self._chats.pending, key=lambda update: int(update["update_id"]))[: call.get("limit", 100)]
        self.handed.update(update["update_id"] for update in given)
        return given

    def do_setWebhook(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        if not call["url"].startswith("https://"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = call
        return True

    def do_deleteWebhook(self, _: dict[str, Any], __: dict[str, Upload]) -> Any:
        self.webhook = {}
        return True

    def do_setMyCommands(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        for command in call["commands"]:
            name = command["command"]
            if not (1 <= len(name) <= 32 and name == name.lower() and name.replace("_", "").isalnum() and name.isascii()):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(call["commands"]) > 100:
            raise Refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        self.menus[_menu_of(call)] = call["commands"]
        return True

    def do_getMyCommands(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        return self.menus.get(_menu_of(call), [])

    def do_sendChatAction(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        self._may_write(call["chat_id"])
        return True

    def do_sendMessage(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        return self._chats.shown(self._post(call, html=call["text"], text=plain_text(call["text"], TEXT_LIMIT, what="")))

    def do_sendPhoto(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        data = call["photo"].data if isinstance(call["photo"], Upload) else self._chats.files[call["photo"]]
        check_photo(data)
        caption = call.get("caption", "")
        return self._chats.shown(self._post(call, html=caption, text=plain_text(caption, CAPTION_LIMIT, what="caption "), photo=data))

    def do_sendDocument(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        sent, caption = call["document"], call.get("caption", "")
        if not isinstance(sent, Upload) or not sent.data:
            raise Refusal(400, "Bad Request: file must be non-empty")
        text = plain_text(caption, CAPTION_LIMIT, what="caption ")
        return self._chats.shown(self._post(call, html=caption, text=text, document=sent.data, file_name=sent.name))

    def do_sendMediaGroup(self, call: dict[str, Any], attached: dict[str, Upload]) -> Any:
        if not 2 <= len(call["media"]) <= 10:
            raise Refusal(400, "Bad Request: MEDIA_GROUP_INVALID: an album has 2 to 10 items")
        made: list[Sent] = []
        album = secrets.token_hex(8)
        for item in call["media"]:
            data = attached[item["media"].removeprefix("attach://")].data
            check_photo(data)
            caption = item.get("caption", "")
            made.append(self._post(call, html=caption, text=plain_text(caption, CAPTION_LIMIT, what="caption "), photo=data, album=album))
        return [self._chats.shown(sent) for sent in made]

    def do_editMessageText(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        sent = self._find(call)
        if sent.photo or sent.document:
            raise Refusal(400, "Bad Request: there is no text in the message to edit")
        return self._edit(sent, call, call["text"], plain_text(call["text"], TEXT_LIMIT, what=""))

    def do_editMessageCaption(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        sent = self._find(call)
        if not (sent.photo or sent.document):
            raise Refusal(400, "Bad Request: there is no caption in the message to edit")
        caption = call.get("caption", "")
        return self._edit(sent, call, caption, plain_text(caption, CAPTION_LIMIT, what="caption "))

    def do_editMessageReplyMarkup(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        sent = self._find(call)
        return self._edit(sent, call, sent.html, sent.text)

    def do_editMessageMedia(self, call: dict[str, Any], attached: dict[str, Upload]) -> Any:
        sent, media = self._find(call), call["media"]
        data = attached[media["media"].removeprefix("attach://")].data
        check_photo(data)
        sent.photo = data
        caption = media.get("caption", "")
        return self._edit(sent, call, caption, plain_text(caption, CAPTION_LIMIT, what="caption "), changed=True)

    def do_answerCallbackQuery(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        self.acknowledged.append(call["callback_query_id"])
        return True

    def do_getFile(self, call: dict[str, Any], _: dict[str, Upload]) -> Any:
        data = self._chats.files.get(call["file_id"])
        if data is None:
            raise Expected(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(data) > DOWNLOAD_BYTES:
            raise Expected(400, "Bad Request: file is too big")
        name = call["file_id"]
        return {"file_id": name, "file_unique_id": name[-8:], "file_size": len(data), "file_path": f"files/{name}"}

    def _post(self, call: dict[str, Any], **shown: Any) -> Sent:
        self._may_write(call["chat_id"])
        reply_to = call.get("reply_parameters", {}).get("message_id", 0)
        keyboard = check_keyboard(call.get("reply_markup"))
        sent = Sent(self._chats.number("message"), call["chat_id"], keyboard=keyboard, reply_to=reply_to, **shown)
        self._chats.messages.setdefault(sent.chat, []).append(sent)
        return sent

    def _edit(self, sent: Sent, call: dict[str, Any], html: str, text: str, *, changed: bool = False) -> Any:
        keyboard = check_keyboard(call.get("reply_markup"))
        if not changed and (sent.html, sent.keyboard) == (html, keyboard):
            raise Expected(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message",
            )
        sent.html, sent.text, sent.keyboard, sent.edits = html, text, keyboard, sent.edits + 1
        return self._chats.shown(sent)

    def _find(self, call: dict[str, Any]) -> Sent:
        self._may_write(call["chat_id"])
        for sent in self._chats.of(call["chat_id"]):
            if sent.message_id == call["message_id"]:
                return sent
        raise Expected(400, "Bad Request: message to edit not found")

    def _may_write(self, chat: int) -> None:
        if chat in self._chats.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if not isinstance(chat, int) or (0 < chat < 1000):
            raise Expected(400, "Bad Request: chat not found")


def _menu_of(call: dict[str, Any]) -> tuple[str, str]:
    return call.get("scope", {"type": "default"})["type"], call.get("language_code", "")
