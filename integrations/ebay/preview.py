"""A dry run: what a new listing on eBay would be, and everything that eBay would refuse of it. Nothing is written or uploaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import Missing, Refused
from core.values.channel import Aspect, Connection, Preview, Wanted
from core.words import N_, Told
from integrations.ebay import mapping
from integrations.ebay.catalogue import Catalogue
from integrations.ebay.conditions import choose
from integrations.ebay.settings import EbaySettings

_POLICIES = {"payment": N_("Payment policy"), "return": N_("Return policy"), "fulfillment": N_("Shipping policy")}


async def preview(catalogue: Catalogue, settings: EbaySettings, account: Connection, wanted: Wanted) -> Preview:
    """Reads what the category takes (remembered for a day) and puts the bodies together."""
    problems: list[str] = []
    condition = ""
    try:
        allowed = await catalogue.conditions(account, wanted.category) if wanted.category else ()
        condition = choose(wanted.condition, allowed)
    except (Missing, Refused) as error:
        problems.append(error.sentence)
    payload = mapping.bodies(wanted, condition, account.settings, settings)
    faults = (*mapping.item_faults(wanted), *mapping.offer_faults(wanted, account.settings, settings))
    problems += [one.sentence for one in faults]
    asked = await catalogue.aspects(wanted.category) if wanted.category else ()
    problems += _lacking(asked, payload["item"]["product"]["aspects"])
    return Preview(tuple(_fields(payload, wanted, account, settings)), payload, tuple(dict.fromkeys(problems)))


def _lacking(asked: Sequence[Aspect], given: dict[str, list[str]]) -> list[str]:
    """Item specifics that the category insists on and that are not there, or are none of its values."""
    problems: list[str] = []
    for one in asked:
        values = given.get(one.name, [])
        if one.required and not values:
            problems.append(Told("eBay asks for {name} in this category.", name=one.name))
        foreign = [value for value in values if one.only_listed and value not in one.values]
        told = N_("eBay does not know “{value}” as {name} in this category.")
        problems += [Told(told, value=value, name=one.name) for value in foreign]
    return problems


def _fields(payload: dict[str, Any], wanted: Wanted, account: Connection, settings: EbaySettings) -> Iterator[tuple[str, str]]:
    item, offer = payload["item"], payload["offer"]
    product = item["product"]
    yield Told("Title"), product["title"]
    yield Told("Description"), offer["listingDescription"]
    yield Told("Price"), f"{offer['pricingSummary']['price']['value']} {offer['pricingSummary']['price']['currency']}"
    yield Told("Quantity"), str(offer["availableQuantity"])
    yield Told("Condition"), item["condition"]
    yield Told("Condition note"), item.get("conditionDescription", "")
    yield Told("Category"), offer["categoryId"]
    for name, values in product["aspects"].items():
        yield name, ", ".join(values)
    for name in ("upc", "ean", "isbn"):
        yield name.upper(), ", ".join(product.get(name, []))
    yield Told("Photos"), str(len(wanted.photos))
    for kind, label in _POLICIES.items():
        yield Told(label), offer["listingPolicies"][f"{kind}PolicyId"]
    yield Told("Ships from"), offer["merchantLocationKey"]
    yield Told("Marketplace"), settings.marketplace
    yield "SKU", offer["sku"]
