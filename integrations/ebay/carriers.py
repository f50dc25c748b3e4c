"""Carriers as people write them, and as eBay does (Trading API, values of ShippingCarrier in GeteBayDetails)."""

from __future__ import annotations

import re

CODES = {
    "usps": "USPS",
    "ups": "UPS",
    "fedex": "FedEx",
    "dhl": "DHL",
    "royal mail": "RoyalMail",
    "parcelforce": "Parcelforce",
    "evri": "Hermes",
    "hermes": "Hermes",
    "dpd": "DPD",
    "gls": "GLS",
    "deutsche post": "DeutschePost",
    "canada post": "CanadaPost",
    "australia post": "AustraliaPost",
    "chronopost": "Chronopost",
    "correos": "Correos",
    "seur": "Seur",
    "an post": "AnPost",
    "bpost": "BPost",
}

_PEOPLE = {code.casefold(): name for name, code in reversed(CODES.items())}


def code_of(carrier: str) -> str:
    """eBay's code. eBay takes other names too, of letters, digits, hyphens and spaces; "Other" where nothing is said."""
    known = CODES.get(carrier.casefold().strip())
    return known or " ".join(re.sub(r"[^A-Za-z0-9 -]", " ", carrier).split())[:50] or "Other"


def name_of(code: str) -> str:
    """As people write it; eBay's own code where we know no name."""
    return _PEOPLE.get(code.casefold(), code)
