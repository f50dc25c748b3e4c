"""The manifest that makes the Slack app: its commands, permissions and events, from our own commands. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.surfaces.slack_updates import COMMAND
from core.values.card import Card

MOST = 50  # slash commands of an app (Slack's reference of app manifests)
SCOPES = (
    "channels:history", "chat:write", "commands", "files:read", "files:write", "groups:history", "im:history", "im:write", "mpim:history",
    "users:read",
)  # fmt: skip
EVENTS = ("app_home_opened", "app_uninstalled", "message.channels", "message.groups", "message.im", "message.mpim", "tokens_revoked")
# Words that Slack's own commands have; ours of that name are said as /haggle WORD.
TAKEN = frozenset(
    ("active", "apps", "archive", "away", "call", "collapse", "dm", "dnd", "expand", "feed", "feedback", "help", "invite", "join", "leave",
     "me", "mute", "msg", "open", "prefs", "remind", "remove", "rename", "search", "shortcuts", "shrug", "star", "status", "topic", "who"),
)  # fmt: skip
# Ours that are said rarely: Slack takes no more commands than it does, and these are said as /haggle WORD too.
RARE = frozenset(("disconnect", "find-buyer", "forget-buyer", "start"))

_OURS = re.compile(rf"(?<![\w/.:])/({'|'.join(sorted(TAKEN | RARE))})\b(?![\w/.-])")


def short_forms(commands: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The commands that get a slash command of their own, beside `/haggle`."""
    return [one for one in commands if one["name"] not in TAKEN | RARE][: MOST - 1]


def as_typed(card: Card) -> Card:
    """The card with commands as they are typed in Slack: where ours has no short form, it begins with `/haggle`."""

    def said(text: str) -> str:
        return _OURS.sub(rf"{COMMAND} \1", text)

    lines = tuple(replace(one, label=said(one.label), value=said(one.value), note=said(one.note)) for one in card.lines)
    return replace(card, title=said(card.title), text=said(card.text), lines=lines)


def manifest(commands: Sequence[Mapping[str, str]], webhook: str = "") -> dict[str, Any]:
    """`commands` as the registry lists them, `webhook` where Slack is to call us; without one it is answered over a socket."""
    where = {"url": webhook} if webhook else {}
    request = {"request_url": webhook} if webhook else {}
    slash = [_slash(COMMAND, "Everything that Haggle can do: /haggle help", "price 42 45", where)]
    slash += [_slash(f"/{one['name']}", one["summary"], one["example"].partition(" ")[2], where) for one in short_forms(commands)]
    return {
        "display_information": {
            "name": "Haggle",
            "description": "Photos in, live listings out; sold once and gone everywhere else.",
        },
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "Haggle", "always_online": True},
            "slash_commands": slash,
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**request, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **request},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not webhook,
            "token_rotation_enabled": False,
        },
    }


def _slash(name: str, description: str, hint: str, where: Mapping[str, str]) -> dict[str, Any]:
    return {"command": name, "description": description, **({"usage_hint": hint} if hint else {}), "should_escape": False, **where}
