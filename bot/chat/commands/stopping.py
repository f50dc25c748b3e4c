"""Stopping everything that leaves the house, and going on."""

from __future__ import annotations

from bot.chat.commands.selling import SELLING
from bot.chat.context import Context
from bot.chat.registry import Word, command
from core.errors import Invalid
from core.flows.posts import touch_all
from core.flows.watching import resume as wake_waiting
from core.rules.access import Ability
from core.values.card import Button, Card
from core.words import N_, _, ngettext
from storage import audit

PAUSED, RESUMED = "workspace.paused", "workspace.resumed"


@command(
    "pause",
    N_("Stop every outward call"),
    "/pause all",
    needs=Ability.PAUSE,
    topic=SELLING,
    details=N_("Changes wait and nothing is lost; /resume lets them go."),
)
async def pause(ctx: Context, what: Word | None) -> None:
    if what != "all":
        raise Invalid(_("Type /pause all to stop every outward call. Changes then wait until /resume."))
    await pause_outward(ctx)


@command("resume", N_("Go on after a pause"), "/resume", needs=Ability.PAUSE, topic=SELLING)
async def resume(ctx: Context) -> None:
    await resume_outward(ctx)


async def pause_outward(ctx: Context, *, undo_of: str = "") -> None:
    await _set(ctx, PAUSED, undo_of)
    await ctx.say(
        Card(
            _("Paused"),
            _("Nothing leaves the house now: no publishing, no price changes, and no taking down when something sells. Changes wait."),
            buttons=((Button(_("Resume"), {"do": "say", "text": "/resume"}, "primary"),),),
            mood="warn",
        )
    )


async def resume_outward(ctx: Context, *, undo_of: str = "") -> None:
    await _set(ctx, RESUMED, undo_of)
    waiting = await wake_waiting(ctx.session, ctx.house, ctx.person.workspace_id)
    if not ctx.house.outward:
        text = _("Not paused here any more, but the setting HAGGLE_OUTWARD=off holds everything: set it to on and start Haggle again.")
        await ctx.say(Card(text=text, mood="warn"))
        return
    text = ngettext("Going on. {count} change waited.", "Going on. {count} changes waited.", waiting).format(count=waiting)
    await ctx.say(Card(text=text if waiting else _("Going on. Nothing waited."), mood="good"))


async def _set(ctx: Context, what: str, undo_of: str) -> None:
    ctx.workspace.paused = what == PAUSED
    audit.record(
        ctx.session, workspace=ctx.workspace.id, at=ctx.now(), actor=ctx.person.actor, action=what,
        subject=("workspace", ctx.workspace.id), data={"undo_of": undo_of} if undo_of else {},
    )  # fmt: skip
    await touch_all(ctx.session, ctx.db, ctx.workspace.id)
