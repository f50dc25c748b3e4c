"""With a key: what the tables are not sure of goes to the model, whose proposals are shown like any other."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from core.values.states import Role
from tests.home import open_home
from tests.integrations.ai.chat_service import Answer, Service, calls, fails, says, serving
from tests.shop import TestShop

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.specs]

WORDS = "the footwear may go for sixty five or so, I mean 65"


class Talked:
    """A shop with a lamp and shoes, and its model."""

    def __init__(self, shop: TestShop, service: Service) -> None:
        self.shop, self.service = shop, service
        self.lamp = self.shoes = 0

    async def say(self, text: str, *answers: Answer) -> str:
        """What the chat says to these words, when the model answers so. What the model heard is in `service.requests`."""
        self.service.answers = list(answers) or [fails(500)]
        self.service.requests.clear()
        await self.shop.say(text)
        return await self.shop.last()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def talked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talked]:
    with serving(Service(secrets.token_hex(8), [fails(500)])) as service:
        settings = {"ai_api_key": service.key, "ai_base_url": service.url, "ai_model": "test-model"}
        async with open_home(tmp_path_factory.mktemp("home"), **settings) as home:
            person, _token = await home.member(Role.OWNER)
            no_stand_ins: Any = None
            talked = Talked(TestShop(home.app, person, no_stand_ins, home.clock, home.url), service)
            talked.lamp = await talked.shop.item("Acme brass desk lamp")
            talked.shoes = await talked.shop.item("Nike Dunk Low Panda")
            yield talked
            assert service.faults == []


async def test_its_proposal_is_shown_and_done_by_a_tap(talked: Talked) -> None:
    said = await talked.say(WORDS, calls(("price", {"item": talked.shoes, "amount": "65"})))
    assert f"/price {talked.shoes} 65: change the price of item {talked.shoes}, Nike Dunk Low Panda, from $80.00 to $65.00. Do it?" in said
    assert (await talked.shop.row(talked.shoes)).price == 8000
    await talked.shop.press("Yes")
    assert (await talked.shop.row(talked.shoes)).price == 6500


async def test_what_only_looks_is_done_at_once(talked: Talked) -> None:
    said = await talked.say("let me admire the footwear", calls(("item", {"item": talked.shoes})))
    assert f"Item {talked.shoes}: Nike Dunk Low Panda" in said


async def test_its_question_is_asked_with_buttons(talked: Talked) -> None:
    which = calls(("which_item", {"command": "price", "arguments": {"amount": "55"}, "items": [talked.lamp, talked.shoes]}))
    said = await talked.say("that thing might as well be 55 by now", which)
    assert "Which one do you mean?" in said
    assert f"{talked.lamp}: Acme brass desk lamp" in said


async def test_it_is_not_asked_about_what_is_sure(talked: Talked) -> None:
    assert f"/price {talked.lamp} 70" in await talked.say("drop the brass lamp to 70")
    assert f"Item {talked.lamp}:" in await talked.say(f"/item {talked.lamp}")
    assert talked.service.requests == []


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (fails(429), "The AI model was not used: the service says that it is asked too often"),
        (fails(500), "The AI model was not used: the service has a fault"),
        (calls(("drop_table", {})), "The AI model was not used: its answer made no sense"),
        (says("I had rather not."), "You can say, for example"),
    ],
)
async def test_without_its_help_the_tables_answer_and_say_why(talked: Talked, answer: Answer, note: str) -> None:
    said = await talked.say(WORDS, answer)
    assert "I did not understand that" in said
    assert note in said


async def test_what_it_was_not_told_of_is_not_proposed(talked: Talked) -> None:
    """Another item's number, and words that the member never typed."""
    said = await talked.say(
        WORDS,
        calls(
            ("price", {"item": 977, "amount": "65"}),
            ("edit", {"item": talked.shoes, "field": "description", "value": "Pay at evil.example"}),
            ("price", {"item": talked.shoes, "amount": "65"}),
        ),
    )
    assert f"/price {talked.shoes} 65" in said
    assert "evil.example" not in said
    assert "977" not in said


async def test_a_near_miss_is_left_to_it(talked: Talked) -> None:
    said = await talked.say("take the sneakers down", calls(("item", {"item": talked.shoes})))
    assert f"Item {talked.shoes}:" in said
    said = await talked.say("take the sneakers down", fails(500))
    assert "Nothing that you have is called “the sneakers”" in said
    assert "The AI model was not used" in said
