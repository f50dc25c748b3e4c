"""Kits: within the limits, nothing lost in silence, nothing better than true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import Money
from core.ports import Kit
from core.values.channel import Photo, Wanted
from core.values.states import Condition
from integrations.assisted.kits import CAPABILITIES, Kits, fit
from integrations.assisted.marketplaces import MARKETPLACES

WANTED = Wanted(
    sku="HG-7",
    title="Levi's 501 jeans",
    description="Straight leg.",
    price=Money(4550),
    quantity=1,
    condition=Condition.GOOD,
    aspects={"Size": ["32x34"], "Color": ["Blue"]},
    ids={"brand": "Levi's"},
    condition_note="Faded at the knee.",
)


def values(kit: Kit) -> dict[str, str]:
    return {one.label: one.value for one in kit.fields}


def test_a_kit_has_each_field_ready_to_copy() -> None:
    kit = Kits().listing("poshmark", WANTED)
    assert values(kit) == {
        "Title": "Levi's 501 jeans",
        "Description": "Straight leg.\n\nCondition: Faded at the knee.",
        "Brand": "Levi's",
        "Size": "32x34",
        "Colour": "Blue",
        "Condition": "Good",
        "Price": "45.50",
        "SKU": "HG-7",
    }
    assert kit.url.startswith("https://poshmark.com/")
    assert kit.instructions
    assert len(kit.warnings) == 1


def test_what_is_not_known_is_left_out() -> None:
    kit = Kits().listing("poshmark", replace(WANTED, aspects={"Size": [" "]}, ids={}, description="", condition_note="", quantity=3))
    assert set(values(kit)) == {"Title", "Condition", "Price", "Quantity", "SKU"}


def test_what_is_shortened_is_said() -> None:
    title = "Vintage Levi's 501 straight leg button fly denim jeans, made in the USA in 1993, dark indigo"
    kit = Kits().listing("poshmark", replace(WANTED, title=title))
    short = values(kit)["Title"]
    assert title.startswith(f"{short} ")
    assert len(short) <= 80
    assert any("title is shortened" in one and title[len(short) :].strip() in one for one in kit.warnings)


@given(st.text(max_size=200), st.integers(1, 60))
def test_a_text_always_fits_and_nothing_is_lost_in_silence(text: str, most: int) -> None:
    warnings: list[str] = []
    kept = fit("title", text, most, "X", warnings)
    assert len(kept) <= most
    assert text.strip().startswith(kept)
    assert bool(warnings) == (kept != text.strip())


def test_too_many_photos_are_said() -> None:
    async def opener(_: str) -> bytes:
        return b""

    photos = tuple(Photo(str(number), opener) for number in range(17))
    assert any("first 16 of the 17" in one for one in Kits().listing("poshmark", replace(WANTED, photos=photos)).warnings)


@pytest.mark.parametrize("condition", [Condition.FOR_PARTS, Condition.REFURBISHED, Condition.UNKNOWN])
def test_a_condition_without_a_word_is_never_made_better(condition: Condition) -> None:
    kit = Kits().listing("poshmark", replace(WANTED, condition=condition))
    assert "Condition" not in values(kit)
    assert any("condition" in one or "no word" in one for one in kit.warnings)


def test_capabilities_say_that_a_person_does_it() -> None:
    poshmark = CAPABILITIES["poshmark"]
    assert not poshmark.native
    assert (poshmark.limits.title, poshmark.limits.description, poshmark.limits.photos) == (80, 1500, 16)
    assert set(CAPABILITIES) == set(MARKETPLACES)


def test_taking_down_ends_with_looking() -> None:
    assert "as a buyer" in Kits().taking_down("poshmark")[-1]
    for call in (lambda: Kits().taking_down("nowhere"), lambda: Kits().listing("nowhere", WANTED)):
        with pytest.raises(Invalid, match="Poshmark"):
            call()
