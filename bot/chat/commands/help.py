"""Saying hello and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.chat.cards.parts import say
from bot.chat.commands.guide import TASKS, Task
from bot.chat.context import Context
from bot.chat.registry import REGISTRY, Command, Price, Rest, Word, command
from bot.chat.running import not_there
from core.money import Money
from core.rules.access import LEAST, ROLES
from core.values.card import Card, Line
from core.words import N_, _
from storage.models import Account, Item, Order

FOUND = 6  # commands that a search shows
# What an argument takes, by its type.
TAKES: Mapping[Any, str] = {
    Item: N_("the item's number or SKU, or answer its card"),
    Order: N_("the order's number, or answer its card"),
    Account: N_("a marketplace, such as ebay"),
    Money: N_("an amount, such as 45 or 45.50"),
    Price: N_("an amount, such as 45, or “same” for what it costs elsewhere"),
    Word: N_("one word"),
    Rest: N_("words"),
}


@command("start", N_("Say hello"), "/start", topic=N_("Getting started"))
async def start(ctx: Context, code: Word | None) -> None:
    """A code is a one-time link of somebody who is in already: it changes nothing."""
    if not ctx.inbound.private:
        text = _(
            "Hello! I hear what is meant for me here: commands, photos that mention me, and answers to what I say. The rest in private."
        )
        await ctx.say(text)
        return
    text = _(
        "Send me photos of something you want to sell. I draft the listing and show where each detail comes from; you tap Publish. "
        "When it sells anywhere I take it down everywhere else, check that it is really gone, and tell you what you earned."
    )
    await ctx.say(Card(_("Hello! I am Haggle."), text))
    await ctx.show("channels", ("channels", ctx.person.workspace_id))


@command(
    "help",
    N_("What I can do, or how a command works"),
    "/help price",
    topic=N_("Getting started"),
    details=N_("Add a command to see how it works, or words to look for."),
)
async def help_(ctx: Context, words: Rest) -> None:
    said = words.strip().lstrip("/").lower()
    if not said:
        await ctx.say(_overview())
    elif (one := REGISTRY.names.get(said)) is not None:
        await ctx.say(_about(one))
    elif (task := _task_named(said)) is not None:
        await ctx.say(_task(task))
    else:
        await ctx.say(_found(said))


def _overview() -> Card:
    """Every task with the commands that do it."""
    lines = []
    for task in TASKS:
        lines.append(Line(value=_(task.title), mood="head"))
        lines += [_line(REGISTRY.commands[name]) for name in task.commands]
    buttons = [say(_(task.title), f"/help {task.key}") for task in TASKS]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    return Card(_("What I can do"), _("Send photos to sell something. Everything else is a button or a command:"), tuple(lines), (), rows)


def _task(task: Task) -> Card:
    lines = tuple(_line(REGISTRY.commands[name]) for name in task.commands)
    rows = tuple((say(one, one),) for one in task.shown)
    return Card(_(task.title), _(task.how), lines, (), rows)


def _line(one: Command) -> Line:
    return Line(f"/{one.name}", _(one.summary), one.example if one.example != f"/{one.name}" else "")


def _task_named(said: str) -> Task | None:
    return next((one for one in TASKS if said in (one.key, one.title.lower(), _(one.title).lower())), None)


def _about(one: Command) -> Card:
    """A command: what it does, what it takes, an example to try, who may."""
    lines = [Line(_("Example"), one.example)]
    if one.aliases:
        lines.append(Line(_("Also"), ", ".join(f"/{alias}" for alias in one.aliases)))
    for parameter in one.parameters:
        optional = parameter.optional or (parameter.type is Rest and "…" not in one.example)
        lines.append(Line(parameter.name, _(TAKES[parameter.type]), _("may be left out") if optional else ""))
    lines.append(Line(_("Who"), _("{role} and up").format(role=_(ROLES[LEAST[one.needs]]))))
    text = " ".join(part for part in (f"{_(one.summary)}.", _(one.details)) if part)
    task = next(task for task in TASKS if one.name in task.commands)
    buttons = (say(f"/{one.name}", f"/{one.name}"), say(_(task.title), f"/help {task.key}"))
    return Card(f"/{one.name}", text, tuple(lines), (), (buttons,))


def _found(said: str) -> Card:
    """Commands in whose help these words are, or whose names are like them. Raises `Offer` for what is nowhere."""
    words = said.split()
    found = [one for one in REGISTRY.commands.values() if all(word in _text_of(one) for word in words)]
    if not found:
        raise not_there(words[0])
    buttons = tuple((say(f"/{one.name}", f"/help {one.name}"),) for one in found[:FOUND])
    return Card(_("About “{words}”").format(words=said[:60]), "", tuple(_line(one) for one in found[:FOUND]), (), buttons)


def _text_of(one: Command) -> str:
    """Everything that help says of a command, in English and in the reader's language."""
    task = next(task for task in TASKS if one.name in task.commands)
    messages = [message for message in (one.summary, one.details, one.topic, task.title) if message]
    return " ".join((one.name, *one.aliases, one.example, *messages, *(_(message) for message in messages))).lower()
