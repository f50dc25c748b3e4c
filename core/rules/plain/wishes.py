"""What a clause wants: the values that the grammar finds and the bot makes command lines of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What can be wished for in plain words."""

    PRICE = "price"
    LOWER = "lower"  # by an amount or a share
    RAISE = "raise"
    OFFER = "offer"  # put up at a price
    PUBLISH = "publish"
    DELIST = "delist"
    SOLD = "sold"
    FIELD = "field"
    SHOW = "show"
    ABOUT = "about"  # as SHOW, in a sentence that may well be about something else
    FIND = "find"
    LIST = "list"
    COMMAND = "command"  # a command that takes no item


@dataclass(frozen=True, slots=True)
class Wish:
    """One clause. `item`, `money` and `rest` are as typed; `percent` is digits. `where` are kinds of channels, empty for all of them.

    `line` is the command without its slash, for `COMMAND` and `LIST`: several where one may not exist, likeliest first.
    """

    verb: Verb
    item: str = ""
    money: str = ""
    percent: str = ""
    field: str = ""
    rest: str = ""
    where: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
