"""The commands as tools of a model: their names, what they do, and a JSON schema of their arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.registry import REGISTRY, Command, Parameter, Price, Rest
from core.money import Money
from core.ports import Tool
from core.words import here
from storage.models import Account, Item, Order

HIDDEN = frozenset({"start"})  # takes a secret code, and says hello
LONGEST = 500  # letters of a text


def tools(channels: Sequence[str]) -> list[Tool]:
    """A tool for each command. `channels` are the kinds that are connected."""
    return [_tool(one, channels) for one in REGISTRY.commands.values() if one.name not in HIDDEN]


def _tool(command: Command, channels: Sequence[str]) -> Tool:
    about = [f"{here(command.summary)}.", here(command.details), f"Typed: {here(command.example)}"]
    if not command.looks():
        about.append("Changes something.")
    properties = {one.name: _schema(one, channels) for one in command.parameters}
    needed = [one.name for one in command.parameters if not one.optional and one.type is not Rest]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    return Tool(command.name, " ".join(part for part in about if part), schema)


def _schema(parameter: Parameter, channels: Sequence[str]) -> Mapping[str, Any]:
    kind = parameter.type
    if kind is Item:
        return {"type": "integer", "minimum": 1, "description": "The item's number."}
    if kind is Order:
        return {"type": "integer", "minimum": 1, "description": "The order's number."}
    if kind is Account:
        return {"type": "string", "description": "A marketplace.", **({"enum": list(channels)} if channels else {})}
    if kind is Money:
        return {"type": "string", "maxLength": 20, "description": "An amount, digits only, such as 45 or 45.50."}
    if kind is Price:
        return {"type": "string", "maxLength": 20, "description": "An amount, digits only, such as 45 or 45.50; or: same."}
    if kind is Rest:
        return {"type": "string", "maxLength": LONGEST, "description": "The rest, in the member's own words."}
    return {"type": "string", "maxLength": 60, "description": "One word."}
