"""The commands, a file per family. Importing this registers them all."""

from bot.chat.commands import again, drafts, help, items, lines, more, notices, plain, publishing, selling, shop, stopping, tasks, undo

__all__ = ["again", "drafts", "help", "items", "lines", "more", "notices", "plain", "publishing", "selling", "shop", "stopping", "tasks", "undo"]
