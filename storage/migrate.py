"""Bringing a database to the schema of this version, and back.

Everything happens in one transaction, so a migration that breaks leaves the database as it was. Processes that start at
the same time wait for each other. A database that is current is only asked for its revision; Alembic is not even imported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from core.errors import Invalid
from storage.db import normal_url

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

HEAD = "0007"
FOLDER = Path(__file__).parent / "migrations"


async def current(url: str) -> str | None:
    """The revision that the database is at; None when it is empty."""
    return await run(url, _revision)


async def upgrade(url: str, revision: str = HEAD) -> bool:
    """Bring the database up to `revision`. False when it was there already. Raises `Invalid` when a newer Haggle made it."""
    async with connected(url) as connection:
        on_postgres = connection.dialect.name == "postgresql"
        if on_postgres:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('haggle migrate'))"))
        moved = await connection.run_sync(_revision) != revision
        if moved:
            await connection.run_sync(_upgrade, revision)
        if on_postgres:
            await _add_procrastinate(connection)
        return moved


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision` ("base" is empty). What the newer schema alone could hold is lost."""

    def step(connection: Connection) -> None:
        from alembic import command

        command.downgrade(config(connection), revision)

    await run(url, step)


async def run(url: str, step: Callable[[Connection], T]) -> T:
    """Do something to the schema in one transaction."""
    async with connected(url) as connection:
        return await connection.run_sync(step)


def config(connection: Connection) -> Config:
    """Alembic's settings, which other projects keep in an alembic.ini."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["connection"] = connection
    return made


def _upgrade(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(config(connection), revision)
    except CommandError as error:
        told = "A newer Haggle made this database. Start that version, or restore a backup of this one."
        raise Invalid(told, cause=str(error)) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(normal_url(url), poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _plain_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _plain_sqlite(connection: Any, _: Any) -> None:
    """WAL as everywhere, but foreign keys off: batch mode drops tables that others point to and puts them back."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


async def _add_procrastinate(connection: AsyncConnection) -> None:
    """The tables of the dispatcher, when they are not there yet. They hold hints only: dropping them loses nothing."""
    if (await connection.execute(text("SELECT to_regclass('procrastinate_jobs')"))).scalar() is not None:
        return
    from procrastinate.schema import SchemaManager

    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    await raw.driver_connection.execute(SchemaManager.get_schema())
