"""A card's buttons as a Telegram keyboard, and what has to be said in words because Telegram has no button for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.surfaces.telegram_text import units
from core.values.card import Button, Card

DATA_LIMIT = 64  # bytes of callback_data (Bot API, InlineKeyboardButton)
COPY_LIMIT = 256  # characters of a copy button (Bot API, CopyTextButton)


@dataclass(frozen=True, slots=True)
class Keys:
    """`markup` is None for a card without buttons; `spoken` and `copies` go into the text, each as (label, text)."""

    markup: InlineKeyboardMarkup | None
    spoken: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str], ...]


def keys_of(card: Card, public_url: str) -> Keys:
    """`public_url` is put before the paths of our own pages; without one they are said in the text."""
    spoken: list[tuple[str, str]] = []
    copies: list[tuple[str, str]] = []
    rows: list[list[InlineKeyboardButton]] = []
    for row in card.buttons:
        made: list[InlineKeyboardButton] = []
        for button in row:
            if button.url:
                address = _address(button.url, public_url)
                if _can_be_opened(address):
                    made.append(InlineKeyboardButton(button.label, url=address, style=_style(button)))
                else:
                    spoken.append((button.label, address))
            elif units(button.copy) > COPY_LIMIT:
                copies.append((button.label, button.copy))
            elif button.copy:
                made.append(InlineKeyboardButton(button.label, copy_text=CopyTextButton(button.copy), style=_style(button)))
            else:
                made.append(_press(button))
        if made:
            rows.append(made)
    return Keys(InlineKeyboardMarkup(rows) if rows else None, tuple(spoken), tuple(copies))


def _press(button: Button) -> InlineKeyboardButton:
    assert 0 < len(button.id.encode()) <= DATA_LIMIT, f"the button {button.label!r} needs an id of at most {DATA_LIMIT} bytes"
    return InlineKeyboardButton(button.label, callback_data=button.id, style=_style(button))


def _style(button: Button) -> str | None:
    return button.style or None


def _address(url: str, public_url: str) -> str:
    return f"{public_url.rstrip('/')}/{url.lstrip('/')}" if public_url and url.startswith("/") else url


def _can_be_opened(address: str) -> bool:
    """Telegram refuses a button to a host without a dot, so `localhost` has to be said in the text."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "")
