"""Sums of sales: exact to the cent, and unknown is never zero."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.rules import sums
from core.rules.profit import Earned
from core.rules.sums import Sold, Sum

TODAY = date(2026, 11, 24)
AMOUNTS = st.integers(0, 10**7)
MADE = st.builds(
    Earned, price=AMOUNTS, shipping=AMOUNTS, tax=AMOUNTS, refunded=AMOUNTS, fees=st.none() | AMOUNTS, label=st.none() | AMOUNTS,
    cost=st.none() | AMOUNTS, about=st.booleans(),
)  # fmt: skip
ROWS = st.lists(
    st.builds(
        Sold, day=st.dates(date(2026, 1, 1), date(2026, 12, 31)), channel=st.sampled_from(["ebay", "shopify", "cash"]),
        item=st.integers(1, 5), title=st.just("Lamp"), quantity=st.integers(1, 9), currency=st.just("USD"), earned=MADE,
    ),
    max_size=30,
)  # fmt: skip


@given(ROWS)
def test_parts_add_up_to_the_whole(rows: list[Sold]) -> None:
    whole = sums.total(rows)
    for key in (lambda row: row.channel, lambda row: row.day, lambda row: row.item):
        parts = sums.grouped(rows, key).values()
        for name in Sum.__dataclass_fields__:
            assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
        assert sum(part.net for part in parts) == whole.net
    assert sum(row.earned.net for row in rows) == whole.net


@given(st.dates(date(2001, 1, 1), date(2026, 1, 1)), st.integers(0, 3000))
def test_every_day_has_its_bar(first: date, days: int) -> None:
    last = date.fromordinal(first.toordinal() + days)
    steps = sums.steps_of(first, last)
    assert steps == sorted(set(steps))
    assert steps[0] == first
    assert len(steps) <= 110
    assert sums.step_of(first, steps) == first
    assert sums.step_of(last, steps) == steps[-1]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_a_scale_has_few_round_marks_and_zero(values: list[int]) -> None:
    marks = sums.scale(values)
    assert 0 in marks
    assert len(marks) <= 6
    assert min(0, *values, 0) <= marks[0]
    assert marks[-1] <= max(0, *values, 0)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("", "2026-11-18", "2026-11-24"),
        ("this week", "2026-11-18", "2026-11-24"),
        ("month", "2026-10-26", "2026-11-24"),
        ("year", "2025-11-25", "2026-11-24"),
        ("today", "2026-11-24", "2026-11-24"),
        ("yesterday", "2026-11-23", "2026-11-23"),
        ("2026-10", "2026-10-01", "2026-10-31"),
        ("2025-12", "2025-12-01", "2025-12-31"),
        ("2026-11-03", "2026-11-03", "2026-11-03"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2024 2025-06", "2024-01-01", "2025-06-30"),
        ("2026-10-01 to 2026-10-15", "2026-10-01", "2026-10-15"),
        ("2026-10-01..2026-11", "2026-10-01", "2026-11-30"),
    ],
)
def test_times_as_people_type_them(text: str, first: str, last: str) -> None:
    assert sums.period_of(text, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("text", ["fortnight", "2026-13", "2026-02-30", "2026-11-03 2026-11-01", "1999-01-01", "2026-01 2026-02 2026-03"])
def test_what_is_no_time_says_what_to_type(text: str) -> None:
    with pytest.raises(Invalid, match="Type week, month, year"):
        sums.period_of(text, TODAY)
