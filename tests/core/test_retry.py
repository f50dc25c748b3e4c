"""When to try again: what the error says, what the table says, and never for what only a person can mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AuthLost, Busy, HaggleError, Invalid, Missing, Refused, Unreachable
from core.rules.retry import INTAKE, URGENT, USUAL, wait_before_retry


@pytest.mark.parametrize("error", [Refused("no"), AuthLost("gone"), Missing("what"), Invalid("bad")])
@pytest.mark.parametrize("urgent", [True, False])
def test_what_a_person_must_mend_is_not_tried_again(error: HaggleError, urgent: bool) -> None:
    assert wait_before_retry(error, 1, urgent=urgent) is None


@given(wait=st.floats(0, 1e6), attempts=st.integers(1, 5000))
def test_busy_waits_exactly_what_it_was_told(wait: float, attempts: int) -> None:
    assert wait_before_retry(Busy("slow down", retry_after=wait), attempts) == wait


def test_unreachable_backs_off_and_then_asks_a_person() -> None:
    error = Unreachable("no answer")
    assert [wait_before_retry(error, attempts) for attempts in range(1, 7)] == [*USUAL, None]
    assert [wait_before_retry(error, attempts, steps=INTAKE) for attempts in range(1, 5)] == [*INTAKE, None]


@given(attempts=st.integers(1, 10_000))
def test_an_urgent_thing_is_tried_for_ever_and_never_sooner_than_before(attempts: int) -> None:
    error = Unreachable("no answer")
    this = wait_before_retry(error, attempts, urgent=True)
    following = wait_before_retry(error, attempts + 1, urgent=True)
    assert this is not None
    assert following is not None
    assert 0 < this <= following <= URGENT[-1]
