"""Taking somebody's names out of what people wrote: a chat that can be read back, and deliveries that could not be taken in."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import String, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.db import Database
from storage.models import InboxEvent, Post

SHORTEST = 4  # letters of a name that is looked for: shorter ones are parts of everything
_SAID = ("handle", "name", "email", "phone", "street")
GONE = "…"


def names_in(people: Mapping[str, Any]) -> set[str]:
    """Everything by which these people may be written of."""
    both = (people, people.get("recipient") or {})
    return {name for one in both for kind in _SAID if len(name := str(one.get(kind) or "").strip()) >= SHORTEST}


async def scrub(session: AsyncSession, db: Database, names: Collection[str], workspaces: Collection[str]) -> None:
    """Replace these names by an ellipsis where somebody wrote them, whatever their case."""
    if not names:
        return
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)), re.IGNORECASE)
    posts = select(Post).where(Post.workspace_id.in_(workspaces), _mentions(Post.said, names))
    for post in (await session.execute(posts)).scalars():
        post.said, post.changed_at = _without(post.said, pattern), db.now()
    for event in (await session.execute(select(InboxEvent).where(_mentions(InboxEvent.body, names)))).scalars():
        event.body = _without(event.body, pattern)


def _mentions(column: Any, names: Collection[str]) -> Any:
    """Rows that may have one of them: JSON text writes letters beyond ASCII as they are, or by their numbers."""
    spelled = {form for name in names for form in (name, json.dumps(name)[1:-1])}
    return or_(*(cast(column, String).icontains(form, autoescape=True) for form in spelled))


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(GONE, value)
    if isinstance(value, dict):
        return {key: _without(one, pattern) for key, one in value.items()}
    return [_without(one, pattern) for one in value] if isinstance(value, list) else value
