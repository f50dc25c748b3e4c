"""Photos of items that are there: more of them with words, in another order, some taken away."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from core.flows.wanted import photos_of, sheet_of
from core.values.card import Inbound
from core.values.states import ChangeKind, ChangeState, DraftState
from storage.inbox import from_chat
from storage.keys import new_key
from storage.models import Change, Draft, Post
from tests.shop import TestShop, picture


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Nothing here depends on the kind."""
    return str(request.param)


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


async def test_a_photo_that_comes_while_its_draft_is_read_is_read_too(shop: TestShop) -> None:
    house = shop.app.house
    first, second = await house.photos.put(picture("ACME")), await house.photos.put(picture("Model: LX-200", "maroon"))
    inbound = Inbound("web", shop.person.member_id, shop.person.member_id, new_key(), photos=(first.sha256,), ended=True, album=new_key())
    await house.inbox.put(from_chat("web", inbound.chat, inbound.event_id, inbound.to_json()))
    async with asyncio.timeout(20):
        while not (message := await message_of_draft_in(shop, DraftState.PROCESSING)):
            await house.db.ping()
    await shop.hear(photos=(second.sha256,), message=message)
    draft = next(post for post in await shop.posts() if post.view == "draft")
    assert "LX-200” on photo 2" in str(draft.card)
    assert await photos(shop) == [first.sha256, second.sha256]


async def message_of_draft_in(shop: TestShop, state: DraftState) -> str:
    """The reference of the newest draft's card when the draft is in a state; empty otherwise."""
    async with shop.app.house.db.read() as session:
        found = (await session.execute(select(Draft.id).where(Draft.state == state))).scalar()
        query = select(Post.message).where(Post.view == "draft").order_by(Post.id.desc()).limit(1)
        return ((await session.execute(query)).scalar() or "") if found else ""
