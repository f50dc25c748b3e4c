"""Cards as plain text for a terminal of a given width, and what an edit changed. Pure: card JSON in, lines out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from core.values.card import Button, Card, Line

MARKS = {"good": "✓", "bad": "✗", "warn": "!", "busy": "…"}
WEAK = "(look at this)"
LABEL = 18  # columns of a label; a longer one takes what it needs


def pressable(card: Card) -> list[Button]:
    """The buttons that do something, in the order of their numbers: the first is 1."""
    return [button for row in card.buttons for button in row if button.id]


def find_button(card: Card, wanted: str) -> Button | None:
    """By number, else by label: the same, then beginning with it, then containing it. Case does not matter."""
    buttons = pressable(card)
    if wanted.isdigit():
        place = int(wanted)
        return buttons[place - 1] if 1 <= place <= len(buttons) else None
    said = wanted.casefold().strip()
    fits = (str.__eq__, str.startswith, str.__contains__)
    return next((one for fit in fits for one in buttons if fit(one.label.casefold(), said)), None)


def render(card: Card, width: int) -> list[str]:
    """The whole card."""
    out = _heading(card, width)
    out += _paragraphs(card.text, width)
    for line in card.lines:
        out += _line(line, width)
    if card.photos:
        out += _wrapped("photos: " + ", ".join(photo.sha256[:8] for photo in card.photos), width, "  ", "    ")
    out += [f"  file: {file.name}" for file in card.files]
    out += _buttons(card, width)
    return out


def render_edit(old: Card, new: Card, width: int) -> list[str]:
    """What changed: lines that are new or differ, lines that went (with a minus), and the buttons when they are others."""
    out = _wrapped(f"~ {new.title or old.title or 'changed'}", width, "", "  ")
    if new.text != old.text:
        out += _paragraphs(new.text, width) if new.text else ["  - " + old.text.split("\n")[0][: width - 4]]
    for line in new.lines:
        if line not in old.lines:
            out += _line(line, width)
    kept = {(line.label, line.value) for line in new.lines}
    labels = {line.label for line in new.lines if line.label}
    for line in old.lines:
        if (line.label, line.value) not in kept and (line.label not in labels or _many(line.label, old)):
            out += _wrapped("- " + _joined(line), width, "  ", "    ")
    if len(new.photos) != len(old.photos):
        out.append(f"  photos: {len(new.photos)}")
    if [button.label for button in pressable(new)] != [button.label for button in pressable(old)]:
        out += _buttons(new, width) or ["  no buttons any more"]
    return out


def flat(card: Card) -> str:
    """Everything that the card says, on one line with single spaces: what `expect` looks in."""
    parts: list[str] = [card.title, card.text]
    parts += [f"{_joined(line)} {line.note} {WEAK if line.weak else ''}" for line in card.lines]
    parts += [photo.alt for photo in card.photos]
    parts += [file.name for file in card.files]
    parts += [f"[{button.label}] {button.url} {button.copy}" for row in card.buttons for button in row]
    return squeeze(" ".join(parts))


def squeeze(text: str) -> str:
    return " ".join(text.split())


def _many(label: str, card: Card) -> bool:
    return sum(1 for line in card.lines if line.label == label) > 1


def _heading(card: Card, width: int) -> list[str]:
    mark = f"{MARKS[card.mood]} " if card.mood else ""
    if not card.title:
        return [mark.rstrip()] if mark and not card.text else []
    first, *rest = _wrapped(f"{mark}{card.title}", width - 6, "── ", "   ")
    return [first if rest else f"{first} {'─' * max(0, width - len(first) - 1)}", *rest]


def _paragraphs(text: str, width: int) -> list[str]:
    return [line for part in text.split("\n") for line in (_wrapped(part, width, "  ", "  ") if part.strip() else [""])] if text else []


def _joined(line: Line) -> str:
    return ": ".join(part for part in (line.label, line.value) if part)


def _line(line: Line, width: int) -> list[str]:
    lead = f"{MARKS.get(line.mood, ' ')} "
    column = min(LABEL, width // 3)
    label = f"{line.label:<{column}} " if line.label else ""
    tail = " ".join(part for part in (f"· {line.note}" if line.note else "", WEAK if line.weak else "") if part)
    first, *more = line.value.split("\n")
    indent = " " * (len(lead) + (column + 1 if label else 2))
    out = _wrapped(f"{label}{first} {tail}" if not more else f"{label}{first}", width, lead, indent)
    for part in more:
        out += _wrapped(part, width, indent, indent)
    return [*out, *(_wrapped(tail, width, indent, indent) if more and tail else [])]


def _buttons(card: Card, width: int) -> list[str]:
    numbers = {id(button): place for place, button in enumerate(pressable(card), 1)}
    out: list[str] = []
    shown = flat_lines(card)
    for row in card.buttons:
        words = [f"[{numbers[id(button)]}] {button.label}" for button in row if button.id]
        out += _wrapped("   ".join(words), width, "  ", "  ") if words else []
        for button in row:
            if button.url:
                out.append(f"  {button.label}: {button.url}")
            elif button.copy and squeeze(button.copy) not in shown:
                out += _wrapped(f"{button.label}: {button.copy}", width, "  ", "    ")
    return out


def flat_lines(card: Card) -> set[str]:
    """Values that the lines show already: a copy button need not repeat them."""
    return {squeeze(line.value) for line in card.lines}


def _wrapped(text: str, width: int, first: str, following: str) -> list[str]:
    return textwrap.wrap(
        text, max(20, width), initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip


def report(texts: Iterable[str], width: int) -> Iterator[str]:
    """What was seen, for somebody who finds out why an expectation failed."""
    seen: Sequence[str] = list(texts)
    for text in seen or ["nothing"]:
        yield from _wrapped(text, width, "  | ", "  |   ")
