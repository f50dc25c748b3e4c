"""Cards as blocks: whatever a card holds, a message stays within Slack's limits and nothing of the card is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.surfaces.slack_blocks import Page, page_of
from bot.surfaces.slack_views import window
from core.flows.stories import MORE
from core.ports import Asked
from core.values.card import Button, Card, CardPhoto, Inbound, Line
from tests.bot.slack_rules import Refusal, check_blocks, check_view, texts

FILES = {f"{number:064x}": f"F{number:09d}" for number in range(30)}
MORE_ROW = (Button("9 more lines", {"do": MORE, "post": "1", "skip": 9}, id="more"),)


def said(page: Page) -> str:
    return "\n".join("".join(texts([block])) for block in page.blocks)


def pages(card: Card) -> list[Page]:
    """All of a card, as it is shown message after message."""
    found = [page_of(card)]
    while found[-1].left:
        found.append(page_of(replace(card, skip=found[-1].shown)))
        assert found[-1].shown > found[-2].shown
    return found


def check(page: Page) -> None:
    check_blocks(page.blocks, most=50, files=set(FILES.values()))


def test_what_a_card_looks_like() -> None:
    card = Card(
        "Item 42: *Lamp* <!channel>", "See https://shop.example/42.",
        (Line("eBay", "live at $80.00", "verified", "good"), Line("Brand", "Acme", "read on photo 1", weak=True)),
        buttons=((Button("Yes", id="b1", style="primary"), Button("No", id="b2", style="danger")),), mood="good",
    )  # fmt: skip
    page = page_of(card)
    check(page)
    header, body, actions = page.blocks
    assert header["text"] == {"type": "plain_text", "text": "✅ Item 42: *Lamp* <!channel>", "emoji": False}
    [section] = body["elements"]
    assert {"type": "link", "url": "https://shop.example/42"} in section["elements"]
    assert {"type": "text", "text": "verified", "style": {"italic": True}} in section["elements"]
    assert "✅ eBay: live at $80.00 — verified\nBrand: Acme ❔ — read on photo 1" in said(page)
    assert [one["value"] for one in actions["elements"]] == ["b1", "b2"]
    assert [one["style"] for one in actions["elements"]] == ["primary", "danger"]
    assert page.summary == "Item 42: *Lamp* &lt;!channel&gt;: See https://shop.example/42."


def test_a_long_card_goes_on_in_other_messages() -> None:
    card = Card("Sold", lines=tuple(Line(f"Item {number}", "x" * 90) for number in range(300)), buttons=((Button("Yes", id="b1"),),))
    found = pages(card)
    assert len(found) > 3
    assert found[0].shown + found[0].left == 300
    everything = "\n".join(said(one) for one in found)
    for number in range(300):
        assert f"Item {number}: " in everything
    for page in found:
        check(page)
    assert sum(said(page).count("Yes") for page in found) == 1


def test_where_a_page_ends_does_not_change_with_its_pictures_and_its_button() -> None:
    photos = tuple(CardPhoto(name, "a lamp") for name in list(FILES)[:12])
    for count in (200, 400):
        card = Card("Kit", lines=tuple(Line(f"Field {number}", copy, "n") for number, copy in enumerate(["y" * 40] * count)), photos=photos)
        card = card.with_buttons(*((Button(f"Copy {number}", copy=f"{number}" * 50),) for number in range(40)))
        first = page_of(card)
        shown = page_of(replace(card, buttons=(*card.buttons, MORE_ROW)), files=FILES)
        assert first.left
        assert (shown.shown, shown.left) == (first.shown, first.left)
        check(shown)
        assert shown.blocks[-1]["elements"][0]["value"] == "more"
        assert "1 photo could not be shown in Slack." in said(shown)


def test_texts_to_copy_stand_in_boxes() -> None:
    card = Card(lines=(Line("Title", "Acme lamp"), Line("Price", "80.00")), buttons=((Button("Copy title", copy="Acme lamp"),),))
    card = card.with_buttons(*card.buttons, (Button("Copy description", copy="d" * 7000),))
    page = page_of(card)
    boxes = [one for block in page.blocks for one in block.get("elements", []) if one["type"] == "rich_text_preformatted"]
    copied = ["".join(texts([box])) for box in boxes]
    assert copied[0] == "Acme lamp"
    assert "".join(copied[1:]) == "d" * 7000
    assert said(page).count("Acme lamp") == 1
    check(page)


def test_addresses_that_are_no_button_are_said() -> None:
    buttons = (
        (Button("Photos", url="/photos/1"), Button("Shop", url="https://shop.example/a"), Button("Here", url="http://localhost:8080/x")),
    )
    page = page_of(Card("Look", buttons=buttons), public_url="")
    assert "Photos: /photos/1" in said(page)
    assert "Here: http://localhost:8080/x" in said(page)
    [shop] = page.blocks[-1]["elements"]
    assert shop["url"] == "https://shop.example/a"
    assert "value" not in shop
    with_page = page_of(Card("Look", buttons=buttons), public_url="https://haggle.example")
    assert with_page.blocks[-1]["elements"][0]["url"] == "https://haggle.example/photos/1"


def test_a_label_that_is_too_long_is_said_in_full() -> None:
    label = "Publish on " + "eBay, " * 20
    page = page_of(Card("Look", buttons=((Button(label, id="b1"),),)))
    assert label in said(page)
    check(page)


def test_pictures_with_a_mark_are_told_apart() -> None:
    photos = tuple(CardPhoto(name, "a lamp", mark=f"photo {number}") for number, name in enumerate(list(FILES)[:12]))
    page = page_of(Card("Photos", photos=photos), files=FILES)
    assert [one["title"]["text"] for one in page.blocks if one["type"] == "image"] == [f"photo {number}" for number in range(12)]
    check(page)


_words = st.text(max_size=4000)
_lines = st.builds(Line, _words, _words, _words, st.sampled_from(["", "good", "bad", "warn", "busy"]), st.booleans())
_buttons = st.builds(Button, st.text(min_size=1, max_size=120), id=st.just("b")) | st.builds(
    Button, st.text(min_size=1, max_size=120), copy=st.text(min_size=1, max_size=9000)
)
_cards = st.builds(
    Card, _words, _words, st.lists(_lines, max_size=30).map(tuple),
    buttons=st.lists(st.lists(_buttons, min_size=1, max_size=30).map(tuple), max_size=20).map(tuple),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(_cards)
def test_any_card_stays_within_the_limits_and_loses_nothing(card: Card) -> None:
    found = pages(card)
    for page in found:
        check(page)
    everything = "".join(said(one) for one in found).replace("\n", "")
    for line in card.lines:
        for part in (line.label, line.value, line.note):
            assert part.replace("\n", "")[:60] in everything or part in (line.value,)


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=5000), st.text(max_size=5000))
def test_any_question_fits_into_a_window(question: str, now: str) -> None:
    inbound = Inbound("slack", "C1", "U1", "p:1", press="a" * 32, message="1.2", thread="1.1")
    check_view(window(Asked("Your answer", question, now, "Send", "Cancel"), inbound), ())


def test_the_server_refuses_what_slack_refuses() -> None:
    """The referee itself: it would be worth nothing if it let everything through."""
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    image = {"type": "image", "slack_file": {"id": "F0000NONE"}, "alt_text": "x"}
    twice = {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}] * 2}
    long = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x" * 3001}]}]}
    empty = {"type": "actions", "elements": []}
    for wrong in (header, image, twice, long, empty, {"type": "nonsense"}, {"type": "divider", "nonsense": 1}):
        with pytest.raises(Refusal):
            check_blocks([wrong], most=50, files=())
    with pytest.raises(Refusal):
        check_blocks([{"type": "divider"}] * 51, most=50, files=())
