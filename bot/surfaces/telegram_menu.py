"""The menus that Telegram offers behind its button: by kind of chat and by the language of the reader's app.

Telegram keeps them. At a start each is read first and sent only when it differs, so that a restart changes nothing.
Limits (Bot API, BotCommand and setMyCommands): 100 commands, names of at most 32 characters without dashes, descriptions of at most 256.
"""

from __future__ import annotations

from collections.abc import Sequence

from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeAllGroupChats, BotCommandScopeAllPrivateChats, BotCommandScopeDefault

from core.values.menu import Menu

MOST, NAME, DESCRIPTION = 100, 32, 256
_SCOPES: dict[str, BotCommandScope] = {
    "": BotCommandScopeDefault(),
    "private": BotCommandScopeAllPrivateChats(),
    "groups": BotCommandScopeAllGroupChats(),
}


async def send(bot: Bot, menus: Sequence[Menu]) -> int:
    """Bring Telegram's menus up to date; how many it took. Raises `TelegramError`."""
    sent = 0
    for menu in menus:
        wanted = [BotCommand(name.replace("-", "_"), _within(summary)) for name, summary in menu.commands[:MOST] if len(name) <= NAME]
        scope, language = _SCOPES[menu.scope], menu.language or None
        if list(await bot.get_my_commands(scope=scope, language_code=language)) != wanted:
            await bot.set_my_commands(wanted, scope=scope, language_code=language)
            sent += 1
    return sent


def _within(summary: str) -> str:
    return summary if len(summary) <= DESCRIPTION else summary[: DESCRIPTION - 1] + "…"
