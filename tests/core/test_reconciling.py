"""What differs between a marketplace and us, and who is right: the table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.reconciling import Differs, Kind, Ours, Theirs, Verdict, asked_before, compare, spelling
from core.values.states import ItemState, ListingState

UP = Ours("live", ListingState.ACTIVE, ItemState.LIVE, 4000, "USD", 2, 2, {})
SAME = Theirs(True, 4000, "USD", 2)
ASK, OURS, THEIRS = Verdict.ASK, Verdict.OURS, Verdict.THEIRS


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        (UP, SAME, []),
        # is it there?
        (replace(UP, wanted="gone", state=ListingState.ENDED), SAME, [(Kind.LIVE, OURS)]),
        (replace(UP, item=ItemState.SOLD), SAME, [(Kind.LIVE, OURS)]),
        (replace(UP, item=ItemState.ARCHIVED), SAME, [(Kind.LIVE, OURS)]),
        (replace(UP, available=0), SAME, [(Kind.LIVE, OURS)]),
        (replace(UP, available=None), SAME, []),  # blank is not zero
        (replace(UP, state=ListingState.ENDED), SAME, [(Kind.UP, THEIRS)]),
        (replace(UP, state=ListingState.OUT_OF_SYNC), SAME, []),
        (UP, Theirs(False), [(Kind.GONE, ASK)]),
        (replace(UP, state=ListingState.OUT_OF_SYNC), Theirs(False), [(Kind.GONE, ASK)]),
        (replace(UP, wanted="gone"), Theirs(False), []),
        (replace(UP, state=ListingState.PENDING), Theirs(False), []),
        # price
        (UP, replace(SAME, price=4500), [(Kind.PRICE, ASK)]),
        (UP, replace(SAME, price=4500, currency="EUR"), []),
        (UP, replace(SAME, price=None), []),
        (replace(UP, price=None), SAME, []),
        (replace(UP, seen={"price": 4500}), replace(SAME, price=4500), []),  # the marketplace's own spelling
        (replace(UP, seen={"page": {"price": 4500}}), replace(SAME, price=4500), []),
        # quantity
        (UP, replace(SAME, quantity=5), [(Kind.QUANTITY, ASK)]),
        (UP, replace(SAME, quantity=1), [(Kind.QUANTITY, ASK)]),
        (replace(UP, available=1), replace(SAME, quantity=1), [(Kind.QUANTITY, THEIRS)]),
        (replace(UP, available=1), SAME, [(Kind.QUANTITY, OURS)]),
        (replace(UP, available=9), SAME, []),
        (replace(UP, available=None), replace(SAME, quantity=1), [(Kind.QUANTITY, ASK)]),
        (UP, replace(SAME, quantity=None), []),
        (replace(UP, quantity=None), SAME, []),
        (replace(UP, seen={"page": {"quantity": 7}}), replace(SAME, quantity=7), []),
        # both at once
        (UP, Theirs(True, 4500, "USD", 5), [(Kind.PRICE, ASK), (Kind.QUANTITY, ASK)]),
    ],
)
def test_what_differs(ours: Ours, theirs: Theirs, found: list[tuple[Kind, Verdict]]) -> None:
    assert compare(ours, theirs) == tuple(Differs(*one) for one in found)


SIDES = st.tuples(
    st.builds(
        Ours, st.sampled_from(["live", "gone"]), st.sampled_from(ListingState), st.sampled_from(ItemState),
        st.none() | st.integers(1, 3), st.just("USD"), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3), st.just({}),
    ),
    st.builds(Theirs, st.booleans(), st.none() | st.integers(1, 3), st.sampled_from(["USD", "EUR"]), st.none() | st.integers(0, 3)),
)  # fmt: skip


@given(SIDES)
def test_nothing_is_said_of_what_is_about_to_move(sides: tuple[Ours, Theirs]) -> None:
    ours, theirs = sides
    assert compare(replace(ours, busy=True), theirs) == ()


@given(SIDES)
def test_what_somebody_edited_there_is_asked_and_never_overwritten(sides: tuple[Ours, Theirs]) -> None:
    ours, theirs = sides
    for one in compare(ours, theirs):
        if one.verdict is OURS and one.kind is Kind.QUANTITY:
            assert theirs.quantity == ours.quantity  # as we left it
        if one.kind is Kind.PRICE:
            assert one.verdict is ASK


@given(SIDES)
def test_what_is_sold_never_stays_live(sides: tuple[Ours, Theirs]) -> None:
    ours, theirs = sides
    if theirs.live and ours.item is ItemState.SOLD:
        assert compare(ours, theirs) == (Differs(Kind.LIVE, OURS),)


def test_a_list_that_spells_it_otherwise_is_remembered() -> None:
    listed = Theirs(True, 4500, "USD", 7)
    own = spelling(UP, listed)
    assert own == {"price": 4500, "quantity": 7}
    assert compare(replace(UP, seen={"page": own}), listed) == ()
    assert spelling(UP, SAME) == {}
    assert spelling(UP, replace(listed, currency="EUR", quantity=2)) == {}


def test_not_now_holds_until_it_is_something_else() -> None:
    assert asked_before({"price": 4500, "live": True}, {"price": 4500, "live": True})
    assert not asked_before({"price": 4500}, {"price": 4600})
