"""What a draft still lacks before it can go up, and what is asked first. Nothing is guessed: what has no evidence is a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.values.channel import Aspect, Capabilities
from core.values.draft import Draft, Evidence, EvidenceKind, Field
from core.values.states import Condition

SURE = 0.6  # below this a field is shown as one to look at


@dataclass(frozen=True, slots=True)
class Question:
    """A field to ask for. `choices` are (value, label) to tap; empty means typed. `why` names who needs it."""

    field: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    why: str = ""


CONDITIONS = (
    (Condition.NEW, "New"),
    (Condition.LIKE_NEW, "Like new"),
    (Condition.GOOD, "Good"),
    (Condition.FAIR, "Fair"),
    (Condition.POOR, "Poor"),
    (Condition.REFURBISHED, "Refurbished"),
    (Condition.FOR_PARTS, "For parts"),
)


def label_of(condition: str) -> str:
    """A condition in words."""
    return {key.value: label for key, label in CONDITIONS}.get(condition, "Unknown")


def questions(
    draft: Draft, *, title: str, has_price: bool, channels: Sequence[Capabilities], aspects: Mapping[str, Sequence[Aspect]]
) -> tuple[Question, ...]:
    """What must be answered before publishing on these channels, most valuable first. `aspects` are per channel name."""
    asked: list[Question] = []
    if not title:
        asked.append(Question("title", "What is it? Type a title."))
    if not has_price:
        asked.append(Question("price", "What should it cost? Type an amount."))
    if draft.get("condition") in ("", Condition.UNKNOWN):
        asked.append(Question("condition", "What condition is it in?", tuple((key.value, label) for key, label in CONDITIONS)))
    for name, needed in aspects.items():
        for aspect in needed:
            if aspect.required and not aspect_value(draft, aspect.name):
                choices = tuple((value, value) for value in aspect.values[:6])
                asked.append(Question(f"aspect:{aspect.name}", f"{aspect.name}?", choices, f"{name} asks for it"))
    for able in channels:
        if able.limits.title and len(title) > able.limits.title:
            text = f"The title has {len(title)} characters; {able.name} takes {able.limits.title}. Type a shorter one."
            asked.append(Question("title", text, (), able.name))
    return tuple({one.field: one for one in reversed(asked)}.values())[::-1]


_OWN_FIELDS = {
    "brand": "brand",
    "model": "model",
    "mpn": "mpn",
    "size": "size",
    "color": "colour",
    "colour": "colour",
    "material": "material",
}


SIZE_SYSTEMS = ("US", "UK", "EU", "FR", "IT", "JP", "AU")


def aspect_value(draft: Draft, name: str) -> str:
    """What the draft says for an item specific, whether as that or as one of our own fields."""
    own = _OWN_FIELDS.get(name.lower(), "")
    return draft.get(f"aspect:{name}") or (draft.get(own) if own else "") or _size(draft.get("size"), name)


def _size(size: str, name: str) -> str:
    """A size for "US Shoe Size": the draft's own where it is of that system. Another system is asked, never converted."""
    system, _space, number = size.partition(" ")
    wanted = name.split()[0].upper() if name.lower().endswith(" size") else ""
    return number if wanted in SIZE_SYSTEMS and system.upper() == wanted else ""


def answers(question: Question, text: str) -> bool:
    """Whether plain words can be the answer to a question that nobody tapped."""
    if question.field == "price":
        return any(sign.isdigit() for sign in text) and len(text) < 16
    if question.choices:
        return text.strip().lower() in {word.lower() for choice in question.choices for word in choice}
    return question.field == "title" or question.field.startswith("aspect:")


def said_by_seller(value: str) -> Field:
    """A field that the seller stated: certain, because they said so."""
    return Field(value, 1.0, (Evidence(EvidenceKind.SELLER, value),))


def merge_hints(draft: Draft, hints: Mapping[str, str]) -> Draft:
    """What the seller said wins over what was read."""
    for name, value in hints.items():
        if value:
            draft = draft.with_field(name, said_by_seller(value))
    return draft


def keep_said(read: Draft, said: Draft) -> Draft:
    """What was read from the photos, with what the seller typed meanwhile."""
    typed = {name: one for name, one in said.fields.items() if any(why.kind is EvidenceKind.SELLER for why in one.evidence)}
    return replace(read, fields={**read.fields, **typed})
