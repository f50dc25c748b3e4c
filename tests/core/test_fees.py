"""Fee tables: every row is whole, and worked examples come out to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import fees
from core.rules.fees import BASES, TABLES, Part

SHOES = "Clothing, Shoes & Accessories > Men > Men's Shoes > Athletic Shoes"
WATCH = "Jewelry & Watches > Watches, Parts & Accessories > Watches > Wristwatches"


@pytest.mark.parametrize("channel", TABLES)
def test_every_table_is_whole_and_says_where_it_is_from(channel: str) -> None:
    table = TABLES[channel]
    assert table.about
    assert table.source.startswith("https://")
    assert table.read.year >= 2026
    assert len(table.currency) == 3
    assert table.label in ("seller", "buyer")
    for charge in table.charges:
        assert charge.per in ("unit", "order")
        assert set(charge.of) <= set(BASES)
        for scale in (charge.scale, *charge.groups.values()):
            ends = [step.upto for step in scale.steps]
            assert ends[-1] is None, "every amount has a step"
            assert ends[:-1] == sorted(set(ends[:-1]), key=lambda end: end or 0)
            assert all(step.fixed >= 0 and 0 <= step.percent < 30 for step in scale.steps)


@pytest.mark.parametrize(
    ("channel", "category", "price", "shipping", "tax", "fee"),
    [
        ("ebay", "", 20000, 1050, 0, 2903),  # eBay's own example
        ("ebay", "Home & Garden > Lamps", 8000, 0, 0, 1128),
        ("ebay", "", 1000, 0, 0, 166),  # 13.6 % and 30 cents
        ("ebay", "", 1001, 0, 0, 176),
        ("ebay", "", 1_000_000, 0, 0, 102_000 + 5_875 + 40),  # 2.35 % of what is above $7,500
        ("ebay", "Books & Magazines > Books", 2000, 500, 200, 453),
        ("ebay", "Music > CDs", 1000, 0, 0, 183),
        ("ebay", "Music > Vinyl Records", 1000, 0, 0, 166),
        ("ebay", "Musical Instruments & Gear > Guitars & Basses > Electric Guitars", 50000, 0, 0, 3390),
        ("ebay", SHOES, 14999, 0, 0, 2080),
        ("ebay", SHOES, 15000, 0, 0, 1200),  # 8 % and nothing for the order
        ("ebay", "Jewelry & Watches > Fine Jewelry", 500_001, 0, 0, 45_040),  # 9 % of all of it
        ("ebay", WATCH, 200_000, 0, 0, 15_000 + 6_500 + 40),
        ("shopify", "", 8000, 0, 0, 262),
        ("shopify", "", 8000, 500, 640, 295),
        ("poshmark", "", 1499, 767, 0, 295),
        ("poshmark", "", 1500, 767, 0, 300),
        ("mercari", "", 5000, 999, 400, 600),
        ("depop", "", 5000, 1000, 0, 243),
        ("etsy", "", 5000, 1000, 0, 20 + 390 + 205),
        ("vinted", "", 5000, 0, 0, 0),
    ],
)
def test_worked_examples(channel: str, category: str, price: int, shipping: int, tax: int, fee: int) -> None:
    assert fees.estimate(channel, "USD", [Part(price, 1, category)], shipping=shipping, tax=tax) == fee


def test_what_no_table_says_is_not_known() -> None:
    assert fees.estimate("cash", "USD", [Part(5000)]) is None
    assert fees.estimate("ebay", "EUR", [Part(5000)]) is None
    assert fees.estimate("ebay", "USD", []) is None


def test_thresholds_are_each_units() -> None:
    assert fees.estimate("ebay", "USD", [Part(30000, 2, SHOES)]) == 2400
    assert fees.estimate("ebay", "USD", [Part(28000, 2, SHOES)]) == 3808 + 40  # $140 each
    assert fees.estimate("etsy", "USD", [Part(3000, 3)]) == 60 + 195 + 115


def test_each_line_has_its_category_and_the_order_its_fee_once() -> None:
    lamp, book = Part(8000), Part(2000, 1, "Books & Magazines > Books")
    assert fees.estimate("ebay", "USD", [lamp, book]) == 1088 + 306 + 40
    assert fees.estimate("ebay", "USD", [lamp, Part(20000, 1, SHOES)]) == 1088 + 1600 + 40  # the lamp's order pays


def test_what_goes_back_to_the_buyer_brings_back_what_is_given_back() -> None:
    whole, half = Decimal(1), Decimal("0.5")
    assert fees.estimate("ebay", "USD", [Part(8000)], back=whole) == 40
    assert fees.estimate("ebay", "USD", [Part(8000)], back=half) == 544 + 40
    assert fees.estimate("poshmark", "USD", [Part(8000)], back=whole) == 0
    assert fees.estimate("shopify", "USD", [Part(8000)], back=whole) == 262


@given(
    st.sampled_from(sorted(TABLES)), st.lists(st.builds(Part, st.integers(0, 10**7), st.integers(1, 9)), min_size=1, max_size=5),
    st.integers(0, 10**5), st.integers(0, 10**5),
)  # fmt: skip
def test_fees_are_never_negative_and_never_more_than_a_third_and_a_dollar_a_unit(
    channel: str, parts: list[Part], shipping: int, tax: int
) -> None:
    fee = fees.estimate(channel, "USD", parts, shipping=shipping, tax=tax)
    assert fee is not None
    paid = sum(part.price for part in parts) + shipping + tax
    assert 0 <= fee <= paid / 3 + 300 * sum(part.quantity for part in parts)
