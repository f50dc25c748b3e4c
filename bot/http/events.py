"""What happens in a chat, as it happens: server-sent events.

    event: news      data: {"posts": [...], "gone": [ids], "cursor": ISO time, "flood": bool}      id: the cursor
    event: notices   data: {"unread": how many notices are}, at the beginning and when it moves
    event: language  data: {"language": which one the member reads}, at the beginning and when it moves
    event: left      the session is over; do not come again

A reader that comes back with `Last-Event-ID` (browsers do) or `?since=` goes on from there. Bells are hints here too: every
`KEEP_ALIVE` seconds the database is read without one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from bot.http.chat_log import Changes
from bot.http.entrance import Member
from bot.speech import speech_of
from bot.surfaces.web import WebSurface
from core.errors import Invalid
from core.flows import noticed, sessions
from core.flows.house import House
from core.words import Told

KEEP_ALIVE = 20.0  # seconds; proxies cut what is silent for longer, and a session that ended is noticed by then
GATHER = 0.05  # seconds after a message in which further news gather: a burst of sales is a few messages, not hundreds


class Events:
    """`GET /api/v1/events`."""

    def __init__(self, house: House, web: WebSurface, *, keep_alive: float = KEEP_ALIVE) -> None:
        self._house = house
        self._web = web
        self._keep_alive = keep_alive

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/api/v1/events", self.events, response_class=StreamingResponse)
        return router

    async def events(self, request: Request, person: Member, since: str = "") -> StreamingResponse:
        told = request.headers.get("last-event-id", "") or since
        start = _time(told) if told else self._house.db.now()
        stream = self._stream(person.member_id, request.state.token, start)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def _stream(self, chat: str, token: str, since: datetime) -> AsyncIterator[str]:
        with self._web.listen(chat) as bell:
            yield "retry: 1000\n\n"
            changes, counted, spoken = Changes(self._house.db, self._house.keyring, chat, since), -1, ""
            while not bell.ended:
                person = await sessions.session_person(self._house, token)
                if person is None:
                    yield "event: left\ndata: {}\n\n"
                    return
                if (language := speech_of(person.language).language) != spoken:
                    spoken = language
                    yield f"event: language\ndata: {json.dumps({'language': language})}\n\n"
                news = await changes.fresh()
                if (unread := await self._unread(chat)) != counted:
                    counted = unread
                    yield f"event: notices\ndata: {json.dumps({'unread': unread})}\n\n"
                if news:
                    yield f"event: news\nid: {news.cursor.isoformat()}\ndata: {json.dumps(news.to_json())}\n\n"
                    await asyncio.sleep(GATHER)
                elif not await bell.hear(self._keep_alive):
                    yield ": still here\n\n"

    async def _unread(self, member: str) -> int:
        async with self._house.db.read() as session:
            return await noticed.unread(session, member)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not escaped in an address arrives as a space
    except ValueError as error:
        raise Invalid(Told("This stream cannot go on from there: load the page again."), cause=text[:80]) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
