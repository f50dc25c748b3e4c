"""What orders earn, to the cent: whatever is known of an order is parted over its lines exactly, and what is not known is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import profit
from core.rules.profit import Deal, Earned, Line, earned, shared

LAMP = Deal("ebay", "USD", (Line(8000, 1, 2000),), 8000, fees=1128, label=520, sent=True)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_an_amount_is_parted_exactly(amount: int, weights: list[int]) -> None:
    parts = shared(amount, weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    if sum(weights):
        assert all(abs(part - amount * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    ("deal", "net"),
    [
        (LAMP, 8000 - 1128 - 520 - 2000),
        (replace(LAMP, total=8500, shipping=500), 8500 - 1128 - 520 - 2000),
        (replace(LAMP, total=9140, shipping=500, tax=640), 8500 - 1128 - 520 - 2000),  # tax on top is not ours
        (replace(LAMP, tax=1333), 8000 - 1333 - 1128 - 520 - 2000),  # tax inside of the price is not ours either
        (replace(LAMP, refunded=1000), 7000 - 1128 - 520 - 2000),
        (replace(LAMP, total=8640, tax=640, refunded=864), 8000 - 800 - 1128 - 520 - 2000),  # a tenth back, of the tax too
        (replace(LAMP, refunded=9000), -1000 - 1128 - 520 - 2000),  # a thousand on top, out of our pocket
        (replace(LAMP, over="refunded"), -1128 - 520 - 2000),
        (replace(LAMP, over="refunded", lines=(Line(8000, 1, 0),)), -1128 - 520),  # the thing is back in stock
        (replace(LAMP, over="cancelled"), -520),  # nothing was sold, and a label was bought
    ],
)
def test_what_is_left(deal: Deal, net: int) -> None:
    [made] = earned(deal)
    assert made.net == net


def test_what_is_not_known_is_left_out_and_named() -> None:
    [made] = earned(Deal("flea market", "USD", (Line(8000),), 8000, sent=True))
    assert made == Earned(price=8000, fees=None, label=None, cost=None)
    assert made.net == 8000
    [made] = earned(Deal("flea market", "USD", (Line(8000),), 8000))
    assert made.label == 0, "what was never sent needed no label"


def test_fees_are_estimated_until_the_marketplace_says_them() -> None:
    open_one = replace(LAMP, fees=None)
    [made] = earned(open_one)
    assert (made.fees, made.about) == (1128, True)
    [made] = earned(replace(open_one, fees=1200))
    assert (made.fees, made.about) == (1200, False)
    [made] = earned(replace(open_one, over="refunded"))
    assert (made.fees, made.about) == (40, True), "eBay keeps what is per order"
    [made] = earned(replace(open_one, refunded=4000))
    assert made.fees == 544 + 40
    [made] = earned(replace(open_one, lines=(Line(8000, 1, 2000, "Books & Magazines > Books"),)))
    assert made.fees == 1224 + 40
    [made] = earned(replace(open_one, total=8640, tax=640))
    assert made.fees == 1175 + 40, "eBay charges on the tax that the buyer paid"
    [made] = earned(replace(open_one, tax=640))
    assert made.fees == 1128, "not twice on tax that is in the price"
    [made] = earned(replace(open_one, currency="EUR"))
    assert (made.fees, made.about) == (None, False)


def test_a_label_that_the_buyer_pays_is_nothing() -> None:
    [made] = earned(Deal("poshmark", "USD", (Line(8000, 1, 2000),), 8000, sent=True))
    assert (made.label, made.fees, made.net) == (0, 1600, 4400)


CENTS = st.integers(0, 10**6)


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    """Orders as marketplaces report them: tax on top, or inside of the prices."""
    lines = tuple(draw(st.lists(st.builds(Line, CENTS, st.integers(1, 5), st.none() | CENTS), min_size=1, max_size=5)))
    shipping, tax = draw(st.none() | CENTS), draw(st.none() | st.integers(0, 10**5))
    paid = sum(line.price for line in lines) + (shipping or 0)
    inside = draw(st.booleans())
    total = paid if inside else paid + (tax or 0)
    return Deal(
        draw(st.sampled_from(["ebay", "shopify", "poshmark", "cash"])), draw(st.sampled_from(["USD", "EUR"])), lines, total,
        shipping=shipping, tax=min(tax, paid) if tax is not None and inside else tax, fees=draw(st.none() | CENTS),
        label=draw(st.none() | CENTS), sent=draw(st.booleans()), refunded=draw(st.none() | st.integers(0, total)),
        over=draw(st.sampled_from(["", "", "refunded"])),
    )  # fmt: skip


@given(deals())
def test_lines_add_up_to_their_order(deal: Deal) -> None:
    made = earned(deal)
    assert len(made) == len(deal.lines)
    assert [one.price for one in made] == [line.price for line in deal.lines]
    assert [one.cost for one in made] == [line.cost for line in deal.lines]
    assert sum(one.shipping for one in made) == (deal.shipping or 0)
    if deal.fees is not None:
        assert sum(one.fees or 0 for one in made) == deal.fees
    if deal.label is not None:
        assert sum(one.label or 0 for one in made) == deal.label
    for name in ("fees", "label"):
        known = {getattr(one, name) is not None for one in made}
        assert len(known) == 1, "an order's amount is known for all of its lines or for none"
    price = sum(line.price for line in deal.lines)
    assert sum(one.tax for one in made) == price + (deal.shipping or 0) + (deal.tax or 0) - deal.total, "all that is inside, and no more"
    costs = sum(one.cost or 0 for one in made) + sum(one.fees or 0 for one in made) + sum(one.label or 0 for one in made)
    income = deal.total - (deal.tax or 0)
    assert sum(one.net for one in made) == income - sum(one.refunded for one in made) - costs


@given(deals())
def test_what_went_back_is_ours_in_proportion(deal: Deal) -> None:
    made = earned(deal)
    income, back = deal.total - (deal.tax or 0), sum(one.refunded for one in made)
    given = deal.refunded if deal.refunded is not None else deal.total if deal.over == "refunded" else 0
    assert 0 <= back <= given
    if deal.total:
        assert abs(back - given * income / deal.total) < 1
    if given == deal.total:
        assert all(one.price + one.shipping - one.tax == one.refunded for one in made), "nothing is left of any line"


@given(deals())
def test_a_cancelled_order_earns_nothing(deal: Deal) -> None:
    made = earned(replace(deal, over="cancelled"))
    assert sum(one.net for one in made) == -(deal.label or 0)
    assert not any(one.price or one.fees or one.cost for one in made)


def test_parts_of_nothing() -> None:
    assert shared(5, []) == []
    assert profit.earned(Deal("ebay", "USD", (), 0)) == []
