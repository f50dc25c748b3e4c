"""More photos than our own doors let in at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.rules.doors import DRAFTS, allowed_from
from core.values.states import DraftState
from storage.models import Draft
from tests.shop import TestShop, picture


async def test_a_flood_of_photos_waits_for_its_time_and_none_is_lost(shop: TestShop) -> None:
    for number in range(12):
        stored = await shop.app.house.photos.put(picture(f"THING {number}", side=96))
        await shop.hear(photos=(stored.sha256,), text="good condition, want 45")
    assert "You sent a lot at once" in await shop.last()
    async with shop.app.house.db.read() as session:
        states = (await session.execute(select(Draft.state).order_by(Draft.id))).scalars().all()
    assert states == [DraftState.REVIEW] * 10 + [DraftState.PENDING] * 2
    shop.clock.move(seconds=61)
    await shop.tick()
    async with shop.app.house.db.read() as session:
        states = (await session.execute(select(Draft.state).order_by(Draft.id))).scalars().all()
    assert states == [DraftState.REVIEW] * 12
    assert "You sent a lot at once" not in await shop.text()


def test_when_another_draft_may_begin() -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    (few, minute), (many, hour) = DRAFTS
    assert allowed_from([], now) == now
    assert allowed_from([now] * (few - 1), now) == now
    assert allowed_from([now] * few, now) == now + minute
    assert allowed_from([now - minute] * few, now) == now
    starts: list[datetime] = []
    for _ in range(3 * many):
        starts.append(allowed_from(starts[-many:], now))
    for within, most in ((minute, few), (hour, many)):
        for one in starts:
            assert sum(1 for other in starts if one <= other < one + within) <= most
    assert starts[-1] - now < 3 * hour + timedelta(hours=1)
