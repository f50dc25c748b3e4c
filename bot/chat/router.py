"""Takes what people say on any surface to the command that it means, in one transaction with its inbox row.

The order: who is it, what came (a press, photos, a command, an answer to a question, plain words), may they, do it. What goes wrong
is one sentence in the same chat, and nothing of it is half done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import bot.chat.commands as _commands  # noqa: F401 - registers every command and action
from bot.chat import intent
from bot.chat.arrivals import Photos, take_in
from bot.chat.asking import Asking, question_of
from bot.chat.commands.buyers import without_names
from bot.chat.commands.importing import take_table
from bot.chat.context import Context, Offer
from bot.chat.places import look
from bot.chat.plain.proposals import ONCE, use
from bot.chat.running import run_line
from bot.chat.strangers import receive, spoken
from bot.speech import speech_of
from core.errors import HaggleError, Invalid, Missing, Refused
from core.flows import accounts, noticed, people
from core.flows.house import House
from core.flows.people import Person
from core.flows.posts import put_card, put_said
from core.ports import Asked
from core.rules.access import Ability, may, refusal
from core.rules.order_files import is_table
from core.values.card import Card, Inbound
from core.words import _, here, speaking
from storage.models import CardButton, Question, Workspace

log = structlog.get_logger()
SettleIn = Callable[[AsyncSession], Awaitable[None]]
FILE = "file:"
NEVER = datetime.min.replace(tzinfo=UTC)


class Router:
    """The listener behind every surface."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: dict[tuple[str, str], datetime] = {}  # when it was noted that an account's person is there: one entry an account

    async def hear(self, inbound: Inbound, settle: SettleIn) -> None:
        person = await people.who(self._house, inbound.surface, inbound.person)
        with speaking(speech_of(person.language if person else spoken(inbound))):
            await self._hear(person, inbound, settle)
        self._settled(inbound.surface, inbound.chat)

    async def question(self, inbound: Inbound) -> Asked | None:
        person = await people.who(self._house, inbound.surface, inbound.person)
        if person is None:
            return None
        with speaking(speech_of(person.language)):
            async with self._house.db.read() as session:
                workspace = await session.get_one(Workspace, person.workspace_id)
                return await question_of(Asking(self._house, session, person, workspace, inbound))

    async def _hear(self, person: Person | None, inbound: Inbound, settle: SettleIn) -> None:
        if person is None:
            await self._stranger(inbound, settle)
            return
        photos = await self._fetch(inbound)
        told = await self._consent_answer(person, inbound)
        try:
            try:
                await self._carry(person, inbound, settle, photos, told)
            except intent.Unclear:
                async with self._house.db.read() as session:
                    question = await intent.question(await self._context(session, person, inbound))
                answer = await intent.ask(self._house, question)  # takes seconds: no transaction is open meanwhile
                await self._carry(person, inbound, settle, photos, told, answer)
        except HaggleError as error:
            await self._explain(person, inbound, settle, error)

    async def _carry(
        self, person: Person, inbound: Inbound, settle: SettleIn, photos: Photos, told: str, answer: intent.Answer | None = None
    ) -> None:
        async with self._house.db.write() as session:
            ctx = await self._context(session, person, inbound)
            await self._see(session, inbound)
            await self._remember(ctx, photos)
            if told:
                await ctx.say(told)
            else:
                await self._do(ctx, photos, answer)
            await settle(session)
        for place in ctx.bells:
            self._settled(*place)

    async def _see(self, session: AsyncSession, inbound: Inbound) -> None:
        """Note that this person is there: once an hour, so most messages cost nothing."""
        account, now = (inbound.surface, inbound.person), self._house.db.now()
        if now - self._seen.get(account, NEVER) > people.SEEN_FOR:
            await people.seen(session, self._house, *account)
            self._seen[account] = now

    def _settled(self, surface: str, chat: str) -> None:
        if there := self._house.surfaces.get(surface):
            there.settled(chat)

    async def _context(self, session: AsyncSession, person: Person, inbound: Inbound) -> Context:
        return Context(self._house, session, person, await session.get_one(Workspace, person.workspace_id), inbound)

    async def _remember(self, ctx: Context, photos: Photos) -> None:
        # A pasted consent address holds a key to the account: it is used, and not kept.
        text = _("(the address of the consent page)") if _consent_query(ctx.inbound.text) else without_names(ctx.inbound.text)
        text = text or (_("(a file of orders)") if photos.tables else "")
        said = {"text": text, "photos": [one.sha256 for one in photos.stored], "event": ctx.inbound.event_id}
        if said["text"] or said["photos"]:
            put_said(ctx.session, ctx.db, ctx.place, said, workspace=ctx.person.workspace_id)

    async def _explain(self, person: Person, inbound: Inbound, settle: SettleIn, error: HaggleError) -> None:
        """Nothing of it was done: say so in a transaction of its own."""
        async with self._house.db.write() as session:
            ctx = await self._context(session, person, inbound)
            await self._remember(ctx, Photos())
            card = error.card if isinstance(error, Offer) else Card(text=here(error.sentence), mood="warn")
            asks = await session.get(Question, ctx.place) is not None  # the words were no answer: it is still open
            await ctx.say(replace(card, asks=asks))
            await settle(session)

    async def _stranger(self, inbound: Inbound, settle: SettleIn) -> None:
        said, workspace = await receive(self._house, inbound)
        async with self._house.db.write() as session:
            if said is not None:
                place = (inbound.surface, inbound.chat if workspace else inbound.aside or inbound.chat)
                await put_card(session, self._house.db, place, said, workspace=workspace, priority=2, thread=inbound.thread)
            await settle(session)

    async def _fetch(self, inbound: Inbound) -> Photos:
        """Bring photos home before the transaction begins: downloads are slow, and some are no photos."""
        found = Photos()
        for name in inbound.photos:
            if not name.startswith(FILE):
                found.stored.append(await self._house.photos.find(name))
                continue
            try:
                data = await self._house.surfaces[inbound.surface].fetch(name.removeprefix(FILE))
                if is_table(data):
                    found.tables.append(data)
                else:
                    found.stored.append(await self._house.photos.put(data))
            except (Invalid, Missing, Refused) as error:
                found.problems.append(here(error.sentence))
        return found

    async def _consent_answer(self, person: Person, inbound: Inbound) -> str:
        """An address pasted back from a consent page finishes the connection: a laptop has no public address to be called at."""
        query = _consent_query(inbound.text)
        if not query:
            return ""
        if not may(person.role, Ability.CONNECT):
            return refusal(person.role, Ability.CONNECT).here()
        kind = await accounts.kind_of_consent(self._house, query["state"])
        if not kind:
            return _("This address does not belong to a connection that was begun here. Type /connect and use the new link.")
        try:
            return await accounts.finish_connect(self._house, kind, query)
        except HaggleError as error:
            return here(error.sentence)

    async def _do(self, ctx: Context, photos: Photos, answer: intent.Answer | None) -> None:
        inbound = ctx.inbound
        if inbound.opens:
            await look(ctx)
            return
        if inbound.press:
            await self._press(ctx)
        elif photos:
            for one in photos.tables:
                await take_table(ctx, one)
            if photos.stored or photos.problems:
                await take_in(ctx, photos)
        elif inbound.text.strip().startswith("/"):
            await run_line(ctx, inbound.text)
        elif inbound.text.strip():
            await self._words(ctx, answer)
        else:
            await ctx.say(_("I can read photos and words. Send me photos of something to sell, or type /help."))

    async def _press(self, ctx: Context) -> None:
        """Buttons carry the id of a stored action, authorised now: months later it says what has happened since."""
        row = await ctx.session.get(CardButton, ctx.inbound.press)
        if row is None or row.workspace_id != ctx.person.workspace_id:
            raise Refused(_("I do not know this button any more. Ask for the card again, for example with /items."))
        await self._noticed(ctx)
        values = dict(row.action)
        name = str(values.pop("do"))
        if name == "say":
            if ONCE in values:
                await use(ctx, row.action)
            await run_line(ctx, str(values["text"]))
            return
        await ctx.act(name, values)

    async def _noticed(self, ctx: Context) -> None:
        """Who acts on a card has read what they were told of it; their page's bell counts anew."""
        if (subject := await ctx.replied_subject()) is not None:
            await noticed.read_about(ctx.session, ctx.db, ctx.person.member_id, subject)
        ctx.bells.append(("web", ctx.person.member_id))

    async def _words(self, ctx: Context, answer: intent.Answer | None) -> None:
        """Plain words answer a question that is open in this chat, or mean a command."""
        if await intent.never_mind(ctx):
            return
        question = await ctx.session.get(Question, ctx.place)
        first = ctx.inbound.text.split(maxsplit=1)[0].lower()
        if question is not None and first not in ("help", "undo"):
            values = {**question.action, "answer": ctx.inbound.text.strip()}
            await ctx.session.delete(question)
            await ctx.act(str(values.pop("do")), values)
            return
        await intent.hear(ctx, answer)


def _consent_query(text: str) -> dict[str, str]:
    """What the address of a consent page carries; empty for any other text."""
    text = text.strip()
    if not text.startswith(("http://", "https://")) or " " in text:
        return {}
    query = {name: values[-1] for name, values in parse_qs(urlsplit(text).query).items()}
    return query if "state" in query else {}
