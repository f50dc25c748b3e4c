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
    seen: Mapped[dict[str, Any]] = mapped_column(default=dict)  # as read back after our last write: the marketplace's own spelling of it
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
    """What a channel reported, or a sale outside. Amounts are minor units of `currency`; None is unknown, not zero.

    `buyer` is sealed (who bought and who receives it); exact search goes by `OrderContact`. `shipping` is what the buyer paid for it,
    `label_cost` what the label cost us. `refund_asked` is what we asked the marketplace to give back, `refunded` what it says it did: a
    difference is drift. `asked_at` is when somebody was asked whether it has arrived, `forgotten_at` when the buyer was erased.
    """

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
    label_cost: Mapped[int | None] = mapped_column(BigInteger)
    label_by: Mapped[str] = mapped_column(default="")  # member:ID where a person said it: the marketplace's figure does not replace that
    refund_asked: Mapped[int | None] = mapped_column(BigInteger)
    refunded: Mapped[int | None] = mapped_column(BigInteger)
    buyer: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    placed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # when we first knew
    seen_by: Mapped[str] = mapped_column(default="")  # webhook, poll, person, file
    ship_by: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    delivered_by: Mapped[str] = mapped_column(default="")  # channel, carrier, member:ID
    asked_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


class OrderContact(Base):
    """A keyed hash of one thing that is known of an order's people, for exact search. `kind`: handle, name, email, phone."""

    __tablename__ = "order_contact"

    order_id: Mapped[str] = mapped_column(Key, ForeignKey("sales_order.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, index=True)


class ForgottenBuyer(Base):
    """A keyed hash of a name of somebody whom a marketplace had us erase, or of an order's id: what was ordered before and is heard of
    later brings nothing of them."""

    __tablename__ = "forgotten_buyer"

    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class OrderSource(Base):
    """Where else a sale reached us from than its marketplace: a shipping service, a file. One order may have several.

    `verdict` is what became of it: new, matched, asked (which order it is; `order_id` is None until somebody says), left (none of ours).
    `told` is what the source said of it while it is asked, without anything of the buyer; `batch` is what came together.
    """

    __tablename__ = "order_source"
    __table_args__ = (UniqueConstraint("workspace_id", "source", "external_id"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    order_id: Mapped[str | None] = mapped_column(Key, ForeignKey("sales_order.id"), index=True)
    source: Mapped[str]  # shipstation, file …
    external_id: Mapped[str]
    batch: Mapped[str] = mapped_column(Key, default="", index=True)
    verdict: Mapped[str]
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")


class Parcel(Base):
    """Something sent to a buyer. `pushed_at`: when the marketplace was told (None: not yet, or it told us); `delivered_by` as on Order."""

    __tablename__ = "parcel"
    __table_args__ = (UniqueConstraint("order_id", "tracking"),)

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    order_id: Mapped[str] = mapped_column(Key, ForeignKey("sales_order.id"), index=True)
    carrier: Mapped[str] = mapped_column(default="")
    tracking: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    pushed_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    delivered_by: Mapped[str] = mapped_column(default="")


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
    snoozed_until: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    done_by: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]


class Reconciliation(Work, Base):
    """One comparison of an account with what we think: the work row of reading it page by page. `batch` is all accounts' comparison at
    one time. `kind` is "all", "changed" (since `since`) or "import" (what somebody takes over of it). `cursor` is where the next page
    begins, `counts` how many of what were found."""

    __tablename__ = "reconciliation"

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    account_id: Mapped[str] = mapped_column(Key, ForeignKey("account.id"), index=True)
    batch: Mapped[str] = mapped_column(Key, index=True)
    by: Mapped[str]  # member:ID, system
    kind: Mapped[str] = mapped_column(default="all")
    since: Mapped[datetime | None]
    cursor: Mapped[str] = mapped_column(default="")
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Difference(Base):
    """Where a marketplace and we disagree about one thing. `ref` is the marketplace's id of it, `kind` what differs (price, quantity, gone,
    live, orphan), `verdict` who is right (ours, theirs, ask), `state` open, repaired (a Change does it), settled, left (as it is, somebody
    said), importing, imported. An open one is asked once."""

    __tablename__ = "difference"
    __table_args__ = (
        Index(
            "uq_difference_open", "account_id", "ref", "kind", unique=True,
            sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    id: Mapped[str] = key_column()
    workspace_id: Mapped[str] = mapped_column(Key, ForeignKey("workspace.id"), index=True)
    account_id: Mapped[str] = mapped_column(Key, ForeignKey("account.id"), index=True)
    reconciliation_id: Mapped[str | None] = mapped_column(Key, ForeignKey("reconciliation.id"), index=True)
    item_id: Mapped[str | None] = mapped_column(Key, ForeignKey("item.id"), index=True)
    listing_id: Mapped[str | None] = mapped_column(Key, ForeignKey("listing.id"), index=True)
    ref: Mapped[str]
    kind: Mapped[str]
    ours: Mapped[dict[str, Any]] = mapped_column(default=dict)
    theirs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    verdict: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
