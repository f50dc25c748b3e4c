"""Who is signed in, for programs and the page; the page's words in their language; and signing out everywhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from bot.http.entrance import Member
from bot.http.page_words import words_in
from bot.http.pages import called
from bot.surfaces.web import WebSurface
from core.flows import sessions
from core.flows.house import House
from core.words import speech


class Me:
    """`GET /api/v1/me`, `GET /api/v1/words`, `POST /api/v1/leave`."""

    def __init__(self, house: House, web: WebSurface) -> None:
        self._house = house
        self._web = web

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1")
        router.add_api_route("/me", self.me)
        router.add_api_route("/words", self.words)
        router.add_api_route("/leave", self.leave, methods=["POST"])
        return router

    async def me(self, person: Member) -> dict[str, Any]:
        """`channels` is what they are limited to; empty where they are not."""
        return {
            "id": person.member_id, "name": person.name, "role": person.role, "channels": person.channels, "language": person.language,
            "timezone": person.timezone,
        }  # fmt: skip

    async def words(self, person: Member) -> dict[str, Any]:
        """What an open page says from now on: `words` by their English, none of them for English itself."""
        language = speech().language
        return {"language": language, "words": words_in(language), "me": called(person)}

    async def leave(self, person: Member) -> dict[str, int]:
        """Signs out of every browser, this one too. Open streams end at once."""
        async with self._house.db.write() as session:
            ended = await sessions.end_sessions(session, person.member_id)
        self._web.settled(person.member_id)
        return {"ended": ended}
