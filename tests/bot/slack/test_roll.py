"""A camera roll in Slack: begun by the command, files shared a few at a time, parted on one card, made by one yes."""

from __future__ import annotations

from sqlalchemy import select

from storage.models import Item, ItemPhoto
from tests.bot.slack.test_main_job import shop  # noqa: F401 - a fixture
from tests.bot.slack_people import Payload, Sent
from tests.bot.slack_server import SlackServer
from tests.bot.test_rolls import THREE_THINGS, photos_of_items
from tests.shop import TestShop
from tests.talks.surfaces import settle


def the(slack: SlackServer, text: str) -> Sent:
    """The newest message that says this."""
    found = slack.last(text)
    assert found is not None, "\n".join(one.text for one in slack.of())
    return found


def shared(slack: SlackServer, *photos: bytes) -> list[Payload]:
    return [slack.share(one, mime="image/jpeg") for one in photos]


async def names_in_order(shop: TestShop) -> list[str]:  # noqa: F811
    """Every item's photos, item after item."""
    query = select(ItemPhoto.sha256).join(Item, Item.id == ItemPhoto.item_id).order_by(Item.number, ItemPhoto.position)
    async with shop.app.house.db.read() as session:
        return list((await session.execute(query)).scalars())


async def say(shop: TestShop, slack: SlackServer, said: Payload) -> None:  # noqa: F811
    await slack.bring(said)
    await settle(shop)


async def test_a_camera_roll_becomes_drafts(shop: TestShop, slack: SlackServer) -> None:  # noqa: F811
    await say(shop, slack, slack.command("/haggle bulk"))
    roll = the(slack, "Send photos of everything")
    await say(shop, slack, slack.message("good condition, want 45", files=shared(slack, *THREE_THINGS[:4])))
    await say(shop, slack, slack.message("", files=shared(slack, *THREE_THINGS[4:], b"This is no photo.")))
    assert "9 photos so far." in roll.text
    assert "This file is not a photo that Haggle can read" in roll.text
    assert await photos_of_items(shop) == []

    await say(shop, slack, slack.press(roll, "That’s all"))
    overview = the(slack, "Camera roll 1: 3 items?")
    assert [block["type"] for block in overview.blocks].count("image") == 3
    assert [f"Item {thing}: 3 photos" in overview.text for thing in (1, 2, 3)] == [True] * 3
    assert await photos_of_items(shop) == []

    await say(shop, slack, slack.press(overview, "Join 1+2"))
    assert overview.label("Make 2 items")
    await say(shop, slack, slack.press(overview, "Split 1"))
    await say(shop, slack, slack.press(the(slack, "Which photos are of something else?"), "From 4 on"))
    await say(shop, slack, slack.press(overview, "Make 3 items"))
    assert await photos_of_items(shop) == [3, 3, 3]
    assert await names_in_order(shop) == [(await shop.app.house.photos.put(one)).sha256 for one in THREE_THINGS]
    assert (await shop.row(1)).price == 4500
    assert "3 of 3 read." in overview.text
    assert not overview.label("Make")
    assert not slack.last("Still to answer")  # one card tells of all of them

    await say(shop, slack, slack.press(overview, "Item 2"))
    assert the(slack, "Still to answer").text.startswith("Item 2: ")
