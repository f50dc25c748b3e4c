"""Cards as Telegram text: nothing is invented, nothing disappears in silence, no limit is broken."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.surfaces.telegram_keys import keys_of
from bot.surfaces.telegram_text import CAPTION_LIMIT, TEXT_LIMIT, tell, units
from core.values.card import Button, Card, Line
from tests.bot.telegram_rules import plain_text


def lines(count: int, size: int = 10) -> tuple[Line, ...]:
    return tuple(Line(f"L{number}", "v" * size) for number in range(count))


def test_every_part_of_a_card() -> None:
    card = Card(
        "Nike <Air> & Co",
        "Draft of 42\nLook at it.",
        (Line("Brand", "Nike", "read on photo 1", "good"), Line("Size", "9.5", weak=True), Line(value="two channels"), Line(note="soon")),
        mood="warn",
    )
    told = tell(card, TEXT_LIMIT)
    assert told.html == (
        "⚠️ <b>Nike &lt;Air&gt; &amp; Co</b>\n\nDraft of 42\nLook at it.\n\n"
        "✅ <b>Brand: </b>Nike — <i>read on photo 1</i>\n<b>Size: </b>9.5 ❔\ntwo channels\n<i>soon</i>"
    )
    assert told.whole
    assert plain_text(told.html, TEXT_LIMIT, what="").startswith("⚠️ Nike <Air> & Co\n\nDraft of 42")


def test_the_mood_of_a_card_without_title_stands_before_its_text() -> None:
    assert tell(Card(text="Gone everywhere.", mood="good"), TEXT_LIMIT).html == "✅ Gone everywhere."


def test_length_is_counted_in_utf16_units() -> None:
    assert units("a") == 1
    assert units("é") == 1
    assert units("👟") == 2
    assert tell(Card(text="👟" * 2048), TEXT_LIMIT).whole
    assert not tell(Card(text="👟" * 2049), TEXT_LIMIT).whole


def test_markup_does_not_count() -> None:
    assert tell(Card(text="<" * TEXT_LIMIT), TEXT_LIMIT).whole


def test_a_long_card_says_how_many_lines_are_missing() -> None:
    card = Card("Items", lines=lines(500))
    told = tell(card, TEXT_LIMIT, more="https://haggle.example")
    shown = told.html.count("vvvvvvvvvv")
    rest = told.html.rpartition("… and ")[2]
    assert 200 < shown < 500
    assert int(rest.split(" ")[0]) >= 500 - shown - 1
    assert "more lines do not fit into a Telegram message. All of it: https://haggle.example" in rest
    assert told.size <= TEXT_LIMIT


def test_a_single_long_text_is_cut_at_a_word_and_says_so() -> None:
    told = tell(Card(text="word " * 2000), CAPTION_LIMIT)
    assert "word…\n<i>… the rest does not fit into a Telegram message.</i>" in told.html


def test_addresses_without_a_button_are_said_even_when_the_card_is_long() -> None:
    told = tell(Card(lines=lines(500)), TEXT_LIMIT, spoken=[("Open", "/items/42")])
    assert told.html.endswith("Open: /items/42")


def test_a_long_copy_text_is_the_value_itself_or_a_block_of_its_own() -> None:
    text = "Soft leather. " * 30
    beside = tell(Card(lines=(Line("Description", text),)), TEXT_LIMIT, copies=[("Copy description", text)])
    assert beside.html == f"<b>Description: </b><code>{text}</code>"
    alone = tell(Card("Kit"), TEXT_LIMIT, copies=[("Description", text)])
    assert alone.html == f"<b>Kit</b>\n<b>Description: </b><code>{text}</code>"


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=600)
cards = st.builds(
    Card,
    title=texts,
    text=st.text(st.sampled_from("ab <>&👟é\n "), max_size=6000),
    lines=st.lists(
        st.builds(
            Line, label=texts, value=texts, note=texts, mood=st.sampled_from(["", "good", "bad", "warn", "busy"]), weak=st.booleans()
        ),
        max_size=12,
    ).map(tuple),
    mood=st.sampled_from(["", "good", "busy"]),
)


@settings(deadline=None, max_examples=150)
@given(cards, st.sampled_from([TEXT_LIMIT, CAPTION_LIMIT]), st.lists(texts, max_size=3))
def test_whatever_the_card_telegram_takes_it(card: Card, limit: int, copies: list[str]) -> None:
    told = tell(card, limit, copies=[("Copy", text) for text in copies])
    plain = plain_text(told.html, limit, what="caption ")
    assert units(plain) <= told.size <= limit
    assert told.whole or "not fit into a Telegram message" in plain


def test_buttons_become_what_telegram_has_for_them() -> None:
    card = Card(
        buttons=(
            (Button("Publish", {"do": "publish"}, "primary", id="b" * 24), Button("Delete", {"do": "delete"}, "danger", id="c" * 24)),
            (Button("See it", url="https://shop.example/1"), Button("Open", url="/items/42"), Button("Title", copy="Nike Air")),
            (Button("All", copy="x" * 257),),
        )
    )
    keys = keys_of(card, "https://haggle.example/")
    assert keys.markup is not None
    assert keys.markup.to_dict()["inline_keyboard"] == [
        [
            {"text": "Publish", "callback_data": "b" * 24, "style": "primary"},
            {"text": "Delete", "callback_data": "c" * 24, "style": "danger"},
        ],
        [
            {"text": "See it", "url": "https://shop.example/1"},
            {"text": "Open", "url": "https://haggle.example/items/42"},
            {"text": "Title", "copy_text": {"text": "Nike Air"}},
        ],
    ]
    assert keys.copies == (("All", "x" * 257),)
    assert keys.spoken == ()


def test_what_telegram_would_not_open_is_said_in_words() -> None:
    card = Card(buttons=((Button("Open", url="/items/42"), Button("Agree", url="http://localhost:9000/consent")),))
    keys = keys_of(card, "")
    assert keys.markup is None
    assert keys.spoken == (("Open", "/items/42"), ("Agree", "http://localhost:9000/consent"))


def test_a_heading_stands_over_its_lines() -> None:
    told = tell(Card("Help", lines=(Line(value="Prices", mood="head"), Line("/price", "Change a price"))), TEXT_LIMIT)
    assert told.html == "<b>Help</b>\n\n<b>Prices</b>\n<b>/price: </b>Change a price"
