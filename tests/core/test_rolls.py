"""Parting a camera roll: by example, and what holds for every roll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.rules.rolls import MOST_A_GROUP, USUAL, Shot, are_alike, are_unlike, differ, join, lined_up, parted, pause_of, split

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def look(shape: int, colour: int) -> str:
    """A look whose shape has so many bits of 64 set and whose colour so many of 48."""
    return f"{(1 << shape) - 1:016x}{(1 << colour) - 1:012x}"


NAVY, RED = look(4, 8), look(44, 36)
ODD = look(60, 20)


def roll(*shots: tuple[float | None, str]) -> list[Shot]:
    """Shots by the seconds since the start and their looks; their keys are their places."""
    return [Shot(str(place), None if at is None else START + timedelta(seconds=at), like) for place, (at, like) in enumerate(shots)]


def sizes(shots: list[Shot]) -> list[int]:
    return [len(group) for group in parted(shots)]


def test_pauses_part() -> None:
    """Three pictures of each thing some seconds apart, then a minute to fetch the next."""
    times = [start + more for start in (0, 70, 150, 230) for more in (0, 4, 9)]
    assert sizes(roll(*((at, "") for at in times))) == [3, 3, 3, 3]


def test_what_a_pause_is_follows_from_the_rolls_own_rhythm() -> None:
    """Somebody quick, and somebody who takes their time."""
    assert sizes(roll(*((start + more, "") for start in (0, 15, 31) for more in (0, 1, 2)))) == [3, 3, 3]
    slow = roll(*((start + more, "") for start in (0, 400, 800) for more in (0, 40, 85)))
    assert sizes(slow) == [3, 3, 3]
    assert pause_of(slow) > 85


def test_without_a_rhythm_the_usual_pause_counts() -> None:
    assert pause_of(roll((0, ""), (20, ""), (40, ""), (60, ""))) == USUAL
    assert pause_of(roll((None, ""), (None, ""))) == USUAL
    assert sizes(roll((0, ""), (20, ""), (40, ""))) == [3]
    assert sizes(roll((0, ""), (100, ""), (200, ""))) == [1, 1, 1]


def test_after_a_middling_pause_what_looks_the_same_goes_on() -> None:
    times = [(0, NAVY), (4, NAVY), (64, NAVY), (68, NAVY), (128, RED), (132, RED)]
    assert sizes(roll(*times)) == [4, 2]


def test_after_a_long_pause_it_does_not() -> None:
    assert sizes(roll((0, NAVY), (4, NAVY), (2000, NAVY), (2004, NAVY))) == [2, 2]


def test_a_change_that_lasts_parts_within_a_short_pause() -> None:
    assert sizes(roll((0, NAVY), (3, NAVY), (8, RED), (11, RED))) == [2, 2]


def test_one_odd_picture_is_the_label() -> None:
    assert sizes(roll((0, NAVY), (3, ODD), (6, NAVY))) == [3]
    assert sizes(roll((0, NAVY), (3, NAVY), (6, ODD))) == [3]
    assert sizes(roll((0, NAVY), (3, NAVY), (6, ODD), (90, RED), (93, RED))) == [3, 2]


def test_without_times_only_looks_part() -> None:
    assert sizes(roll(*((None, like) for like in (NAVY, NAVY, RED, RED, RED, NAVY, NAVY)))) == [2, 3, 2]
    assert sizes(roll((None, ""), (None, ""))) == [2]


def test_what_is_known_of_two_looks() -> None:
    one, two = Shot("1", look=NAVY), Shot("2", look=RED)
    assert differ(NAVY, RED) == (40, 28)
    assert differ(NAVY, "") is None
    assert are_alike(one, one)
    assert not are_alike(one, two)
    assert are_unlike(one, two)
    assert not are_unlike(one, Shot("3"))


def test_one_that_does_not_say_when_stays_behind_the_one_that_it_came_after() -> None:
    shots = roll((30, ""), (None, ""), (10, ""), (None, ""), (20, ""))
    assert [one.key for one in lined_up(shots)] == ["2", "3", "4", "0", "1"]
    untold = roll((None, ""), (None, ""))
    assert lined_up(untold) == untold


def test_splitting_and_joining() -> None:
    groups = [["a", "b", "c"], ["d"]]
    assert split(groups, "b") == [["a"], ["b", "c"], ["d"]]
    assert split(groups, "a") == groups
    assert split(groups, "x") == groups
    assert join(groups, "d") == [["a", "b", "c", "d"]]
    assert join(groups, "a") == groups
    assert join(groups, "b") == groups
    assert join(split(groups, "c"), "c") == groups


times = st.one_of(st.none(), st.floats(0, 4000, allow_nan=False).map(lambda at: START + timedelta(seconds=at)))
looks = st.one_of(st.just(""), st.sampled_from([NAVY, RED, ODD]), st.integers(0, (1 << 112) - 1).map(lambda bits: f"{bits:028x}"))
rolls = st.lists(st.tuples(times, looks), max_size=80).map(lambda rows: [Shot(str(n), at, like) for n, (at, like) in enumerate(rows)])


@given(rolls)
def test_every_photo_is_in_one_group_and_the_order_is_kept(shots: list[Shot]) -> None:
    in_line = lined_up(shots)
    assert sorted(in_line, key=lambda one: int(one.key)) == shots
    groups = parted(in_line)
    assert [key for group in groups for key in group] == [one.key for one in in_line]
    assert all(0 < len(group) <= MOST_A_GROUP for group in groups)
    assert parted(in_line) == groups
    known = [one.taken for one in in_line if one.taken]
    assert known == sorted(known)


@given(rolls, st.data())
def test_splitting_and_joining_lose_nothing(shots: list[Shot], data: st.DataObject) -> None:
    groups = parted(shots)
    for _ in range(data.draw(st.integers(0, 5))):
        key = data.draw(st.sampled_from([one.key for one in shots])) if shots else ""
        groups = data.draw(st.sampled_from([split, join]))(groups, key)
        assert [one for group in groups for one in group] == [one.key for one in shots]
        assert all(groups)
