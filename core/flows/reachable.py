"""Whether people can be talked with where they talk. A surface that does not work cannot say so itself: it is told on the others, as a
critical notice that is solved when it works again, and stands on the card of `/channels`."""

from __future__ import annotations

from sqlalchemy import select

from core.flows import notices
from core.flows.house import House
from core.flows.people import the_workspace
from core.flows.posts import touch
from core.words import Told
from storage.models import Notice

SUBJECT = "surface"
LASTING = 3  # looks in a row: a laptop that wakes up, or a short break of the line, is no news


class Reachable:
    """A tick of the process that owns the surfaces."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._looks: dict[str, int] = {}  # how often in a row there was trouble
        self._said: dict[str, str] = {}  # the trouble that the cards show

    async def look(self) -> None:
        for name, surface in self._house.surfaces.items():
            trouble = surface.trouble
            self._looks[name] = self._looks.get(name, 0) + 1 if trouble else 0
            moved, lasting = self._said.get(name) != trouble, self._looks[name] == LASTING
            if moved or lasting:
                await self._note(name, trouble, lasting=lasting)
                self._said[name] = trouble

    async def _note(self, name: str, trouble: str, *, lasting: bool) -> None:
        db = self._house.db
        async with db.write() as session:
            workspace = await the_workspace(session)
            if workspace is None:
                return
            if not trouble:
                query = select(Notice.id).where(Notice.type == "system_alert", Notice.subject_id == name, Notice.solved_at.is_(None))
                if (await session.execute(query)).first() is not None:
                    await notices.all_solved(session, db, "system_alert", name)
            elif lasting:
                await notices.tell(
                    session, db, workspace=workspace.id, type="system_alert", subject=(SUBJECT, name), key=f"{SUBJECT}:{name}",
                    title=Told("{name} does not work: nobody can talk with me there.", name=name.capitalize()), body=trouble,
                )  # fmt: skip
            await touch(session, db, ("channels", workspace.id))
