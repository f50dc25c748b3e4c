"""Limits at our own doors."""

from __future__ import annotations

import asyncio

import pytest

from bot.http.limits import MANY, Buckets, a_minute
from core.errors import Busy
from tests.home import Home


class Seconds:
    """A clock by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(buckets: Buckets, key: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            buckets.take(key)
        except Busy:
            continue
        count += 1
    return count


def test_a_bucket_gives_what_it_holds_then_what_time_brings() -> None:
    seconds = Seconds()
    buckets = Buckets(10, 2, seconds)
    assert taken(buckets, "a", 20) == 10
    assert taken(buckets, "b", 1) == 1
    with pytest.raises(Busy) as busy:
        buckets.take("a")
    assert busy.value.retry_after == pytest.approx(0.5)
    seconds.now += 1.5
    assert taken(buckets, "a", 20) == 3
    seconds.now += 1000
    assert taken(buckets, "a", 20) == 10


def test_memory_does_not_grow_with_the_number_of_strangers() -> None:
    seconds = Seconds()
    buckets = Buckets(1, 1, seconds)
    for count in range(3 * MANY):
        seconds.now += 0.01
        buckets.take(str(count))
    assert len(buckets._held) <= MANY


def test_a_minute_holds_a_minutes_worth() -> None:
    assert taken(a_minute(60), "a", 100) == 60


async def test_strangers_come_in_bursts_of_ten(home: Home) -> None:
    stranger = home.browser()
    answers = await asyncio.gather(*(stranger.get("/") for _ in range(90)))
    assert {one.status_code for one in answers} == {401, 429}
    assert (await home.browser().get("/healthz")).json() == {"alive": True}
    assert (await (await home.sign_in()).get("/api/v1/chat")).status_code == 200


async def test_signing_in_is_tried_five_times_a_minute(home: Home) -> None:
    browser = home.browser()
    answers = [await home.enter(browser, f"guess{count}") for count in range(6)]
    assert [one.status_code for one in answers] == [403] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_writes_have_their_limit(home: Home) -> None:
    owner = await home.sign_in()
    seen = {(await owner.post("/api/v1/chat/messages", json={})).status_code for _ in range(75)}
    assert seen == {422, 429}
