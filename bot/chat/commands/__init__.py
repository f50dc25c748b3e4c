"""The commands, a file per family. Importing this registers them all."""

from bot.chat.commands import drafts, help, items, selling, shop, tasks

__all__ = ["drafts", "help", "items", "selling", "shop", "tasks"]
