"""A few seconds of the load that the bench measures: order is kept in each chat and nothing is lost."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from core.values.states import Role
from tests import requires
from tests.bench import chat_load
from tests.bot.telegram_server import TelegramServer
from tests.home import open_home
from tests.integrations.ai.chat_service import Service, serving

LOAD = chat_load.Load(chats=40, per_second=50, seconds=2.4)


@pytest.mark.specs
async def test_order_is_kept_in_each_chat_and_nothing_is_lost(tmp_path: Path) -> None:
    with serving(Service(secrets.token_hex(8), [chat_load.thoughtful(0.2)])) as model:
        async with TelegramServer(requires.specs()) as telegram:
            settings = {
                "telegram_bot_token": telegram.token, "telegram_api_url": telegram.url, "public_url": "https://haggle.test",
                "ai_api_key": model.key, "ai_base_url": model.url, "ai_model": "test-model",
            }  # fmt: skip
            async with open_home(tmp_path, **settings) as home:
                owner, _token = await home.member(Role.OWNER)
                people = [telegram.stranger(f"P{number}") for number in range(LOAD.chats)]
                await chat_load.let_in(home.app.house.db, owner.workspace_id, [one.id for one in people])
                await home.app.telegram.connected()
                said = await chat_load.speak(telegram, home.url, people, LOAD)
                await chat_load.answered(telegram, said, 30)
                assert said.count == LOAD.messages
                assert chat_load.faults(telegram, said) == []
        assert len(model.requests) == LOAD.messages // chat_load.SLOW_EVERY
        assert telegram.complaints == []
