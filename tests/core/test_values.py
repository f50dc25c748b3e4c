"""What people write is kept as they wrote it, without what nobody writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.values.card import Inbound, clean_text

ANYTHING = st.text(st.characters())  # halves of characters too


@given(ANYTHING)
def test_clean_text_can_be_kept_anywhere_and_stays_as_it_is(text: str) -> None:
    clean = clean_text(text)
    assert clean.encode().decode() == clean
    assert "\0" not in clean
    assert clean_text(clean) == clean


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_nothing_that_people_write_is_lost(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("a\0b\x1b[31m", "ab[31m"), ("one\r\ntwo\rthree\n\tfour", "one\ntwo\nthree\n\tfour"), ("👩‍🦰 größe\ud83d", "👩‍🦰 größe")],
)
def test_examples(typed: str, kept: str) -> None:
    assert clean_text(typed) == kept


def test_whatever_arrives_on_a_surface_is_clean() -> None:
    dirty = Inbound("web", "chat\0", "person", "event\0", name="Sam\0", text="/items\0", press="\x07id", order=3)
    assert (dirty.chat, dirty.event_id, dirty.name, dirty.text, dirty.press, dirty.order) == ("chat", "event", "Sam", "/items", "id", 3)
    assert Inbound.of_json({**dirty.to_json(), "text": "\0old row"}).text == "old row"
