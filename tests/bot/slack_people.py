"""What Slack keeps, for the local server: people, channels, messages, files, Home tabs, windows; and what people do there."""

from __future__ import annotations

import asyncio
import io
import itertools
import secrets
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from PIL import Image

from tests.bot.slack_rules import texts

T = TypeVar("T")
Payload = dict[str, Any]


@dataclass(slots=True)
class Sent:
    """A message of the app's as people see it now."""

    channel: str
    ts: str
    blocks: list[Payload]
    summary: str
    thread: str = ""
    broadcast: bool = False
    edits: int = 0

    @property
    def text(self) -> str:
        return "\n".join(_line(block) for block in self.blocks if block["type"] != "actions")

    @property
    def buttons(self) -> list[Payload]:
        return [one for block in self.blocks if block["type"] == "actions" for one in block["elements"]]

    @property
    def labels(self) -> list[str]:
        return [one["text"]["text"] for one in self.buttons]

    def label(self, begin: str) -> str:
        """The label that begins so; "" when none does."""
        return next((one for one in self.labels if one.startswith(begin)), "")


def _line(block: Payload) -> str:
    return "".join(texts([block]))


@dataclass(slots=True)
class File:
    """Something that was shared with the app, or that the app keeps at Slack."""

    id: str
    data: bytes = field(default=b"", repr=False)
    mime: str = "image/png"
    mode: str = "hosted"
    ready: bool = True


class People:
    """`ann` is a ready-made person with a direct chat `direct`; `shop` is a channel that the app is in. Whatever people do becomes a
    delivery: `deliver` carries it, over a socket or HTTP."""

    def __init__(self) -> None:
        self.bot = {"user": "haggle", "user_id": "U0HAGGLE", "bot_id": "B0HAGGLE", "team": "Ann's shop", "team_id": "T0SHOP"}
        self.ann, self.bob = "U0ANN", "U0BOB"
        self.names = {self.ann: "Ann Seller", self.bob: "Bob Helper"}
        self.shop = "C0SHOP"
        self.channels = {self.shop}  # where the app may write
        self.messages: list[Sent] = []
        self.files: dict[str, File] = {}
        self.homes: dict[str, Payload] = {}
        self.windows: list[Payload] = []
        self.told: list[Payload] = []  # what only one person saw
        self.answers: list[Payload] = []  # how deliveries were answered
        self._stamps = itertools.count(1)
        self._changed = asyncio.Event()

    # -- waiting

    def change(self) -> None:
        self._changed.set()

    async def until(self, happened: Callable[[], T | None], seconds: float = 30) -> T:
        """Wait until it is so, and answer what it was."""
        async with asyncio.timeout(seconds):
            while not (found := happened()):
                self._changed.clear()
                await self._changed.wait()
        return found

    # -- what there is

    def direct(self, person: str = "") -> str:
        channel = f"D0{(person or self.ann)[2:]}"
        self.channels.add(channel)
        return channel

    def of(self, channel: str = "") -> list[Sent]:
        return [one for one in self.messages if one.channel == (channel or self.direct())]

    def last(self, containing: str = "", channel: str = "") -> Sent | None:
        return next((one for one in reversed(self.of(channel)) if containing in one.text), None)

    def with_button(self, label: str, channel: str = "") -> Sent | None:
        """The newest message with a button whose label begins so."""
        return next((one for one in reversed(self.of(channel)) if one.label(label)), None)

    def stamp(self) -> str:
        return f"1790000000.{next(self._stamps):06d}"

    def share(self, data: bytes = b"", **more: Any) -> Payload:
        """A file that somebody shares, as an event tells of it."""
        file = File(f"F{secrets.token_hex(5).upper()}", data or picture(), **more)
        self.files[file.id] = file
        return {"id": file.id, "mimetype": file.mime, "mode": file.mode, "name": "photo.png"}

    # -- what people do

    def message(
        self, text: str, channel: str = "", who: str = "", *, files: Sequence[Payload] = (), thread: str = "", parent: str = "", **more: Any
    ) -> Payload:
        """An event: somebody wrote."""
        channel = channel or self.direct(who)
        kind = "im" if channel.startswith("D") else "channel"
        event: Payload = {
            "type": "message",
            "user": who or self.ann,
            "channel": channel,
            "channel_type": kind,
            "text": text,
            "ts": self.stamp(),
        }
        if files:
            event |= {"subtype": "file_share", "files": list(files)}
        if thread:
            event |= {"thread_ts": thread, "parent_user_id": parent or self.bot["user_id"]}
        return self.event(event | more)

    def event(self, event: Payload) -> Payload:
        return {
            "type": "event_callback", "team_id": self.bot["team_id"], "api_app_id": "A0HAGGLE", "event": event,
            "event_id": f"Ev{secrets.token_hex(5).upper()}", "event_time": 1790000000,
            "authorizations": [{"team_id": self.bot["team_id"], "user_id": self.bot["user_id"], "is_bot": True}],
        }  # fmt: skip

    def home_opened(self, who: str = "") -> Payload:
        who = who or self.ann
        event = {"type": "app_home_opened", "user": who, "channel": self.direct(who), "tab": "home", "event_ts": self.stamp()}
        return self.event(event)

    def command(self, text: str, channel: str = "", who: str = "") -> Payload:
        """`/haggle price 42 45`, as Slack parts it."""
        name, _space, rest = text.partition(" ")
        who = who or self.ann
        return {
            "command": name, "text": rest, "user_id": who, "user_name": self.names[who], "channel_id": channel or self.direct(who),
            "team_id": self.bot["team_id"], "api_app_id": "A0HAGGLE", "trigger_id": self.trigger(), "response_url": self.response_url(),
        }  # fmt: skip

    def press(self, sent: Sent, label: str, who: str = "") -> Payload:
        button = next(one for one in sent.buttons if one["text"]["text"] == sent.label(label))
        message: Payload = {"ts": sent.ts, "user": self.bot["user_id"], **({"thread_ts": sent.thread} if sent.thread else {})}
        container = {"type": "message", "message_ts": sent.ts, "channel_id": sent.channel}
        more = {"container": container, "channel": {"id": sent.channel}, "message": message, "response_url": self.response_url()}
        return self._action(button, who, more)

    def press_home(self, label: str, who: str = "") -> Payload:
        view = self.homes[who or self.ann]
        page = Sent("", "", view["blocks"], "")
        button = next(one for one in page.buttons if one["text"]["text"] == page.label(label))
        return self._action(button, who, {"container": {"type": "view", "view_id": view["id"]}, "view": view})

    def _action(self, button: Payload, who: str, more: Payload) -> Payload:
        action = {
            "type": "button",
            "action_id": button["action_id"],
            "block_id": "b",
            "action_ts": self.stamp(),
            "value": button.get("value", ""),
        }
        return {
            "type": "block_actions", "user": self._user(who), "team": {"id": self.bot["team_id"]}, "api_app_id": "A0HAGGLE",
            "trigger_id": self.trigger(), "actions": [action], **more,
        }  # fmt: skip

    def submit(self, window: Payload, text: str, who: str = "") -> Payload:
        [block] = window["blocks"]
        state = {"values": {block["block_id"]: {block["element"]["action_id"]: {"type": "plain_text_input", "value": text}}}}
        return {
            "type": "view_submission", "user": self._user(who), "team": {"id": self.bot["team_id"]}, "api_app_id": "A0HAGGLE",
            "trigger_id": self.trigger(), "view": window | {"state": state},
        }  # fmt: skip

    def _user(self, who: str) -> Payload:
        return {"id": who or self.ann, "name": self.names[who or self.ann], "team_id": self.bot["team_id"]}

    def trigger(self) -> str:
        return f"{next(self._stamps)}.{secrets.token_hex(6)}"

    @abstractmethod
    def response_url(self) -> str:
        """Where a command may be answered; the server knows its own address."""


def picture(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    return data.getvalue()
