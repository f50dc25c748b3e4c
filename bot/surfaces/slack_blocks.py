"""Cards as Slack's blocks, within Slack's limits. Pure.

What a person or a marketplace wrote goes into rich text and plain text only, where no character means anything: nobody is mentioned
and nothing turns bold because a title has a star in it. Limits are those of Block Kit's reference, as slack_sdk's models have them;
how much a whole message may hold is documented nowhere, and was measured by others at about 10 000 characters (bolt-js issue 2867).
A card that is longer goes on in another message: `Page.left` says how many of its pieces are not in this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from core.flows.stories import has_more, without_more
from core.values.card import Button, Card, CardPhoto, Line
from core.words import ngettext

BLOCKS = 50  # in a message; a Home tab and a modal may have 100
HEADER = 150  # characters
TEXT = 3000  # characters of one block
MESSAGE = 8000  # characters of all blocks together
ALT = 2000
ELEMENTS = 25  # of one actions block
BUTTON = 75  # characters on a button
ADDRESS = 3000  # characters of a link
ROWS = 15  # rows of buttons that keep their own block; more are packed
THUMBNAILS = 10  # images of one context block
MARKED = 20  # pictures that are told apart by what is written on them
RESERVED = 5  # blocks for the title, for pictures (one, ten small ones, what could not be shown), and for the button that goes on
SUMMARY = 300  # characters of what a notification shows

Block = dict[str, Any]
Element = dict[str, Any]
_ICONS = {"": "", "good": "✅ ", "bad": "❌ ", "warn": "⚠️ ", "busy": "⏳ "}
_WEAK = " ❔"
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


@dataclass(frozen=True, slots=True)
class Page:
    """What one message shows: `shown` counts the card's pieces up to its end, `left` those after it; `summary` is for notifications."""

    blocks: tuple[Block, ...]
    shown: int
    left: int
    summary: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line, or a part of a long one. `code` is a text to copy, in a box of its own below."""

    elements: tuple[Element, ...] = ()
    code: str = ""
    size: int = field(default=0)


def page_of(card: Card, *, files: Mapping[str, str] | None = None, public_url: str = "", limit: int = MESSAGE) -> Page:
    """The card from its piece number `skip` on. `files` are Slack's ids of its photos, by sha256; `public_url` is put before the paths
    of our own pages."""
    presses, spoken, copies = _buttons(without_more(card), public_url)
    pieces = list(_pieces(card, spoken, copies))
    more, _spoken, _copies = _buttons(Card(buttons=card.buttons[-1:] if has_more(card) else ()), public_url)
    tail = _actions(presses if not card.skip else [])
    # The same room with the pictures and the button for the rest as without them: where a page ends is known before it has either.
    marked = min(len(card.photos), MARKED) if any(one.mark for one in card.photos) else 0
    blocks, shown = _fill(pieces[card.skip :], BLOCKS - RESERVED - marked - len(tail), limit)
    head = [*_title(card), *(_photos(card.photos, files) if files is not None and not card.skip else ())]
    shown += card.skip
    return Page((*head, *blocks, *tail, *_actions(more, "more")), shown, len(pieces) - shown, _summary(card))


def _fill(pieces: Sequence[_Piece], room: int, limit: int) -> tuple[list[Block], int]:
    """As many pieces as fit, several to a block, and how many they are."""
    blocks: list[Block] = []
    size = used = 0  # characters of the open block, and of all
    for number, piece in enumerate(pieces):
        alone = not blocks or size + piece.size > TEXT or bool(piece.code) or _has_code(blocks[-1])
        if number and (used + piece.size > limit or (alone and len(blocks) == room)):
            return blocks, number
        if alone:
            blocks.append({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(piece.elements)}]})
            size = 0
        else:
            blocks[-1]["elements"][0]["elements"] += [{"type": "text", "text": "\n"}, *piece.elements]
        if piece.code:
            blocks[-1]["elements"].append({"type": "rich_text_preformatted", "elements": [_text(piece.code)]})
        size += piece.size
        used += piece.size
    return blocks, len(pieces)


def _has_code(block: Block) -> bool:
    return len(block["elements"]) > 1


def _pieces(card: Card, spoken: Iterable[tuple[str, str]], copies: Sequence[tuple[str, str]]) -> Iterator[_Piece]:
    icon = "" if card.title and len(card.title) + 3 <= HEADER else _ICONS[card.mood]
    if card.title and len(_ICONS[card.mood] + card.title) > HEADER:
        yield from _inline([_text(_ICONS[card.mood] + card.title, "bold")])
        icon = ""
    if card.text:
        for paragraph in (icon + card.text).split("\n"):
            yield from _inline(_linked(paragraph or " "))
    to_copy = {text for _label, text in copies}
    for line in card.lines:
        yield from _line(line, in_code=line.value in to_copy)
    in_lines = {line.value for line in card.lines}
    for label, text in copies:
        if text not in in_lines:
            yield from _coded([_text(f"{label}:", "bold")], text)
    for label, address in spoken:
        yield from _inline([_text(f"{label}: ", "bold"), *_linked(address)])


def _line(line: Line, *, in_code: bool) -> Iterator[_Piece]:
    elements: list[Element] = [_text(icon)] if (icon := _ICONS.get(line.mood, "")) else []
    shown = "" if in_code else line.value
    if line.mood == "head":
        elements, shown = [_text(shown, "bold")], ""
    if line.label:
        elements.append(_text(f"{line.label}: " if line.value else line.label, "bold"))
    elements += _linked(shown) if shown else []
    if line.weak:
        elements.append(_text(_WEAK))
    if line.note:
        elements += [_text(" — " if line.label or shown else ""), _text(line.note, "italic")]
    elements = [one for one in elements if one.get("text", "x")]
    if in_code:
        yield from _coded(elements or [_text(" ")], line.value)
    else:
        yield from _inline(elements or [_text(" ")])


def _coded(elements: list[Element], text: str) -> Iterator[_Piece]:
    """A text to copy, in boxes that each fit into a block."""
    for number, part in enumerate(_parts(text, TEXT - _length(elements) - 2)):
        label = elements if not number else [_text("…")]
        yield _Piece(tuple(label), part, _length(label) + len(part))


def _inline(elements: list[Element]) -> Iterator[_Piece]:
    """One piece, or several of a line that no block holds."""
    if _length(elements) < TEXT:
        yield _Piece(tuple(elements), size=_length(elements) + 1)
        return
    for element in elements:
        if element["type"] == "link":
            yield _Piece((element,), size=_length([element]))
            continue
        style = next(iter(element.get("style", {})), "")
        for part in _parts(element["text"], TEXT - 1):
            yield _Piece((_text(part, style),), size=len(part) + 1)


def _parts(text: str, most: int) -> Iterator[str]:
    """A text in parts, each ending with a word where one is near."""
    while len(text) > most:
        cut = max(text.rfind(" ", most - 200, most), text.rfind("\n", most - 200, most))
        cut = cut + 1 if cut > 0 else most
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _linked(text: str) -> list[Element]:
    """Text with its addresses as links: rich text makes none by itself."""
    elements: list[Element] = []
    end = 0
    for found in _LINK.finditer(text):
        if len(found[0]) > ADDRESS:
            continue
        if found.start() > end:
            elements.append(_text(text[end : found.start()]))
        elements.append({"type": "link", "url": found[0]})
        end = found.end()
    if end < len(text):
        elements.append(_text(text[end:]))
    return elements


def _text(text: str, style: str = "") -> Element:
    return {"type": "text", "text": text, **({"style": {style: True}} if style else {})}


def _length(elements: Iterable[Element]) -> int:
    return sum(len(one.get("text", "")) or len(one.get("url", "")) for one in elements)


def _title(card: Card) -> list[Block]:
    title = _ICONS[card.mood] + card.title
    if not card.title or len(title) > HEADER:
        return []
    return [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]


def _summary(card: Card) -> str:
    """For notifications and screen readers, where Slack's own marks mean something."""
    text = ": ".join(part for part in (card.title, card.text or " ".join(line.value for line in card.lines)) if part) or "…"
    text = text if len(text) <= SUMMARY else text[: SUMMARY - 1] + "…"
    return escape(text)


def escape(text: str) -> str:
    """Plain text for a field where Slack looks for its marks (its guide on formatting: only these three are to be replaced)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _note(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}


def _not_shown(count: int) -> str:
    return ngettext("{count} photo could not be shown in Slack.", "{count} photos could not be shown in Slack.", count).format(count=count)


def _photos(photos: Sequence[CardPhoto], files: Mapping[str, str]) -> list[Block]:
    """The first as large as it goes, the others small beside each other; those with a mark all large, since somebody is to tell them
    apart. How many are not shown is said."""
    images = [_image(one, files[one.sha256]) for one in photos if one.sha256 in files]
    large = MARKED if any(one.mark for one in photos) else 1
    small = images[large : large + THUMBNAILS] if large == 1 else []
    lacking = len(photos) - len(images[:large]) - len(small)
    note = [_note(_not_shown(lacking))] if lacking else []
    tiny = [{name: value for name, value in one.items() if name != "title"} for one in small]
    return [*images[:large], *([{"type": "context", "elements": tiny}] if tiny else []), *note]


def _image(photo: CardPhoto, file: str) -> Block:
    title = {"title": {"type": "plain_text", "text": photo.mark, "emoji": False}} if photo.mark else {}
    return {"type": "image", "slack_file": {"id": file}, "alt_text": photo.alt[:ALT] or photo.mark or "…", **title}


def _buttons(card: Card, public_url: str) -> tuple[list[list[Block]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Buttons by row; what has to be said because it cannot be a button; what is there to be copied."""
    rows: list[list[Block]] = []
    spoken: list[tuple[str, str]] = []
    copies: list[tuple[str, str]] = []
    for row in card.buttons:
        made: list[Block] = []
        for button in row:
            address = f"{public_url.rstrip('/')}/{button.url.lstrip('/')}" if public_url and button.url.startswith("/") else button.url
            if button.copy:
                copies.append((button.label, button.copy))
            elif address and not _can_be_opened(address):
                spoken.append((button.label, address))
            else:
                made.append(_button(button, address))
                if len(button.label) > BUTTON:
                    spoken.append(("▸", button.label))
        if made:
            rows.append(made)
    return rows, spoken, copies


def _button(button: Button, address: str) -> Block:
    """Its `action_id` is given where it stands (`_actions`): it is unique in a message."""
    label = button.label if len(button.label) <= BUTTON else button.label[: BUTTON - 1] + "…"
    made: Block = {"type": "button", "text": {"type": "plain_text", "text": label, "emoji": False}}
    if button.style in ("primary", "danger"):
        made["style"] = button.style
    return made | ({"url": address} if address else {"value": button.id})


def _actions(rows: list[list[Block]], name: str = "") -> list[Block]:
    if len(rows) > ROWS:
        flat = [one for row in rows for one in row]
        rows = [flat[start : start + ELEMENTS] for start in range(0, len(flat), ELEMENTS)]
    parts = [row[start : start + ELEMENTS] for row in rows for start in range(0, len(row), ELEMENTS)]
    return [
        {
            "type": "actions",
            "elements": [one | {"action_id": f"{'link' if 'url' in one else 'press'}-{name}{place}-{at}"} for at, one in enumerate(row)],
        }
        for place, row in enumerate(parts)
    ]


def _can_be_opened(address: str) -> bool:
    """A host without a dot (localhost) is nothing that Slack's servers take for an address."""
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "") and len(address) <= ADDRESS
