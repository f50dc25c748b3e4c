"""What came in and what went out: the inbox, posted cards, buttons, questions, notices; and the records about it all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, Sentence, Work, key_column


class InboxEvent(Work, Base):
    """A delivery: a webhook's hint or something a person said. A row before it is answered, unique by source, account and event id.

    `body` holds ids and texts, never personal data of buyers and never a refused body.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (UniqueConstraint("source", "account", "event_id"),)

    id: Mapped[str] = key_column()
    source: Mapped[str]
    account: Mapped[str] = mapped_column(default="")
    event_id: Mapped[str]
    topic: Mapped[str] = mapped_column(default="")
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received_at: Mapped[datetime]
    duplicates: Mapped[int] = mapped_column(default=0)


class Post(Work, Base):
    """One copy of a card in a chat. `view` and `subject` say how to draw it anew when the subject moves; `card` is what was last drawn.

    `message` is the surface's own reference once it is posted, `thread` that of the thread where it answers; `aloud` is shown outside of
    its thread as well. `said` holds what a person wrote, so that a chat can be read
    back (web and terminal); such rows are done from the start.
    """

    __tablename__ = "card_post"
    __table_args__ = (
        Index("ix_card_post_subject", "subject_kind", "subject_id"),
        Index("ix_card_post_chat", "surface", "chat", "changed_at"),
        Index("ix_card_post_message", "surface", "chat", "message"),
    )

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str | None] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    surface: Mapped[str]
    chat: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    thread: Mapped[str] = mapped_column(default="")
    aloud: Mapped[bool] = mapped_column(default=False)
    subject_kind: Mapped[str] = mapped_column(default="")
    subject_id: Mapped[str] = mapped_column(default="")
    view: Mapped[str] = mapped_column(default="")
    card: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shown: Mapped[str] = mapped_column(default="")  # hash of what the surface shows
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=0)  # counts touches, so that one during an edit is not lost
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class CardButton(Base):
    """A button's action, under the short id that surfaces carry. The same action of a workspace is one row.

    `shown_at` is when a card with it was last drawn, to within half a day.
    """

    __tablename__ = "card_button"

    id: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    action: Mapped[dict[str, Any]]
    shown_at: Mapped[datetime]


class Question(Base):
    """What we asked in a chat and wait for: the next plain words there answer it. One a chat."""

    __tablename__ = "question"

    surface: Mapped[str] = mapped_column(primary_key=True)
    chat: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"))
    action: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]


class Notice(Base):
    """Something a member should know. `key` keeps it from being told twice. Ids and handles only, never a buyer's data."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    member_id: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    severity: Mapped[str]
    type: Mapped[str]
    title: Mapped[str] = mapped_column(Sentence)
    body: Mapped[str] = mapped_column(Sentence, default="")
    subject_kind: Mapped[str] = mapped_column(default="")
    subject_id: Mapped[str] = mapped_column(default="", index=True)
    key: Mapped[str]
    at: Mapped[datetime]
    solved_at: Mapped[datetime | None]


class NoticeCopy(Work, Base):
    """A notice for one member. As work it waits for its moment (quiet hours, too many of its type).

    States: waiting, told, folded (into a card that stands for several: `fold` is the id of the first of them), muted (they did not want it
    told, or it was over before its moment; it is in their list all the same).
    """

    __tablename__ = "notice_copy"
    __table_args__ = (
        UniqueConstraint("notice_id", "member_id"),
        Index("ix_notice_copy_unread", "member_id", "read_at"),
        Index("ix_notice_copy_told", "member_id", "told_at"),
    )

    id: Mapped[str] = key_column()
    notice_id: Mapped[str] = mapped_column(Key, ForeignKey("notice.id"))
    member_id: Mapped[str] = mapped_column(Key, ForeignKey("member.id"))
    fold: Mapped[str] = mapped_column(Key, default="", index=True)
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]


class Story(Base):
    """Where a chat with threads tells a subject's story: the message that the others answer."""

    __tablename__ = "story"

    surface: Mapped[str] = mapped_column(primary_key=True)
    chat: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(Key, primary_key=True)
    message: Mapped[str]
    created_at: Mapped[datetime]


class AuditEntry(Base):
    """One move, for ever. Written in the move's own transaction; a tick seals entries into a hash chain (`seq`, `prev`, `hash`)."""

    __tablename__ = "audit_entry"

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    prev: Mapped[str] = mapped_column(default="")
    hash: Mapped[str] = mapped_column(default="")


class ClockSlot(Base):
    """The newest slot of a tick that has been taken: ten machines run it once, and one that was off knows what it missed."""

    __tablename__ = "clock_slot"

    job: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[datetime]


class Quota(Base):
    """How much of a daily limit is used. `day` is the marketplace's own day."""

    __tablename__ = "quota"

    account_id: Mapped[str] = mapped_column(Key, ForeignKey("account.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int] = mapped_column(default=0)


class RefusedDelivery(Base):
    """How many deliveries with a bad signature came, per source and day. Their bodies are never stored."""

    __tablename__ = "refused_delivery"

    source: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]
