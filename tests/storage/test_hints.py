"""Hints: what is due comes best first, what is not comes in time, and those for next week cost those of today nothing."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from storage.dispatch.hints import Hints

KEYS = st.sampled_from("abcdef")
# Told of (key, priority, seconds from now), or so many seconds pass, or so many are taken.
STEPS = st.one_of(
    st.tuples(st.just("add"), KEYS, st.integers(0, 3), st.integers(-1, 5)),
    st.tuples(st.just("pass"), st.integers(0, 4)),
    st.tuples(st.just("take"), st.integers(0, 4)),
)


@given(st.lists(STEPS, max_size=60))
def test_they_are_what_a_plain_list_would_be(steps: list[Any]) -> None:
    hints, now = Hints(), 0
    plain: dict[str, tuple[int, int]] = {}  # priority and time
    for step in steps:
        match step:
            case ("add", str(key), int(priority), int(wait)):
                hints.add(key, priority, now + wait, now)
                known = plain.get(key, (priority, now + wait))
                plain[key] = (min(priority, known[0]), min(now + wait, known[1]))
            case ("pass", int(seconds)):
                now += seconds
            case ("take", int(most)):
                hints.due(now)
                due = sorted((priority, key) for key, (priority, at) in plain.items() if at <= now)
                taken = hints.take(most)
                assert list(taken.items()) == [(key, priority) for priority, key in due[:most]]
                for key in taken:
                    del plain[key]
        assert hints.due(now) == sum(at <= now for _, at in plain.values())
        assert hints.best() == min((priority for priority, at in plain.values() if at <= now), default=None)
        assert hints.next_at() == min((at for _, at in plain.values() if at > now), default=None)


def seconds_for_a_thousand(reminders: int) -> float:
    """What a thousand hints of today cost beside so many for next week."""
    hints = Hints()
    for number in range(reminders):
        hints.add(f"later {number}", 5, 600_000.0 + number, 0.0)
    began = time.perf_counter()
    for number in range(1000):
        hints.add(f"now {number}", 2, float(number), float(number))
        assert hints.due(float(number)) == 1
        assert list(hints.take(64)) == [f"now {number}"]
        assert (hints.next_at() is None) == (reminders == 0)
    return time.perf_counter() - began


def test_ten_thousand_reminders_cost_a_message_nothing() -> None:
    alone, beside = (min(seconds_for_a_thousand(count) for _ in range(5)) for count in (0, 10_000))
    assert beside < alone * 10  # looking through them all made it a thousand times as much


def test_equal_priorities_go_by_age() -> None:
    hints = Hints()
    for key in ("c", "a", "b"):
        hints.add(key, 5, 0.0, 0.0)
    assert all(one < other for one, other in pairwise(hints.take(3)))
