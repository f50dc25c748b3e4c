"""Copy-paste kits: a listing cut to a marketplace's limits, never in silence."""

from __future__ import annotations

from core.errors import Missing, Refused
from core.ports import Kit, KitField
from core.values.channel import Capabilities, Wanted
from integrations.assisted.marketplaces import MARKETPLACES, Marketplace

CAPABILITIES = {kind: Capabilities(kind, one.name, native=False, limits=one.limits) for kind, one in MARKETPLACES.items()}


class Kits:
    """Implements `core.ports.KitMaker`."""

    def listing(self, kind: str, wanted: Wanted) -> Kit:
        """Raises `Refused` when the marketplace has no word for the condition."""
        place = _place(kind)
        warnings: list[str] = []
        title = _cut("title", wanted.title, place.limits.title, place.name, warnings)
        description = _cut("description", wanted.description, place.limits.description, place.name, warnings)
        if len(wanted.photos) > place.limits.photos:
            warnings.append(
                f"{place.name} takes {place.limits.photos} photos; leave out the last {len(wanted.photos) - place.limits.photos}."
            )
        condition = place.conditions.get(wanted.condition)
        if condition is None:
            raise Refused(f"{place.name} does not take things that are “{wanted.condition.replace('_', ' ')}”.")
        fields = [
            KitField("Title", title),
            KitField("Description", description),
            KitField("Price", wanted.price.wire(), wanted.price.currency),
            KitField("Condition", condition),
        ]
        fields += [KitField(name, ", ".join(values)) for name, values in wanted.aspects.items() if values]
        if wanted.quantity > 1:
            fields.append(KitField("Quantity", str(wanted.quantity)))
        fields.append(KitField("SKU", wanted.sku, "so that a sale is recognised"))
        return Kit(tuple(fields), place.listing, tuple(warnings), place.url)

    def taking_down(self, kind: str) -> tuple[str, ...]:
        return _place(kind).taking_down


def _place(kind: str) -> Marketplace:
    if kind not in MARKETPLACES:
        raise Missing(f"There is no kit for “{kind}”.")
    return MARKETPLACES[kind]


def _cut(what: str, text: str, limit: int, name: str, warnings: list[str]) -> str:
    """At most `limit` characters, cut between words; a warning says that it was."""
    if not limit or len(text) <= limit:
        return text
    short = text[:limit]
    if not text[limit].isspace() and " " in short:
        short = short.rsplit(None, 1)[0]
    short = short.rstrip()
    warnings.append(f"The {what} was shortened from {len(text)} to {len(short)} characters: {name} takes {limit}.")
    return short
