"""People whom we do not know: who brings a one-time code comes in, any other gets one sentence and nothing else."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.speech import LANGUAGES
from core.errors import Refused
from core.flows import people
from core.flows.house import House
from core.values.card import Card, Inbound
from core.words import _, here, speaking
from storage.models import Post

COMING = ("start", "join", "link")  # what is said before a code: by Telegram's links, by people, by who has another account here


def spoken(inbound: Inbound) -> str:
    """The language of somebody's surface, where we speak it: "es" of "es-MX"."""
    language = inbound.language.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else ""


async def receive(house: House, inbound: Inbound) -> tuple[Card | None, str | None]:
    """What a stranger is told, and the business that they belong to now. None when they were told before: once is enough."""
    word, _space, code = inbound.text.strip().lstrip("/").partition(" ")
    if word.lower() in COMING and code.strip():
        return await _come_in(house, inbound, code.strip())
    async with house.db.read() as session:
        if await _told(session, inbound):
            return None, None
    text = _("This Haggle belongs to somebody. Ask its owner for an invitation: it says what to send me.")
    return Card(text=text), None


async def _come_in(house: House, inbound: Inbound, code: str) -> tuple[Card, str | None]:
    entry = await people.look_at(house, code)
    try:
        person = await people.enter(
            house, code, inbound.surface, inbound.person, name=inbound.name, chat=inbound.chat, language=spoken(inbound)
        )  # fmt: skip
    except Refused as error:
        return Card(text=here(error.sentence)), None
    with speaking(house.speech_of(person.language)):
        return greeting(person.name if entry is not None and entry.joins else ""), person.workspace_id


async def _told(session: AsyncSession, inbound: Inbound) -> bool:
    query = select(Post.id).where(
        Post.surface == inbound.surface, Post.chat == (inbound.aside or inbound.chat), Post.workspace_id.is_(None)
    )
    return (await session.execute(query.limit(1))).first() is not None


def greeting(joined: str = "") -> Card:
    """The first thing somebody reads; for who `joined` another account of theirs, that this is so."""
    if joined:
        return Card(_("Hello, {name}.").format(name=joined), _("You talk here as the same member now. /me shows where else."), mood="good")
    return Card(
        title=_("Hello! I am Haggle."),
        text=_(
            "Send me photos of something you want to sell. I draft the listing and show where each detail comes from; you tap Publish. "
            "When it sells anywhere I take it down everywhere else, check that it is really gone, and tell you what you earned.\n\n"
            "/channels shows where you sell, /help what I can do."
        ),
    )
