"""What a draft still lacks before it can go up, and what is asked first. Nothing is guessed: what has no evidence is a question."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.values.channel import Aspect, Capabilities
from core.values.draft import Draft, Evidence, EvidenceKind, Field
from core.values.states import Condition
from core.words import N_, Told, here

SURE = 0.6  # below this a field is shown as one to look at


@dataclass(frozen=True, slots=True)
class Question:
    """A field to ask for. `choices` are (value, label) to tap; empty means typed. `why` names who needs it."""

    field: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    why: str = ""


CONDITIONS = (
    (Condition.NEW, N_("New")),
    (Condition.LIKE_NEW, N_("Like new")),
    (Condition.GOOD, N_("Good")),
    (Condition.FAIR, N_("Fair")),
    (Condition.POOR, N_("Poor")),
    (Condition.REFURBISHED, N_("Refurbished")),
    (Condition.FOR_PARTS, N_("For parts")),
)
UNKNOWN = N_("Unknown")


def label_of(condition: str) -> Told:
    """A condition in words."""
    return Told({key.value: label for key, label in CONDITIONS}.get(condition, UNKNOWN))


def questions(
    draft: Draft, *, title: str, has_price: bool, channels: Sequence[Capabilities], aspects: Mapping[str, Sequence[Aspect]]
) -> tuple[Question, ...]:
    """What must be answered before publishing on these channels, most valuable first. `aspects` are per channel name."""
    asked: list[Question] = []
    if not title:
        asked.append(Question("title", Told("What is it? Type a title.")))
    if not has_price:
        asked.append(Question("price", Told("What should it cost? Type an amount.")))
    if draft.get("condition") in ("", Condition.UNKNOWN):
        known = tuple((key.value, Told(label)) for key, label in CONDITIONS)
        asked.append(Question("condition", Told("What condition is it in?"), known))
    for name, needed in aspects.items():
        for aspect in needed:
            if aspect.required and not aspect_value(draft, aspect.name):
                choices = tuple((value, value) for value in aspect.values[:6])
                why = Told("{channel} asks for it", channel=name)
                asked.append(Question(f"aspect:{aspect.name}", f"{aspect.name}?", choices, why))
    strict = [able for able in channels if able.limits.title and len(title) > able.limits.title]
    asked += [Question("title", _too_long(title, able), (), able.name) for able in strict]
    return tuple({one.field: one for one in reversed(asked)}.values())[::-1]


def _too_long(title: str, able: Capabilities) -> Told:
    return Told(
        "The title has {count} characters; {channel} takes {most}. Type a shorter one.",
        count=len(title), channel=able.name, most=able.limits.title,
    )  # fmt: skip


# What a seller may set, and other names for it.
SAID = (
    "title", "description", "condition", "price", "floor", "cost", "quantity", "brand", "model", "mpn", "size", "colour", "material",
    "upc", "ean", "isbn", "weight",
)  # fmt: skip
_ALIASES = {"color": "colour", "part number": "mpn"}
# Item specifics that are fields of ours.
_SPECIFICS = ("brand", "model", "mpn", "size", "colour", "material", "upc", "ean", "isbn")
NEAR = 0.7  # how alike two names are when one may be a slip for the other (difflib's ratio)


def field_named(name: str, specifics: Sequence[str]) -> str:
    """The field that a seller means, whatever its case: one of ours, or `aspect:NAME` of a known item specific; empty when none is it."""
    return _names(specifics).get(_plain(name), "")


def near_fields(name: str, specifics: Sequence[str]) -> tuple[str, ...]:
    """Fields that may be meant by a name that nothing has, likeliest first."""
    names = _names(specifics)
    near = difflib.get_close_matches(_plain(name), names, n=4, cutoff=NEAR)
    return tuple(dict.fromkeys(names[one] for one in near))[:3]


def _names(specifics: Sequence[str]) -> dict[str, str]:
    own = {name: name for name in SAID} | _ALIASES
    return {_plain(one): f"aspect:{one}" for one in specifics if _plain(one)} | own


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())


SIZE_SYSTEMS = ("US", "UK", "EU", "FR", "IT", "JP", "AU")


def aspect_value(draft: Draft, name: str) -> str:
    """What the draft says for an item specific, whether as that or as one of our own fields."""
    own = field_named(name, ())
    own = own if own in _SPECIFICS else ""
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
        return text.strip().lower() in {word.lower() for choice in question.choices for word in (*choice, here(choice[1]))}
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


def follow_photos(draft: Draft, before: Sequence[str], after: Sequence[str]) -> Draft:
    """The same evidence when an item's photos (by their keys) are others, or in another order: what was read on a photo is said of its new
    place, and of none when it is gone."""
    places = {place: after.index(key) if key in after else None for place, key in enumerate(before)}
    fields = {
        name: replace(one, evidence=tuple(why if why.photo is None else replace(why, photo=places.get(why.photo)) for why in one.evidence))
        for name, one in draft.fields.items()
    }
    return replace(draft, fields=fields)
