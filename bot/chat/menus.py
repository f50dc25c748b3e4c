"""What menus of commands offer: all of them to one person, the everyday ones to a group."""

from __future__ import annotations

from bot.chat.registry import commands
from bot.speech import LANGUAGES, speech_of
from core.values.menu import Menu
from core.words import speaking

# A group works together; what is one's own (sign-ins, language, notices) is for a private chat.
GROUP = ("items", "publish", "price", "delist", "sold", "bulk", "pending", "tasks", "sales", "undo", "pause", "resume", "help")


def menus() -> list[Menu]:
    """Everything in a private chat, less in a group, and each in every language; English where somebody's app speaks another."""
    made = []
    for language in LANGUAGES:
        with speaking(speech_of(language)):
            there = {one["name"]: one["summary"] for one in commands()}
        code = "" if language == "en" else language
        everything, some = tuple(there.items()), tuple((name, there[name]) for name in GROUP)
        made += [Menu("", code, everything), Menu("private", code, everything), Menu("groups", code, some)]
    return made
