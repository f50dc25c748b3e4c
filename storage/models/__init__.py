"""The tables. A file per family; flows import the classes from here."""

from storage.models.base import Base, DbNow, Work
from storage.models.items import Draft, Item, ItemPhoto, Photo, Roll, RollPhoto, Stock, StockEntry
from storage.models.people import Identity, Member, OneTimeCode, Setting, WebSession, Workspace
from storage.models.selling import Account, Change, Listing, ManualTask, Order, OrderLine
from storage.models.talking import (
    AuditEntry,
    CardButton,
    ClockSlot,
    InboxEvent,
    Notice,
    NoticeCopy,
    Post,
    Question,
    Quota,
    RefusedDelivery,
    Story,
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
    "NoticeCopy",
    "OneTimeCode",
    "Order",
    "OrderLine",
    "Photo",
    "Post",
    "Question",
    "Quota",
    "RefusedDelivery",
    "Roll",
    "RollPhoto",
    "Setting",
    "Stock",
    "StockEntry",
    "Story",
    "WebSession",
    "Work",
    "Workspace",
]
