"""Copy-paste kits: a listing as fields that fit the marketplace's limits. Pure. Nothing is shortened in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.errors import Invalid
from core.ports import Kit, KitField
from core.values.channel import Capabilities, Limits, Wanted
from core.values.states import Condition
from core.words import N_, Told
from integrations.assisted.marketplaces import MARKETPLACES, Marketplace, Word

_DETAILS = ((N_("Brand"), "brand", ("Brand",)), (N_("Size"), "size", ("Size",)), (N_("Colour"), "colour", ("Colour", "Color")))
_CUT = {
    "title": N_("The title is shortened from {count} to {kept} characters, as {market} takes {most}. Left out: “{shown}”"),
    "description": N_("The description is shortened from {count} to {kept} characters, as {market} takes {most}. Left out: “{shown}”"),
}
_SHOWN_CUT = 60


def capabilities(market: Marketplace) -> Capabilities:
    limits = Limits(market.title, market.description, market.photos, tuple(market.conditions))
    return Capabilities(market.kind, market.name, native=False, limits=limits)


CAPABILITIES: Mapping[str, Capabilities] = {kind: capabilities(one) for kind, one in MARKETPLACES.items()}


class Kits:
    """Implements `core.ports.KitMaker`."""

    def listing(self, kind: str, wanted: Wanted) -> Kit:
        """What to copy, in the order of the marketplace's own form. Raises `Invalid` for a marketplace that is not here."""
        market = _market(kind)
        warnings: list[str] = []
        title = fit("title", wanted.title, market.title, market.name, warnings)
        description = fit("description", description_of(wanted), market.description, market.name, warnings)
        fields = [KitField(Told("Title"), title), KitField(Told("Description"), description)]
        fields += _details(wanted)
        fields += _condition(market, wanted.condition, warnings)
        fields.append(KitField(Told("Price"), wanted.price.wire(), Told(market.price_note)))
        if wanted.quantity > 1:
            fields.append(KitField(Told("Quantity"), str(wanted.quantity)))
        fields.append(KitField("SKU", wanted.sku, Told("Our number for it, if {market} asks for one.", market=market.name)))
        if len(wanted.photos) > market.photos:
            text = N_("{market} takes {most} photos: use the first {most} of the {count}.")
            warnings.append(Told(text, market=market.name, most=market.photos, count=len(wanted.photos)))
        if market.sure != "official":
            warnings.append(
                Told("{market} does not publish its limits. If it asks for something else, go by what it says.", market=market.name)
            )
        return Kit(tuple(one for one in fields if one.value), tuple(Told(step) for step in market.listing), tuple(warnings), market.url)

    def taking_down(self, kind: str) -> tuple[str, ...]:
        """The steps, one sentence each. Raises `Invalid` for a marketplace that is not here."""
        return tuple(Told(step) for step in _market(kind).taking_down)


def description_of(wanted: Wanted) -> str:
    """The description with the note on the condition, for which these marketplaces have no field."""
    note = f"Condition: {wanted.condition_note.strip()}" if wanted.condition_note.strip() else ""
    return "\n\n".join(part for part in (wanted.description.strip(), note) if part)


def fit(name: str, text: str, most: int, market: str, warnings: list[str]) -> str:
    """`text` within `most` characters, cut between words where there are any; a warning says what was left out."""
    text = text.strip()
    if len(text) <= most:
        return text
    kept = text[: most + 1]
    space = max((place for place, letter in enumerate(kept) if letter.isspace()), default=0)
    kept = (kept[:space] if space > most // 2 else text[:most]).rstrip()
    left = " ".join(text[len(kept) :].split())
    shown = left if len(left) <= _SHOWN_CUT else f"{left[:_SHOWN_CUT].rstrip()}…"
    warnings.append(Told(_CUT[name], count=len(text), kept=len(kept), market=market, most=most, shown=shown))
    return kept


def _details(wanted: Wanted) -> Iterator[KitField]:
    """Brand, size and colour where they are known, from the ids or the item specifics."""
    for label, key, names in _DETAILS:
        values = [wanted.ids.get(key, ""), *(value for name in names for value in wanted.aspects.get(name, []))]
        value = next((one.strip() for one in values if one.strip()), "")
        if value:
            yield KitField(Told(label), value)


def _condition(market: Marketplace, condition: Condition, warnings: list[str]) -> Iterator[KitField]:
    word = market.conditions.get(condition, Word(""))
    if word.name:
        yield KitField(Told("Condition"), word.name, Told(word.note) if word.note else "")
    elif condition is Condition.UNKNOWN:
        warnings.append(Told("The condition is not known yet: say how worn it is before you list it."))
    else:
        text = N_("{market} has no word for “{condition}”. Say it in the description, and choose no better one.")
        warnings.append(Told(text, market=market.name, condition=Told(condition.value.replace("_", " "))))


def _market(kind: str) -> Marketplace:
    found = MARKETPLACES.get(kind)
    if found is None:
        known = ", ".join(one.name for one in MARKETPLACES.values())
        raise Invalid(Told("I have no kit for “{kind}”. I have one for: {known}.", kind=kind, known=known))
    return found
