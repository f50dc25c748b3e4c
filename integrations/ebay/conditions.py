"""Our conditions as eBay's: the nearest that a category takes and that is true. Never one that says more than is known.

Ids and names: developer.ebay.com, item condition id and name values. What a category takes comes from getItemConditionPolicies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import Missing, Refused
from core.values.states import Condition
from core.words import N_, Told

NAMES = {
    "1000": "NEW",
    "1500": "NEW_OTHER",
    "2500": "SELLER_REFURBISHED",
    "2750": "LIKE_NEW",
    "2990": "PRE_OWNED_EXCELLENT",
    "3000": "USED_EXCELLENT",
    "3010": "PRE_OWNED_FAIR",
    "4000": "USED_VERY_GOOD",
    "5000": "USED_GOOD",
    "6000": "USED_ACCEPTABLE",
    "7000": "FOR_PARTS_OR_NOT_WORKING",
}
UNWORN = frozenset({"NEW", "NEW_OTHER", "LIKE_NEW"})  # eBay drops a note on the condition here, with a warning

USED = "3000"
# Best first. 3000 is "Used" without a grade in most categories, and true of everything that was used; see `_too_good` for the others.
# Refurbished by eBay's programme (2000 to 2030) needs its approval and is never chosen here.
CHOICES: dict[Condition, tuple[str, ...]] = {
    Condition.NEW: ("1000", "1500", "2750"),
    Condition.LIKE_NEW: ("2750", "2990", USED, "4000", "5000"),
    Condition.GOOD: ("5000", USED, "3010", "6000"),
    Condition.FAIR: ("3010", "6000", USED),
    Condition.POOR: (USED, "7000"),
    Condition.REFURBISHED: ("2500", USED),
    Condition.FOR_PARTS: ("7000",),
}
WORDS = {
    Condition.NEW: N_("new"),
    Condition.LIKE_NEW: N_("like new"),
    Condition.GOOD: N_("good"),
    Condition.FAIR: N_("fair"),
    Condition.POOR: N_("poor"),
    Condition.REFURBISHED: N_("refurbished"),
    Condition.FOR_PARTS: N_("for parts"),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A condition that a category takes: eBay's id, its label there, and whether it wants descriptors (grading) that we have not."""

    id: str
    label: str = ""
    graded: bool = False


def choose(condition: Condition, allowed: Sequence[Allowed]) -> str:
    """eBay's name for a condition in a category; `allowed` is empty when eBay says nothing. Raises `Refused` when no true one is taken,
    `Missing` when the condition is unknown."""
    if condition not in CHOICES:
        raise Missing(Told("eBay needs the condition. Say how worn it is."), field="condition")
    choices = CHOICES[condition]
    if not allowed:
        return NAMES[choices[0]]
    taken = {one.id: one for one in allowed if not one.graded and not (one.id == USED and _too_good(one.label, condition))}
    for choice in choices:
        if choice in taken:
            return NAMES[choice]
    if any(one.graded for one in allowed) and not any(not one.graded for one in allowed):
        raise Refused(
            Told("eBay wants a professional grading in this category, which Haggle cannot send. List it on eBay itself."), code="condition"
        )
    named = ", ".join(one.label or one.id for one in allowed)
    told = N_(
        "eBay has no condition in this category that is true of “{condition}”. It takes: {named}. Choose another condition or category."
    )
    raise Refused(Told(told, condition=Told(WORDS[condition]), named=named), code="condition")


def _too_good(label: str, condition: Condition) -> bool:
    """Some categories grade 3000 ("Pre-owned - Good"): then it must not be said of worse."""
    words = label.casefold()
    if "excellent" in words:
        return condition is not Condition.LIKE_NEW
    if "good" in words:
        return condition not in (Condition.LIKE_NEW, Condition.GOOD)
    return False
