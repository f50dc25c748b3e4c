"""Migrations go up, down and up again with data on both databases, and end at what the models say."""

from __future__ import annotations

import time
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from core.errors import Invalid
from storage import audit, migrate
from storage.db import Database
from storage.models import Base, Member, Workspace
from tests.clock import TestClock
from tests.rows import add_events, add_listing, change_row


async def test_the_schema_equals_the_models(database_url: str) -> None:
    assert await _differences(database_url) == []


async def test_up_down_and_up_again_with_data(empty_database_url: str, clock: TestClock) -> None:
    url = empty_database_url
    assert await migrate.current(url) is None
    assert await migrate.upgrade(url)
    assert await migrate.current(url) == migrate.HEAD
    await _fill(url, clock)

    await migrate.downgrade(url, "0001")
    assert await migrate.current(url) == "0001"
    assert await _workspaces(url, clock) == 1, "what the older schema can hold stays"

    assert await migrate.upgrade(url)
    assert await _workspaces(url, clock) == 1
    await _add_events_again(url, clock)
    assert await _differences(url) == []

    await migrate.downgrade(url, "base")
    assert await migrate.current(url) is None
    assert await migrate.upgrade(url)
    assert await _workspaces(url, clock) == 0


async def test_a_current_database_is_only_looked_at(database_url: str) -> None:
    started = time.perf_counter()
    assert not await migrate.upgrade(database_url)
    assert time.perf_counter() - started < 1.0  # some 10 ms when nobody else works; the bound is for a crowded machine


async def test_a_broken_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    def breaks(connection: Connection) -> None:
        command.upgrade(migrate.config(connection), "0002")
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        await migrate.run(empty_database_url, breaks)
    assert await migrate.current(empty_database_url) is None


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    await migrate.run(database_url, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Invalid, match="newer Haggle"):
        await migrate.upgrade(database_url)


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(migrate.FOLDER)).get_current_head() == migrate.HEAD


async def _fill(url: str, clock: TestClock) -> None:
    db = Database(url, clock, pool=2)
    try:
        listing = await add_listing(db)
        await add_events(db, 3)
        async with db.write() as session:
            session.add(change_row(listing, clock))
            session.add(Member(workspace_id=listing.workspace_id, name="Ann", role="owner", created_at=clock.now()))
            audit.record(session, workspace=listing.workspace_id, at=clock.now(), actor="system", action="sold", subject=("item", "i"))
    finally:
        await db.close()


async def _add_events_again(url: str, clock: TestClock) -> None:
    db = Database(url, clock, pool=2)
    try:
        await add_events(db)
    finally:
        await db.close()


async def _workspaces(url: str, clock: TestClock) -> int:
    db = Database(url, clock, pool=2)
    try:
        async with db.read() as session:
            return int((await session.execute(select(func.count()).select_from(Workspace))).scalar_one())
    finally:
        await db.close()


async def _differences(url: str) -> list[Any]:
    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_name": lambda name, kind, _: not (kind == "table" and name.startswith("procrastinate_"))}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))

    return await migrate.run(url, compare)
