"""The chat for programs: the page and the terminal read it, say something in it and press its buttons.

What a person says is a row in the inbox before it is answered; what it causes arrives as posts (`events.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from bot.http.chat_log import read_page
from bot.http.entrance import Member
from bot.http.photos import FILE
from bot.surfaces.web import SURFACE
from core.errors import Invalid
from core.flows.house import House
from core.flows.people import Person
from core.values.card import Inbound
from core.words import Told
from storage.inbox import Delivery, from_chat

IDLE_SECONDS = 30.0

Kept = Annotated[str, Field(pattern=r"^([0-9a-f]{64}|file:[0-9a-f]{32})$")]  # as the upload called it


class Said(BaseModel):
    """What somebody says: words, photos or a table of orders that are there already, or the id of a pressed button.

    `event_id` is the client's own: the same again is the same message. `message` is the reference of the card that is pressed or
    answered.
    """

    model_config = ConfigDict(extra="forbid")

    event_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
    text: Annotated[str, Field(max_length=8000)] = ""
    press: Annotated[str, Field(max_length=32)] = ""
    photos: Annotated[list[Kept], Field(max_length=100)] = []
    message: Annotated[str, Field(max_length=64)] = ""


class ChatApi:
    """`/api/v1`: chat, messages, commands, idle."""

    def __init__(self, house: House, *, commands: Callable[[], list[dict[str, str]]], idle: Callable[[], Awaitable[None]]) -> None:
        self._house = house
        self._commands = commands
        self._idle = idle

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route("/chat", self.chat)
        router.add_api_route("/chat/messages", self.say, methods=["POST"], status_code=202)
        router.add_api_route("/commands", self.commands)
        router.add_api_route("/idle", self.idle)
        return router

    async def chat(self, person: Member, before: str = "", limit: Annotated[int, Query(ge=1, le=200)] = 50) -> dict[str, Any]:
        """Posts, oldest first. `cursor` is where the event stream goes on."""
        page = await read_page(self._house.db, self._house.keyring, person.member_id, before=before, limit=limit)
        return {"posts": page.posts, "more": page.more, "cursor": page.cursor.isoformat(), "name": person.name, "role": person.role}

    async def say(self, said: Said, person: Member) -> dict[str, bool]:
        if not (said.text.strip() or said.press or said.photos):
            raise Invalid(Told("There is nothing in this message: write something or add photos."))
        for one in said.photos:
            if not one.startswith(FILE):
                await self._house.photos.find(one)
        return {"new": await self._house.inbox.put(_delivery(said, person))}

    async def commands(self, person: Member) -> dict[str, Any]:
        return {"commands": self._commands()}

    async def idle(self, person: Member) -> dict[str, bool]:
        """Answers when nothing is left to do, or after 30 s with `false`."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._idle()
        except TimeoutError:
            return {"idle": False}
        return {"idle": True}


def _delivery(said: Said, person: Person) -> Delivery:
    member = person.member_id
    inbound = Inbound(
        surface=SURFACE, chat=member, person=member, event_id=said.event_id, name=person.name, text=said.text, photos=tuple(said.photos),
        album=said.event_id if said.photos else "", ended=bool(said.photos), press=said.press, message=said.message,
    )  # fmt: skip
    # Ids are the clients' own, so one member's must not collide with another's.
    event = f"{member}:{said.event_id}"
    return from_chat(SURFACE, member, event, inbound.to_json())
