"""What is known of an item and why: what the seller decides, and what was read, with its evidence."""

from __future__ import annotations

from bot.chat.cards.parts import money, why
from core.rules.drafts import SURE, label_of
from core.rules.naming import name_of
from core.values.card import Line
from core.values.draft import Draft as Sheet
from core.values.draft import Field
from core.values.states import Condition
from core.words import _, here
from storage.models import Item

# What is said of a thing beside its title, price and condition, which have lines of their own.
READ = ("brand", "model", "mpn", "size", "colour", "material", "upc", "ean", "isbn", "weight", "description", "notes")
SHOWN = 160  # characters of a long value


def title_line(item: Item, sheet: Sheet) -> Line:
    read = sheet.fields.get("title")
    return _line(_("Title"), item.title or _("unknown"), read if read and read.text == item.title else None, weak=not item.title)


def condition_line(sheet: Sheet) -> Line:
    condition = sheet.fields.get("condition")
    if condition is None or condition.text == Condition.UNKNOWN:
        return Line(_("Condition"), _("unknown"))
    return _line(_("Condition"), label_of(condition.text), condition)


def cost_lines(item: Item) -> list[Line]:
    return [Line(_("Cost"), money(item.cost, item.currency))] if item.cost is not None else []


def read_lines(sheet: Sheet) -> list[Line]:
    """What was read or said beside that; what is not sure is marked."""
    lines = []
    for name, field in sheet.fields.items():
        label = here(name_of(name)) if name in READ else name.removeprefix("aspect:") if name.startswith("aspect:") else ""
        if label and field.text:
            lines.append(_line(label, field.text, field))
    return lines


def _line(label: str, value: str, field: Field | None, *, weak: bool = False) -> Line:
    unsure = field is not None and field.confidence < SURE
    note = why(field) if field else ""
    shown = value if len(value) <= SHOWN else value[: SHOWN - 3] + "…"
    return Line(label, shown, f"{note} {_('(not sure)')}".strip() if unsure else note, weak=weak or unsure)
