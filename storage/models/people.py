"""Whose business it is, and who may talk to us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, key_column


class Workspace(Base):
    """One business. The `next_` columns hand out the numbers that people see."""

    __tablename__ = "workspace"

    id: Mapped[str] = key_column()
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(default="USD")
    language: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    created_at: Mapped[datetime]
    paused: Mapped[bool] = mapped_column(default=False)  # `/pause all`: no outward call until `/resume`
    next_item: Mapped[int] = mapped_column(default=1)
    next_order: Mapped[int] = mapped_column(default=1)
    next_task: Mapped[int] = mapped_column(default=1)
    next_roll: Mapped[int] = mapped_column(default=1)


class Member(Base):
    """A person in a workspace. `channels` limits them to some marketplaces; empty means all.

    `language` and `timezone` are theirs where they differ from the business's ("" otherwise). Times of day are minutes after midnight in
    their zone: of the morning digest (None: they want none), and of the hours in which only critical notices come. `notify` holds what
    they chose about notices: type to places.
    """

    __tablename__ = "member"

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    name: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    channels: Mapped[list[Any]] = mapped_column(default=list)
    language: Mapped[str] = mapped_column(default="")
    timezone: Mapped[str] = mapped_column(default="")
    digest_at: Mapped[int | None] = mapped_column(default=None)
    quiet_from: Mapped[int | None] = mapped_column(default=None)
    quiet_until: Mapped[int | None] = mapped_column(default=None)
    notify: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class Identity(Base):
    """A member's account on a surface. `chat` is where to reach them there unasked; `seen_at` is right to within an hour."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("surface", "external_id"),)

    id: Mapped[str] = key_column()
    member_id: Mapped[str] = mapped_column(Key, ForeignKey("member.id"), index=True)
    surface: Mapped[str]
    external_id: Mapped[str]
    chat: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A code that lets somebody in once: its hash, never itself. `grants` is a role, `channels` what the new member is limited to.

    `member_id` is set when it signs in a known member, or joins another account of theirs (`links`) to them. `made_by` is the member who
    asked for it ("": printed in the terminal), `used_by` the one who came in by it ("" where it was withdrawn).
    """

    __tablename__ = "one_time_code"

    hash: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"))
    member_id: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    grants: Mapped[str]
    channels: Mapped[list[Any]] = mapped_column(default=list)
    links: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[str] = mapped_column(default="")
    used_by: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser or terminal: the hash of its cookie. `name` says which it is; `seen_at` is right to within an hour."""

    __tablename__ = "web_session"

    hash: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(Key, ForeignKey("member.id"), index=True)
    name: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class Setting(Base):
    """A remembered value of a workspace: defaults for drafts, switches."""

    __tablename__ = "setting"

    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
