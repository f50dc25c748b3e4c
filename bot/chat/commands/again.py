"""What broke while it was taken in is taken in again: the button under the apology."""

from __future__ import annotations

from bot.chat.context import Context
from bot.chat.registry import action
from core.errors import Refused
from core.values.states import InboxState
from core.words import _
from storage.db import wake
from storage.models import InboxEvent


@action("said.again")
async def said_again(ctx: Context, event: str) -> None:
    row = await ctx.session.get(InboxEvent, event)
    if row is None or row.state != InboxState.FAILED or row.source != ctx.inbound.surface or row.body.get("person") != ctx.inbound.person:
        raise Refused(_("This was taken in meanwhile. Write it again if you still want it."))
    row.state, row.due_at, row.attempts, row.last_error = InboxState.RECEIVED, ctx.now(), 0, ""
    wake(ctx.session, "chat_event", row.id, priority=2)
