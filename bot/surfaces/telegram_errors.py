"""Telegram's errors as ours, and the token kept out of every log line."""

from __future__ import annotations

import logging
import os

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.words import Told

# python-telegram-bot's own switch: times come as timedelta, and reading one is no deprecated use. It is read at every use.
os.environ.setdefault("PTB_TIMEDELTA", "1")

_NOT_ACCEPTED = Told("Telegram does not accept the bot's token. Take the current one from @BotFather and start Haggle with it.")
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message identifier is not specified")
_NO_CHAT = ("chat not found", "peer_id_invalid", "user not found")
_NO_FILE = ("file_id", "file is temporarily unavailable", "invalid file")


def is_unchanged(error: TelegramError) -> bool:
    """The message looks like that already: what was wanted is so."""
    return isinstance(error, BadRequest) and "message is not modified" in error.message.lower()


def is_about_photo(error: TelegramError) -> bool:
    """Telegram took the message but not its picture (too narrow, too large, unreadable)."""
    said = error.message.lower()
    return isinstance(error, BadRequest) and any(word in said for word in ("photo", "image", "media", "file is too big"))


def seconds_of(error: RetryAfter) -> float:
    """The wait that Telegram asks for."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int | float) else wait.total_seconds()


def ours(error: TelegramError) -> HaggleError:
    """The error that flows understand. BadRequest comes before NetworkError: in the library it is one."""
    if isinstance(error, RetryAfter):
        return Busy(Told("Telegram asks for a pause."), retry_after=seconds_of(error), code="429", cause=error.message)
    if isinstance(error, InvalidToken):  # its text may hold the token
        return AuthLost(_NOT_ACCEPTED, code="401")
    if isinstance(error, Forbidden):
        return Refused(Told("Telegram does not let the bot write there: it was blocked or removed."), code="403", cause=error.message)
    if isinstance(error, ChatMigrated):
        return Refused(Told("This Telegram group became a supergroup. Write /start there once more."), cause=error.message)
    if isinstance(error, BadRequest):
        return _bad_request(error)
    if isinstance(error, Conflict):
        return Unreachable(
            Told("Another program uses the same Telegram bot. Stop it, or give Haggle a bot of its own."), cause=error.message
        )
    if isinstance(error, NetworkError):
        return Unreachable(Told("Telegram cannot be reached."), cause=error.message)
    return Unreachable(Told("Telegram gave an answer that makes no sense."), cause=error.message)


def _bad_request(error: BadRequest) -> HaggleError:
    said = error.message.lower()
    if any(words in said for words in _GONE):
        return Missing(Told("That message is not in Telegram any more."), code="400", cause=error.message)
    if any(words in said for words in _NO_CHAT):
        return Missing(Told("Telegram does not know that chat."), code="400", cause=error.message)
    if "file is too big" in said:
        return Invalid(
            Told("Telegram gives bots no file of more than 20 MB. Send it as a photo, or make it smaller."), code="400", cause=error.message
        )
    if any(words in said for words in _NO_FILE):
        return Missing(Told("Telegram does not have that photo any more. Send it again."), code="400", cause=error.message)
    return Invalid(Told("Telegram does not take this message."), code="400", cause=error.message)


class KeepSecret(logging.Filter):
    """Takes a secret out of log lines: httpx logs every address, and Telegram's addresses hold the token."""

    # Filters work on the very logger only, not on its children, so each that may meet the token is named.
    LOGGERS = ("httpx", "telegram.Bot", "telegram.ext.ExtBot", "telegram.ext.Application", "telegram.ext.Updater")

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if self._secret in said:
            record.msg, record.args = said.replace(self._secret, "…"), ()
        return True

    def install(self) -> None:
        for name in self.LOGGERS:
            logging.getLogger(name).addFilter(self)

    def remove(self) -> None:
        for name in self.LOGGERS:
            logging.getLogger(name).removeFilter(self)
