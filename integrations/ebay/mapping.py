"""Our values as eBay's JSON and back: items, offers, listings. Pure. Shapes: Sell Inventory API 1.18 (specs/ebay)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import escape
from json import dumps, loads
from typing import Any

from core.errors import HaggleError, Invalid, Missing
from core.money import Money, of_wire
from core.values.channel import Live, Ref, Wanted
from core.words import N_, Told
from integrations.ebay.conditions import UNWORN
from integrations.ebay.settings import EbaySettings

TITLE, DESCRIPTION, LISTING_DESCRIPTION, SKU, NOTE, BRAND, MPN = 80, 4000, 500_000, 50, 1000, 65, 65
ASPECT_NAME, ASPECT_VALUE, PHOTOS = 40, 50, 24
ENDED = frozenset({"ENDED", "EBAY_ENDED", "NOT_LISTED"})
POLICIES = ("payment", "return", "fulfillment")


def item_body(wanted: Wanted, condition: str, photos: Sequence[str]) -> dict[str, Any]:
    """The inventory item, complete: eBay replaces all of it. Raises `Invalid` where eBay's limits are passed."""
    for fault in item_faults(wanted):
        raise fault
    return _item(wanted, condition, photos)


def _item(wanted: Wanted, condition: str, photos: Sequence[str]) -> dict[str, Any]:
    product: dict[str, Any] = {
        "title": wanted.title,
        # eBay insists on a description; an item without one is described by its title, which invents nothing.
        "description": (wanted.description or wanted.title)[:DESCRIPTION],
        "aspects": _aspects(wanted),
        "imageUrls": list(photos),
    }
    for name in ("brand", "mpn"):
        if wanted.ids.get(name):
            product[name] = wanted.ids[name]
    for name in ("upc", "ean", "isbn"):
        if wanted.ids.get(name):
            product[name] = [wanted.ids[name]]
    body: dict[str, Any] = {
        "availability": {"shipToLocationAvailability": {"quantity": wanted.quantity}},
        "condition": condition,
        "product": product,
    }
    if wanted.condition_note and condition not in UNWORN:
        body["conditionDescription"] = wanted.condition_note
    if wanted.weight_grams:
        body["packageWeightAndSize"] = {"weight": {"unit": "GRAM", "value": wanted.weight_grams}}
    return body


def offer_body(wanted: Wanted, account: Mapping[str, Any], settings: EbaySettings) -> dict[str, Any]:
    """The offer, complete, as updateOffer takes it. `account` are the account's settings: policy ids and location.
    Raises `Missing` for what the account lacks, `Invalid` for a price in another currency."""
    for fault in offer_faults(wanted, account, settings):
        raise fault
    return _offer(wanted, account)


def offer_faults(wanted: Wanted, account: Mapping[str, Any], settings: EbaySettings) -> Iterator[HaggleError]:
    """Why eBay would not take the offer, one by one."""
    if not wanted.category:
        yield Missing(Told("eBay needs a category. Choose one and publish again."), field="category")
    if wanted.price.currency != settings.site.currency:
        yield Invalid(
            Told(
                "This eBay account sells in {sold_in}, and the price is in {currency}. Set it anew.",
                sold_in=settings.site.currency,
                currency=wanted.price.currency,
            )
        )
    for kind in POLICIES:
        if not account.get(f"{kind}_policy"):
            yield Missing(
                Told("This eBay account has no {kind} policy yet. See /channels for what to do.", kind=kind), field=f"{kind}_policy"
            )
    if not account.get("location"):
        yield Missing(Told("This eBay account has no ship-from place yet. See /channels for what to do."), field="location")
    if len(description_html(wanted.description or wanted.title)) > LISTING_DESCRIPTION:
        yield Invalid(
            Told("The description is too long for eBay, which takes {most} characters. Shorten it.", most=format(LISTING_DESCRIPTION, ","))
        )


def _offer(wanted: Wanted, account: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "availableQuantity": wanted.quantity,
        "categoryId": wanted.category,
        "includeCatalogProductDetails": False,  # eBay's catalogue would add what nobody here has evidence for
        "listingDescription": description_html(wanted.description or wanted.title),
        "listingDuration": "GTC",
        "listingPolicies": {f"{kind}PolicyId": str(account.get(f"{kind}_policy") or "") for kind in POLICIES},
        "merchantLocationKey": str(account.get("location") or ""),
        "pricingSummary": {"price": amount(wanted.price)},
    }


def new_offer_body(wanted: Wanted, account: Mapping[str, Any], settings: EbaySettings) -> dict[str, Any]:
    """The offer as createOffer takes it: sku, marketplace and format are given once and for all."""
    return {**_keys(wanted, settings), **offer_body(wanted, account, settings)}


def _keys(wanted: Wanted, settings: EbaySettings) -> dict[str, Any]:
    return {"sku": wanted.sku, "marketplaceId": settings.marketplace, "format": "FIXED_PRICE"}


def bodies(wanted: Wanted, condition: str, account: Mapping[str, Any], settings: EbaySettings) -> dict[str, Any]:
    """Item and offer as they would be sent, whatever is wrong with them. Photos go by their sha256."""
    item = _item(wanted, condition, [one.sha256 for one in wanted.photos])
    return {"item": item, "offer": {**_keys(wanted, settings), **_offer(wanted, account)}}


def price_body(sku: str, offer: str, price: Money) -> dict[str, Any]:
    return {"requests": [{"sku": sku, "offers": [{"offerId": offer, "price": amount(price)}]}]}


def quantity_body(sku: str, offer: str, quantity: int) -> dict[str, Any]:
    """Both quantities: a buyer sees the smaller one of item and offer."""
    one = {"sku": sku, "shipToLocationAvailability": {"quantity": quantity}, "offers": [{"offerId": offer, "availableQuantity": quantity}]}
    return {"requests": [one]}


def amount(money: Money) -> dict[str, str]:
    return {"value": money.wire(), "currency": money.currency}


def wire_time(moment: datetime) -> str:
    """`2026-11-21T08:15:00.123Z`"""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def money_of(found: Any) -> Money | None:
    """An Amount as money; None where there is none."""
    if not isinstance(found, Mapping) or found.get("value") in (None, "") or not found.get("currency"):
        return None
    return of_wire(found["value"], str(found["currency"]))


def money_in(found: Any, currency: str) -> Money | None:
    """An Amount in this currency, as it was before eBay converted it where it did; None where eBay does not say."""
    money = money_of(found)
    if money is None or money.currency == currency:
        return money
    before = {"value": found.get("convertedFromValue"), "currency": currency}
    return money_of(before) if found.get("convertedFromCurrency") == currency else None


def description_html(text: str) -> str:
    """Plain text as the HTML that eBay shows: paragraphs at empty lines, line breaks kept."""
    blocks = [one for one in re.split(r"\n\s*\n", text.strip()) if one.strip()]
    return "".join(f"<p>{escape(one.strip(), quote=False).replace(chr(10), '<br>')}</p>" for one in blocks)


def is_live(offer: Mapping[str, Any]) -> bool:
    """Can a buyer buy it now?"""
    listing = offer.get("listing") or {}
    active = offer.get("status") == "PUBLISHED" and listing.get("listingStatus") == "ACTIVE"
    return active and not listing.get("listingOnHold") and shown_of(offer) > 0


def shown_of(offer: Mapping[str, Any]) -> int:
    """How many a buyer is offered."""
    return int(offer.get("availableQuantity") or 0)


def sold_of(offer: Mapping[str, Any]) -> int:
    """How many of the offer's listing were sold, as eBay counts them."""
    return int((offer.get("listing") or {}).get("soldQuantity") or 0)


def sold_unheard(offer: Mapping[str, Any], known: Ref) -> bool:
    """Did it sell out under an id that we never learned? Then the answer that named it was lost, and the sale is not heard of yet."""
    listing = offer.get("listing") or {}
    gone = not is_live(offer) and not listing.get("listingOnHold")
    return gone and sold_of(offer) > 0 and str(listing.get("listingId")) not in (known.listing, known.external.get("listing"))


def sold_between(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Was some of it sold between two looks? What was written in between may then have put it back."""
    listing = ((before or {}).get("listing") or {}).get("listingId")
    same = before is not None and listing == (after.get("listing") or {}).get("listingId")
    return sold_of(after) > (sold_of(before) if before is not None and same else 0)


def is_ended(offer: Mapping[str, Any] | None) -> bool:
    """Is it gone for good? A listing that is sold out or on hold can come back by itself: it is not."""
    if offer is None or offer.get("status") != "PUBLISHED":
        return True
    return (offer.get("listing") or {}).get("listingStatus") in ENDED


def never_listed(offer: Mapping[str, Any] | None, known: Ref) -> bool:
    """Has it never been for sale, as far as eBay and we know? Then what is there was left by a publish that came to nothing."""
    heard_of = known.listing or known.external.get("listing") or known.external.get("offer")
    return not heard_of and not (offer or {}).get("listing")


def live_of(offer: Mapping[str, Any] | None, known: Mapping[str, str], settings: EbaySettings) -> Live:
    """What an offer says is there. `known` are the ids kept so far: they stay, since orders name them after the end."""
    if offer is None:
        return Live(live=False, external={name: value for name, value in known.items() if name != "offer"})
    listing = offer.get("listing") or {}
    external = {**known, "offer": str(offer.get("offerId", "")), "sku": str(offer.get("sku", ""))}
    if listing.get("listingId"):
        external["listing"] = str(listing["listingId"])
    live = is_live(offer)
    ended = is_ended(offer)
    return Live(
        live=live,
        price=money_of((offer.get("pricingSummary") or {}).get("price")),
        quantity=0 if ended else shown_of(offer),
        url=settings.item_url(external["listing"]) if external.get("listing") else "",
        external=external,
        sold=int(listing["soldQuantity"]) if "soldQuantity" in listing else None,
    )


def photos_of(external: Mapping[str, str]) -> dict[str, str]:
    """The uploaded photos that an account's listing remembers, sha256 to address."""
    try:
        found = loads(external.get("photos") or "{}")
    except ValueError:
        return {}
    return {str(name): str(url) for name, url in found.items()} if isinstance(found, dict) else {}


def photos_text(photos: Mapping[str, str]) -> str:
    return dumps(dict(photos), separators=(",", ":"))


def covers(found: Any, wanted: Any) -> bool:
    """Does what eBay has hold all that we want? eBay adds fields of its own and writes 45.50 as 45.5."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(name in found and covers(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(covers, found, wanted))
    return bool(found == wanted) or _same_number(found, wanted)


def _same_number(found: Any, wanted: Any) -> bool:
    try:
        return Decimal(str(found)) == Decimal(str(wanted))
    except InvalidOperation:
        return False


def _aspects(wanted: Wanted) -> dict[str, list[str]]:
    aspects = {name: [value for value in values if value.strip()] for name, values in wanted.aspects.items()}
    aspects = {name: values for name, values in aspects.items() if values}
    for name, label in (("brand", "Brand"), ("mpn", "MPN")):
        if wanted.ids.get(name):
            aspects.setdefault(label, [wanted.ids[name]])
    return aspects


def item_faults(wanted: Wanted) -> Iterator[HaggleError]:
    """Why eBay would not take the item, one by one."""
    limits = (("title", wanted.title, TITLE), ("condition note", wanted.condition_note, NOTE), ("number", wanted.sku, SKU))
    ids = (("brand", wanted.ids.get("brand", ""), BRAND), ("part number", wanted.ids.get("mpn", ""), MPN))
    for name, text, most in (*limits, *ids):
        if len(text) > most:
            told = N_("The {name} has {count} characters and eBay takes {most}. Shorten it.")
            yield Invalid(Told(told, name=name, count=len(text), most=most))
    if not wanted.title.strip():
        yield Missing(Told("eBay needs a title. Write one and publish again."), field="title")
    if not wanted.photos:
        yield Missing(Told("eBay needs at least one photo. Send one and publish again."), field="photos")
    if len(wanted.photos) > PHOTOS:
        yield Invalid(Told("eBay takes {most} photos and there are {count}. Take some away.", most=PHOTOS, count=len(wanted.photos)))
    if wanted.quantity < 1:
        yield Invalid(Told("A listing needs a quantity of at least 1."))
    for name, values in _aspects(wanted).items():
        if len(name) > ASPECT_NAME or any(len(value) > ASPECT_VALUE for value in values):
            told = N_("“{name}” is too long for eBay, which takes {most} characters. Shorten it.")
            yield Invalid(Told(told, name=name[:ASPECT_NAME], most=ASPECT_VALUE))
