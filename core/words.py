"""The words that people read, in their own language. English is the source; catalogues (bot/locales) have the others.

    _("Item {number} is live.").format(number=42)     said now, in the reader's language
    N_("draft")                                       for a table: marks it for the catalogue, `_` says it where it is used
    Told("Item {number} is sold.", number=42)         kept with its parts: an error, a notice, a reason; `here` says it to whoever reads it
    counted("{count} sold", "{count} sold", count=2)  the same, with a plural form

Whoever draws a card or answers somebody does so inside `speaking(speech)`. A `Told` is also the plain English text, which is what
logs and the audit trail have. Its values are texts, whole numbers, money, times or other `Told`s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

_MARK = "\x1e"  # begins the stored form of a `Told`; no text of a person has it (`clean_text`)


class Speech:
    """How a language says things. This one is English; others translate."""

    language = "en"

    def gettext(self, message: str) -> str:
        return message

    def ngettext(self, one: str, many: str, count: int) -> str:
        return one if count == 1 else many

    def money(self, amount: int, currency: str, english: str) -> str:
        """`amount` is minor units; `english` is how English writes it."""
        return english

    def day_time(self, local: datetime) -> str:
        """A day and time: `21 Nov 14:02`."""
        return f"{local.day} {local:%b %H:%M}"

    def day(self, local: datetime) -> str:
        """A day: `21 Nov`."""
        return f"{local.day} {local:%b}"


ENGLISH = Speech()
_speech: ContextVar[Speech] = ContextVar("speech", default=ENGLISH)


@contextmanager
def speaking(speech: Speech) -> Iterator[None]:
    """Within, everything is said in this language."""
    before = _speech.set(speech)
    try:
        yield
    finally:
        _speech.reset(before)


def speech() -> Speech:
    """The language that is spoken now."""
    return _speech.get()


def _(message: str) -> str:
    return _speech.get().gettext(message)


def N_(message: str) -> str:
    return message


def ngettext(one: str, many: str, count: int) -> str:
    """A message with its plural form."""
    return _speech.get().ngettext(one, many, count)


def clock_time(moment: datetime, zone: str) -> str:
    """A time of day as people read it, to the second: `14:02:07`."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def day_time(moment: datetime, zone: str) -> str:
    """A day and time in the reader's zone."""
    return _speech.get().day_time(moment.astimezone(ZoneInfo(zone)))


class Told(str):
    """A sentence with its parts. As a string it is English; `here` says it in the reader's language."""

    __slots__ = ("many", "message", "values")

    message: str
    many: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, /, *, many: str = "", **values: Any) -> Self:
        """`many`: see `counted`."""
        chosen = many if many and values.get("count") != 1 else message
        made = super().__new__(cls, chosen.format(**{name: str(value) for name, value in values.items()}))
        made.message, made.many, made.values = message, many, values
        return made

    def here(self) -> str:
        """In the language that is spoken now."""
        now = _speech.get()
        text = now.ngettext(self.message, self.many, int(self.values["count"])) if self.many else now.gettext(self.message)
        return text.format(**{name: _said(value) for name, value in self.values.items()})

    def __format__(self, how: str) -> str:
        """Within a message: in the language that is spoken now, as money is."""
        return format(self.here(), how)

    def stored(self) -> str:
        """The form that `of_stored` reads."""
        data = {"m": self.message, "v": {name: _kept(value) for name, value in self.values.items()}}
        return _MARK + json.dumps(data | ({"n": self.many} if self.many else {}), sort_keys=True, ensure_ascii=False)


def counted(one: str, many: str, /, **values: Any) -> Told:
    """A `Told` with its plural form, chosen by the value named `count`."""
    return Told(one, many=many, **values)


def here(text: str) -> str:
    """A sentence in the language that is spoken now; a plain text as it is."""
    return text.here() if isinstance(text, Told) else text


def together(*sentences: str) -> str:
    """Sentences one after the other, in the language that is spoken now; empty ones are left out."""
    return " ".join(here(one) for one in sentences if one)


def joined(*sentences: str) -> str:
    """As `together`, for what is kept: each sentence keeps its parts. One of them alone is itself."""
    said = [one for one in sentences if one]
    if len(said) < 2:
        return said[0] if said else ""
    named = {f"s{place}": one for place, one in enumerate(said)}
    return Told(" ".join(f"{{{name}}}" for name in named), **named)


def to_stored(text: str) -> str:
    """How a text is kept in a row."""
    return text.stored() if isinstance(text, Told) else text


def of_stored(text: str) -> str:
    """What a row kept: a `Told`, or a plain text."""
    if not text.startswith(_MARK):
        return text
    data = json.loads(text[1:])
    return Told(data["m"], many=data.get("n", ""), **{name: _unkept(value) for name, value in data["v"].items()})


def deep_stored(value: Any) -> Any:
    """JSON with the stored form of every `Told` in it."""
    if isinstance(value, Mapping):
        return {name: deep_stored(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [deep_stored(one) for one in value]
    return to_stored(value) if isinstance(value, str) else value


def deep_of_stored(value: Any) -> Any:
    """The other way round."""
    if isinstance(value, dict):
        return {name: deep_of_stored(one) for name, one in value.items()}
    if isinstance(value, list):
        return [deep_of_stored(one) for one in value]
    return of_stored(value) if isinstance(value, str) else value


# Values that know how they are said in a language: a kind, how it is kept, how it is made again. `core.money` adds money.
_KINDS: dict[str, tuple[type[Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "told": (Told, Told.stored, of_stored),
}


def register(kind: str, of: type[Any], keep: Callable[[Any], Any], make: Callable[[Any], Any]) -> None:
    """Teach `Told` to keep values of a type, as JSON."""
    _KINDS[kind] = (of, keep, make)


def _said(value: Any) -> str:
    return value.here() if hasattr(value, "here") else str(value)


def _kept(value: Any) -> Any:
    for kind, (of, keep, _make) in _KINDS.items():
        if isinstance(value, of):
            return {kind: keep(value)}
    return value if isinstance(value, int) else str(value)


def _unkept(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, kept)] = value.items()
    return _KINDS[kind][2](kept)
