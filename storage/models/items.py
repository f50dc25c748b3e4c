"""What is for sale: items, their photos and drafts, and the ledger of how many there are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, Sentence, Sentences, Work, key_column


class Item(Base):
    """A thing, or identical things, to sell. People say its `number`. Amounts are minor units of `currency`; None is unknown, not zero."""

    __tablename__ = "item"
    __table_args__ = (UniqueConstraint("workspace_id", "number"), UniqueConstraint("workspace_id", "sku"))

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    number: Mapped[int]
    sku: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    price: Mapped[int | None] = mapped_column(BigInteger)
    floor: Mapped[int | None] = mapped_column(BigInteger)
    cost: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Photo(Base):
    """A stored photo. The same picture twice is one row; `sha256` names its files."""

    __tablename__ = "photo"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    created_at: Mapped[datetime]


class ItemPhoto(Base):
    """An item's photo at a position; position 0 is the primary one."""

    __tablename__ = "item_photo"

    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class Draft(Work, Base):
    """A proposal for an item's listing: fields with confidence and evidence (`core.values.draft`). Also the intake's work row.

    `where` says in which chat it began and `album` which photos belong together; `choices` holds what the seller picked
    (channels, category per channel).
    """

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_album", "album"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), index=True)
    mode: Mapped[str] = mapped_column(default="single")
    source: Mapped[str] = mapped_column(default="upload")
    album: Mapped[str] = mapped_column(default="")
    hints: Mapped[dict[str, Any]] = mapped_column(default=dict)
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    member_id: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    created_at: Mapped[datetime]


class Roll(Work, Base):
    """A camera roll that becomes several items: its photos come in, are parted into items, and wait for a person's yes.

    `plan` is how they are parted: `groups` and `out` (what was left out) are lists of lists of sha256, `page` is which part of it the
    overview shows, `captions` are what was written beside photos, and `confirmed_at` says when somebody said yes. `failed`
    has the photos that could not be kept: what the sender calls each, to the sentence that says why.
    """

    __tablename__ = "roll"
    __table_args__ = (Index("ix_roll_chat", "surface", "chat", "state"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    number: Mapped[int]
    member_id: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    surface: Mapped[str]
    chat: Mapped[str]
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    failed: Mapped[dict[str, Any]] = mapped_column(Sentences, default=dict)
    created_at: Mapped[datetime]


class RollPhoto(Base):
    """A photo of a roll. `position` is its place as it was sent; `taken_at` is when it was taken (ISO, by the camera's clock) and `look`
    what it looks like, "" where nobody knows. `source` is what the sender calls it: it is not sent twice."""

    __tablename__ = "roll_photo"
    __table_args__ = (Index("ix_roll_photo_item_id", "item_id"),)

    roll_id: Mapped[str] = mapped_column(Key, ForeignKey("roll.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(default="")
    taken_at: Mapped[str] = mapped_column(default="")
    look: Mapped[str] = mapped_column(default="")
    item_id: Mapped[str | None] = mapped_column(Key, ForeignKey("item.id"))


class StockEntry(Base):
    """One line of the inventory ledger; never changed, never deleted (the database refuses both).

    `key` makes a repeated cause count once, and `place` (1 is an item's first) lets no two entries follow the same one. `total` and
    `reserved` are the differences this entry makes, `_before` and `_after` the fold without and with it. `source` is who or what
    caused it: "member:ID", a channel's kind, "intake"; `reason` says why.
    """

    __tablename__ = "stock_entry"
    __table_args__ = (
        UniqueConstraint("item_id", "key"),
        UniqueConstraint("item_id", "place"),
        CheckConstraint("total_after = total_before + total", name="total"),
        CheckConstraint("reserved_after = reserved_before + reserved", name="reserved"),
        CheckConstraint("reserved_before >= 0 AND reserved_before <= total_before", name="before"),
        CheckConstraint("reserved_after >= 0 AND reserved_after <= total_after", name="after"),
    )

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), index=True)
    place: Mapped[int]
    kind: Mapped[str]
    total: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    total_before: Mapped[int]
    total_after: Mapped[int]
    reserved_before: Mapped[int]
    reserved_after: Mapped[int]
    source: Mapped[str]
    order_id: Mapped[str | None] = mapped_column(Key)
    reason: Mapped[str] = mapped_column(Sentence, default="")
    key: Mapped[str]
    at: Mapped[datetime]


class Stock(Base):
    """The fold of an item's entries, of which there are `entries`. Blank is not zero: an item without a row has unknown stock.

    `low_at` and `reorder_at` are the seller's thresholds, `peak` is the most that there ever was.
    """

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("total >= 0", name="total"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("reserved <= total", name="promised"),
    )

    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    total: Mapped[int]
    reserved: Mapped[int] = mapped_column(default=0)
    low_at: Mapped[int] = mapped_column(default=2)
    reorder_at: Mapped[int] = mapped_column(default=0)
    peak: Mapped[int] = mapped_column(default=0)
    entries: Mapped[int] = mapped_column(default=0)
