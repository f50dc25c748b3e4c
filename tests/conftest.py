"""Fixtures for everybody: the clock, and databases of both kinds.

`database` runs a test twice, on SQLite and on PostgreSQL; `open_database` opens the same one again, as another process would.
A folder whose tests need one kind only overrides `database_kind`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from storage.db import Database, sqlite_url
from tests import requires
from tests.clock import TestClock
from tests.databases import Postgres, compile_once, fresh_sqlite, postgres_server

OpenDatabase = Callable[..., Database]

compile_once()

# What CI runs is the same each time; `make chaos` has the same properties look for new examples, and more of them.
settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("chaos", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("suite")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this test run."""
    requires.postgres()
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a fresh, migrated database."""
    if database_kind == "sqlite":
        yield await fresh_sqlite(tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = await server.fresh()
    yield server.url(name)
    server.give_back(name)


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if database_kind == "sqlite":
        yield sqlite_url(tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def open_database(database_url: str, clock: TestClock) -> AsyncIterator[OpenDatabase]:
    """Opens the test's database as often as asked, each time with engines of its own; closes them all."""
    opened: list[Database] = []

    def make(its_clock: TestClock | None = None) -> Database:
        opened.append(Database(database_url, its_clock or clock, pool=4))
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


@pytest.fixture
def database(open_database: OpenDatabase) -> Database:
    """A fresh, migrated database; the test runs once on each kind."""
    return open_database()
