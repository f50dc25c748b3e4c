"""A menu of commands, as surfaces with menus of their own offer it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Menu:
    """What is offered where. `scope` is "private", "groups" or "" for whatever has no menu of its own; `language` a code of two letters, or
    "" for everybody whose language has no menu. `commands` are (name without slash, summary)."""

    scope: str
    language: str
    commands: tuple[tuple[str, str], ...]
