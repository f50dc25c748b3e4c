"""Workers are killed and frozen in the middle of their work; others go on, and who comes back too late changes nothing."""

from __future__ import annotations

import asyncio
import signal

from storage import work
from storage.db import Database
from storage.work import Claim
from tests.clock import TestClock
from tests.rows import add_events, event
from tests.storage.conftest import StartWorker

TABLE = "inbox_event"


async def take_over(db: Database, clock: TestClock) -> Claim:
    """What a sweep does once the lease ran out: 15 s, and nobody renews."""
    assert (await work.claim(db, TABLE, "rescuer")).claims == (), "the lease still holds"
    clock.move(seconds=20)
    assert await work.due_ids(db, TABLE)
    (claim,) = (await work.claim(db, TABLE, "rescuer")).claims
    return claim


async def finish(db: Database, claim: Claim, told: str) -> None:
    async with db.write() as session:
        await work.finish(session, claim, state="done", last_error=told)


async def test_a_killed_workers_row_is_carried_by_another(database: Database, clock: TestClock, start_worker: StartWorker) -> None:
    (key,) = await add_events(database)
    victim = await start_worker("victim", "hang")
    assert await victim.says("carrying") == key
    await victim.kill()

    claim = await take_over(database, clock)
    assert (claim.id, claim.attempts) == (key, 2)
    await finish(database, claim, "by the rescuer")
    assert (await event(database, key)).last_error == "by the rescuer"


async def test_a_frozen_worker_that_thaws_is_fenced_off(database: Database, clock: TestClock, start_worker: StartWorker) -> None:
    (key,) = await add_events(database)
    frozen = await start_worker("frozen", "ask")
    assert await frozen.says("carrying") == key
    frozen.send_signal(signal.SIGSTOP)

    claim = await take_over(database, clock)
    frozen.send_signal(signal.SIGCONT)
    frozen.tell("go")
    assert await frozen.says("finished") == f"{key} no"
    row = await event(database, key)
    assert (row.state, row.worker) == ("received", "rescuer")

    await finish(database, claim, "by the rescuer")
    assert (await event(database, key)).last_error == "by the rescuer"


async def test_a_worker_that_is_only_slow_keeps_its_row(database: Database, start_worker: StartWorker) -> None:
    (key,) = await add_events(database)
    slow = await start_worker("slow", "ask")
    await slow.says("carrying")
    assert (await work.claim(database, TABLE, "other")).claims == ()
    slow.tell("go")
    assert await slow.says("finished") == f"{key} yes"


async def test_processes_share_the_work_without_doing_anything_twice(database: Database, start_worker: StartWorker) -> None:
    ids = await add_events(database, 90)
    workers = [await start_worker(f"worker {n}", "drain") for n in range(2)]
    said = [line for lines in await asyncio.gather(*(one.all_lines() for one in workers)) for line in lines]
    assert sorted(line.split()[1] for line in said if line.startswith("carrying")) == sorted(ids)
    assert [line for line in said if line.endswith(" no")] == []
    assert {(await event(database, key)).state for key in ids} == {"done"}
