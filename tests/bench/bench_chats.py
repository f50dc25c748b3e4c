"""500 chats at once, 50 messages a second for a minute: order kept, nothing lost, no handler in the way of another, memory flat.

    python -m tests.bench.bench_chats

Haggle runs as a process of its own and is brought updates by webhook, as Telegram brings them; the bench is Telegram (its Bot API,
checked against its document) and the model, which takes a second for each 25th message. `acknowledge` is from an update's arrival to
its 200, which Telegram waits for; `handled` until its answer is decided on; those that the model is asked about are left out, since that is
its second. Answers then go out at Telegram's own pace, 30 a second, so the last one comes some forty seconds after the last message.
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import sqlite3
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from bot import logs
from core.values.states import Role
from tests import requires
from tests.bench import chat_load
from tests.bot.telegram_server import TelegramServer
from tests.home import open_home
from tests.integrations.ai.chat_service import Service, serving

LOAD = chat_load.Load(chats=500, per_second=50, seconds=60)
PATIENCE = 240.0  # seconds for the last answer
ACKNOWLEDGE, GROWTH = 0.2, 0.1  # targets: seconds at the 99th percentile, share of the memory after a third of the time
MIB = 1024 * 1024
HANDLED = """
SELECT (julianday(said.created_at) - julianday(event.received_at)) * 86400
FROM card_post AS said JOIN inbox_event AS event ON event.event_id = json_extract(said.said, '$.event')
WHERE said.surface = 'telegram' AND json_extract(said.said, '$.text') NOT LIKE 'mumble%'
"""


def run() -> dict[str, Any]:
    """Seconds, MiB and counts, each with its target."""
    with tempfile.TemporaryDirectory() as folder, serving(Service(secrets.token_hex(8), [chat_load.thoughtful(chat_load.THINKS)])) as model:
        return asyncio.run(_run(Path(folder), model))


async def _run(folder: Path, model: Service) -> dict[str, Any]:
    async with TelegramServer(requires.specs()) as telegram:
        people = [telegram.stranger(f"P{number}") for number in range(LOAD.chats)]
        settings = {
            "telegram_bot_token": telegram.token, "telegram_api_url": telegram.url, "public_url": "https://haggle.test",
            "ai_api_key": model.key, "ai_base_url": model.url, "ai_model": "test-model",
        }  # fmt: skip
        async with _haggle(folder, settings, [one.id for one in people]) as (process, url):
            memory: list[float] = []
            before = _cpu(process.pid)
            watching = asyncio.create_task(_watch(process.pid, memory))
            said = await chat_load.speak(telegram, url, people, LOAD)
            await chat_load.answered(telegram, said, PATIENCE)
            watching.cancel()
            memory.append(_memory(process.pid))
            cpu = _cpu(process.pid) - before
        wrong = chat_load.faults(telegram, said)
        complaints = telegram.complaints
    handled = await asyncio.to_thread(_handled, folder / "haggle.db")
    early = memory[len(memory) // 3]
    acknowledge = {"p50": round(_percentile(said.seconds, 50), 4), "p99": round(_percentile(said.seconds, 99), 4)}
    return {
        "messages": said.count,
        "chats": len(said.numbers),
        "acknowledge_seconds": {**acknowledge, "max": round(max(said.seconds), 4), "p99_target": ACKNOWLEDGE},
        "handled_seconds": {"p50": round(_percentile(handled, 50), 4), "p99": round(_percentile(handled, 99), 4)},
        "cpu_ms_per_message": round(cpu / said.count * 1000, 1),
        "out_of_order_or_lost": len(wrong),
        "refused_by_telegram": len(complaints),
        "memory_mib": {"after_a_third": round(early), "at_the_end": round(memory[-1]), "growth_target": f"{GROWTH:.0%}"},
        "met": not wrong and not complaints and acknowledge["p99"] <= ACKNOWLEDGE and memory[-1] <= early * (1 + GROWTH),
    }


@asynccontextmanager
async def _haggle(folder: Path, settings: dict[str, str], people: Sequence[int]) -> AsyncIterator[tuple[Process, str]]:
    """The process and its address, once everybody is let in."""
    command = [sys.executable, "-m", "tests.bench.bench_chats", str(folder)]
    process = await asyncio.create_subprocess_exec(*command, cwd=requires.ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write((json.dumps({"settings": settings, "people": people}) + "\n").encode())
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        await process.communicate(b"")


async def serve(folder: Path) -> None:
    """Be Haggle until standard input ends: its first line has settings and people."""
    logs.set_up("warning", as_json=False)
    told = json.loads(await asyncio.to_thread(sys.stdin.readline))
    async with open_home(folder, **told["settings"]) as home:
        owner, _token = await home.member(Role.OWNER)
        await chat_load.let_in(home.app.house.db, owner.workspace_id, told["people"])
        await home.app.telegram.connected()
        print(home.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def _watch(pid: int, memory: list[float]) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            memory.append(_memory(pid))
            await asyncio.sleep(1)


def _memory(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / MIB)


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _handled(database: Path) -> list[float]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reader:
        return [row[0] for row in reader.execute(HANDLED)]


def _percentile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, math.ceil(len(ranked) * share / 100) - 1)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(serve(Path(sys.argv[1])))
    else:
        print(json.dumps(run(), indent=1))
