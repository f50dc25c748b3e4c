"""Wake-ups between processes, on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from storage.db import Database
from storage.dispatch.inprocess import InProcess
from storage.dispatch.procrastinate import SHARE, Procrastinate
from storage.work import Claim
from tests.rows import add_events, event
from tests.storage.conftest import StartWorker

TABLE = "inbox_event"
pytestmark = pytest.mark.postgres


@pytest.fixture(params=["postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def carries_nothing(claim: Claim) -> None:
    raise AssertionError(f"{claim} was not for this process")


async def jobs(db: Database) -> int:
    async with db.read() as session:
        return int((await session.execute(text("SELECT count(*) FROM procrastinate_jobs"))).scalar_one())


async def test_a_wake_up_reaches_another_process_and_leaves_no_job_behind(database: Database, start_worker: StartWorker) -> None:
    worker = await start_worker("elsewhere", "listen")
    await worker.says("ready")
    here = InProcess(database, "here", carries_nothing, tables=())
    spread = Procrastinate(database.url, here)
    await spread.start()
    (now,) = await add_events(database)
    await spread.tell(TABLE, [now], priority=0)
    assert await worker.says("carrying") == now
    (later,) = await add_events(database)
    await spread.tell(TABLE, [later], delay=0.2)
    assert await worker.says("finished") == f"{now} yes"
    assert await worker.says("carrying") == later
    await worker.end()
    await spread.stop()
    assert await jobs(database) == 0
    assert {(await event(database, key)).worker for key in (now, later)} == {"elsewhere"}


async def test_a_hint_stays_here_while_there_is_room_and_is_shared_out_beyond_that(database: Database) -> None:
    gate = asyncio.Event()

    async def carry(claim: Claim) -> None:
        await gate.wait()

    here = InProcess(database, "here", carry, tables=(TABLE,), capacity=2)
    spread = Procrastinate(database.url, here)
    await spread.start()
    ids = await add_events(database, 2 + 2 * SHARE + 1)
    await spread.tell(TABLE, ids[:1])
    await spread.tell(TABLE, ids[1:], delay=60)
    assert (here.room, await jobs(database)) == (1, 0), "hints for later are kept by whoever made them"
    await spread.tell(TABLE, ids[1:])
    assert here.room == 0
    assert await jobs(database) == 3
    gate.set()
    await spread.stop()


async def test_a_process_without_room_leaves_the_job_to_others(database: Database, start_worker: StartWorker) -> None:
    here = InProcess(database, "here", carries_nothing, tables=(TABLE,), capacity=0)
    spread = Procrastinate(database.url, here)
    await spread.start()
    worker = await start_worker("elsewhere", "listen")
    await worker.says("ready")
    ids = await add_events(database, 6 * SHARE)
    await spread.tell(TABLE, ids)
    carried = {await worker.says("carrying")}
    await spread.stop()
    assert carried <= set(ids)


async def test_a_wake_up_that_cannot_be_passed_on_is_logged_and_the_row_stays(database: Database) -> None:
    here = InProcess(database, "here", carries_nothing, tables=())
    database.dispatcher = Procrastinate(database.url, here)  # not started: it has no connection
    with capture_logs() as logs:
        await database.dispatcher.tell(TABLE, ["a", "b"])
    assert [(entry["event"], entry["rows"]) for entry in logs] == [("could not pass on a wake-up", 2)]
