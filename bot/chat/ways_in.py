"""How a one-time code is used on each surface that is switched on: links to open, words to say."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from sqlalchemy import select

from bot.chat.context import Context
from core.errors import Refused
from core.values.card import Line
from core.words import _
from storage.models import Identity


@runtime_checkable
class Linking(Protocol):
    """A surface with links that open a chat and bring a code along. "" while its name is not known."""

    def deep_link(self, code: str) -> str: ...


def ways_in(ctx: Context, code: str, word: str) -> list[Line]:
    """`word` is what is said before the code where there is no link: "/join" or "/link"."""
    lines = []
    surfaces = ctx.house.surfaces
    if "web" in surfaces:
        lines.append(Line(_("In the browser"), sign_in_address(ctx, code)))
    telegram = surfaces.get("telegram")
    if isinstance(telegram, Linking) and (link := telegram.deep_link(code)):
        lines.append(Line(_("In Telegram"), link))
    if "slack" in surfaces:
        lines.append(Line(_("In Slack"), f"/haggle {word.lstrip('/')} {code}"))
    lines.append(Line(_("In any chat with me"), f"{word} {code}"))
    return lines


async def identities_of(ctx: Context) -> list[Identity]:
    """The accounts by which this person talks with us, oldest first."""
    query = select(Identity).where(Identity.member_id == ctx.person.member_id).order_by(Identity.id)
    return list((await ctx.session.execute(query)).scalars())


def sign_in_address(ctx: Context, code: str) -> str:
    return f"{ctx.house.public_url or ctx.house.address}/enter?code={code}"


def only_in_private(ctx: Context) -> None:
    """Raises `Refused` where others read along: who has a code is let in by it."""
    if not ctx.inbound.private:
        raise Refused(_("Others read along here, and whoever has a code is let in by it. Ask me in a private chat."))


def only_where_nobody_else_reads(ctx: Context) -> None:
    """Raises `Refused` where others read along: who bought something is nobody else's business."""
    if not ctx.inbound.private:
        raise Refused(_("Others read along here, and who bought it is not for everybody. Ask me in a private chat."))
