"""What print means: sizes, materials, labels, brands, titles. No photo needed: lines are laid out here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.drafts import SURE
from core.values.draft import Draft
from integrations.ai import brands, drafting, materials, sizes, titles
from integrations.ai.findings import TextLine, in_reading_order


def line(text: str, row: int = 0, column: int = 0, *, photo: int = 0, height: int = 40, confidence: float = 1.0) -> TextLine:
    """A line of print, `row` times 80 pixels down and `column` times 400 across."""
    left, top, width = 100.0 + 400 * column, 100.0 + 80 * row, 20.0 * len(text)
    corners = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return TextLine(text, confidence, photo, (left / 2048, top / 1536, (left + width) / 2048, (top + height) / 1536), corners)


def draft(*texts: str) -> Draft:
    return drafting.draft_of([], [line(text, row) for row, text in enumerate(texts)], {}, "offline")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("SIZE M", "M"), ("Size: 32", "32"), ("SIZE 10.5", "10.5"), ("SIZE 4T", "4T"), ("Size XL/XXL", "XL/XXL"), ("TAILLE L", "L"),
        ("SIZE: W32 L34", "W32 L34"), ("W 32 L 34", "W32 L34"), ("32x34", "W32 L34"), ("US 10 UK 9 EU 44", "US 10 / UK 9 / EU 44"),
        ("USA 10,5", "US 10.5"), ("EUR 42 CM 27", "EU 42 / CM 27"), ("UK 12", "UK 12"),
        ("XL", "XL"), ("Medium", "M"), ("one size", "ONE SIZE"),
        ("SIZE 34B", "34B"), ("Size 6-9 months", "6-9 MONTHS"), ("10 US", "US 10"),
    ],
)  # fmt: skip
def test_sizes(text: str, size: str) -> None:
    assert draft(text).get("size") == size


@pytest.mark.parametrize(
    "text",
    [
        "SIZE MATTERS",
        "US PATENT 10,234,567",
        "CM 28",
        "100 ML",
        "MADE IN US 2010",
        "SIZE",
        "Oversize",
        "EU 2016/425",
        "A4",
        "ISO 9001",
        "US 10% OFF",
    ],
)
def test_what_is_no_size(text: str) -> None:
    assert "size" not in draft(text).fields


@pytest.mark.parametrize(
    ("text", "material"),
    [
        ("100%COTTON", "100% Cotton"), ("80% Baumwolle 20% Polyester", "80% Cotton, 20% Polyester"), ("Genuine Leather", "Leather"),
        ("100% COTTON / 100% COTON / 100% ALGODON", "100% Cotton"),
        ("60% COTTON 40% POLYESTER LINING 100% NYLON", "60% Cotton, 40% Polyester"),
    ],
)  # fmt: skip
def test_materials(text: str, material: str) -> None:
    assert draft(text).get("material") == material
    assert materials.find("100% SATISFACTION") is None
    assert materials.find("LEATHER CARE TIPS") is None


@pytest.mark.parametrize(
    ("text", "field", "value", "sure"),
    [
        ("WHITE / BLACK", "colour", "White/Black", True), ("BLACK", "colour", "Black", True), ("Black/Noir/Negro", "colour", "Black", True),
        ("CORE BLACK / CLOUD WHITE / GREY", "colour", "Core Black/Cloud White/Grey", True), ("Off-White", "colour", "Off White", True),
        ("NAVY BLUE", "colour", "Navy Blue", True), ("SCHWARZ", "colour", "Black", True), ("red and blue", "colour", "Red/Blue", True),
        ("WEIß", "colour", "White", True), ("MINT", "colour", "Mint", False), ("ORANGE", "colour", "Orange", False),
        ("iPhone 12 64GB Black", "colour", "Black", False), ("MENS T-SHIRT GREEN", "colour", "Green", False),
        ("100% COTTON", "material", "100% Cotton", True), ("GENUINE LEATHER", "material", "Leather", True),
        ("COTTON", "material", "Cotton", True), ("LEATHER UPPER", "material", "Leather", True),
        ("ALL LEATHER", "material", "Leather", True),
        ("Leather upper / Rubber sole", "material", "Leather, Rubber", True), ("MERINO WOOL", "material", "Merino Wool", True),
        ("Merino Wool Sweater", "material", "Merino Wool", False), ("RUBBER", "material", "Rubber", False),
    ],
)  # fmt: skip
def test_colours_and_materials_without_a_label(text: str, field: str, value: str, sure: bool) -> None:
    found = draft(text).fields[field]
    assert found.value == value
    assert (found.confidence >= SURE) is sure
    assert found.evidence[0].text == text


@pytest.mark.parametrize(
    "text",
    [
        "BLACK & DECKER", "RED WING SHOES", "Old Navy", "Gold Standard Whey", "Fresh orange juice", "paint it red and blue today",
        "Do not bleach white clothes", "colour may vary, red or blue", "Warranty of the black product is void when opened", "Blackout",
        "LEATHER CARE", "made in red china", "Feather light",
    ],
)  # fmt: skip
def test_what_names_no_colour_and_no_material(text: str) -> None:
    assert not {"colour", "material"} & set(draft(text).fields)


def test_a_colour_within_a_products_name_leaves_it_the_title() -> None:
    found = draft("SONY", "WIRELESS HEADPHONES BLACK")
    assert (found.get("title"), found.get("colour")) == ("Sony Wireless Headphones Black", "Black")
    assert draft("SONY", "WIRELESS HEADPHONES", "WHITE / BLACK").get("title") == "Sony Wireless Headphones"


def test_two_colours_of_one_rank_are_unsure() -> None:
    assert draft("BLACK", "WHITE").fields["colour"].confidence < SURE
    assert draft("BLACK", "COLOR: WHITE").get("colour") == "White"


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("MODEL: WH-1000XM4", "model", "WH-1000XM4"), ("Model No. HD9650/90", "model", "HD9650/90"),
        ("MODEL NO:KSM150PSER", "model", "KSM150PSER"),
        ("Model: Pegasus Trail", "model", "Pegasus Trail"), ("P/N: DCD771C2", "mpn", "DCD771C2"), ("PN 00HM888", "mpn", "00HM888"),
        ("Part Number: 661-5571", "mpn", "661-5571"), ("ART. FY2903", "mpn", "FY2903"), ("STYLE# 512343-021", "mpn", "512343-021"),
        ("CW7356-002", "mpn", "CW7356-002"), ("Brand: Acme Tools", "brand", "Acme Tools"), ("COLOR: BLACK/WHITE", "colour", "Black/White"),
        ("ISBN 978-0-306-40615-7", "isbn", "9780306406157"), ("ISBN 0-306-40615-2", "isbn", "9780306406157"),
        ("UPC: 0 36000 29145 2", "upc", "036000291452"),
        ("Model: X100 S/N: 99887766", "model", "X100"), ("Ｍodel：Ｘ１００", "model", "X100"),
    ],
)  # fmt: skip
def test_values_behind_labels(text: str, field: str, value: str) -> None:
    found = draft(text).fields[field]
    assert found.value == value
    assert found.confidence >= 0.7
    assert found.evidence[0].text == text


@pytest.mark.parametrize(
    "text",
    [
        "S/N: 1234567A",
        "STYLE IS ETERNAL",
        "Model's own",
        "RN 12345",
        "PATENT PENDING",
        "colour may vary",
        "ISBN 978-0-306-40615-8",
        "Part of the series",
    ],
)
def test_nothing_is_concluded_from(text: str) -> None:
    assert not {"model", "mpn", "colour", "isbn", "brand"} & set(draft(text).fields)


def test_a_label_alone_looks_right_and_then_below() -> None:
    right = [line("MODEL", 0), line("AB-1200", 0, 1), line("XY-9", 1)]
    assert drafting.draft_of([], right, {}, "offline").get("model") == "AB-1200"
    below = [line("SIZE", 0), line("38", 1), line("COLOR", 5)]
    assert drafting.draft_of([], below, {}, "offline").get("size") == "38"


def test_brands() -> None:
    assert brands.known("levi's") == "Levi's"
    assert draft("LEVI STRAUSS & CO.").get("brand") == "Levi's"
    assert draft("www.sony.com").get("brand") == "Sony"
    assert draft("THE", "NORTH", "FACE").get("brand") == "The North Face"
    assert draft("COACH").get("brand") == "Coach"
    assert draft("Columbia® Sportswear").get("brand") == "Columbia"
    assert "brand" not in draft("Coach class ticket to Columbia").fields
    assert "brand" not in draft("Mind the gap").fields


def test_two_brands_of_one_rank_are_both_shown_and_unsure() -> None:
    found = draft("NIKE", "ADIDAS").fields["brand"]
    assert found.confidence < 0.5
    assert {one.text for one in found.evidence} == {"NIKE", "ADIDAS"}


def test_title_of_what_was_read() -> None:
    found = draft("SONY", "WIRELESS NOISE CANCELING HEADPHONES", "MODEL: WH-1000XM4", "Made in Malaysia")
    assert found.get("title") == "Sony Wireless Noise Canceling Headphones WH-1000XM4"
    assert draft("NIKE", "SIZE M").get("title") == "Nike Size M"
    assert "title" not in draft("Made in China", "MACHINE WASH COLD", "xkqz", "SIZE M").fields
    assert found.fields["condition"].value == "unknown"
    assert found.fields["condition"].confidence == 0


def test_the_seller_wins() -> None:
    found = drafting.draft_of([], [line("NIKE")], {"brand": "Adidas", "nonsense": "x", "size": " "}, "offline")
    assert (found.get("brand"), found.fields["brand"].confidence) == ("Adidas", 1.0)
    assert found.get("title") == "Adidas"
    assert not {"nonsense", "size"} & set(found.fields)


def test_reading_order_of_an_upside_down_photo() -> None:
    def turned(one: TextLine) -> TextLine:
        corners = tuple((2048 - x, 1536 - y) for x, y in one.corners)
        return TextLine(one.text, 1.0, 0, one.region, corners)  # type: ignore[arg-type]

    lines = [line("first line", 0), line("second", 1), line("right", 1, 1), line("last", 2)]
    assert [one.text for one in in_reading_order([turned(one) for one in reversed(lines)])] == [one.text for one in lines]


words = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(words, max_size=8))
def test_any_print_gives_a_draft_within_limits(texts: list[str]) -> None:
    found = draft(*texts)
    assert len(found.get("title")) <= titles.LIMIT
    for field in found.fields.values():
        assert 0 <= field.confidence <= 1
    assert Draft.of_json(found.to_json()) == found


@given(words)
def test_any_text_is_a_size_or_not(text: str) -> None:
    assert isinstance(sizes.stated(text), str)
