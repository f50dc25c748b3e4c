"""Makes the files of cards: what stands on each kind, who may have it, and a trace of whoever had it.

`KINDS` names them. A kind's `make` reads what it needs within the transaction that writes the trace, and answers the file itself, a
sheet that is drawn afterwards, or how the rest is read without holding up writers; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Missing, Refused
from core.flows import export, slips
from core.flows.export import Reading
from core.flows.house import House
from core.flows.people import WHO, Person, person_of
from core.flows.slips import Desk, Printing
from core.ports import Paper
from core.rules.access import Ability, may, refusal
from core.values.card import CardFile
from core.words import Told, speaking
from storage import audit
from storage.models import Member, Workspace

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. `action` is what the trail calls that somebody had it, `subject` what it is about there (the business itself, where
    nothing is named)."""

    needs: Ability
    make: Callable[[Desk, str], Awaitable[Paper | Printing | Reading]]
    action: str = "paper.made"
    subject: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "slip": Kind(Ability.BUYERS, slips.slip, "buyer.seen", "order", {"on": "packing slip"}),
    "pick": Kind(Ability.SHIP, slips.pick),
    "sales": Kind(Ability.EXPORT, export.sales_file),
    "stock": Kind(Ability.EXPORT, export.stock_file),
}


class Papers:
    """Implements `core.ports.PaperMaker`."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def make(self, file: CardFile) -> Paper:
        house, kind = self._house, KINDS.get(file.kind)
        if kind is None:
            raise Missing(Told("There is no such paper."), cause=f"asked for {file.kind!r}")
        async with house.db.write() as session:
            person, workspace = await _whose(session, file.by)
            if not may(person.role, kind.needs):
                raise Refused(refusal(person.role, kind.needs))
            with speaking(house.speech_of(person.language)):
                made = await kind.make(Desk(house, session, person, workspace), file.about)
            audit.record(
                session, workspace=workspace.id, at=house.db.now(), actor=person.actor, action=kind.action,
                subject=(kind.subject, file.about) if kind.subject else ("workspace", workspace.id), data={"paper": file.kind, **kind.data},
            )  # fmt: skip
        if isinstance(made, Paper):
            return made
        if not isinstance(made, Printing):
            async with house.db.read() as session:
                return await made(session)
        pictures = {}
        for sha256 in made.photos:
            try:
                pictures[sha256] = await house.photos.read(sha256, "small")
            except Missing:
                continue  # it is printed without
        return Paper(made.name, PDF, await house.printer.pdf(made.sheet, pictures))


async def _whose(session: AsyncSession, member: str) -> tuple[Person, Workspace]:
    row = (await session.execute(WHO.where(Member.id == member, Member.active))).first()
    if row is None:
        raise Refused(Told("Who asked for this is no member any more."))
    return person_of(*row), row[1]
