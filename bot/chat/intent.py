"""What plain words mean: a command without its slash, what the tables understand, an answer to the open draft, what a model makes of it.

Whatever it is, it ends as the command lines that somebody could type. Those that only look are run; those that change something are
shown first, each with a button. The model is asked between two transactions, and only for what the tables are not sure of.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bot.chat.arguments import resolve
from bot.chat.commands.drafts import ASKED, answer_open_draft
from bot.chat.context import Context
from bot.chat.plain.judging import dry, proposal, sound
from bot.chat.plain.lines import Choice, Understood, understand
from bot.chat.plain.proposals import Proposal, choose, propose
from bot.chat.plain.things import recent, things_for
from bot.chat.plain.tools import tools
from bot.chat.registry import REGISTRY
from bot.chat.running import close_question, command_of, run_line
from core.errors import HaggleError, Missing
from core.flows.house import House
from core.ports import Proposed, Spoken
from core.rules.plain.folding import clean, folded
from core.rules.plain.grammar import is_never_mind
from core.rules.plain.matching import Thing
from core.rules.plain.wishes import Verb
from core.values.card import Card, Line
from core.words import _, here

log = structlog.get_logger()

TOLD = 20  # items that a model is told of
HINTS = 3


class Unclear(Exception):
    """No error: the words are for the model, which is asked when this transaction is over."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking the model: its proposals and the items that it was told of, or why there are none."""

    proposed: Proposed
    numbers: frozenset[int] = frozenset()
    note: str = ""


async def hear(ctx: Context, answer: Answer | None) -> None:
    """Do what the words mean. Raises `Unclear` when the model is to be asked first."""
    text = ctx.inbound.text.strip()
    if await _typed(ctx, text):
        return
    understood = await understand(ctx, text)
    if understood is not None and understood.sure:
        await _act(ctx, understood)
    elif await answer_open_draft(ctx, text):
        return
    elif answer is None and ctx.house.interpreter is not None:
        raise Unclear
    elif answer is not None and await _proposed(ctx, answer):
        return
    elif understood is not None:
        await _act(ctx, understood, answer.note if answer else "")
    elif is_never_mind(text):
        await ctx.say(_("All right. Nothing was open."))
    else:
        await ctx.say(not_understood(text, answer.note if answer else ""))


async def never_mind(ctx: Context) -> bool:
    """Whether somebody says that they do not want to answer the open question, which is closed then."""
    if not is_never_mind(ctx.inbound.text) or not await close_question(ctx):
        return False
    await ctx.say(_("All right, I ask no further."))
    return True


async def _typed(ctx: Context, text: str) -> bool:
    """A command without its slash, run when it is exactly that: “price 42 45”, and not “price of the lamp?”."""
    first, _space, rest = text.partition(" ")
    if first.lower() not in REGISTRY.names:
        return False
    line = f"/{first} {rest}".strip()
    try:
        command, said = command_of(line)
        await resolve(dry(ctx), command, said)
    except HaggleError:
        if await understand(ctx, text) is not None:
            return False
    await run_line(ctx, line)
    return True


async def _act(ctx: Context, understood: Understood, note: str = "") -> None:
    """Run what only looks, show what changes, ask what is open. What names nothing is said, and then nothing else is done."""
    if understood.lost:
        text = _nothing_called(understood.lost[0])
        await ctx.say(Card(text=" ".join(part for part in (text, note) if part), mood="warn"))
        return
    await _show(ctx, [await proposal(ctx, line) for line in understood.lines])
    for choice in understood.choices:
        await _offer(ctx, choice)
    for thing, verb in understood.asks[:1]:
        await _ask_amount(ctx, thing, verb)


def _nothing_called(phrase: str) -> str:
    return _("Nothing that you have is called “{phrase}”. /items lists what you have.").format(phrase=phrase[:80])


async def _show(ctx: Context, proposals: list[Proposal]) -> None:
    changing = [one for one in proposals if not _looks(one.line)]
    for one in proposals:
        if one not in changing:
            await run_line(ctx, one.line)
    if changing:
        await ctx.say(propose(changing, ctx.person.member_id))


def _looks(line: str) -> bool:
    command, rest = command_of(line)
    return command.looks(rest)


async def _offer(ctx: Context, choice: Choice) -> None:
    found = []
    for _thing, line in choice.lines:
        try:
            found.append(await proposal(ctx, line))
        except HaggleError:
            continue  # it cannot be meant: it is sold, say
    if not found:
        raise Missing(_nothing_called(choice.phrase))
    text = _("Nothing is called exactly “{phrase}”. Did you mean one of these?") if choice.near else _("Which “{phrase}” do you mean?")
    await ctx.say(choose(text.format(phrase=choice.phrase[:80]), found, ctx.person.member_id))


async def _ask_amount(ctx: Context, thing: Thing, verb: Verb) -> None:
    if verb is Verb.SOLD:
        text = _("For how much did item {number} sell? Type an amount like 80.").format(number=thing.number)
        await ctx.ask(text, {"do": "sold.answer", "item": thing.id})
        return
    await ctx.ask(_(ASKED["price"]).format(number=thing.number), {"do": "draft.answer", "item": thing.id, "field": "price"})


async def _proposed(ctx: Context, answer: Answer) -> bool:
    """Show what the model proposes, as far as it is sound. Whether there was any."""
    if chosen := await sound(ctx, answer.proposed.choices, answer.numbers):
        await ctx.say(choose(_("Which one do you mean?"), chosen, ctx.person.member_id))
        return True
    made = await sound(ctx, answer.proposed.lines, answer.numbers)
    if len(made) < len(answer.proposed.lines):
        log.warning("proposals_dropped", kept=len(made), proposed=len(answer.proposed.lines))
    await _show(ctx, made)
    return bool(made)


async def question(ctx: Context) -> Spoken:
    """What the model is asked: the words, and what they may be about."""
    named = await recent(ctx)
    named += [one for one in await things_for(ctx, [ctx.inbound.text]) if one not in named]
    today = ctx.now().astimezone(ZoneInfo(ctx.person.timezone or ctx.workspace.timezone))
    return Spoken(
        clean(ctx.inbound.text),
        tuple((one.number, one.title) for one in named[:TOLD]),
        tuple(dict.fromkeys(one.channel for one in await ctx.accounts())),
        ctx.workspace.currency,
        f"{today:%A %Y-%m-%d}",
        ctx.person.language or ctx.workspace.language or "en",
    )


async def ask(house: House, spoken: Spoken) -> Answer:
    """Ask the model. One that fails is no error: the answer says why."""
    interpreter = house.interpreter
    assert interpreter is not None
    try:
        proposed = await interpreter.interpret(spoken, tools(spoken.channels))
    except HaggleError as error:
        log.warning("model_not_used", model=interpreter.name, why=error.sentence, cause=error.cause)
        return Answer(Proposed(), note=_("The AI model was not used: {why}.").format(why=here(error.sentence)))
    return Answer(proposed, frozenset(number for number, _title in spoken.things))


def not_understood(text: str, note: str = "") -> Card:
    """What can be said instead: the commands that are nearest to what was typed."""
    said = _(
        "I did not understand that. Send me photos of something to sell, or type /help to see what I can do. You can say, for example:"
    )
    lines = tuple(Line(here(one.example), here(_(one.summary))) for one in _near(text))
    return Card(text=" ".join(part for part in (said, note) if part), lines=lines, mood="warn")


def _near(text: str) -> list[Any]:
    said = set(folded(clean(text)).split())
    known = [one for one in REGISTRY.commands.values() if one.name not in ("start", "help")]

    def likeness(one: Any) -> float:
        words = folded(f"{one.name} {' '.join(one.aliases)} {_(one.summary)}").split()
        near = sum(bool(difflib.get_close_matches(word, said, n=1, cutoff=0.75)) for word in words if len(word) > 3)
        return near + difflib.SequenceMatcher(None, folded(text), one.name).ratio() / 2

    usual = {name: place for place, name in enumerate(("items", "price", "publish"))}
    ranked = sorted(known, key=lambda one: (-likeness(one) if likeness(one) >= 0.5 else 0, usual.get(one.name, 9)))
    return ranked[:HINTS]
