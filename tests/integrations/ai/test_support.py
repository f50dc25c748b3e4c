"""What a model claims against what was read and said. No photo needed: lines are laid out here."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unreachable
from core.values.draft import Evidence, EvidenceKind, Field
from integrations.ai import answers, drafting, mentions, support
from integrations.ai.findings import Barcode, Findings
from tests.integrations.ai.test_reading import line


def read(*texts: str, barcodes: tuple[str, ...] = ()) -> Findings:
    lines = tuple(line(text, row) for row, text in enumerate(texts))
    bars = tuple(Barcode("Code128", text, 0, (0, 0, 1, 1)) for text in barcodes)
    return Findings(bars, lines, (), drafting.draft_of(bars, lines, {}, "offline"))


def claim(name: str, value: str) -> tuple[str, Field]:
    return name, Field(value, 0.95, (Evidence(EvidenceKind.MODEL, "I see it", 0),))


SHOE = ("NIKE", "Air Zoom Pegasus 38", "Style: CW7356-002", "US 10 UK 9 EU 44", "100% COTTON")


@pytest.mark.parametrize(
    "title",
    [
        "Nike Air Zoom Pegasus 38 Running Shoes Size 10",
        "Black running shoes, set of 2, with laces",
        "Nike CW7356 002 US 10",
        "T-Shirt 100% Cotton",
        "NIKE AIR ZOOM PEGASUS 38",
        "USB Charger for TV",
    ],
)
def test_a_title_that_says_what_was_read_keeps_its_confidence(title: str) -> None:
    fields, sentences = support.reconcile([claim("title", title)], read(*SHOE), {})
    assert (fields["title"].confidence, sentences) == (0.95, [])


@pytest.mark.parametrize(
    ("title", "unshown"),
    [
        ("Gucci Loafers", ["Gucci"]),
        ("Vintage Coach Bag", ["Coach"]),
        ("Dolce & Gabbana Dress", ["Dolce & Gabbana"]),
        ("Nike Air Zoom Pegasus 39", ["39"]),
        ("Nike Shoes Size M", ["M"]),
        ("Nike Shoes XL", ["XL"]),
        ("Nike Shoes Size 11", ["11"]),
        ("iPhone 6 Case", ["iPhone", "6"]),
        ("Zorbax PX-90 Amplifier", ["PX-90"]),
        ("Running Shoes by ACME", ["ACME"]),
        ("50% Cotton Shirt", ["50%"]),
    ],
)
def test_a_title_that_says_more_is_low_and_says_why(title: str, unshown: list[str]) -> None:
    fields, sentences = support.reconcile([claim("title", title)], read(*SHOE), {})
    assert fields["title"].confidence == support.LOW
    listed = ", ".join(f"“{one}”" for one in unshown)
    assert fields["title"].evidence[0].text == f"no photo shows {listed}"
    assert sentences == [f"The title says {listed}, which no photo shows: please check."]


def test_everyday_words_in_a_sentence_are_no_brands() -> None:
    fields, _ = support.reconcile([claim("description", "A coach bag with a gap and vans on it")], read(), {})
    assert fields["description"].confidence == 0.95


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("brand", "Gucci", "gucci bag from my aunt"), ("brand", "Levi's", "levis 501"), ("size", "M", "M"), ("mpn", "GG-443497", "gg 443497")],
)
def test_what_the_seller_said_is_support(name: str, value: str, said: str) -> None:
    fields, _ = support.reconcile([claim(name, value), claim("title", f"Thing {value}")], read(), {"title": said})
    assert fields[name].confidence == fields["title"].confidence == 0.95
    assert fields[name].evidence[-1] == Evidence(EvidenceKind.SELLER, said)


def test_a_barcode_is_support() -> None:
    fields, _ = support.reconcile([claim("mpn", "AB-1234"), claim("title", "Pump AB-1234")], read(barcodes=("P AB1234 X",)), {})
    assert fields["mpn"].confidence == fields["title"].confidence == 0.95


def test_of_two_claims_of_one_field_the_supported_one_counts() -> None:
    both = [claim("brand", "Gucci"), claim("brand", "Nike")]
    for claims in (both, both[::-1]):
        assert support.reconcile(claims, read(*SHOE), {})[0]["brand"].text == "Nike"
    assert support.reconcile(both, read(), {})[0]["brand"] == Field("Gucci", support.LOW, claim("", "")[1].evidence)


@pytest.mark.parametrize(
    ("aspect", "field"),
    [
        ("Brand", "brand"), ("BRAND", "brand"), ("Model", "model"), ("mpn", "mpn"), ("Manufacturer Part Number", "mpn"), ("Size", "size"),
        ("Color", "colour"), ("Colour", "colour"), ("Material", "material"), ("Sleeve Length", "aspect:Sleeve Length"),
    ],
)  # fmt: skip
def test_an_aspect_that_is_a_field_of_ours_is_that_field(aspect: str, field: str) -> None:
    one = {"name": aspect, "value": "Long", "confidence": 0.5, "seen": "", "photo": None}
    claims, refused = answers.parse(json.dumps({"fields": [], "aspects": [one]}), 1)
    assert ([name for name, _ in claims], refused) == ([field], [])


@pytest.mark.parametrize(("number", "field"), [("0 36000 29145 2", "upc"), ("4006381333931", "ean"), ("9780306406157", "isbn")])
def test_a_number_says_itself_what_it_is(number: str, field: str) -> None:
    one = {"name": "EAN", "value": number, "confidence": 0.5, "seen": "", "photo": None}
    claims, _ = answers.parse(json.dumps({"fields": [], "aspects": [one, {**one, "name": "GTIN"}]}), 1)
    assert [name for name, _ in claims] == [field, field]


@pytest.mark.parametrize("name", ["US Shoe Size", "Compatible Brand", "Compatible Model", "OEM Part Number", "Neck Size"])
def test_an_aspect_that_claims_such_a_thing_under_another_name_is_checked(name: str) -> None:
    fields, _ = support.reconcile([claim(f"aspect:{name}", "X9"), claim("aspect:Size Type", "Regular")], read(*SHOE), {})
    assert fields[f"aspect:{name}"].confidence == support.LOW
    assert fields["aspect:Size Type"].confidence == 0.95


def test_names_of_aspects_that_differ_in_capitals_are_one() -> None:
    fields, _ = support.reconcile([claim("aspect:Sleeve Length", "Short"), claim("aspect:sleeve length", "Long")], read(), {})
    assert [(name, one.text) for name, one in fields.items() if name.startswith("aspect:")] == [("aspect:Sleeve Length", "Short")]


texts = st.text(st.characters(codec="utf-8"), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=4
)
claims_of_any_kind = st.dictionaries(st.sampled_from(["name", "value", "confidence", "seen", "photo", "x"]), values, max_size=6)
names = st.sampled_from([*answers.LENGTHS, "Brand", "Price", "Size", "x"])
sane_claims = st.fixed_dictionaries(
    {"name": names, "value": texts, "confidence": st.floats(0, 1), "seen": texts, "photo": st.none() | st.integers()}
)


@given(st.lists(sane_claims | claims_of_any_kind, max_size=5), st.lists(sane_claims | claims_of_any_kind, max_size=5), texts)
def test_any_answer_gives_claims_within_the_rules_or_none(fields: object, aspects: object, around: str) -> None:
    with contextlib.suppress(Unreachable):
        claims, _ = answers.parse(around + json.dumps({"fields": fields, "aspects": aspects}) + around, 3)
        for name, one in claims:
            assert name in answers.LENGTHS or name.startswith("aspect:")
            assert 0 <= one.confidence <= 1
            assert one.evidence[0].photo in (None, 0, 1, 2)
        merged, _ = support.reconcile(claims, read(*SHOE), {})
        assert all(one.confidence <= 1 for one in merged.values())


@given(st.text(max_size=200))
def test_any_text_is_an_answer_or_none(text: str) -> None:
    with contextlib.suppress(Unreachable):
        answers.parse(text, 1)


@given(st.text(max_size=100), st.booleans())
def test_what_a_text_names_stands_in_it(text: str, title: bool) -> None:
    for mention in mentions.of(text, title=title):
        assert all(part in text for part in mention.text.split())
