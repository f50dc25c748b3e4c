"""Plain words as pure rules: any text is read without a fault, and which item is meant is never a guess."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.plain.folding import clean, folded
from core.rules.plain.grammar import is_never_mind, wishes
from core.rules.plain.matching import Thing, meant

CHANNELS = {"ebay": "ebay", "my shop": "shopify"}
SOME = """
drop lower take down the lamp dunks to 75 $80 10% off by and , for on ebay everywhere sold it 42 #7 baja quita la a por y publish
"""
WORDS = st.sampled_from(SOME.split())
THINGS = tuple(
    Thing(str(number), number, f"HG-{number}", title, 4000, "USD", is_open)
    for number, title, is_open in (
        (1, "Nike Dunk Low Panda", True), (2, "Acme brass desk lamp", True), (3, "Blue ceramic lamp", True), (4, "Green lamp", False),
        (7, "Lámpara roja", True),
    )
)  # fmt: skip


@given(st.text(max_size=80))
@example("İstanbul lamba")
@example("ﬁne straße")
def test_a_place_in_the_folded_text_is_that_place_in_the_text(text: str) -> None:
    assert len(folded(text)) == len(text)
    assert folded(folded(text)) == folded(text)


@given(st.text(max_size=120) | st.lists(WORDS, max_size=14).map(" ".join))
def test_any_text_is_read_and_what_is_found_was_typed(text: str) -> None:
    is_never_mind(text)
    for wish in wishes(text, CHANNELS):
        for part in (wish.item, wish.money, wish.percent, wish.rest):
            assert all(word in clean(text) for word in part.split())
        assert set(wish.where) <= set(CHANNELS.values())


@pytest.mark.parametrize(
    ("phrase", "numbers", "sure"),
    [
        ("the dunks", [1], True), ("Nike dunk", [1], True), ("#2", [2], True), ("item 2", [2], True), ("hg-3", [3], True),
        ("the lamp", [3, 2], False), ("the blue one", [3], True), ("the green lamp", [4], True), ("la lampara roja", [7], True),
        ("brass lmap", [2, 3], False),
        ("the brass lampp", [2], True), ("item 99", [], False), ("toaster", [], False), ("the", [], False),
    ],
)  # fmt: skip
def test_which_is_meant(phrase: str, numbers: list[int], sure: bool) -> None:
    found = meant(phrase, THINGS, only_open=True)
    assert (found.sure, [one.number for one in found.things]) == (sure, numbers)


@pytest.mark.parametrize("text", ["never mind", "Never mind.", "cancel, please", "forget it", "olvídalo", "Da igual", "no importa"])
def test_never_mind(text: str) -> None:
    assert is_never_mind(text.replace(",", ""))


@pytest.mark.parametrize("text", ["cancel the listing of the lamp", "nevermind the bollocks LP", "no", ""])
def test_what_is_no_never_mind(text: str) -> None:
    assert not is_never_mind(text)
