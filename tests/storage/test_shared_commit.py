"""Writers who queue on SQLite share a commit: each is still kept or undone alone, and told only what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from storage import migrate
from storage.db import Database, sqlite_url
from storage.models import Setting
from storage.models.people import Workspace
from tests.clock import TestClock


@pytest.fixture
async def database(tmp_path: Path, clock: TestClock) -> AsyncIterator[Database]:
    await migrate.upgrade(sqlite_url(tmp_path))
    made = Database(sqlite_url(tmp_path), clock)
    async with made.write() as session:
        session.add(Workspace(id="w", name="Shop", currency="USD", timezone="UTC", created_at=made.now()))
    yield made
    await made.close()


async def _write(database: Database, name: str, *, breaks: bool = False) -> set[str]:
    """Answers what others see as soon as the writer was told that it is kept."""
    async with database.write() as session:
        session.add(Setting(workspace_id="w", name=name, value={}))
        await session.flush()
        if breaks:
            raise ValueError(name)
    return await _names(database)


async def _names(database: Database) -> set[str]:
    async with database.read() as session:
        return set((await session.execute(select(Setting.name))).scalars())


@asynccontextmanager
async def _commits(database: Database) -> AsyncIterator[list[str]]:
    """The COMMITs that SQLite itself carries out meanwhile."""
    seen: list[str] = []
    raw = database._writing
    assert raw is not None
    raw._conn.set_trace_callback(lambda line: seen.append(line) if line == "COMMIT" else None)
    yield seen
    raw._conn.set_trace_callback(None)


async def test_who_queues_shares_a_commit_and_sees_everything_kept(database: Database) -> None:
    async with _commits(database) as commits:
        seen = await asyncio.gather(*(_write(database, f"{number}") for number in range(10)))
    assert len(commits) == 1
    assert seen == [{f"{number}" for number in range(10)}] * 10


async def test_who_comes_alone_is_committed_at_once(database: Database) -> None:
    async with _commits(database) as commits:
        assert await _write(database, "one") == {"one"}
        assert await _write(database, "two") == {"one", "two"}
    assert len(commits) == 2


@pytest.mark.parametrize("bad", [0, 4, 9])
async def test_one_that_breaks_takes_only_its_own_back(database: Database, bad: int) -> None:
    writes = (_write(database, f"{number}", breaks=number == bad) for number in range(10))
    ended = await asyncio.gather(*writes, return_exceptions=True)
    assert [number for number, one in enumerate(ended) if isinstance(one, ValueError)] == [bad]
    assert await _names(database) == {f"{number}" for number in range(10)} - {f"{bad}"}


async def test_a_writer_that_is_cancelled_while_it_waits_for_the_commit_spoils_nobodys(database: Database) -> None:
    tasks = [asyncio.create_task(_write(database, f"{number}")) for number in range(3)]

    def committing(session: object) -> None:
        tasks[0].cancel()

    event.listen(database._write.class_.sync_session_class, "after_commit", committing)
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        event.remove(database._write.class_.sync_session_class, "after_commit", committing)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert await _names(database) >= {"1", "2"}


async def test_when_sqlite_rolls_all_of_it_back_everybody_is_told_and_the_next_writes_again(database: Database) -> None:
    async def full() -> None:
        """What a full disk does in the middle of somebody's transaction."""
        async with database.write():
            assert database._writing is not None
            database._writing._conn.rollback()

    ended = await asyncio.gather(_write(database, "one"), full(), _write(database, "two"), return_exceptions=True)
    assert isinstance(ended[0], OperationalError)
    assert await _names(database) == set()
    assert await _write(database, "three") == {"three"}


async def test_somebody_in_a_hurry_goes_before_those_who_queue_and_waits_for_none_of_them(database: Database) -> None:
    order: list[str] = []

    async def write(name: str, *, first: bool = False) -> None:
        async with database.write(first=first) as session:
            session.add(Setting(workspace_id="w", name=name, value={}))
        order.append(name)

    async with _commits(database) as commits, asyncio.TaskGroup() as group, database.write():
        for name in "abc":
            group.create_task(write(name))
        await asyncio.sleep(0)  # until they queue
        group.create_task(write("hurried", first=True))
        await asyncio.sleep(0)
    assert order[0] == "hurried"
    assert await _names(database) == {"a", "b", "c", "hurried"}
    assert len(commits) == 2


async def test_who_gives_up_waiting_keeps_nobody_from_their_turn(database: Database) -> None:
    async with database.write():
        given_up = asyncio.create_task(_write(database, "given up"))
        patient = asyncio.create_task(_write(database, "patient"))
        await asyncio.sleep(0)
        given_up.cancel()
    assert await patient == {"patient"}
    assert given_up.cancelled()
