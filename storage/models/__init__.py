"""The tables. A file per family; flows import the classes from here."""

from storage.models.base import Base, DbNow, Work
from storage.models.items import Draft, Item, ItemPhoto, Photo, Stock, StockEntry
from storage.models.people import Identity, Member, OneTimeCode, Setting, WebSession, Workspace
from storage.models.selling import Account, Change, Listing, ManualTask, Order, OrderLine
from storage.models.talking import (
    AuditEntry,
    CardButton,
    ClockSlot,
    InboxEvent,
    Notice,
    Post,
    Question,
    Quota,
    RefusedDelivery,
)

__all__ = [
    "Account",
    "AuditEntry",
    "Base",
    "CardButton",
    "Change",
    "ClockSlot",
    "DbNow",
    "Draft",
    "Identity",
    "InboxEvent",
    "Item",
    "ItemPhoto",
    "Listing",
    "ManualTask",
    "Member",
    "Notice",
    "OneTimeCode",
    "Order",
    "OrderLine",
    "Photo",
    "Post",
    "Question",
    "Quota",
    "RefusedDelivery",
    "Setting",
    "Stock",
    "StockEntry",
    "WebSession",
    "Work",
    "Workspace",
]
