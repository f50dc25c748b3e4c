"""Saying hello and what can be done."""

from __future__ import annotations

from bot.chat.context import Context
from bot.chat.registry import REGISTRY, Word, command, unknown
from core.errors import Invalid
from core.values.card import Card, Line
from core.words import N_, _


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


@command("help", N_("What I can do, or how a command works"), "/help price", topic=N_("Getting started"))
async def help_(ctx: Context, name: Word | None) -> None:
    if name is not None:
        await _about(ctx, name.lstrip("/").lower())
        return
    topics: dict[str, list[Line]] = {}
    for one in REGISTRY.commands.values():
        topics.setdefault(one.topic, []).append(Line(f"/{one.name}", one.summary, one.example))
    lines = []
    for topic, listed in topics.items():
        lines += [Line(value=topic, mood="head"), *listed]
    await ctx.say(Card(_("What I can do"), _("Send photos to sell something. Everything else is a button or a command:"), tuple(lines)))


async def _about(ctx: Context, name: str) -> None:
    one = REGISTRY.names.get(name)
    if one is None:
        raise Invalid(unknown(name))
    lines = [Line(_("Example"), one.example)]
    if one.aliases:
        lines.append(Line(_("Also"), ", ".join(f"/{alias}" for alias in one.aliases)))
    lines.append(Line(_("Who"), _("{role} and up").format(role=one.needs.value)))
    await ctx.say(Card(f"/{one.name}", " ".join(part for part in (one.summary + ".", one.details) if part), tuple(lines)))
