"""The commands, each one function, registered with what help, menus and the README say about it.

    @command("price", N_("Change a price"), "/price 42 45", aliases=("reprice",), needs=Ability.PRICE)
    async def price(ctx: Context, item: Item, account: Account | None, amount: Money) -> None: ...

Arguments are resolved by their type. A parameter of a type that nobody can resolve fails when the module is imported.
`@action("draft.set")` registers what a button does; it gets the button's stored values as keywords.
"""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NewType

from core.money import Money
from core.rules.access import Ability
from core.values.states import ItemState, OrderState
from core.words import _
from storage.models import Account, Item, Order

Rest = NewType("Rest", str)  # everything that is left of the line
Word = NewType("Word", str)  # one word


@dataclass(frozen=True, slots=True)
class Price:
    """A price that was typed; None where it was “same”: what the item costs elsewhere."""

    money: Money | None


RESOLVABLE: tuple[Any, ...] = (Item, Order, Account, Money, Price, Rest, Word)
Handler = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument: its name, its type and whether it may be left out."""

    name: str
    type: Any
    optional: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what help says about it. `needs` is what somebody must be allowed to use it. `offers` are the states of the items that
    it may be about, which are offered when none is named, and `orders` those of orders; `asks` are the questions for arguments that are
    left out, by their names. Sentences are messages: `_` says them in the reader's language."""

    name: str
    summary: str
    example: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    aliases: tuple[str, ...] = ()
    needs: Ability = Ability.LOOK
    topic: str = ""
    details: str = ""
    offers: frozenset[ItemState] = frozenset(ItemState)
    orders: frozenset[OrderState] = frozenset(OrderState)
    asks: Mapping[str, str] = field(default_factory=dict)
    looks_alone: bool = False  # with nothing but the item it is about it shows what is, and changes nothing

    def looks(self, rest: str = "") -> bool:
        """Whether it changes nothing with this after it: plain words that mean it are obeyed at once, all others are shown first."""
        named = 1 if self.parameters and self.parameters[0].type is Item else 0
        return self.needs is Ability.LOOK or (self.looks_alone and len(rest.split()) <= named)


@dataclass(slots=True)
class Registry:
    """Everything that can be said and pressed."""

    commands: dict[str, Command] = field(default_factory=dict)
    names: dict[str, Command] = field(default_factory=dict)
    actions: dict[str, tuple[Handler, Ability]] = field(default_factory=dict)
    asking: set[str] = field(default_factory=set)  # actions that ask for words and do nothing else


REGISTRY = Registry()


def command(
    name: str,
    summary: str,
    example: str,
    *,
    aliases: tuple[str, ...] = (),
    needs: Ability = Ability.LOOK,
    topic: str = "",
    details: str = "",
    offers: Collection[ItemState] = tuple(ItemState),
    orders: Collection[OrderState] = tuple(OrderState),
    asks: Mapping[str, str] | None = None,
    looks_alone: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a command."""

    def register(handler: Handler) -> Handler:
        parameters = _parameters(handler)
        about = frozenset(offers), frozenset(orders)
        made = Command(name, summary, example, handler, parameters, aliases, needs, topic, details, *about, asks or {}, looks_alone)
        written = dict.fromkeys(one for spelling in (name, *aliases) for one in (spelling, spelling.replace("-", "_")))
        for spelling in written:  # Telegram's menu takes no dash
            if spelling in REGISTRY.names:
                raise TypeError(f"two commands are called /{spelling}")
            REGISTRY.names[spelling] = made
        REGISTRY.commands[name] = made
        return handler

    return register


def action(name: str, *, needs: Ability = Ability.LOOK, asks: bool = False) -> Callable[[Handler], Handler]:
    """Register what a button does. `asks`: it asks for words (`ctx.ask`) and does nothing else."""

    def register(handler: Handler) -> Handler:
        if name in REGISTRY.actions:
            raise TypeError(f"two actions are called {name}")
        REGISTRY.actions[name] = (handler, needs)
        if asks:
            REGISTRY.asking.add(name)
        return handler

    return register


def _parameters(handler: Handler) -> tuple[Parameter, ...]:
    hints = typing.get_type_hints(handler)
    made = []
    for name in list(inspect.signature(handler).parameters)[1:]:
        kind, optional = _plain(hints[name])
        if kind not in RESOLVABLE:
            raise TypeError(f"/{handler.__name__}: nobody can resolve the argument “{name}” of type {kind}")
        made.append(Parameter(name, kind, optional))
    return tuple(made)


def _plain(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        kinds = [one for one in typing.get_args(hint) if one is not type(None)]
        return kinds[0], len(kinds) < len(typing.get_args(hint))
    return hint, False


def commands() -> list[dict[str, str]]:
    """The commands for menus and palettes, in the order in which they are registered and in the language that is spoken now."""
    return [
        {"name": one.name, "summary": _(one.summary), "example": one.example, "topic": _(one.topic), "aliases": " ".join(one.aliases)}
        for one in REGISTRY.commands.values()
    ]


def near_names(name: str) -> list[str]:
    """The commands that a name which is none may be a slip for."""
    return difflib.get_close_matches(name, REGISTRY.names, n=2, cutoff=0.5)


def unknown(name: str) -> str:
    """The sentence for a command that is not there."""
    near = near_names(name)
    if near:
        return _("There is no /{name}. Did you mean /{near}? /help lists everything.").format(name=name, near=near[0])
    return _("There is no /{name}. /help lists everything.").format(name=name)
