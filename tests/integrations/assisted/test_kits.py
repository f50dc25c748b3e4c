"""Kits: everything to copy, cut within the limits and never in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Missing, Refused
from core.money import Money
from core.values.channel import Wanted
from core.values.states import Condition
from integrations.assisted.kits import CAPABILITIES, Kits

LAMP = Wanted("HG-1-AB", "Brass lamp", "A lamp.", Money(4500), 1, Condition.GOOD, aspects={"Brand": ["Acme"]})


def test_a_kit_has_every_field_to_copy() -> None:
    kit = Kits().listing("poshmark", LAMP)
    assert [(one.label, one.value) for one in kit.fields] == [
        ("Title", "Brass lamp"),
        ("Description", "A lamp."),
        ("Price", "45.00"),
        ("Condition", "Good used condition"),
        ("Brand", "Acme"),
        ("SKU", "HG-1-AB"),
    ]
    assert kit.warnings == ()
    assert kit.url.startswith("https://")
    assert kit.instructions


def test_what_does_not_fit_is_cut_between_words_and_said() -> None:
    title = "word " * 20
    kit = Kits().listing("poshmark", replace(LAMP, title=title.strip(), description="x " * 1000))
    assert len(kit.fields[0].value) <= 80
    assert kit.fields[0].value.endswith("word")
    assert len(kit.fields[1].value) <= 1500
    assert any("title was shortened from 99" in one for one in kit.warnings)
    assert any("description was shortened" in one for one in kit.warnings)


def test_one_long_word_is_cut_all_the_same() -> None:
    assert len(Kits().listing("poshmark", replace(LAMP, title="x" * 200)).fields[0].value) == 80


def test_a_condition_that_the_marketplace_does_not_have_is_refused() -> None:
    with pytest.raises(Refused, match="for parts"):
        Kits().listing("poshmark", replace(LAMP, condition=Condition.FOR_PARTS))


def test_quantity_is_said_when_it_matters() -> None:
    assert ("Quantity", "3") in [(one.label, one.value) for one in Kits().listing("poshmark", replace(LAMP, quantity=3)).fields]


def test_an_unknown_marketplace_has_no_kit() -> None:
    with pytest.raises(Missing):
        Kits().listing("nowhere", LAMP)
    assert not CAPABILITIES["poshmark"].native
    assert Kits().taking_down("poshmark")
