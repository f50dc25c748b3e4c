"""Accounts, listings, Changes and orders: our side of the outside world."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Key, Sentence, Sentences, Work, key_column


class Account(Work, Base):
    """A workspace's connection to a marketplace. Also the work row of its order poll (`due_at` is the next poll, `lane` its kind).

    `credentials` are sealed (`storage/secrets.py`). `tokens` and `tokens_at` are the token bucket that paces calls.
    `orders_since` is how far orders have been read.
    """

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("workspace_id", "channel", "external_id"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    channel: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str] = mapped_column(default="")
    credentials: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    settings: Mapped[dict[str, Any]] = mapped_column(Sentences, default=dict)
    tokens: Mapped[float] = mapped_column(Float, default=0.0)
    tokens_at: Mapped[datetime | None]
    orders_since: Mapped[datetime | None]
    last_webhook_at: Mapped[datetime | None]
    last_poll_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    silent_told_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Listing(Base):
    """An item on an account. What we want there (`price`, `quantity`, `sku`), what was last read there, and its ids in `external`.

    `own_price` is the listing's own price where it differs from the item's. `verified_at` is when the marketplace last
    proved `state`.
    """

    __tablename__ = "listing"
    __table_args__ = (UniqueConstraint("item_id", "account_id"), UniqueConstraint("account_id", "sku"))

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), index=True)
    account_id: Mapped[str] = mapped_column(Key, ForeignKey("account.id"), index=True)
    channel: Mapped[str]
    sku: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    needs_person: Mapped[bool] = mapped_column(default=False)
    wanted: Mapped[str] = mapped_column(default="gone")  # "live" or "gone": what every Change asks before it acts and after
    own_price: Mapped[int | None] = mapped_column(BigInteger)
    price: Mapped[int | None] = mapped_column(BigInteger)
    quantity: Mapped[int | None]
    url: Mapped[str] = mapped_column(default="")
    external: Mapped[dict[str, Any]] = mapped_column(default=dict)
    listing_ref: Mapped[str] = mapped_column(default="", index=True)  # the channel's public id, which its orders name
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)  # category, aspects, as published
    listed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    reread_at: Mapped[datetime | None] = mapped_column(index=True)  # read again at this time: no lease stops a call already sent
    reread_count: Mapped[int] = mapped_column(default=0)


class Change(Work, Base):
    """One intended effect on one listing or item: the only road to the outside world. States: `core.values.states.ChangeState`."""

    __tablename__ = "change"
    __table_args__ = (
        Index(
            "uq_change_running",
            "listing_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    kind: Mapped[str]
    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), index=True)
    listing_id: Mapped[str | None] = mapped_column(Key, ForeignKey("listing.id"), index=True)
    batch: Mapped[str] = mapped_column(Key, index=True)
    by: Mapped[str]  # member, autopilot, system
    member_id: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(Sentence, default="")
    confidence: Mapped[float] = mapped_column(Float, default=1.0)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(default=dict)
    outcome: Mapped[dict[str, Any]] = mapped_column(Sentences, default=dict)
    order_id: Mapped[str | None] = mapped_column(Key, index=True)
    undo_of: Mapped[str | None] = mapped_column(Key)
    created_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    hold_until: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Order(Base):
    """What a channel reported, or a sale outside. `buyer` is sealed; `buyer_key` is a keyed hash for exact search."""

    __tablename__ = "sales_order"
    __table_args__ = (UniqueConstraint("account_id", "external_id"), UniqueConstraint("workspace_id", "number"))

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    number: Mapped[int]
    account_id: Mapped[str | None] = mapped_column(Key, ForeignKey("account.id"))
    channel: Mapped[str]
    external_id: Mapped[str]
    state: Mapped[str]
    paid: Mapped[bool]
    currency: Mapped[str]
    total: Mapped[int] = mapped_column(BigInteger)
    fees: Mapped[int | None] = mapped_column(BigInteger)
    shipping: Mapped[int | None] = mapped_column(BigInteger)
    tax: Mapped[int | None] = mapped_column(BigInteger)
    buyer: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    buyer_key: Mapped[str] = mapped_column(default="", index=True)
    placed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # when we first knew
    seen_by: Mapped[str] = mapped_column(default="")  # webhook, poll, person


class OrderLine(Base):
    """One line of an order; `item_id` is None until we know which item it is."""

    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    order_id: Mapped[str] = mapped_column(Key, ForeignKey("sales_order.id"), index=True)
    external_id: Mapped[str]
    item_id: Mapped[str | None] = mapped_column(Key, ForeignKey("item.id"), index=True)
    listing_id: Mapped[str | None] = mapped_column(Key, ForeignKey("listing.id"))
    sku: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    quantity: Mapped[int]
    price: Mapped[int] = mapped_column(BigInteger)


class ManualTask(Work, Base):
    """Something only a person can do. Also the work row of its reminders: `due_at` is the next one, `deadline` when it should be done."""

    __tablename__ = "manual_task"
    __table_args__ = (UniqueConstraint("workspace_id", "number"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    number: Mapped[int]
    kind: Mapped[str]
    item_id: Mapped[str] = mapped_column(Key, ForeignKey("item.id"), index=True)
    listing_id: Mapped[str | None] = mapped_column(Key, ForeignKey("listing.id"))
    order_id: Mapped[str | None] = mapped_column(Key)
    reason: Mapped[str] = mapped_column(Sentence, default="")
    deadline: Mapped[datetime]
    assigned_to: Mapped[str | None] = mapped_column(Key, ForeignKey("member.id"))
    reminders: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    done_by: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]
