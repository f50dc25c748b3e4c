"""What Slack sends as what a person said. Pure.

Deliveries are named by what they are about, not by Slack's event ids: a message has one name however often and on whatever way it is
brought, and a press has its trigger.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from bot.surfaces.slack_views import pressed
from core.values.card import Inbound

SURFACE = "slack"
FILE = "file:"
HOME = "home:"  # begins the name of a Home tab's chat: home:PERSON:DIRECT, with the person's own chat with us
ONLY = "only:"  # begins the name of what one person reads in a channel: only:PERSON:CHANNEL
COMMAND = "/haggle"

_SAID = (None, "file_share", "thread_broadcast", "me_message")  # subtypes of messages that a person wrote
_MARK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
Payload = Mapping[str, Any]


def split_home(chat: str) -> tuple[str, str]:
    """The person and their direct chat, of a Home tab's chat; ("", "") for any other."""
    if not chat.startswith(HOME):
        return "", ""
    person, _colon, direct = chat.removeprefix(HOME).partition(":")
    return person, direct


def split_only(chat: str) -> tuple[str, str]:
    """The person and the channel, where only that person is to read; ("", "") for any other chat."""
    if not chat.startswith(ONLY):
        return "", ""
    person, _colon, channel = chat.removeprefix(ONLY).partition(":")
    return person, channel


def _aside(person: str, channel: str) -> str:
    """Where only this person reads; "" in a direct chat, where nobody else does."""
    return "" if channel.startswith("D") else f"{ONLY}{person}:{channel}"


class Updates:
    """Reads for the bot whose user id is `me`, which is known when it is connected. `names` says which words are commands."""

    def __init__(self, names: Callable[[], Collection[str]], me: str = "") -> None:
        self.me = me
        self._names = names

    def event(self, event: Payload) -> Inbound | None:
        """None when it is not for us: edits, other bots, the talk of others in a channel."""
        if event.get("type") == "app_home_opened" and event.get("tab") == "home":
            person = str(event["user"])
            chat = f"{HOME}{person}:{event.get('channel', '')}"
            return Inbound(SURFACE, chat, person, f"h:{person}:{event.get('event_ts', '')}", opens="home")
        if event.get("type") == "message" and event.get("subtype") in _SAID and event.get("user") and not event.get("bot_id"):
            return self._message(event)
        return None

    def _message(self, event: Payload) -> Inbound | None:
        text, files = str(event.get("text") or ""), [one for one in event.get("files") or [] if one.get("id")]
        channel, ts = str(event["channel"]), str(event["ts"])
        thread = str(event.get("thread_ts") or "")
        thread = "" if thread == ts else thread
        if event.get("channel_type") != "im" and f"<@{self.me}>" not in text and event.get("parent_user_id") != self.me:
            return None
        return Inbound(
            surface=SURFACE,
            chat=channel,
            person=str(event["user"]),
            event_id=f"m:{channel}:{ts}",
            text=self.plain(text),
            photos=tuple(FILE + str(one["id"]) for one in files),
            ended=bool(files),
            message=thread,
            thread=thread,
            order=int(ts.replace(".", "")),
            aside=_aside(str(event["user"]), channel),
        )

    def command(self, body: Payload) -> Inbound:
        """`/haggle price 42 45` and `/price 42 45` are the same."""
        text = self.plain(str(body.get("text") or ""))
        if str(body["command"]) != COMMAND:
            text = f"{body['command']} {text}".strip()
        elif (first := text.split(maxsplit=1)[0].lstrip("/").lower() if text else "help") in {*self._names(), "start", "join", "link"}:
            text = f"/{first}{text.lstrip('/')[len(first) :]}"
        return Inbound(
            surface=SURFACE,
            chat=str(body["channel_id"]),
            person=str(body["user_id"]),
            event_id=f"c:{body['trigger_id']}",
            name=str(body.get("user_name") or ""),
            text=text,
            aside=_aside(str(body["user_id"]), str(body["channel_id"])),
        )

    def press(self, body: Payload) -> Inbound | None:
        """None for a link, which Slack's client follows by itself, and for what is no button of ours."""
        action = body["actions"][0]
        if action.get("type") != "button" or not action.get("value"):
            return None
        view, message = body.get("view") or {}, body.get("message") or {}
        ts = str((body.get("container") or {}).get("message_ts") or message.get("ts") or "")
        thread = str(message.get("thread_ts") or "")
        chat = str(view.get("private_metadata") or "") if view else str((body.get("channel") or {}).get("id") or "")
        if not chat:
            return None
        return Inbound(
            surface=SURFACE,
            chat=chat,
            person=str(body["user"]["id"]),
            event_id=f"p:{body['trigger_id']}",
            name=str(body["user"].get("name") or ""),
            press=str(action["value"]),
            message=ts,
            thread="" if thread == ts else thread,
            aside=_aside(str(body["user"]["id"]), chat),
        )

    def submission(self, body: Payload) -> Inbound | None:
        """What was typed into our window: a press together with its answer."""
        try:
            told, typed = pressed(body["view"])
        except (KeyError, TypeError, ValueError):
            return None
        user = body["user"]
        return Inbound(
            SURFACE, told["chat"], str(user["id"]), f"v:{body['view']['id']}", str(user.get("name") or ""), typed,
            press=told["press"], message=told["message"], thread=told["thread"],
        )  # fmt: skip

    def plain(self, text: str) -> str:
        """As it was typed: without our own name, and without the marks that Slack puts around links and names."""
        text = text.replace(f"<@{self.me}>", " ")
        return html.unescape(_MARK.sub(_unmarked, text)).strip()


def _unmarked(found: re.Match[str]) -> str:
    """`<https://a.b|a.b>` is the address, `<tel:1|1>` and `<#C1|shop>` what is shown."""
    target, shown = found[1], found[2]
    if target.startswith(("http://", "https://")):
        return target
    if target.startswith("#"):
        return f"#{shown or target[1:]}"
    return shown or target.partition(":")[2] or target
