"""A member's notices for the page's bell: how many are unread, the list, read and dismissed. `events.py` tells when the number moves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from bot.chat.cards.notice import leads_to
from bot.chat.cards.parts import Easel
from bot.http.entrance import Member
from bot.speech import speech_of
from bot.surfaces.web import WebSurface
from core.flows import noticed
from core.flows.house import House
from core.flows.noticed import Row
from core.flows.people import Person
from core.flows.posts import button_id, store_buttons
from core.words import here, speaking
from storage.models import Workspace

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Read(BaseModel):
    """Which were read; all of them without `ids`."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Id], Field(max_length=200)] | None = None


class Dismissed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Id


class Notices:
    """`/api/v1/notices`."""

    def __init__(self, house: House, web: WebSurface) -> None:
        self._house = house
        self._web = web

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/notices")
        router.add_api_route("", self.listed)
        router.add_api_route("/read", self.read, methods=["POST"])
        router.add_api_route("/dismiss", self.dismiss, methods=["POST"])
        return router

    async def listed(self, person: Member, skip: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Any:
        """Newest first. `open` is a button to press, as on a card: it shows what the notice is about."""
        db = self._house.db
        async with db.read() as session:
            rows = await noticed.listed(session, person.member_id, skip=skip, limit=limit + 1)
            workspace = await session.get_one(Workspace, person.workspace_id)
            easel = Easel(self._house, session, workspace, person.timezone or workspace.timezone)
            with speaking(speech_of(person.language or workspace.language)):
                told = [await _told(easel, row) for row in rows[:limit]]
            unread = await noticed.unread(session, person.member_id)
        actions = {_open_id(person, row): _opens(row) for row in rows[:limit]}
        if actions:
            async with db.write() as session:
                await store_buttons(session, db, actions, person.workspace_id)
        for one, row in zip(told, rows, strict=False):
            one["open"] = _open_id(person, row)
        return {"unread": unread, "notices": told, "more": len(rows) > limit}

    async def read(self, which: Read, person: Member) -> dict[str, int]:
        async with self._house.db.write() as session:
            await noticed.read(session, self._house.db, person.member_id, which.ids)
        return await self._now(person)

    async def dismiss(self, which: Dismissed, person: Member) -> dict[str, int]:
        """403 for one that is critical and not solved."""
        async with self._house.db.write() as session:
            await noticed.dismiss(session, self._house.db, person.member_id, which.id)
        return await self._now(person)

    async def _now(self, person: Person) -> dict[str, int]:
        self._web.settled(person.member_id)
        async with self._house.db.read() as session:
            return {"unread": await noticed.unread(session, person.member_id)}


def _opens(row: Row) -> dict[str, Any]:
    return {"do": "notice.open", "copy": row[0].id}


def _open_id(person: Person, row: Row) -> str:
    return button_id(person.workspace_id, _opens(row))


async def _told(easel: Easel, row: Row) -> dict[str, Any]:
    copy, notice = row
    return {
        "id": copy.id, "severity": notice.severity, "title": here(notice.title), "body": here(notice.body), "at": notice.at.isoformat(),
        "read": copy.read_at is not None, "solved": notice.solved_at is not None, "stays": noticed.stays(notice),
        "label": await leads_to(easel, notice),
    }  # fmt: skip
