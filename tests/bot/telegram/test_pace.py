"""The pace: short bursts, then one message a second in a chat, 20 a minute in a group, 30 a second in all."""

from __future__ import annotations

import pytest

from bot.surfaces.telegram_pace import ALL, GROUP, PRIVATE, ChatPace


def test_a_burst_then_one_a_second() -> None:
    pace = ChatPace()
    assert [pace.take("1", 100.0) for _ in range(5)] == [0.0] * 5
    assert pace.take("1", 100.0) == pytest.approx(1.0)
    assert pace.take("1", 100.25) == pytest.approx(0.75)
    assert pace.take("1", 101.0) == 0
    assert pace.take("2", 101.0) == 0


def test_a_wait_that_is_obeyed_is_enough() -> None:
    pace, now, sent = ChatPace(), 0.0, 0
    while sent < 40:
        wait = pace.take("1", now)
        now += wait
        sent += wait == 0
    assert now == pytest.approx((40 - PRIVATE[1]) / PRIVATE[0])


def test_a_group_is_slower() -> None:
    pace = ChatPace()
    assert [pace.take("-5", 0.0) for _ in range(5)] == [0.0] * 5
    assert pace.take("-5", 0.0) == pytest.approx(1 / GROUP[0])


def test_all_chats_together() -> None:
    pace = ChatPace()
    assert [pace.take(str(chat), 50.0) for chat in range(30)] == [0.0] * 30
    assert pace.take("99", 50.0) == pytest.approx(1 / ALL[0])


def test_an_album_goes_whole_and_is_paid_for_after() -> None:
    pace = ChatPace()
    assert pace.take("1", 0.0, messages=11) == 0
    assert pace.take("1", 0.0) == pytest.approx(7.0)


def test_what_telegram_asks_for_comes_first() -> None:
    pace = ChatPace()
    pace.hold("1", 10.0, 7)
    assert pace.take("1", 12.0) == pytest.approx(5.0)
    assert pace.take("2", 12.0) == 0
    assert pace.take("1", 17.0) == 0


def test_chats_at_rest_are_forgotten() -> None:
    pace = ChatPace()
    for chat in range(5000):
        pace.take(str(chat), chat * 1.0)
    assert len(pace._chats) <= 2001
