"""What people want to do, and the commands that do it: `/help` is by task, not by command.

Every command stands under one task (a test holds this table to it). `shown` are what the card of a task has as buttons: commands that
ask for what they lack, or that only look.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.words import N_


@dataclass(frozen=True, slots=True)
class Task:
    """`key` is its word after `/help`, `how` says it in a sentence or two, `commands` belong to it, `shown` are its buttons."""

    key: str
    title: str
    how: str
    commands: tuple[str, ...]
    shown: tuple[str, ...]


TASKS = (
    Task(
        "sell",
        N_("Sell something"),
        N_("Send photos, and write what you know beside them: “good condition, paid 20, want 45”. Look at the draft, then press Publish."),
        ("publish", "delist", "items", "item", "edit", "photos", "bulk", "stock", "history", "start"),
        ("/bulk", "/publish", "/items", "/stock", "/delist"),
    ),
    Task(
        "earning",
        N_("When it sells"),
        N_("I take it down everywhere else, check that it is gone, and count what you earned. Tell me of sales that I cannot see."),
        ("sold", "tasks", "snooze", "hand", "sales", "profit", "label", "export", "digest"),
        ("/sold", "/tasks", "/sales week", "/profit item", "/export"),
    ),
    Task(
        "shipping",
        N_("After it is sold"),
        N_("Each order is a card: what was sold, parcels, money, and what comes next. I tell the marketplace, and say what it answered."),
        ("orders", "order", "ship", "delivered", "refund", "cancel", "import", "slip", "pick", "buyer", "find-buyer", "forget-buyer"),
        ("/orders to ship", "/ship", "/orders late", "/refund", "/import orders"),
    ),
    Task(
        "prices",
        N_("Prices"),
        N_("A price is for everywhere, or for one marketplace alone. A floor is the least that you would take: I never go below it."),
        ("price", "pending"),
        ("/price", "/items live", "/pending"),
    ),
    Task(
        "people",
        N_("Several people"),
        N_("Everybody talks with me where they like, and each sees the same. You say who may do what, and each what they want to be told."),
        ("invite", "members", "me", "link", "unlink", "web", "sessions", "language", "timezone", "notify", "notices"),
        ("/invite", "/members", "/me", "/notify", "/language"),
    ),
    Task(
        "trouble",
        N_("When something is wrong"),
        N_("Nothing is lost: what did not work is tried again, and what only you can do is a task. /undo takes the last thing back."),
        ("undo", "pause", "resume", "channels", "connect", "disconnect", "webhooks", "reconcile", "health", "help"),
        ("/undo", "/health", "/channels", "/connect", "/pause all"),
    ),
)
