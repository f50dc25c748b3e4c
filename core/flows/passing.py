"""Cards that show somebody's data for a while: sealed in their rows, drawn anew when their time is over."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.values.card import Card
from storage.models import Post
from storage.secrets import Keyring

SUBJECT = "buyer"  # of cards that show who bought: (SUBJECT, "ORDER:WHEN"), when in seconds since 1970
SHOWN_FOR = timedelta(minutes=10)
_SEALED = "sealed"


def look_of(subject: str) -> tuple[str, datetime]:
    """The order and the time of a look, of a card's subject."""
    order, _colon, seconds = subject.partition(":")
    return order, datetime.fromtimestamp(int(seconds), UTC)


def kept(keyring: Keyring, post: Post, card: Card) -> dict[str, Any]:
    """What the row keeps of a drawn card."""
    if post.subject_kind != SUBJECT:
        return card.to_json()
    return {_SEALED: b64encode(keyring.seal(card.to_json(), post.id)).decode()}


def shown(keyring: Keyring, post: Post) -> Mapping[str, Any]:
    """The card of a row, for who reads it in our own chat."""
    if _SEALED not in post.card:
        return post.card
    return keyring.open(b64decode(post.card[_SEALED]), post.id)


def over_at(post: Post, now: datetime) -> datetime | None:
    """When what a card shows has to go; None when nothing has, or it went already."""
    if post.subject_kind != SUBJECT:
        return None
    end = look_of(post.subject_id)[1] + SHOWN_FOR
    return end if end > now else None
