"""Slack's views: the window that asks for words, and the Home tab. Pure."""

from __future__ import annotations

import json
from typing import Any

from bot.surfaces.slack_blocks import Page
from core.ports import Asked
from core.values.card import Inbound

ANSWER = "answer"  # the window's callback_id, and the names of its one field
TITLE = 24  # characters of a window's title and of its buttons (Block Kit, modal view)
LABEL = 2000
WORDS = 3000  # characters of what is typed
_LINE = 60  # a text longer than this is edited in a field of several lines

View = dict[str, Any]


def window(asked: Asked, inbound: Inbound) -> View:
    """Asks for words; what is needed to hand them on travels in it (`pressed`)."""
    field: dict[str, Any] = {"type": "plain_text_input", "action_id": ANSWER, "max_length": WORDS, "multiline": len(asked.now) > _LINE}
    if asked.now:
        field["initial_value"] = asked.now[:WORDS]
    return {
        "type": "modal",
        "callback_id": ANSWER,
        "private_metadata": json.dumps(
            {"chat": inbound.chat, "press": inbound.press, "message": inbound.message, "thread": inbound.thread}, separators=(",", ":")
        ),
        "title": _plain(asked.title, TITLE),
        "submit": _plain(asked.send, TITLE),
        "close": _plain(asked.cancel, TITLE),
        "blocks": [{"type": "input", "block_id": ANSWER, "label": _plain(asked.text, LABEL), "element": field}],
    }


def pressed(view: View) -> tuple[dict[str, str], str]:
    """What `window` put into it, and what was typed. Raises `ValueError` or `KeyError` for a view that is none of ours."""
    told = json.loads(view["private_metadata"])
    typed = view["state"]["values"][ANSWER][ANSWER]["value"]
    return {name: str(told[name]) for name in ("chat", "press", "message", "thread")}, str(typed or "")


def home(page: Page, direct: str) -> View:
    """The Home tab. `direct` is the person's own chat with us, where presses on it are answered."""
    return {"type": "home", "callback_id": "home", "private_metadata": direct, "blocks": list(page.blocks)}


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text if len(text) <= most else text[: most - 1] + "…", "emoji": False}
