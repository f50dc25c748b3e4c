"""What stands on papers: how an address is written, how large the paper is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LETTER = ("USD", "CAD", "MXN", "PHP", "CLP", "COP", "CRC", "DOP", "GTQ")  # currencies of countries that write on Letter, not on A4
# Where the postcode stands behind the city (each country's own post says how it wants addresses).
_BEHIND = ("US", "CA", "GB", "AU", "NZ", "IE", "IN", "SG", "BR", "TW", "KR", "ZA")


def paper_size(wanted: str, currency: str) -> str:
    """ "A4" or "Letter": the one that is wanted, else ("auto") the one of the currency's countries."""
    if wanted != "auto":
        return wanted
    return "Letter" if currency in LETTER else "A4"


def address(person: Mapping[str, Any]) -> tuple[str, ...]:
    """Name, street, city and country as lines for a parcel. What is not known is left out."""
    city, postcode, country = (str(person.get(name) or "").strip() for name in ("city", "postcode", "country"))
    town = f"{city} {postcode}" if country in _BEHIND else f"{postcode} {city}"
    lines = (str(person.get("name") or ""), str(person.get("street") or ""), town, country)
    return tuple(line.strip() for line in lines if line.strip())


def recipient(people: Mapping[str, Any]) -> Mapping[str, Any]:
    """Who gets the parcel, of what is sealed with an order: the buyer where nobody else is named."""
    found: Mapping[str, Any] = people.get("recipient") or people
    return found
