"""Cards as Telegram text: the HTML that Telegram understands, within the length that Telegram counts. Pure.

Telegram counts what is left when the markup is taken out, in UTF-16 code units: 4096 for a message, 1024 for a photo's caption
(Bot API, sendMessage and sendPhoto; units as for message entities). A card that is longer is shown as far as it fits and says how
much is missing, so nothing disappears in silence.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.values.card import Card, Line
from core.words import _, ngettext

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

_ICONS = {"": "", "good": "✅ ", "bad": "❌ ", "warn": "⚠️ ", "busy": "⏳ "}
_WEAK = " ❔"  # a value that a person should look at
_SHORTEST_CUT = 40  # a line is not cut to less than this: its first word alone says nothing


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style: an HTML tag's name, or "" for none."""

    text: str
    tag: str = ""

    @property
    def html(self) -> str:
        inner = html.escape(self.text, quote=False)
        return f"<{self.tag}>{inner}</{self.tag}>" if self.tag else inner


Row = tuple[Run, ...]  # what stands on one line, though a value may bring line breaks of its own


@dataclass(frozen=True, slots=True)
class Written:
    """A rendered card. `size` is its length as Telegram counts it, `whole` whether everything is in it."""

    html: str
    size: int
    whole: bool


def units(text: str) -> int:
    """Length as Telegram counts it: an emoji outside the basic plane is two."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def tell(
    card: Card, limit: int, *, spoken: Sequence[tuple[str, str]] = (), copies: Sequence[tuple[str, str]] = (), more: str = ""
) -> Written:
    """The card within `limit` units.

    `spoken` are addresses that cannot be buttons, `copies` texts too long for a copy button, each with its label; `more` is where
    the whole card can be seen.
    """
    body = _body(card, {text for _, text in copies})
    shown = {line.value for line in card.lines}
    tail: list[Row] = [(Run(f"{label}: ", "b"), Run(text, "code")) for label, text in copies if text not in shown]
    tail += [(Run(f"{label}: "), Run(address)) for label, address in spoken]
    whole = body + tail
    if _size(whole) <= limit:
        return Written(_html(whole), _size(whole), whole=True)
    kept = _fit(body, tail, limit, more) if _size(tail) < limit // 2 else _fit(whole, [], limit, more)
    return Written(_html(kept), _size(kept), whole=False)


def _body(card: Card, as_code: Iterable[str]) -> list[Row]:
    parts: list[list[Row]] = []
    if card.title:
        parts.append([(Run(_ICONS[card.mood]), Run(card.title, "b"))])
    if card.text:
        icon = "" if card.title else _ICONS[card.mood]
        parts.append([(Run(text),) if text else () for text in (icon + card.text).split("\n")])
    if card.lines:
        code = set(as_code)
        parts.append([_line(line, code) for line in card.lines])
    rows: list[Row] = []
    for part in parts:
        rows += [(), *part] if rows else part
    return rows


def _line(line: Line, as_code: set[str]) -> Row:
    """Icon, label, value, mark, and why; whatever of them is there. A heading is bold."""
    if line.mood == "head":
        return (Run(line.value or line.label, "b"),)
    runs = [Run(_ICONS[line.mood])]
    if line.label:
        runs.append(Run(f"{line.label}: " if line.value else line.label, "b"))
    runs.append(Run(line.value, "code" if line.value in as_code else ""))
    if line.weak:
        runs.append(Run(_WEAK))
    if line.note:
        runs += [Run(" — " if line.label or line.value else ""), Run(line.note, "i")]
    return tuple(run for run in runs if run.text)


def _fit(body: Sequence[Row], tail: list[Row], limit: int, more: str) -> list[Row]:
    """As many rows of the body as fit beside the tail and the sentence about the rest."""
    room = limit - _size([_notice(len(body), more), *tail]) - 1
    kept: list[Row] = []
    for number, row in enumerate(body):
        free = room - _size([*kept, ()])
        if _size([row]) > free:
            rest = [one for one in body[number:] if one]
            if free >= _SHORTEST_CUT:
                kept.append(_cut(row, free))
                rest = rest[1:]
            return [*kept, _notice(len(rest), more), *tail]
        kept.append(row)
    return [*kept, *tail]


def _notice(rows: int, more: str) -> Row:
    if rows:
        what = ngettext(
            "… and {count} more line does not fit into a Telegram message.",
            "… and {count} more lines do not fit into a Telegram message.",
            rows,
        ).format(count=rows)
    else:
        what = _("… the rest does not fit into a Telegram message.")
    where = " " + _("All of it: {address}").format(address=more) if more else ""
    return (Run(what + where, "i"),)


def _cut(row: Row, free: int) -> Row:
    """The beginning of a row, ending in an ellipsis, at a word's end where one is near."""
    kept: list[Run] = []
    free -= 1
    for run in row:
        if units(run.text) <= free:
            kept.append(run)
            free -= units(run.text)
            continue
        head = _head(run.text, free)
        space = head.rfind(" ")
        kept.append(Run((head[:space] if space > len(head) - 30 else head).rstrip() + "…", run.tag))
        break
    return tuple(kept)


def _head(text: str, free: int) -> str:
    for index, letter in enumerate(text):
        free -= units(letter)
        if free < 0:
            return text[:index]
    return text


def _size(rows: Sequence[Row]) -> int:
    return sum(units(run.text) for row in rows for run in row) + max(0, len(rows) - 1)


def _html(rows: Sequence[Row]) -> str:
    return "\n".join("".join(run.html for run in row) for row in rows)
