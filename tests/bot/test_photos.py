"""Photos of items that are there: more of them with words, in another order, some taken away; and a flood of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from core.flows.wanted import photos_of, sheet_of
from core.rules.doors import DRAFTS, allowed_from
from core.values.states import ChangeKind, ChangeState, DraftState
from storage.models import Change, Draft, Post
from tests.shop import TestShop, picture


async def answer(shop: TestShop, view: str, *pictures: bytes, text: str = "") -> None:
    """Send photos as an answer to the newest card of a view."""
    async with shop.app.house.db.read() as session:
        query = select(Post.message).where(Post.view == view, Post.message != "").order_by(Post.id.desc()).limit(1)
        message = (await session.execute(query)).scalar_one()
    stored = [await shop.app.house.photos.put(one) for one in pictures]
    await shop.hear(photos=tuple(one.sha256 for one in stored), text=text, message=message)


async def photos(shop: TestShop, number: int = 1) -> list[str]:
    async with shop.app.house.db.read() as session:
        return await photos_of(session, (await shop.row(number)).id)


async def said(shop: TestShop, field: str, number: int = 1) -> str:
    async with shop.app.house.db.read() as session:
        _row, sheet = await sheet_of(session, (await shop.row(number)).id)
    return sheet.get(field)


async def test_photos_and_words_that_answer_a_card_join_its_item(shop: TestShop) -> None:
    number = await shop.item(price=8000)
    await answer(shop, "draft", picture("BACK", "maroon"), text="paid 20, want 90 min 60, like new condition, small scratch on the foot")
    row = await shop.row(number)
    assert (row.price, row.floor, row.cost, row.title) == (9000, 6000, 2000, "Acme brass desk lamp")
    assert await said(shop, "condition") == "like_new"
    assert "small scratch on the foot" in await said(shop, "notes")
    assert len(await photos(shop)) == 2
    await shop.say("/undo")  # each is an edit, and the last comes back first
    assert await said(shop, "notes") == ""
    await shop.say("/undo")
    assert await said(shop, "condition") == "good"


async def test_a_caption_that_cannot_be_holds_up_neither_the_photo_nor_the_rest(shop: TestShop) -> None:
    await shop.item(price=8000, floor=6000)
    await answer(shop, "draft", picture("BACK", "maroon"), text="want 50, paid 12")
    row = await shop.row(1)
    assert (row.price, row.cost) == (8000, 1200)
    assert len(await photos(shop)) == 2
    assert "below its floor" in await shop.text()
    await answer(shop, "draft", picture("SIDE", "olive"), text="want 50 min 40")
    row = await shop.row(1)
    assert (row.price, row.floor) == (5000, 4000)


async def test_photos_that_answer_an_outcome_a_task_or_a_sale_join_their_item(shop: TestShop) -> None:
    number = await shop.item()
    await shop.say(f"/publish {number}")
    await answer(shop, "batch", picture("ONE", "maroon"))
    await answer(shop, "task", picture("TWO", "olive"))
    assert len(await photos(shop)) == 3
    await shop.buy("ebay", number)
    await answer(shop, "sale", picture("THREE", "teal"), text="paid 11")
    assert len(await photos(shop)) == 4
    assert (await shop.row(number)).cost == 1100


async def test_photos_are_put_in_order_and_taken_away_and_back(shop: TestShop) -> None:
    await shop.item()
    for words, colour in (("TWO", "maroon"), ("THREE", "olive")):
        await answer(shop, "draft", picture(words, colour))
    one, two, three = await photos(shop)
    await shop.say("/photos 1")
    assert "Photos of item 1" in await shop.last()
    await shop.press("3 first")
    assert await photos(shop) == [three, one, two]
    await shop.press("3 → 2")
    assert await photos(shop) == [three, two, one]
    await shop.press("Remove 2")
    assert await photos(shop) == [three, one]
    await shop.say("/undo")
    assert await photos(shop) == [three, two, one]
    await shop.say("/undo 1")
    assert await photos(shop) == [three, one, two]


async def test_the_order_goes_to_every_listing_that_is_up_and_one_photo_stays(shop: TestShop) -> None:
    number = await shop.item()
    await answer(shop, "draft", picture("TWO", "maroon"))
    await shop.say(f"/publish {number}")
    await shop.press("Photos…")
    await shop.press("2 → 1")
    async with shop.app.house.db.read() as session:
        found = (await session.execute(select(Change.state).where(Change.kind == ChangeKind.REVISE))).scalars().all()
    assert found.count(ChangeState.DONE) >= 2  # eBay and Shopify; Poshmark is a task
    await shop.press("Remove 2")
    assert len(await photos(shop)) == 1
    shown = [post for post in await shop.posts() if post.view == "photos"][-1]
    assert "Remove" not in str(shown.card["buttons"])


async def test_what_was_read_on_a_photo_follows_it(shop: TestShop) -> None:
    await shop.photos(picture("ACME"), picture("Model: LX-200", "maroon"))
    await shop.until("on photo 2")
    await shop.say("/photos 1")
    await shop.press("2 → 1")
    await shop.idle()
    draft = next(post for post in await shop.posts() if post.view == "draft")
    assert "LX-200” on photo 1" in str(draft.card)


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
