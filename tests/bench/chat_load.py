"""Many chats at once, through Telegram's webhook, the real inbox and router, and back to a local Bot API server.

Each message holds its own number, and so does its answer: what people see in their chats proves order and that nothing was lost. Of the
messages some are commands, some plain words, and some are for a model that takes its time, as a slow handler does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from storage.db import Database
from storage.models import Identity, Member, Workspace
from tests.bot.telegram_chats import Person
from tests.bot.telegram_server import TelegramServer
from tests.integrations.ai.chat_service import Answer, Json, calls

WAYS = ("/items n{0}", "find n{0}", "/items n{0}", "items n{0}")
SLOW = "mumble about n{0}, whatever that is"  # the tables do not know what that means
SLOW_EVERY = 25
THINKS = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Load:
    """`per_second` messages over all chats; each chat that speaks says `burst` in a row."""

    chats: int
    per_second: float
    seconds: float
    burst: int = 3

    @property
    def messages(self) -> int:
        return int(self.per_second * self.seconds) // self.burst * self.burst


@dataclass(slots=True)
class Said:
    """What was said: each chat's numbers in order, and how many seconds each took to be acknowledged."""

    numbers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.numbers.values()))


async def let_in(db: Database, workspace: str, people: Sequence[int]) -> None:
    """Make each of these Telegram accounts a member with a private chat."""
    async with db.write() as session:
        home = await session.get_one(Workspace, workspace)
        for number in people:
            member = Member(workspace_id=home.id, name=f"P{number}", role="viewer", created_at=db.now())
            session.add(member)
            await session.flush()
            session.add(Identity(member_id=member.id, surface="telegram", external_id=str(number), chat=str(number), created_at=db.now()))


def thoughtful(pause: float) -> Answer:
    """A model that looks for what was mumbled about, after a while."""

    def answer(request: Json) -> tuple[int, bytes]:
        time.sleep(pause)
        told = re.search(r"\bn\d+\b", request["messages"][1]["content"].partition("<member>")[2])
        assert told is not None
        return calls(("items", {"words": told[0]}))(request)

    return answer


async def speak(telegram: TelegramServer, url: str, people: Sequence[Person], load: Load) -> Said:
    """Bring the messages to the webhook at their rate, those of a burst one after the other, as Telegram does."""
    said = Said()
    numbers = itertools.count(1)
    began = time.perf_counter()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)  # what is slow is to be seen, not to be waited for here
    client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits)
    async with client, asyncio.TaskGroup() as group:
        for turn, person in enumerate(itertools.islice(itertools.cycle(people), load.messages // load.burst)):
            await asyncio.sleep(max(0.0, began + turn * load.burst / load.per_second - time.perf_counter()))
            texts = [(number, _text(number)) for number in itertools.islice(numbers, load.burst)]
            group.create_task(_burst(telegram, client, person, texts, said))
    return said


def _text(number: int) -> str:
    return (WAYS[number % len(WAYS)] if number % SLOW_EVERY else SLOW).format(number)


async def _burst(telegram: TelegramServer, client: httpx.AsyncClient, person: Person, texts: Sequence[tuple[int, str]], said: Said) -> None:
    for number, text in texts:
        update = telegram.say(text, who=person)
        telegram.pending.remove(update)
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": telegram.methods.webhook["secret_token"]}
        began = time.perf_counter()
        (await client.post("/webhooks/telegram", headers=headers, content=json.dumps(update))).raise_for_status()
        said.seconds.append(time.perf_counter() - began)
        said.numbers[person.id].append(number)


async def answered(telegram: TelegramServer, said: Said, seconds: float) -> None:
    """Wait until each message has its answer."""
    await telegram.until(lambda: sum(len(list(_numbers(telegram, chat))) for chat in said.numbers) >= said.count or None, seconds)


def faults(telegram: TelegramServer, said: Said) -> list[str]:
    """What people would miss: an answer that did not come, came twice, or came before that of an earlier message."""
    return [
        f"chat {chat} said {numbers} and read {read}"
        for chat, numbers in said.numbers.items()
        if (read := list(_numbers(telegram, chat))) != numbers
    ]


def _numbers(telegram: TelegramServer, chat: int) -> Iterator[int]:
    for message in telegram.messages.get(chat, []):
        if found := re.search(r"\bn(\d+)\b", message.text):
            yield int(found[1])
