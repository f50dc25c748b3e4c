"""Every enumeration that the whole product agrees on. One name for each thing."""

from __future__ import annotations

from enum import StrEnum


class ItemState(StrEnum):
    DRAFT = "draft"
    READY = "ready"
    LIVE = "live"
    SOLD = "sold"
    DELISTED = "delisted"
    ARCHIVED = "archived"


class ListingState(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHING = "publishing"
    ACTIVE = "active"
    ENDED = "ended"
    SOLD = "sold"
    ERROR = "error"
    OUT_OF_SYNC = "out_of_sync"


class AccountState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ERROR = "error"
    DISCONNECTED = "disconnected"


class DraftState(StrEnum):
    PENDING = "pending"
    UPLOADING = "uploading"
    PROCESSING = "processing"
    REVIEW = "review"
    APPROVED = "approved"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RollState(StrEnum):
    """`MAKING`: confirmed, and its items are being made; `APPROVED`: all of them are there."""

    COLLECTING = "collecting"
    SORTING = "sorting"
    REVIEW = "review"
    MAKING = "making"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ChangeState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    UNDONE = "undone"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ChangeKind(StrEnum):
    PUBLISH = "publish"
    REVISE = "revise"
    REPRICE = "reprice"
    QUANTITY = "quantity"
    DELIST = "delist"
    RELIST = "relist"
    ARCHIVE = "archive"
    SHIP = "ship"
    REFUND = "refund"
    CANCEL_ORDER = "cancel_order"


class InboxState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    FAILED = "failed"
    DEAD = "dead"


class StockKind(StrEnum):
    INITIAL = "initial"
    ADJUST = "adjust"
    SALE = "sale"
    RETURN = "return"
    RESERVE = "reserve"
    RELEASE = "release"
    SYNC_CORRECTION = "sync_correction"
    BULK_IMPORT = "bulk_import"
    DAMAGE = "damage"


class Condition(StrEnum):
    """`UNKNOWN` is for drafts only: nothing is published with it."""

    NEW = "new"
    LIKE_NEW = "like_new"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    REFURBISHED = "refurbished"
    FOR_PARTS = "for_parts"
    UNKNOWN = "unknown"


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    SELLER = "seller"
    VIEWER = "viewer"


class OrderState(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    REFUND_REQUESTED = "refund_requested"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class TaskKind(StrEnum):
    LIST = "list"
    REVISE = "revise"
    TAKE_DOWN = "take_down"


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Severity(StrEnum):
    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    CRITICAL = "critical"
