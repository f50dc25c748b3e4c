"""What Slack brings, kept and answered in time: Slack waits 3 s, whatever our database does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.surfaces.slack_client import Client
from bot.surfaces.slack_errors import code_of
from bot.surfaces.slack_updates import SURFACE, Updates
from bot.surfaces.slack_views import ANSWER, window
from core.errors import AuthLost, HaggleError
from core.ports import Listener, PaperMaker, PhotoShelf
from core.values.card import Inbound
from core.words import Told, _
from storage.inbox import Inbox, from_chat

log = structlog.get_logger(__name__)

# Slack waits 3 s for an answer (its guides on events and on interactivity): what is tried before it is given up in time.
KEEP = 1.6  # seconds to write a row
LOOK = 0.9  # seconds to find out what a button asks, a person's name or their direct chat
_ANY = re.compile(".*")
_JOINS = re.compile(r"/?(start|join|link)\s+\S", re.IGNORECASE)
_REMEMBERED = 500  # chats where somebody typed a command lately


class Rooms(Protocol):
    """What this surface uses of the house."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def photos(self) -> PhotoShelf: ...
    @property
    def papers(self) -> PaperMaker: ...
    @property
    def listener(self) -> Listener: ...


class Ears:
    """Listens to the app for the bot that `reader` reads for. `removed` hears why nothing will come any more; `typed` is where commands
    were typed lately: by chat, the address that answers whoever did."""

    def __init__(self, house: Rooms, client: Client, reader: Updates, removed: Callable[[HaggleError], None]) -> None:
        self._house = house
        self._client = client
        self.reader = reader
        self._removed = removed
        self.typed: dict[str, str] = {}
        self._asides: set[asyncio.Task[None]] = set()

    async def rest(self) -> None:
        """Wait for what is still being told."""
        await asyncio.gather(*self._asides, return_exceptions=True)

    def listen(self, app: AsyncApp) -> None:
        """Hear everything that Slack brings to the app."""
        app.event(_ANY)(self._on_event)
        app.command(_ANY)(self._on_command)
        app.action(_ANY)(self._on_press)
        app.view(_ANY)(self._on_submission)
        app.view_closed(_ANY)(self._on_other)
        app.shortcut(_ANY)(self._on_other)
        app.options(_ANY)(self._on_other)

    async def _on_event(self, event: dict[str, Any]) -> BoltResponse:
        """Kept, or brought again by Slack: it repeats an event that is not answered well, three times within an hour."""
        if event.get("type") in ("tokens_revoked", "app_uninstalled"):
            self._removed(
                AuthLost(Told("The app was removed from Slack. Install it again, and start Haggle with its new token."), code="removed")
            )
            return BoltResponse(status=200)
        inbound = self.reader.event(event)
        if inbound is None:
            return BoltResponse(status=200)
        if _JOINS.match(inbound.text):
            name, direct = await asyncio.gather(self._name_of(inbound.person), self._direct(inbound.person))
            inbound = replace(inbound, name=name, chat=direct or inbound.chat, thread="", message="")
        return BoltResponse(status=200 if await self._keep(inbound) else 503)

    async def _on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Slack does not repeat a command: who typed it reads at once when it could not be kept."""
        inbound = self.reader.command(body)
        if len(self.typed) > _REMEMBERED:
            self.typed.clear()
        self.typed[inbound.chat] = str(body.get("response_url") or "")
        if _JOINS.match(inbound.text) and not inbound.chat.startswith("D"):
            direct = await self._direct(inbound.person)  # where they are told things unasked from then on
            if not direct:
                await ack(text=_("Write this to me in a direct message: {text}").format(text=inbound.text.lstrip("/")))
                return
            inbound = replace(inbound, chat=direct)
        if await self._keep(inbound):
            await ack()
        else:
            await ack(text=_too_late())

    async def _on_press(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        inbound = self.reader.press(body)
        if inbound is None or await self._ask(inbound, str(body["trigger_id"])) or await self._keep(inbound):
            await ack()
            return
        await ack()
        self._aside(self._client.call("chat.postEphemeral", channel=inbound.chat, user=inbound.person, text=_too_late()))

    async def _on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The window stays open, with what was typed, while it cannot be kept."""
        inbound = self.reader.submission(body)
        if inbound is None or await self._keep(inbound):
            await ack()
        else:
            await ack(response_action="errors", errors={ANSWER: _too_late()})

    async def _on_other(self, ack: AsyncAck) -> None:
        await ack()

    async def _ask(self, inbound: Inbound, trigger: str) -> bool:
        """Open a window for a button that asks for words: Slack allows that for 3 s after the press. False: it goes the way of any press,
        and what it asks is asked in the chat."""
        try:
            async with asyncio.timeout(LOOK):
                asked = await self._house.listener.question(inbound)
                if asked is None:
                    return False
                await self._client.call("views.open", trigger_id=trigger, view=window(asked, inbound))
        except (HaggleError, SQLAlchemyError, TimeoutError) as error:
            log.info("a window could not be opened", error=type(error).__name__, code=code_of(error.__cause__ or error))
            return False
        return True

    async def _keep(self, inbound: Inbound) -> bool:
        """Whether it is in the inbox, in time for an answer."""
        try:
            async with asyncio.timeout(KEEP):
                await self._house.inbox.put(from_chat(SURFACE, inbound.chat, inbound.event_id, inbound.to_json()))
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("the inbox cannot keep what came from slack", error=type(error).__name__)
            return False
        return True

    async def _name_of(self, person: str) -> str:
        """How somebody is called, for the list of members; empty when Slack does not say in time."""
        try:
            async with asyncio.timeout(LOOK):
                user = (await self._client.ask("users.info", user=person))["user"]
        except (HaggleError, TimeoutError):
            return ""
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or profile.get("real_name") or user.get("name") or "")

    async def _direct(self, person: str) -> str:
        """Somebody's own chat with the app; empty when Slack does not say in time."""
        try:
            async with asyncio.timeout(LOOK):
                return str((await self._client.call("conversations.open", users=person))["channel"]["id"])
        except (HaggleError, TimeoutError):
            return ""

    def _aside(self, doing: Coroutine[Any, Any, object]) -> None:
        """A courtesy that nobody waits for."""

        async def do() -> None:
            try:
                await doing
            except HaggleError as error:
                log.info("somebody could not be told", cause=error.cause)

        task = asyncio.create_task(do())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _too_late() -> str:
    return _("I could not write that down in time. If nothing comes of it within a minute, please do it again.")
