"""Marketplaces without an API that we may use, as data. A further one is a further row, once its facts are known.

`sure` says how the facts are known: "official" (the marketplace says so), "reported" (others say so and agree), "weak" (few say so, or
they differ; the safer value is taken). The kit tells the seller what is not official.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.values.states import Condition
from core.words import N_


@dataclass(frozen=True, slots=True)
class Word:
    """What a marketplace calls a condition, and what the seller should know about it."""

    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Marketplace:
    """`title`, `description` and `photos` are the most it takes. `listing` and `taking_down` are steps, one sentence each.
    `price_note` stands beside the price."""

    kind: str
    name: str
    url: str
    title: int
    description: int
    photos: int
    conditions: Mapping[Condition, Word]
    listing: tuple[str, ...]
    taking_down: tuple[str, ...]
    price_note: str = ""
    sure: str = "weak"


# Title 80, description 1,500 (another source says 10,000: the smaller one is safe everywhere), 16 photos; condition words NWT, NWOT, EUC,
# GUC, Fair, Poor. All from third parties (specs/marketplaces-without-api-facts.md); Poshmark publishes none of it.
_POSHMARK = Marketplace(
    kind="poshmark",
    name="Poshmark",
    url="https://poshmark.com/create-listing",
    title=80,
    description=1500,
    photos=16,
    conditions=MappingProxyType(
        {
            Condition.NEW: Word("New", N_("NWT with the tags still on, NWOT without.")),
            Condition.LIKE_NEW: Word("Like new", N_("Also called EUC, excellent used condition.")),
            Condition.GOOD: Word("Good", N_("Also called GUC, good used condition.")),
            Condition.FAIR: Word("Fair"),
            Condition.POOR: Word("Poor", N_("If there is no such choice, take Fair and leave the words in the description.")),
        }
    ),
    listing=(
        N_("Open the new listing page and add the photos in this order."),
        N_("Copy each field below into its place; choose category, size and colour from Poshmark's own lists."),
        N_("List it, then press “It is up” here."),
    ),
    taking_down=(
        N_("Open the listing in your Poshmark closet."),
        N_("Choose Edit, then Not for Sale under availability; or delete the listing if it will not come back."),
        N_("Look at it once more as a buyer would, then press “It is down” here."),
    ),
    price_note=N_("In whole dollars, if Poshmark takes no cents."),
)

MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType({one.kind: one for one in (_POSHMARK,)})
