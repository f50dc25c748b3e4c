"""What was typed after a command, word by word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.arguments import Typed
from bot.chat.finding import whole

SPACE = st.sampled_from([" ", "  ", "\n", "\t", " \n "])
WORD = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'“”‘’"), min_size=1, max_size=8)
QUOTED = st.tuples(st.sampled_from(['""', "''", "“”"]), st.lists(WORD, min_size=1, max_size=3)).map(
    lambda made: (f"{made[0][0]}{' '.join(made[1])}{made[0][1]}", " ".join(made[1]))
)


@given(st.lists(st.tuples(WORD.map(lambda word: (word, word)) | QUOTED, SPACE), min_size=1, max_size=4), st.text(max_size=40))
def test_the_rest_is_exactly_what_follows_the_words_that_were_taken(words: list[tuple[tuple[str, str], str]], rest: str) -> None:
    typed = Typed("".join(raw + space for (raw, _plain), space in words) + rest)
    for (_raw, plain), _space in words:
        assert typed.word == plain
        typed.take()
    assert typed.rest == rest.strip()
    assert bool(typed) == bool(rest.strip())


@given(st.text(max_size=60))
def test_anything_is_read_to_its_end(text: str) -> None:
    typed = Typed(text)
    taken = 0
    while typed:
        before = typed.rest
        typed.take()
        assert before.endswith(typed.rest)
        assert len(typed.rest) < len(before)
        taken += 1
    assert taken <= len(text.split())
    assert typed.word == ""


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("'Item Type' Lamp", "Item Type", "Lamp"),
        ("“Item Type” Lamp", "Item Type", "Lamp"),
        ("Levi's 501 men's", "Levi's", "501 men's"),
        ("'90s tee", "'90s", "tee"),
        ('12" lamp', '12"', "lamp"),
        ('title "Nike" Dunk', "title", '"Nike" Dunk'),
        ("description one\n\ntwo  two", "description", "one\n\ntwo  two"),
    ],
)
def test_quotes_keep_words_together_and_a_lonely_one_is_a_sign(text: str, word: str, rest: str) -> None:
    typed = Typed(text)
    assert typed.word == word
    typed.take()
    assert typed.rest == rest


def test_whole_numbers() -> None:
    assert [whole(text) for text in ("3", " 12 ", "0")] == [3, 12, 0]
    assert [whole(text) for text in ("", "-1", "1.5", "²", "9" * 10, "9" * 5000, "two")] == [None] * 7
