"""Marketplaces without a way in for programs, as data.

Where a fact comes from and how sure it is stands beside it: none of these publishes its limits in a form that a program could
check. Where sources disagree the smaller number is taken, since that is always accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.values.channel import Limits
from core.values.states import Condition


@dataclass(frozen=True, slots=True)
class Marketplace:
    """`conditions` are its words for ours; one that it does not have is left out. Steps are sentences for a person."""

    kind: str
    name: str
    limits: Limits
    conditions: Mapping[Condition, str]
    url: str
    listing: tuple[str, ...]
    taking_down: tuple[str, ...]


_POSHMARK_CONDITIONS = {
    # Sellers' abbreviations as third parties write them; not official. Poshmark sells nothing that is broken.
    Condition.NEW: "NWT (new with tags)",
    Condition.LIKE_NEW: "NWOT (new without tags)",
    Condition.GOOD: "Good used condition",
    Condition.FAIR: "Fair",
    Condition.POOR: "Poor",
    Condition.REFURBISHED: "Good used condition",
}

POSHMARK = Marketplace(
    kind="poshmark",
    name="Poshmark",
    # Title 80: two third parties agree. Description: 1,500 and 10,000 are both reported, 1,500 is safe. Photos 16: third-party code.
    limits=Limits(title=80, description=1500, photos=16, conditions=tuple(_POSHMARK_CONDITIONS)),
    conditions=_POSHMARK_CONDITIONS,
    url="https://poshmark.com/create-listing",
    listing=(
        "Open a new listing on Poshmark and add the photos in this order; the first one is the cover.",
        "Copy the fields one by one, choose category and size there, then tap List.",
        "Come back and tap “It is up”.",
    ),
    taking_down=(
        "Open the listing on Poshmark, choose Edit, then Not for sale or Delete.",
        "Check in your closet that nobody can buy it any more, then tap “It is down”.",
    ),
)

MARKETPLACES: Mapping[str, Marketplace] = {one.kind: one for one in (POSHMARK,)}
