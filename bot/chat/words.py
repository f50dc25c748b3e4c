"""The words people read are gettext messages: `_("Item {number} is live.").format(number=42)`. English is the source language."""

from __future__ import annotations

import gettext
from datetime import datetime
from zoneinfo import ZoneInfo

_translations = gettext.NullTranslations()


def _(message: str) -> str:
    """A message in the reader's language."""
    return _translations.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """A message with its plural form."""
    return _translations.ngettext(one, many, count)


def clock_time(moment: datetime, zone: str) -> str:
    """A time of day as people read it, to the second: `14:02:07`."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def day_time(moment: datetime, zone: str) -> str:
    """A day and time: `21 Nov 14:02`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b %H:%M}"
