"""Camera rolls over HTTP: each photo is a call of its own, streamed to the disk, so that memory stays flat and nothing is sent twice.

A client that lost its connection, or was closed, asks what is there and sends what is not.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from bot.http.entrance import Member
from bot.surfaces.web import SURFACE
from core.errors import Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.flows import rolls
from core.flows.house import House
from core.flows.people import Person
from core.rules.access import Ability, may, refusal
from core.rules.rolls import MOST
from core.values.states import RollState
from core.words import Told, here
from storage.models import Roll, RollPhoto
from storage.uploads import check_size, spoken

PREFIX = "/api/v1/rolls"


class Rolls:
    """`/api/v1/rolls`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter(prefix=PREFIX)
        router.add_api_route("", self.begin, methods=["POST"])
        router.add_api_route("/open", self.open)
        router.add_api_route("/{roll}/photos", self.photo, methods=["PUT"])
        router.add_api_route("/{roll}/end", self.end, methods=["POST"])
        return router

    async def begin(self, person: Member) -> dict[str, Any]:
        """The roll that collects in the person's chat; a new one where there is none."""
        _check(person)
        async with self._house.db.write() as session:
            return await _told(session, await rolls.begin(session, self._house, person, (SURFACE, person.member_id)))

    async def open(self, person: Member) -> dict[str, Any]:
        """The same; `{"roll": null}` where there is none."""
        async with self._house.db.read() as session:
            row = await rolls.collecting(session, (SURFACE, person.member_id))
            return await _told(session, row) if row else {"roll": None}

    async def photo(
        self,
        request: Request,
        roll: str,
        person: Member,
        source: Annotated[str, Query(min_length=1, max_length=300)],
        name: Annotated[str, Query(max_length=300)] = "",
        at: Annotated[int, Query(ge=0, lt=2**53)] = 0,
        size: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    ) -> dict[str, Any]:
        """The body is one photo. `source` is what the client calls it, so that it is not sent twice, and `at` its place in the roll.
        Who says its `size` need not send what is too large: the card names it all the same."""
        _check(person)
        await self._find(person, roll)
        try:
            check_size(max(size, 1), spoken(name))
            stored = await self._house.photos.put_stream(request.stream(), name)
        except (Busy, Unreachable):
            raise  # the client comes again
        except HaggleError as error:
            async with self._house.db.write() as session:
                await rolls.note_failed(session, self._house, roll, source, error.sentence)
            return {"state": "failed", "error": here(error.sentence)}
        async with self._house.db.write() as session:
            fresh = await rolls.take(session, self._house, roll, stored, order=at, source=source)
        return {"state": "kept" if fresh else "known", "sha256": stored.sha256}

    async def end(self, roll: str, person: Member) -> dict[str, Any]:
        """That is all. Ending it twice is ending it once."""
        _check(person)
        await self._find(person, roll)
        async with self._house.db.write() as session:
            row = await rolls.hold(session, roll)
            await rolls.end(session, self._house, row)
            return {"state": row.state}

    async def _find(self, person: Person, roll: str) -> None:
        async with self._house.db.read() as session:
            row = await session.get(Roll, roll)
        if row is None or row.workspace_id != person.workspace_id:
            raise Missing(Told("There is no such camera roll."))
        if row.state in (RollState.CANCELLED, RollState.FAILED):
            raise Invalid(rolls.moved_on(row))


def _check(person: Person) -> None:
    if not may(person.role, Ability.EDIT):
        raise Refused(refusal(person.role, Ability.EDIT))


async def _told(session: AsyncSession, row: Roll) -> dict[str, Any]:
    """`have` and `failed` are the sources that need not be sent, `room` is how many photos more it takes, `next` the first free place."""
    query = select(RollPhoto.source).where(RollPhoto.roll_id == row.id, RollPhoto.source != "")
    have = (await session.execute(query.order_by(RollPhoto.position))).scalars().all()
    counted = select(func.count(), func.max(RollPhoto.position)).where(RollPhoto.roll_id == row.id)
    count, last = (await session.execute(counted)).one()
    return {
        "roll": row.id, "number": row.number, "count": count, "room": MOST - count, "have": list(have), "failed": sorted(row.failed),
        "next": (last or 0) + 1,
    }  # fmt: skip
