"""Carriers as people write them, and as Shopify does, to the letter: by these names it makes links and follows a parcel (its list of
supported tracking companies at `FulfillmentTrackingInfo.company`)."""

from __future__ import annotations

COMPANIES = {
    "usps": "USPS",
    "ups": "UPS",
    "fedex": "FedEx",
    "dhl": "DHL Express",
    "royal mail": "Royal Mail",
    "parcelforce": "Parcelforce",
    "evri": "Evri",
    "dpd": "DPD",
    "gls": "GLS",
    "canada post": "Canada Post",
    "australia post": "Australia Post",
    "deutsche post": "Deutsche Post",
    "correos": "Correos",
    "seur": "SEUR",
    "chronopost": "Chronopost",
    "la poste": "La Poste Colissimo",
    "an post": "An Post",
    "bpost": "BPost",
    "postnl": "PostNL",
    "lasership": "OnTrac",
    "amazon": "Amazon",
}

_PEOPLE = {company.casefold(): name for name, company in COMPANIES.items()}


def company_of(carrier: str) -> str:
    """Shopify's name; one that we do not know as it was written, which Shopify takes too."""
    return COMPANIES.get(carrier.casefold().strip(), carrier.strip())


def name_of(company: str) -> str:
    """As people write it; Shopify's own name where we know no other."""
    return _PEOPLE.get(company.casefold(), company)
