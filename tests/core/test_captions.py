"""What sellers write beside photos: what is read of it, and that no word of it is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules.captions import read_caption


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("", {}),
        ("/help", {}),
        ("Levi's 501", {"title": "Levi's 501"}),
        (
            "Nike dunks sz 10, paid 20, want 80 min 60",
            {"title": "Nike dunks sz 10", "size": "10", "cost": "2000", "price": "8000", "floor": "6000"},
        ),
        ("brass lamp, good condition, asking $45.50", {"title": "brass lamp", "condition": "good", "price": "4550"}),
        ("good, want 50", {"condition": "good", "price": "5000"}),
        ("works great, from a smoke free home, brass lamp", {"title": "brass lamp", "notes": "works great, from a smoke free home"}),
        ("Nike dunks\nsize US 10.5\nlike new\n$30", {"title": "Nike dunks", "size": "US 10.5", "condition": "like_new", "price": "3000"}),
        ("Dr. Martens boots. used. 45 firm", {"title": "Dr. Martens boots", "condition": "good", "price": "4500"}),
        (
            "NIB lego set 75192 qty: 2, paid 500 want 800 lowest 700",
            {"title": "lego set 75192", "quantity": "2", "condition": "new", "cost": "50000", "price": "80000", "floor": "70000"},
        ),
        ("wilson racket - used - 30 obo", {"title": "wilson racket", "condition": "good", "price": "3000"}),
        (
            "Lámpara de latón Acme, pagué 20, quiero 80, mínimo 60",
            {"title": "Lámpara de latón Acme", "cost": "2000", "price": "8000", "floor": "6000"},
        ),
        ("Botas, quiero 80 a 90", {"title": "Botas, quiero 80 a 90"}),
        ("thanks!", {"notes": "thanks"}),
        ("45", {"notes": "45"}),
    ],
)
def test_captions(text: str, hints: dict[str, str]) -> None:
    assert read_caption(text, "USD") == hints


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("good", "good"), ("Very good!", "good"), ("like new", "like_new"), ("used", "good"), ("nwt", "new"), ("NWOT", "like_new"),
        ("for parts", "for_parts"), ("vguc", "good"), ("condition: fair", "fair"), ("new", "new"), ("brand new", "new"), ("broken",
        "for_parts"),
        ("mint", "like_new"), ("NWT dress", "new"), ("used New Balance 574", "good"), ("New Balance 574 used", "good"), ("lamp, new",
        "new"),
        ("lamp in excellent condition", "good"), ("used, like new", "like_new"), ("NWT, excellent condition", "new"), ("never worn",
        "like_new"),
        ("iPhone 6, not working", "for_parts"),
    ],
)  # fmt: skip
def test_conditions(text: str, condition: str) -> None:
    hints = read_caption(text, "USD")
    assert hints.pop("condition") == condition
    assert not {"notes", "price", "floor", "cost"} & set(hints)
    assert not re.search(r"(?i)\b(?:used|nwt|condition|worn)\b", hints.get("title", ""))


@pytest.mark.parametrize(
    "text", ["Mint green dress", "New Balance 574", "Good Housekeeping 1960", "Broken Bells LP", "Used Cars DVD set", "new and used parts"]
)
def test_everyday_words_in_a_name_are_no_condition(text: str) -> None:
    hints = read_caption(text, "USD")
    assert hints.get("condition", "good") == "good"
    assert hints["title"] in (text, text.removeprefix("Used "))


def test_conditions_that_contradict_each_other_are_not_read() -> None:
    assert read_caption("lamp, nwt, not working", "USD") == {"title": "lamp, nwt", "notes": "not working"}


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("$80 obo", {"price": "8000"}), ("80 obo", {"price": "8000"}), ("80 firm", {"price": "8000"}), ("$80", {"price": "8000"}),
        ("asking 45", {"price": "4500"}), ("ask: $45", {"price": "4500"}), ("want 45 dollars", {"price": "4500"}),
        ("for $45", {"price": "4500"}),
        ("price is 45", {"price": "4500"}), ("selling for 45 usd", {"price": "4500"}), ("want 1,200.50", {"price": "120050"}),
        ("45 or best offer", {"price": "4500"}), ("$5 each", {"price": "500"}), ("want 80 firm", {"price": "8000"}),
        ("floor 60", {"floor": "6000"}), ("min $60", {"floor": "6000"}), ("at least 60", {"floor": "6000"}),
        ("60 minimum", {"floor": "6000"}),
        ("cost 12.50", {"cost": "1250"}), ("paid $12.50", {"cost": "1250"}), ("cost me 12", {"cost": "1200"}),
        ("bought for 12", {"cost": "1200"}),
        ("80 firm,floor 60,paid 20", {"price": "8000", "floor": "6000", "cost": "2000"}),
        ("paid $20 asking $80", {"cost": "2000", "price": "8000"}), ("retail $200, want 90", {"price": "9000"}),
    ],
)  # fmt: skip
def test_amounts(text: str, amounts: dict[str, str]) -> None:
    for name in ("", "brass lamp "):
        hints = read_caption(name + text, "USD")
        assert {field: hints[field] for field in ("price", "floor", "cost") if field in hints} == amounts
        assert hints.get("title", "").startswith(name.strip())


@pytest.mark.parametrize(
    "text",
    [
        "sleeping bag for 2", "tent for 4 people", "90 min VHS", "want 2.5k", "want 45 EUR", "want 45 euros", "retail $200",
        "paid 20 years ago",
        "want 80 to 90", "want 80-90", "for 12,34,5", "lamp from 1980", "floor lamp", "at least 2 scratches", "shipping cost 12",
        "was $200",
        "$5 or $6", "costs", "min", "want 99999999999999999999",
    ],
)  # fmt: skip
def test_what_is_no_amount_stays_among_the_words(text: str) -> None:
    hints = read_caption(text, "USD")
    assert not {"price", "floor", "cost"} & set(hints)
    assert hints.get("title", hints.get("notes")) == text


def test_an_amount_in_the_businesss_own_currency() -> None:
    assert read_caption("want 45 €", "EUR") == {"price": "4500"}
    assert read_caption("want 4500 JPY", "JPY") == {"price": "4500"}
    assert "price" not in read_caption("want $45", "EUR")


@pytest.mark.parametrize(
    ("text", "quantity", "title"),
    [
        ("2x", "2", ""), ("x2", "2", ""), ("qty 3", "3", ""), ("Qty: 12", "12", ""), ("quantity 3", "3", ""), ("2x Nike shirts", "2",
        "Nike shirts"),
        ("mugs x2 $5 each", "2", "mugs"), ("mugs x 3, blue", "3", "mugs, blue"), ("mugs, qty 4", "4", "mugs"),
        ("10x zoom camera", "", "10x zoom camera"), ("Torrid dress 2X", "", "Torrid dress 2X"), ("10x42 binoculars", "",
        "10x42 binoculars"),
        ("2x4 lumber", "", "2x4 lumber"), ("qty 0 mugs", "", "qty 0 mugs"), ("GTX2 board", "", "GTX2 board"),
    ],
)  # fmt: skip
def test_quantities(text: str, quantity: str, title: str) -> None:
    hints = read_caption(text, "USD")
    assert (hints.get("quantity", ""), hints.get("title", "")) == (quantity, title)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("sz 10", "10"), ("size M", "M"), ("Size: us 10.5", "US 10.5"), ("jeans size 32x34", "32X34"), ("size 6 w/ tags", "6"),
        ("sz xl", "XL"),
        ("one size", ""), ("size matters", ""), ("size 4T", "4T"), ("king size bed", ""), ("full size 2000 truck", ""),
    ],
)  # fmt: skip
def test_sizes(text: str, size: str) -> None:
    assert read_caption(text, "USD").get("size", "") == size


WORDS = st.text("zqjvk", min_size=3, max_size=8)
KNOWN = st.sampled_from(["want 80", "paid 20", "floor 60", "good", "nwt", "like new", "qty 3", "x2", "sz 10", "$45", "80 firm", "used"])
BETWEEN = st.sampled_from([", ", " ", "\n", ". ", "; ", " - ", " / ", ",", " | ", "  "])


@given(st.lists(st.tuples(WORDS | KNOWN, BETWEEN), max_size=10))
def test_unknown_words_are_kept(pieces: list[tuple[str, str]]) -> None:
    text = "".join(word + between for word, between in pieces)
    hints = read_caption(text, "USD")
    unknown = [word for word, _ in pieces if re.fullmatch("[zqjvk]+", word)]
    kept = f"{hints.get('title', '')} {hints.get('notes', '')}"
    assert sorted(re.findall(r"\b[zqjvk]{3,}\b", kept)) == sorted(unknown)


# Every word that may be taken out because it was understood.
UNDERSTOOD = re.compile(
    r"[\W\d_]*|.*\d.*|us|ca|au|c|a|usd|eur|gbp|cad|aud|jpy|dollars?|bucks|euros?|each|ea|paid|costs?|bought|got|it|for|at|min(imum)?|floor|lowest|"
    r"bottom|least|not?|less|lower|than|below|wants?|wanted|ask(ing)?|priced?|sell(ing)?|list(ed|ing)?|is|me|about|around|obo|ono|or|best|offer|firm|"
    r"size|sz|qty|quantity|x|x{0,4}[sl]|m|uk|eu|t|w|small|medium|large|one|os|very|really|super|pretty|overall|still|in|condition|cond|shape|"
    r"brand|new|with|tags?|box|package|[bn]*w?o?t|bnib|nib|nip|factory|sealed|without|never|used|worn|opened|unworn|parts|only|repair|working|"
    r"doesn.?t|does|work|refurb(ished)?|like|mint|v?guc|euc|good|great|excellent|nice|fair|ok|okay|poor|rough|bad|gently|lightly|barely|hardly|"
    r"pre-?owned|broken|s",
    re.I | re.S,
)
PIECES = (
    "want", "paid", "floor", "80", "$45", "1,200", "good", "nwt", "used", "like", "new", "x2", "2x", "qty", "3", "sz", "10", "M", "lamp",
    ",", ".", "-", "\n", "for", "at", "least", "in", "box", "12.50", "obo", "$", "retail", "or", "iPhone", "6",
)  # fmt: skip
TYPED = st.text(max_size=80) | st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map(" ".join)


@given(TYPED)
@example("want 80 want 90, good good, 2x 2x x2, sz 10 sz 11")
@example("\0want\0 80")
def test_any_caption_is_read_without_harm_and_without_losing_a_word(text: str) -> None:
    hints = read_caption(text, "USD")
    assert set(hints) <= {"price", "floor", "cost", "quantity", "size", "condition", "title", "notes"}
    assert all(hints.values())
    assert all(hints[name].isdigit() for name in ("price", "floor", "cost", "quantity") if name in hints)
    if text.strip().startswith("/"):
        return
    left = re.findall(r"[\w'’]+", f"{hints.get('title', '')} {hints.get('notes', '')}")
    for word in re.findall(r"[\w'’]+", text):
        if word in left:
            left.remove(word)
        else:
            assert UNDERSTOOD.fullmatch(word), word
