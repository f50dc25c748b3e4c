"""Help by task, by command and by words, and what it offers is there."""

from __future__ import annotations

from collections import Counter

from bot.chat.commands.guide import TASKS
from bot.chat.registry import REGISTRY
from bot.chat.running import command_of
from tests.shop import TestShop


def test_every_command_belongs_to_one_task_and_every_task_has_its_examples() -> None:
    named = Counter(name for task in TASKS for name in task.commands)
    assert named == Counter(REGISTRY.commands.keys())
    for task in TASKS:
        assert task.key not in REGISTRY.names
        assert 3 <= len(task.shown) <= 5
        for line in task.shown:
            command_of(line)


async def test_help_is_by_task_and_its_examples_are_buttons(shop: TestShop) -> None:
    await shop.say("/help")
    told = await shop.last()
    for task in TASKS:
        assert task.title in told
    await shop.press("When it sells")
    assert "count what you earned" in await shop.last()
    await shop.press("/sold")
    assert "You have no item for /sold" in await shop.last()
    await shop.say("/help prices")
    assert "A floor is the least" in await shop.last()


async def test_each_command_explains_itself_and_words_are_looked_for(shop: TestShop) -> None:
    for name, one in REGISTRY.commands.items():
        await shop.say(f"/help {name}")
        told = next(card for card in reversed([post.card for post in await shop.posts()]) if card.get("title") == f"/{name}")
        assert one.summary in told["text"], name
        assert {parameter.name for parameter in one.parameters} <= {line["label"] for line in told["lines"]}, name
    await shop.say("/help time zone")
    await shop.press("/timezone")
    assert "The time zone in which you read times" in await shop.last()
    await shop.say("/help xyzzy")
    assert "There is no /xyzzy" in await shop.last()
