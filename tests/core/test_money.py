"""Money: whole minor units, no mixing, reading what people type."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import Money, of_wire, parse

CASES = [
    ("45", 4500, "USD"),
    ("$45", 4500, "USD"),
    ("45.5", 4550, "USD"),
    ("45,00", 4500, "USD"),
    ("1,200", 120000, "USD"),
    ("1,200.50", 120050, "USD"),
    ("1.200,50", 120050, "USD"),
    ("1'200.50", 120050, "USD"),
    ("45 EUR", 4500, "EUR"),
    ("€45", 4500, "EUR"),
    ("45€", 4500, "EUR"),
    ("300 JPY", 300, "JPY"),
    ("0.99", 99, "USD"),
]


@pytest.mark.parametrize(("text", "amount", "currency"), CASES)
def test_what_people_type(text: str, amount: int, currency: str) -> None:
    assert parse(text) == Money(amount, currency)


@pytest.mark.parametrize("text", ["", "abc", "12,34,5", "4.567", "1e5", "45 dollars", "9" * 20, "300.5 JPY"])
def test_what_is_no_amount_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid, match=r"\."):
        parse(text)


@given(st.integers(0, 10**11), st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_goes_over_the_wire_comes_back(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert of_wire(money.wire(), currency) == money


@given(st.integers(0, 10**11))
def test_what_is_shown_can_be_typed_again(amount: int) -> None:
    assert parse(str(Money(amount, "USD"))) == Money(amount, "USD")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(ValueError, match="cannot mix"):
        _ = Money(1, "USD") < Money(1, "EUR")


def test_shares_round_half_up() -> None:
    assert Money(1005).percent(10) == Money(101)
    assert Money(999).percent(Decimal("12.5")) == Money(125)
    assert str(Money(-4500)) == "-$45.00"


def test_nonsense_from_the_wire_is_refused() -> None:
    for value in ("NaN", "Infinity", "x"):
        with pytest.raises(Invalid):
            of_wire(value, "USD")
