"""The files of cards: made when they are opened, for who is signed in, and kept nowhere on the way."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from bot.http.entrance import Member
from core.flows.house import House
from core.values.card import CardFile


class Papers:
    """`GET /files/{kind}/{name}?about=…`"""

    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/files/{kind}/{name}", self.paper, response_class=Response)
        return router

    async def paper(self, kind: str, name: str, person: Member, about: str = "") -> Response:
        """The file, to be saved under its own name whatever the address says."""
        made = await self._house.papers.make(CardFile(name, kind, about, person.member_id))
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{made.name}"'}
        return Response(made.data, media_type=made.mime, headers=headers)
