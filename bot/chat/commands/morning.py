"""The morning digest: now, at an hour of one's own, or not at all."""

from __future__ import annotations

from bot.chat.commands.notices import OFF, TOPIC
from bot.chat.context import Context
from bot.chat.registry import Rest, command
from core.flows import digest as flow
from core.flows.posts import touch
from core.rules import notices as rules
from core.rules.access import Ability
from core.values.card import Card
from core.words import N_, _
from storage import slots
from storage.models import Member


@command(
    "digest",
    N_("What sold, waits, is overdue or stale; every morning if you like"),
    "/digest 8:00",
    needs=Ability.SELF,
    looks_alone=True,
    topic=TOPIC,
    details=N_(
        "/digest shows it now, /digest 8:00 sends it here every morning, /digest off ends that. A day with nothing to say has none."
    ),
)
async def digest(ctx: Context, hour: Rest) -> None:
    said = hour.strip().lower().removeprefix("at ")
    if not said or said == "now":
        await ctx.show("digest", flow.subject_of(ctx.person.member_id, ctx.now()))
        return
    member = await ctx.session.get_one(Member, ctx.person.member_id)
    if said in OFF:
        member.digest_at = None
        await ctx.say(_("No more digests. /digest shows it whenever you like."))
    else:
        member.digest_at = rules.minute_of(said)
        member.notify = {**member.notify, "digest": [ctx.inbound.surface]}
        begun = flow.hour_of(member, ctx.workspace, ctx.now())
        assert begun is not None
        await slots.take(ctx.session, ctx.db, flow.job_of(member.id), begun)  # the next one is the next time that it is so late
        zone = ctx.easel().timezone
        text = _("Every day at {time} ({zone}) I tell you here what sold, what waits, what is overdue and what went stale.")
        await ctx.say(Card(text=text.format(time=rules.said_minute(member.digest_at), zone=zone), mood="good"))
    await touch(ctx.session, ctx.db, ("notify", member.id))
